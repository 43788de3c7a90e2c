"""The hard cases of SLO.md b.6: each test is named after its row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collectors.decisions import Decisions
from lineage.alerts.incidents import every
from lineage.alerts.phrases import told
from lineage.alerts.policy import decide
from lineage.alerts.react import react
from lineage.model import Amendment, VerdictState
from lineage.slo.calendar import occurrences
from lineage.slo.evaluate import evaluate
from lineage.slo.silences import silenced, silencing
from lineage.slo.spec import DataSLO, define
from lineage.slo.status import Status
from lineage.slo.unobserved import Gap, unobserved
from tests.support.promises import DAY, HOUR, NOON, Lake, document, event, promise, states

SLO_MD = Path(__file__).parents[3] / "docs" / "SLO.md"
MINUTE = timedelta(minutes=1)
DUE = NOON + 15 * MINUTE  # of the interval that ends at NOON
LAST = (NOON - HOUR, NOON)
NOW = NOON + 20 * MINUTE


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Deliveries in time up to 11:00; Headwater has observed them."""
    lake = Lake(tmp_path)
    lake.runs(NOON - 6 * HOUR, 5)
    yield lake
    lake.homes.close()


def delivered(at: datetime, *, received_at: datetime | None = None, rows: int = 1000) -> dict[str, Any]:
    return {"body": event("COMPLETE", at, "noon", nominal=LAST, rows=rows), "received_at": received_at or at}


def put(lake: Lake, *told: dict[str, Any]) -> None:
    for each in told:
        lake.put(each["body"], received_at=each["received_at"])


def status(lake: Lake, at: datetime = NOW, indicator: str = "freshness", **changes: Any) -> Status:
    return evaluate(promise(indicator, window="3h", **changes), lake.store, at)


def newest(lake: Lake, at: datetime = NOW, indicator: str = "freshness", **changes: Any) -> str:
    """The letter of the occurrence that ends at NOON."""
    found = status(lake, at, indicator, **changes).occurrences
    return states(verdict for verdict in found if verdict.due == DUE)


# ── No event at all, schedule known. ───────────────────────────────────────────────────────────────────────────────


def test_no_event_at_all_schedule_known(lake: Lake) -> None:
    """Absence is a missed deadline: BAD from the deadline and the grace on."""
    assert "PB" == newest(lake, DUE + 59 * timedelta(seconds=1)) + newest(lake, DUE + MINUTE)


def test_no_schedule_and_no_cadence_is_invalid() -> None:
    """What could never be judged is refused at lint time."""
    wanted = document()
    del wanted["spec"]["schedule"]

    with pytest.raises(ValidationError, match="missing; write schedule"):
        define(wanted)


# ── Late metadata. ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_late_metadata_makes_bad_good(lake: Lake) -> None:
    """The data was there in time and its event was not: BAD until it came, GOOD from then on; both are told."""
    came = NOON + 3 * HOUR
    put(lake, delivered(NOON + 5 * MINUTE, received_at=came))

    (verdict,) = [v for v in status(lake, came).occurrences if v.due == DUE]
    assert ("B", "G", Amendment(VerdictState.BAD, came)) == (
        newest(lake, came - MINUTE),
        states([verdict]),
        verdict.amended,
    )


def test_late_metadata_withdraws_the_alert(lake: Lake) -> None:
    """Who was told of a miss is told that there was none; what it cost is given back."""
    slo = promise(window="3h", alerting={"policy": "discrete"})
    react(lake.store, {slo.name: slo}, [evaluate(slo, lake.store, NOW)], NOW)
    put(lake, delivered(NOON + 5 * MINUTE, received_at=NOW + 10 * MINUTE))
    after = NOW + 15 * MINUTE
    (case,) = react(lake.store, {slo.name: slo}, [evaluate(slo, lake.store, after)], after)

    assert (case.state, case.timeline[-1].what, told(case, "").partition(":")[0]) == (
        "resolved",
        "orders-freshness: alert withdrawn, metadata late",
        "Withdrawn",
    )


def test_late_metadata_beyond_the_horizon_withdraws_nothing(lake: Lake) -> None:
    """After it only a person may; the alert ends with the next delivery, and was right."""
    slo = promise(window="2d", alerting={"policy": "discrete"})
    react(lake.store, {slo.name: slo}, [evaluate(slo, lake.store, NOW)], NOW)
    put(lake, delivered(NOON + 5 * MINUTE, received_at=NOW + DAY + HOUR))
    later = NOW + DAY + 2 * HOUR
    react(lake.store, {slo.name: slo}, [evaluate(slo, lake.store, later)], later)

    assert [case.state for case in every(lake.store)] == ["open"]


def test_late_metadata_beyond_the_horizon_changes_nothing(lake: Lake) -> None:
    """After the correction horizon only a person corrects a verdict."""
    put(lake, delivered(NOON + 5 * MINUTE, received_at=DUE + timedelta(hours=2, seconds=1)))
    ways: list[dict[str, Any]] = [{"lateMetadata": {"correctionHorizon": each}} for each in ("2h", "3h")]

    assert ["B", "G"] == [newest(lake, DUE + 150 * MINUTE, **way) for way in ways]


def test_late_metadata_of_imported_history_has_no_horizon(tmp_path: Path) -> None:
    """What was due before Headwater observed anything is judged from what is known (DECISIONS 24)."""
    lake = Lake(tmp_path)
    put(lake, delivered(NOON + 5 * MINUTE, received_at=NOON + 9 * DAY))
    slo = promise(window="28d", effectiveFrom=NOON)

    found = evaluate(slo, lake.store, NOON + 9 * DAY).occurrences[0]
    lake.homes.close()

    assert (states([found]), found.imported, found.amended) == ("G", True, None)


# ── Late data. ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_late_data_stays_bad_for_freshness(lake: Lake) -> None:
    """It landed after the deadline; that it landed changes nothing."""
    put(lake, delivered(DUE + MINUTE))

    assert newest(lake, DUE + 2 * HOUR) == "B"


def test_late_data_counts_for_completeness_until_it_closes(lake: Lake) -> None:
    """Rows count up to deadline + settle, and not after: the first-close value stays."""
    put(lake, delivered(DUE + 30 * MINUTE))
    settles = ({"settle": "1h"}, {"settle": "10m", "absenceIsZero": True})

    assert ["G", "B"] == [newest(lake, DUE + 2 * HOUR, "completeness", sli=sli) for sli in settles]


# ── Backfill / reprocess. ──────────────────────────────────────────────────────────────────────────────────────────


def test_backfill_touches_no_freshness_verdict(lake: Lake) -> None:
    """A run of an interval long past delivers that one again, late, and no other."""
    before = states(status(lake, NOW).occurrences)
    lake.put(event("COMPLETE", NOON + MINUTE, "again", nominal=(NOON - 3 * HOUR, NOON - 2 * HOUR), rows=1))

    assert states(status(lake, NOW).occurrences) == before


def test_backfill_of_a_closed_number_is_told_and_judges_nothing_anew(lake: Lake) -> None:
    """The hour from 9 closed with 1000 rows: 1011 are a heads-up, 1010 are not, and the verdict stays as it closed."""
    slo = promise("completeness", window="6h", sli={"settle": "10m"})
    past = (NOON - 3 * HOUR, NOON - 2 * HOUR)
    judged = states(evaluate(slo, lake.store, NOW).occurrences)

    found = []
    for place, rows_now in enumerate((1010, 1011)):
        at = NOON + place * MINUTE
        lake.put(event("COMPLETE", at, f"again {rows_now}", nominal=past, rows=rows_now))
        seen = evaluate(slo, lake.store, NOW)
        found.append((states(seen.occurrences), [each.kind for each in seen.findings]))

    assert found == [(judged, []), (judged, ["restated"])]


# ── Retry succeeds. ────────────────────────────────────────────────────────────────────────────────────────────────


def test_retry_succeeds(lake: Lake) -> None:
    """A FAIL before the deadline is not bad by itself: the COMPLETE after it, in time, is what counts."""
    lake.put(event("FAIL", NOON + MINUTE, "first try", nominal=LAST))
    put(lake, delivered(NOON + 9 * MINUTE))

    assert newest(lake) == "G"


# ── First run. Never delivered dataset. ────────────────────────────────────────────────────────────────────────────


def test_first_run_counts_from_effective_from(lake: Lake) -> None:
    """What was due before does not exist; until seven occurrences the SLO is warming and tickets at most."""
    found = status(lake, NOW, effectiveFrom=NOON - HOUR)

    assert (found.state, len(found.occurrences)) == ("warming", 2)


def test_first_run_pages_nobody(lake: Lake) -> None:
    """While it warms up, critical data that is missed asks for a ticket, where later the first miss pages."""
    critical: dict[str, Any] = {"labels": {"tier": "critical"}, "alerting": {"policy": "discrete"}}
    moves = [decide(None, status(lake, NOW, effectiveFrom=since, **critical)) for since in (NOON - HOUR, NOON - DAY)]

    assert [None if move is None else move.after.severity for move in moves] == ["ticket", "page"]


def test_never_delivered_dataset(lake: Lake) -> None:
    """The first due after effectiveFrom is BAD, not UNKNOWN."""
    slo = promise(window="3h", effectiveFrom=NOON, dataset={"namespace": "lake", "name": "promised"})

    assert states(evaluate(slo, lake.store, NOW).occurrences) == "B"


# ── Schedule change. Calendars. DST. ───────────────────────────────────────────────────────────────────────────────


def test_schedule_change(lake: Lake) -> None:
    """Every two hours from noon on: what fell due before keeps its hourly deadline."""
    schedule = {"cron": "0 */2 * * *", "validFrom": NOON, "before": {"cron": "0 * * * *", "deadline": "15m"}}

    found = status(lake, NOON + 150 * MINUTE, schedule=schedule)

    assert [(v.occurrence[11:16], f"{v.due:%H:%M}") for v in found.occurrences] == [
        ("11:00", "12:15"),
        ("12:00", "14:15"),
    ]


def test_calendars(lake: Lake) -> None:
    """A skipped date is NOT_EXPECTED, in no ratio and no coverage."""
    found = status(lake, NOW, schedule={"calendar": {"skip": [NOON.date().isoformat()]}})

    assert (states(found.occurrences), found.sli) == ("NNN", None)


def test_dst_a_time_that_does_not_exist_is_shifted_forward() -> None:
    """02:30 of 29 March 2026 is 03:30 in Berlin, 01:30 UTC."""
    daily = promise(schedule={"cron": "30 2 * * *", "timezone": "Europe/Berlin"}).spec.schedule
    assert daily is not None

    found = occurrences(daily, datetime(2026, 3, 28, 2, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC))

    assert [f"{each.start:%d %H:%M}" for each in found] == ["28 01:30", "29 01:30", "30 00:30"]


def test_dst_a_time_that_comes_twice_is_the_first() -> None:
    """02:30 of 25 October 2026 comes twice in Berlin; the day has 25 hours."""
    daily = promise(schedule={"cron": "30 2 * * *", "timezone": "Europe/Berlin"}).spec.schedule
    assert daily is not None

    found = occurrences(daily, datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC))

    assert [(f"{each.start:%d %H:%M}", each.end - each.start) for each in found][-1] == ("25 00:30", 25 * HOUR)


# ── Maintenance / exclusion. Paused job. ───────────────────────────────────────────────────────────────────────────


def test_maintenance_or_exclusion(lake: Lake) -> None:
    """Due in it: EXCLUDED; a minute beside it: BAD."""
    spans = ({"start": DUE, "duration": "1m"}, {"start": DUE + MINUTE, "duration": "1h"})

    assert ["X", "B"] == [newest(lake, exclusions=[span]) for span in spans]


def test_paused_job_declared(lake: Lake) -> None:
    """NOT_EXPECTED while the pause that was declared lasts; a pause that nobody declared is BAD."""
    paused = [{"start": NOON, "duration": "1h", "reason": "move of the lake"}]

    assert ["N", "B"] == [newest(lake, schedule={"paused": paused}), newest(lake)]


# ── Silence. ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_silence_never_changes_sli_or_budget(lake: Lake) -> None:
    """It mutes messages; what is judged, and what it costs, stays what it was, at the same instant and by its word."""
    before = status(lake, DUE + HOUR)
    silence = silencing("orders-freshness", HOUR, "the lake is being moved", "ana", DUE)

    Decisions(lake.homes.ledger, lake.store, b"secret", lambda: DUE).keep([silence])

    assert (status(lake, DUE + HOUR), [*silenced(["orders-freshness"], lake.store, DUE + MINUTE)]) == (
        before,
        ["orders-freshness"],
    )


# ── Dataset dropped or renamed. ────────────────────────────────────────────────────────────────────────────────────


def changing(word: str, at: datetime = NOON + 5 * MINUTE, output: str = "orders", **more: Any) -> dict[str, Any]:
    """A run that says that it did *word* to the dataset."""
    body = event("COMPLETE", at, f"{word} {at}", nominal=LAST, outputs=(output,))
    facet = {"_producer": "https://example.org/tests", "_schemaURL": "https://example.org/facet.json"}
    body["outputs"][0]["facets"] = {"lifecycleStateChange": {**facet, "lifecycleStateChange": word, **more}}
    return body


def incidents_of(lake: Lake, *promised: DataSLO, at: datetime = NOW) -> dict[str, tuple[str, ...]]:
    """What is reacted to at *at*: the kinds of incidents, each with the consumers that it names."""
    found = [evaluate(slo, lake.store, at) for slo in promised]
    told = react(lake.store, {slo.name: slo for slo in promised}, found, at)
    return {case.kind: case.consumers for case in told}


def test_dataset_renamed_is_followed(lake: Lake) -> None:
    """A RENAME makes two names one: what is delivered under the new name keeps the promise of the old."""
    lake.put(changing("RENAME", output="orders_v2", previousIdentifier={"namespace": "lake", "name": "orders"}))

    assert newest(lake) == "G"


def test_dataset_dropped_breaks_all_who_read_it(lake: Lake) -> None:
    """An incident at once, long before the next deadline, that names the owners of what is made of it."""
    lake.put(event("COMPLETE", NOON - HOUR, "report", job="report", inputs=("orders",), outputs=("report",)))
    reader = promise(
        name="report", dataset={"namespace": "lake", "name": "report"}, owner={"team": "finance"}, window="3h"
    )
    lake.put(changing("DROP"))

    assert incidents_of(lake, promise(window="3h"), reader, at=NOON + 6 * MINUTE)["dropped"] == ("@finance",)


# ── Two runs write same occurrence. ────────────────────────────────────────────────────────────────────────────────


def test_two_runs_write_same_occurrence(lake: Lake) -> None:
    """Two jobs that both say that they delivered the hour: two systems of record, which is an incident of its own."""
    put(lake, delivered(NOON + 5 * MINUTE))
    lake.put(event("COMPLETE", NOON + 6 * MINUTE, "other", job="orders.copy", nominal=LAST))

    assert (newest(lake), incidents_of(lake, promise(window="3h"))) == ("G", {"conflict": ()})


# ── Every row has its test. ────────────────────────────────────────────────────────────────────────────────────────


# ── Collector/ingest outage. ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def gap(lake: Lake) -> Lake:
    """No collector was there from 11:50 to 12:18, and the deadline of 12:15 passed."""
    keep = Decisions(lake.homes.ledger, lake.store, b"secret", lambda: NOON + 18 * MINUTE).keep
    keep([unobserved(Gap(NOON - 10 * MINUTE, NOON + 18 * MINUTE))])
    return lake


def test_collector_outage_leaves_what_was_due_unknown(gap: Lake) -> None:
    """Nobody could have heard of a delivery; what was due before and is due after is judged as ever."""
    assert ("GGU", "GUB") == (states(status(gap).occurrences), states(status(gap, NOW + HOUR).occurrences))


@pytest.mark.parametrize(("delivered_at", "expected"), [(NOON + 5 * MINUTE, "G"), (NOON + 17 * MINUTE, "B")])
def test_collector_outage_ends_with_the_backlog(gap: Lake, delivered_at: datetime, expected: str) -> None:
    """Events of the gap that come after it are judged by their own time; it is no amendment, for nothing was said."""
    put(gap, delivered(delivered_at, received_at=NOON + 19 * MINUTE))

    assert (expected, None) == (newest(gap), status(gap).occurrences[-1].amended)


def test_collector_outage_gives_a_backlog_the_whole_horizon(gap: Lake) -> None:
    """It counts from when somebody was there again."""
    put(gap, delivered(NOON + 5 * MINUTE, received_at=NOON + DAY + 17 * MINUTE))

    found = evaluate(promise(window="2d"), gap.store, NOON + DAY + 20 * MINUTE).occurrences
    assert states(verdict for verdict in found if verdict.due == DUE) == "G"


def test_collector_outage_freezes_alerts(gap: Lake) -> None:
    """What is UNKNOWN begins no incident, and ends none."""
    react(gap.store, {"orders": promise(window="3h")}, [status(gap)], NOW)

    assert not gap.store.documents("incident")


def test_collector_outage_changes_no_other_verdict(gap: Lake) -> None:
    """A completeness that nobody brought is freshness's; rows that came are counted."""
    assert states(status(gap, indicator="completeness").occurrences) == "GGN"


def rows() -> list[str]:
    """How each row of the table of b.6 begins, as the names of its tests do."""
    section = SLO_MD.read_text(encoding="utf-8").partition("\n### b.6 ")[2].partition("\n### ")[0]
    heads = re.findall(r"^\| ([^|(/]+)", section, flags=re.MULTILINE)[1:]
    return [re.sub(r"\W+", "_", head.strip().lower()) for head in heads if not head.startswith("---")]


def test_no_row_is_without_its_test() -> None:
    """A case that is added to the document fails here until it is decided and held."""
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parents[1].rglob("test_*.py")]
    tests = {name for text in texts for name in re.findall(r"^def test_(\w+)\(", text, flags=re.MULTILINE)}

    bare = [row for row in rows() if not any(name.startswith(row) for name in tests)]
    assert (len(rows()), bare) == (17, [])
