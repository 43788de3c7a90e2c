"""A verdict that is settled stays, whatever is measured: no late event and no later look changes it (SLO.md b.6)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lineage.slo.evaluate import evaluate
from lineage.slo.indicators._habit import Habit
from lineage.slo.spec import DataSLO, define
from tests.support.promises import DAY, HOUR, LOAD, NOON, Lake, delivery, document, event, facet, promise

MINUTE = timedelta(minutes=1)
HORIZON = 2 * HOUR
LATE = (0, 0, 0, 0, 1, 200, 300, 800)  # minutes after its own time that an event is received
SOURCE = {"namespace": "lake", "name": "raw"}
PATH = {"from": SOURCE, "to": {"namespace": "lake", "name": "orders"}}
INDICATORS: dict[str, dict[str, Any]] = {
    "deadline": {"type": "freshness"},
    "age": {"type": "freshness", "method": "age", "threshold": "90m"},
    "rows": {"type": "freshness", "method": "rows"},
    "contract": {"type": "completeness", "expected": {"mode": "contract", "rows": 1000}},
    "seasonal": {"type": "completeness", "expected": {"mode": "seasonal", "season": "hour_of_week"}},
    "reconcile": {"type": "completeness", "expected": {"mode": "reconcile"}},
    "checks": {"type": "correctness", "unit": "assertions", "settle": "1h"},
    "records": {"type": "correctness", "unit": "records", "settle": "1h", "quarantine": {"table": "refused"}},
    "jobs": {"type": "job_success"},
    "tries": {"type": "job_success"},
    "schemas": {"type": "schema_stability"},
    "refused": {"type": "dead_letters", "queue": {"namespace": "lake", "name": "refused"}},
    "latency": {"type": "latency", "percentile": {"p": "0.95", "threshold": "90m"}},
    "lag": {"type": "replication_lag", "threshold": "10m"},
}


def slo_of(word: str, window: str = "2d", since: datetime = NOON - DAY) -> DataSLO:
    """A promise of which events may be two hours late."""
    horizon = {"correctionHorizon": "2h"}
    wanted = document(name=word, window=window, effectiveFrom=since.isoformat(), lateMetadata=horizon)
    spec = wanted["spec"] | {"sli": INDICATORS[word]} | ({"path": PATH} if word in {"latency", "lag"} else {})
    if word == "tries":
        del spec["schedule"]
    return define(wanted | {"spec": spec})


def story(chance: random.Random) -> Iterator[tuple[dict[str, Any], timedelta]]:
    """Each hour is loaded from its source, and checked; each event with how late it is received."""
    yield event("COMPLETE", NOON - 30 * HOUR, "first", outputs=("orders", "raw", "refused")), timedelta(0)
    for hour in range(18):
        nominal = (NOON - (18 - hour) * HOUR, NOON - (17 - hour) * HOUR)
        at = nominal[1] + chance.choice((2, 5, 8, 12, 20, 50)) * MINUTE
        source: dict[str, Any] = {"job": "raw.load", "outputs": ("raw",), "nominal": nominal}
        yield event("COMPLETE", nominal[1] + MINUTE, f"raw {hour}", **source, rows=100), late(chance)
        if (ended := chance.choice((*["COMPLETE"] * 5, "FAIL", None))) is None:
            continue
        load: dict[str, Any] = {"inputs": ("raw",), "nominal": nominal}
        yield event("START", at - MINUTE, f"load {hour}", **load), timedelta(0)
        outputs = ("orders", "refused")[: chance.choice((1, 2, 2))]
        told = event(ended, at, f"load {hour}", **load, outputs=outputs, rows=chance.choice((1000, 1000, 700)))
        told["inputs"][0]["inputFacets"] = {"inputStatistics": facet(rowCount=chance.choice((1000, 1000, 2000)))}
        fields = [{"name": name, "type": "INT"} for name in "ab"[: chance.choice((1, 2, 2, 2))]]
        told["outputs"][0]["facets"] = {"schema": facet(fields=fields)}
        yield told, late(chance)
        check: dict[str, Any] = {"job": "orders.test", "inputs": ("orders",), "outputs": ()}
        at += chance.choice((3, 30)) * MINUTE
        yield event("START", at, f"check {hour}", **check), timedelta(0)
        found = [{"assertion": "not_null", "success": chance.random() < 0.8}]
        yield event("COMPLETE", at + MINUTE, f"check {hour}", **check, assertions=found), late(chance)


def late(chance: random.Random) -> timedelta:
    return chance.choice(LATE) * MINUTE


@pytest.fixture(scope="module", params=[1, 2])
def lake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """The same story as often as it is told."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    told = [
        (each, datetime.fromisoformat(each["eventTime"]) + late) for each, late in story(random.Random(request.param))
    ]
    for each, received_at in sorted(told, key=lambda pair: pair[1]):
        lake.put(each, received_at=received_at)
    yield lake
    lake.homes.close()


@pytest.fixture(scope="module")
def punctual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A story of which every event is received at once."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.put(*sorted((each for each, _ in story(random.Random(4))), key=lambda each: str(each["eventTime"])))
    yield lake
    lake.homes.close()


@pytest.mark.parametrize("word", INDICATORS)
def test_what_is_settled_stays(lake: Lake, word: str) -> None:
    """What was judged of an occurrence when its horizon was over is judged of it ever after."""
    slo, settle = slo_of(word), HOUR + 2 * MINUTE
    settled: dict[str, tuple[object, ...]] = {}
    changed = []
    for at in (NOON - 12 * HOUR + 3 * place * HOUR for place in range(10)):
        found = {each.occurrence: each for each in evaluate(slo, lake.store, at).occurrences}
        now = {name: (each.state, each.good, each.total) for name, each in found.items()}
        changed += [(name, was, now.get(name)) for name, was in settled.items() if now.get(name) != was]
        settled |= {name: now[name] for name, each in found.items() if each.due + HORIZON + settle < at}

    assert (len(settled) > 2, changed) == (True, [])


@pytest.mark.parametrize("word", INDICATORS)
def test_as_the_window_moves_on_nothing_changes(punctual: Lake, word: str) -> None:
    """What was judged of an occurrence is judged of it until it leaves the window, however far back that reaches."""
    slo = slo_of(word, window="6h", since=NOON - 20 * HOUR)
    settled: dict[str, tuple[object, ...]] = {}
    changed = []
    for at in (NOON - 11 * HOUR + place * HOUR for place in range(11)):
        found = {each.occurrence: each for each in evaluate(slo, punctual.store, at).occurrences}
        now = {name: (each.state, each.good, each.total, each.imported) for name, each in found.items()}
        changed += [(name, settled[name], now[name]) for name in settled.keys() & now if now[name] != settled[name]]
        settled |= {name: now[name] for name, each in found.items() if each.due + HORIZON < at}

    assert (len(settled) > 2, changed) == (True, [])


def test_a_schema_is_held_against_the_last_one_however_old(tmp_path: Path) -> None:
    """Of data that comes once a month the one before is out of the window's sight, and is what it was."""
    lake = Lake(tmp_path)
    for place, names in enumerate(("ab", "a")):
        told = event("COMPLETE", NOON + place * 31 * DAY, f"month {place}")
        told["outputs"][0]["facets"] = {"schema": facet(fields=[{"name": name, "type": "INT"} for name in names])}
        lake.put(told)
    slo = slo_of("schemas", since=NOON)

    (verdict,) = evaluate(slo, lake.store, NOON + 31 * DAY + HOUR).occurrences
    lake.homes.close()

    assert verdict.reason == "breaking-unused: b was removed"


def test_a_habit_is_what_a_job_did_before() -> None:
    """What it wrote later, or long before, does not tell what its silence meant."""
    habit = Habit([delivery(NOON)])

    assert [habit.has(LOAD, NOON + days * DAY) for days in (-1, 0, 27, 28)] == [False, True, True, False]


def test_a_settle_that_is_longer_than_the_horizon_has_its_own(tmp_path: Path) -> None:
    """What comes until the close is told in time when it comes, however long after the deadline that is."""
    lake, nominal = Lake(tmp_path), (NOON - HOUR, NOON)
    lake.put(event("COMPLETE", NOON - 3 * HOUR, "first", outputs=("orders",)))
    lake.put(event("COMPLETE", NOON + 30 * HOUR, "late", nominal=nominal, rows=1000))
    slo = promise("completeness", window="2d", sli={"settle": "36h"}, effectiveFrom=NOON)

    (verdict,) = (each for each in evaluate(slo, lake.store, NOON + 40 * HOUR).occurrences if each.value is not None)
    lake.homes.close()

    assert (verdict.occurrence, verdict.state) == ("2026-11-20T11:00:00Z", "GOOD")


def test_a_backfill_after_the_horizon_restates(tmp_path: Path) -> None:
    """It judges nothing anew, and is told of all the same: numbers that people have seen are others now."""
    lake, nominal = Lake(tmp_path), (NOON - HOUR, NOON)
    lake.runs(NOON - 3 * HOUR, 6)
    lake.put(event("COMPLETE", NOON + 3 * DAY, "again", nominal=nominal, rows=1500))
    slo = promise("completeness", window="7d", effectiveFrom=NOON)

    found = evaluate(slo, lake.store, NOON + 3 * DAY + HOUR)
    lake.homes.close()

    assert (found.occurrences[0].state, [each.kind for each in found.findings]) == ("GOOD", ["restated"])
