"""Exclusions: spans that do not count, once or again and again, in the file or stated, before or after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from collectors.decisions import Decisions
from collectors.rebuild import rebuild
from lineage.cli import build
from lineage.slo.decided import Correction, correcting, excluding, of
from lineage.slo.evaluate import evaluate
from lineage.slo.exclusions import Exclusion, spans
from lineage.statements import Statement, Subject
from tests.support.promises import DAY, HOUR, NOON, Lake, document, event, promise, states

MINUTE = timedelta(minutes=1)
NOW = NOON + 20 * MINUTE


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Deliveries in time, and then none for two hours."""
    lake = Lake(tmp_path)
    lake.runs(NOON - 6 * HOUR, 4)
    yield lake
    lake.homes.close()


def state(lake: Lake, *said: Statement, now: datetime = NOW) -> None:
    """Keep what people say, as received at *now*."""
    Decisions(lake.homes.ledger, lake.store, b"secret", lambda: now).keep(said)


def judged(lake: Lake, known_at: datetime | None = None, **changes: Any) -> str:
    return states(evaluate(promise(window="6h", **changes), lake.store, NOW, known_at=known_at).occurrences)


def two_hours(**more: Any) -> dict[str, Any]:
    """The two hours in which nothing came."""
    return {"start": NOON - HOUR + 10 * MINUTE, "duration": "2h", **more}


def test_what_is_due_in_an_exclusion_does_not_count(lake: Lake) -> None:
    """Due within [start, end): EXCLUDED, neither good nor bad, and of no coverage."""
    status = evaluate(promise(window="6h", exclusions=[two_hours()]), lake.store, NOW)

    assert (status.counts["excluded"], status.counts["bad"], status.sli, status.coverage) == (2, 0, 1, 1)


def test_without_it_they_are_bad(lake: Lake) -> None:
    """The same store without the exclusion."""
    assert judged(lake) == "GGGGBB"


def test_an_exclusion_says_why_and_who_agreed(lake: Lake) -> None:
    """The verdict's reason is the exclusion's."""
    slo = promise(window="6h", exclusions=[two_hours(reason="moving house", approvedBy="ana")])

    newest = evaluate(slo, lake.store, NOW).occurrences[-1]

    assert newest.reason == "moving house, approved by ana"


def test_one_may_be_stated_afterwards(lake: Lake) -> None:
    """Retroactive: it holds from its receipt on, and what was known before is answered as it was."""
    said = excluding(of("orders-freshness"), Exclusion(**two_hours(reason="late")), "ana", NOW + DAY, holds=True)
    state(lake, said, now=NOW + DAY)

    assert (judged(lake), judged(lake, known_at=NOW + DAY)) == ("GGGGBB", "GGGGXX")


def test_what_was_stated_can_be_taken_back(lake: Lake) -> None:
    """The same span, whatever the reasons: it counts again."""
    for place, holds in enumerate((True, False)):
        body = Exclusion(**two_hours(reason=f"because {place}"))
        state(lake, excluding(of("orders-freshness"), body, "ana", NOW, holds=holds), now=NOW + place * MINUTE)

    assert ("GGGGXX", "GGGGBB") == (judged(lake, known_at=NOW), judged(lake, known_at=NOW + MINUTE))


def test_a_calendar_is_stated_once_for_many(lake: Lake) -> None:
    """`ref` names a calendar; what is stated of it holds for every SLO that refers to it, and for no other."""
    body = Exclusion(**two_hours(reason="maintenance"))
    state(lake, excluding(Subject("exclusions", "planned"), body, "ana", NOW, holds=True))

    assert (judged(lake), judged(lake, exclusions=[{"ref": "planned"}])) == ("GGGGBB", "GGGGXX")


def test_what_is_stated_survives_a_rebuild(lake: Lake) -> None:
    """An exclusion is an entry of the ledger: the graph that is made anew knows it."""
    body = Exclusion(**two_hours(reason="late"))
    state(lake, excluding(of("orders-freshness"), body, "ana", NOW, holds=True))

    rebuild(lake.homes.ledger, lake.store)

    assert judged(lake) == "GGGGXX"


def test_a_verdict_is_corrected_by_hand(lake: Lake) -> None:
    """Author and reason stay, with what was said before."""
    slo, occurrence = promise(window="6h"), (NOON - HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")
    state(lake, correcting(slo, occurrence, Correction("GOOD", "the file was there", "ana", NOW)))

    newest = evaluate(slo, lake.store, NOW).occurrences[-1]

    assert (states([newest]), newest.reason) == (
        "G",
        "corrected by ana: the file was there (was BAD: not delivered, and no run tried)",
    )


def test_a_verdict_that_was_made_bad_by_hand_is_told_by_its_reason(lake: Lake) -> None:
    """The indicator measured nothing that it could tell of; the page shows who judged, and why."""
    slo, occurrence = promise("completeness", window="6h"), (NOON - HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")
    state(lake, correcting(slo, occurrence, Correction("BAD", "the file was empty", "ana", NOW)))

    told = evaluate(slo, lake.store, NOW).sentence

    assert told.startswith("Due 2026-11-20 12:15 UTC: corrected by ana: the file was empty (was NOT_EXPECTED: ")


def starts(exclusion: dict[str, Any], since: datetime, until: datetime) -> list[str]:
    return [f"{each.start:%m-%dT%H:%M}" for each in spans([Exclusion(**exclusion)], since, until)]


def test_a_rule_repeats_in_wall_time() -> None:
    """Each Sunday at 2 in Berlin: an hour earlier in UTC in summer."""
    sundays = {"start": "2026-10-11T00:00:00Z", "duration": "2h", "rrule": "FREQ=WEEKLY;BYDAY=SU"}

    found = starts(
        sundays | {"timezone": "Europe/Berlin"}, datetime(2026, 10, 17, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    )

    assert found == ["10-18T00:00", "10-25T00:00", "11-01T01:00"]


def test_a_rule_begins_with_its_start_and_may_end() -> None:
    """Nothing before *start*, nothing after UNTIL."""
    rule = {"start": "2026-10-11T00:00:00Z", "duration": "2h", "rrule": "FREQ=WEEKLY;UNTIL=20261101T000000"}

    found = starts(rule, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))

    assert found == ["10-11T00:00", "10-18T00:00", "10-25T00:00", "11-01T00:00"]


def test_a_night_over_new_year_is_found_from_either_side() -> None:
    """What began last year still excludes this morning."""
    nights = {"start": "2025-06-01T22:00:00Z", "duration": "8h", "rrule": "FREQ=DAILY"}

    assert starts(nights, datetime(2026, 1, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 2, tzinfo=UTC)) == ["12-31T22:00"]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "BYDAY=SU",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=DAILY;UNTIL=20261101T000000Z",
        "FREQ=DAILY;COUNT=3",
        "FREQ=DAILY;count=3",
        "FREQ=DAILY;BYMINUTE=0,1,2,3",
    ],
)
def test_a_rule_that_is_not_understood_is_refused(rule: str) -> None:
    """With what to write instead."""
    with pytest.raises(ValueError, match=r"; write a rule of|; write one as"):
        Exclusion(start=NOON, duration="1h", rrule=rule)


def slo(*arguments: str) -> Result:
    return CliRunner().invoke(build(), ["slo", *arguments])


def test_the_command_excludes_what_is_to_come(tmp_path: Path) -> None:
    """`headwater slo exclude` keeps a statement with who and why."""
    store = f"sqlite:///{tmp_path / 'lake.db'}"
    words = ("orders-freshness", "--start", "2026-12-24T20:00:00Z", "--duration", "2h", "--by", "ana")
    (tmp_path / "orders.yaml").write_text(json.dumps(document()))
    assert slo("apply", str(tmp_path / "orders.yaml"), "--store", store).exit_code == 0

    done = slo("exclude", *words, "--because", "move of the lake", "--store", store)

    lake = Lake(tmp_path)
    _, kept = lake.store.statements([of("orders-freshness")])
    lake.homes.close()
    assert (done.stdout, kept.statement.actor, kept.statement.reason) == (
        "2026-12-24T20:00:00Z for 2h does not count for orders-freshness.\n",
        "ana",
        "move of the lake",
    )


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    """A span that cannot be read is one sentence."""
    words = ("orders", "--start", "noon", "--duration", "2h", "--because", "x", "--store", f"sqlite:///{tmp_path}/a.db")

    assert str(slo("exclude", *words).exception).startswith("--start: ")


@pytest.fixture
def common(tmp_path: Path) -> tuple[str, ...]:
    """An SLO file over many years, for commands read a clock; and the store of the lake."""
    files = tmp_path / "slos"
    files.mkdir()
    (files / "orders.yaml").write_text(
        "apiVersion: headwater/v1\nkind: DataSLO\nmetadata: {name: orders-freshness}\nspec:\n"
        "  dataset: {namespace: lake, name: orders}\n  owner: {team: data}\n"
        '  schedule: {cron: "0 * * * *", deadline: 15m}\n  sli: {type: freshness}\n'
        "  timeWindow: [{duration: 20Y, isRolling: true}]\n  objectives: [{target: 0.9}]\n"
        "  effectiveFrom: 2026-11-20T00:00:00Z\n"
    )
    return ("--slos", str(files), "--store", f"sqlite:///{tmp_path / 'lake.db'}")


def test_the_command_corrects_an_occurrence(lake: Lake, common: tuple[str, ...]) -> None:
    """An occurrence that is in the window; any other is unknown."""
    asked = ("correct", "orders-freshness")

    done = slo(*asked, "2026-11-20T11:00:00Z", "GOOD", "--because", "seen", *common)
    unknown = slo(*asked, "2020-01-01T00:00:00Z", "GOOD", "--because", "seen", *common)

    assert (done.stdout, "has no occurrence" in str(unknown.exception)) == (
        "2026-11-20T11:00:00Z of orders-freshness was BAD and is GOOD.\n",
        True,
    )


def test_the_command_lists_what_was_amended(lake: Lake, common: tuple[str, ...]) -> None:
    """By whom and why, oldest change first; late events are told as such."""
    nominal = (NOON - HOUR, NOON)
    lake.put(event("COMPLETE", NOON + MINUTE, "noon", nominal=nominal), received_at=NOON + 3 * HOUR)
    slo("correct", "orders-freshness", "2026-11-20T10:00:00Z", "GOOD", "--because", "seen", "--by", "ana", *common)

    listed = slo("amendments", "orders-freshness", *common).stdout.splitlines()

    assert (listed[0], len(listed), listed[1].endswith("2026-11-20T10:00:00Z  BAD to GOOD  ana: seen")) == (
        "2026-11-20 15:00 UTC  2026-11-20T11:00:00Z  BAD to GOOD  events came late",
        2,
        True,
    )
