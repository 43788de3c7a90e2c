"""What the budget of a composite counts: in slices of time, in months, and beside members that settle later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from lineage.alerts.evidence import Evidence
from lineage.model import Entry, Verdict
from lineage.slo.budget import judge
from lineage.slo.composites import join, joined
from lineage.slo.decided import excluding, of
from lineage.slo.evaluate import evaluate
from lineage.slo.exclusions import Exclusion
from lineage.slo.gather import renewal
from lineage.slo.spec import DataSLO
from lineage.slo.watching import Watch
from tests.support.composites import come, composite, members, slices
from tests.support.promises import DAY, HOUR, NOON, Lake, event, promise, verdicts

TICK, MINUTE = timedelta(microseconds=1), timedelta(minutes=1)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
MONTH = {
    "timeWindow": [
        {"duration": "1M", "isRolling": False, "calendar": {"startTime": "2026-01-01 00:00:00", "timeZone": "UTC"}}
    ]
}


def told(of_them: Sequence[str], letters: str, until: datetime = NOON) -> list[Verdict]:
    """Hourly verdicts of each, named as those of members are."""
    made = verdicts(letters, until)
    return [replace(each, occurrence=f"{name}/{each.occurrence}") for name in of_them for each in made]


@pytest.mark.parametrize("own", [{}, slices("1h")])
def test_a_slice_is_the_same_whenever_it_is_asked_for(tmp_path: Path, own: dict[str, Any]) -> None:
    """Its members are judged from the beginning of one on, whatever they count themselves."""
    lake, seen = Lake(tmp_path), dict[str, Verdict]()
    come(lake, "eu", *range(2, 40))
    come(lake, "us", *range(2, 10))
    whole = composite("eu", "us", window="1d", effective_from=NOON - 3 * DAY, **slices("6h"))
    slo = join(whole, members("eu", "us", **own))

    for step in range(60):
        for each in evaluate(slo, lake.store, NOON + step * 20 * MINUTE).occurrences:
            if each.state != "PENDING":
                assert seen.setdefault(each.occurrence, each) == each
    assert len(seen) == 7


@pytest.mark.parametrize(
    ("changes", "own", "expected"),
    [
        ({}, {}, 2 * 720),
        ({}, slices("6h"), 2 * 720),
        (slices("6h"), {}, 120),
        (slices("6h"), slices("1h"), 120),
        (
            slices("6h") | {"exclusions": [{"start": "2026-11-29T00:00:00Z", "duration": "1d", "reason": "planned"}]},
            {},
            116,
        ),
    ],
)
def test_a_month_expects_what_is_to_come(changes: dict[str, Any], own: dict[str, Any], expected: int) -> None:
    """From its first day on: what its members have in it, or the slices in which one of them has something."""
    slo = join(composite("eu", "us", **MONTH, **changes), members("eu", "us", **own))

    assert judge(slo, [], NOVEMBER).budget.allowed == Fraction(expected, 100)


def test_slices_of_members_that_come_seldom() -> None:
    """One daily at six, one every twelve hours: of each day the slices in which one of them is due."""
    daily = members("eu", schedule={"cron": "0 6 * * *", "deadline": "1h"})
    beats = {"emitter": "a/b", "interval": "12h", "threshold": "1h"}
    known = daily | members("us", sli={"method": "heartbeat", "heartbeat": beats})
    slo = join(composite("eu", "us", **MONTH, **slices("1h")), known)

    assert judge(slo, [], NOVEMBER).budget.allowed == Fraction(30 * 3, 100)


@pytest.mark.parametrize("now", [NOVEMBER, NOVEMBER + 3 * HOUR, NOVEMBER + 30 * DAY - TICK])
def test_a_month_holds_as_much_whenever_it_is_asked_for(tmp_path: Path, now: datetime) -> None:
    """Also where one of its members settles two hours later than the other: 720 of each."""
    closing = {"settle": "2h", "absenceIsZero": True}
    settling = promise("completeness", name="us", dataset={"namespace": "lake", "name": "us"}, sli=closing)
    known = members("eu") | {"us": settling}
    lake = Lake(tmp_path)
    come(lake, "eu", 40 * 24)  # something was heard before all of it
    status = evaluate(join(composite("eu", "us", **MONTH), known), lake.store, now)

    assert status.budget.allowed == Fraction(2 * 720, 100)


def test_what_was_stated_of_a_member_is_not_to_come(tmp_path: Path) -> None:
    """As what its file says: a day of it that people excluded is no day of the composite either."""
    lake, planned = Lake(tmp_path), Exclusion(start=NOVEMBER + 20 * DAY, duration=DAY, reason="a move")
    statement = excluding(of("us"), planned, "ana", NOVEMBER, holds=True)
    digest = b"s" * 32
    lake.store.state([Entry("person", 1, "statement", digest, NOVEMBER, "ana")], [statement])
    slo = join(composite("eu", "us", **MONTH), members("eu", "us"))

    assert evaluate(slo, lake.store, NOVEMBER).budget.allowed == Fraction(2 * 720 - 24, 100)


def test_whoever_missed_in_a_slice_is_hurt(tmp_path: Path) -> None:
    """A slice names no member; what it is made of does."""
    slo = join(composite("eu", "us", **slices("6h")), members("eu", "us"))
    status = judge(slo, told(["us"], "GGGGGGBBBBBB"), NOON)
    evidence = Evidence(Lake(tmp_path).store, {"all": slo}, [status], {}, NOON)

    assert evidence.dataset("all").name == "us"


def test_it_is_read_anew_with_each_of_its_members(tmp_path: Path) -> None:
    """A watch says of the events that are left out what judging anew says: those received in the window."""
    lake = Lake(tmp_path)
    for hour in range(30):
        at = NOON - hour * HOUR
        lake.put(event("COMPLETE", at + HOUR, f"ahead {hour}", job="eu.load", outputs=("eu",)), received_at=at)
    slos = joined(members("eu", "us") | {"all": composite("eu", "us", window="1d", effective_from=NOON - 3 * DAY)})
    watch, begun = Watch(lake.store), renewal(slos["eu"], NOON + DAY)
    found, wanted = [], []
    for now in (begun - MINUTE, begun + MINUTE):
        watch.turn(now)
        found.append(watch.status(slos["all"]))
        wanted.append(evaluate(slos["all"], lake.store, now))

    assert found == wanted


@pytest.mark.parametrize("changes", [{}, slices("1h"), MONTH, MONTH | slices("1h"), {"effective_from": NOON}])
def test_without_a_member_alerts_freeze(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Whatever it counts, and over which window: what fires goes on, for nobody knows."""
    slo = join(composite("eu", "us", **changes), members("eu"))

    assert evaluate(slo, Lake(tmp_path).store, NOON + 90 * MINUTE).state == "no_data"


def test_members_stay_what_they_are() -> None:
    """Only how they are seen is another: by its own target a member is judged in whatever slices."""
    slo: DataSLO = join(composite("eu", "us", **slices("6h")), members("eu", "us", target="0.7"))

    assert [(each.target, each.unit) for each in slo.members] == [(Fraction(7, 10), "slices")] * 2
