"""Partial delivery: partitions that runs name, and those that must come (SLO.md b.0, b.6)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lineage.model import Verdict
from lineage.slo.evaluate import evaluate
from lineage.slo.indicators.freshness import describe
from lineage.slo.partitions import read_partitions
from tests.support.promises import DAY, HOUR, NOON, Lake, event, facet, promise, states

MINUTE = timedelta(minutes=1)
MIDNIGHT = NOON.replace(hour=0)
DAILY = {"cron": "0 0 * * *", "deadline": "6h"}
REGIONS = {"partitions": {"dimension": "region", "required": ["eu", "us", "apac", "latam"]}}


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """A lake that has been observed for long."""
    lake = Lake(tmp_path)
    lake.runs(NOON - 5 * DAY, 1)
    yield lake
    lake.homes.close()


def dimensions(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "partition", "partitions": [{"dimensions": part} for part in parts]}


def equal(field: str, value: str) -> dict[str, Any]:
    sides = {"left": {"type": "field", "field": field}, "right": {"type": "literal", "value": value}}
    return {"type": "compare", "comparison": "EQUAL", **sides}


def both(operator: str, left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    return {"type": "binary", "operator": operator, "left": left, "right": right}


CONDITIONS = {
    "partitions": (dimensions({"dt": "2026-11-20", "hour": 5}), [{"dt": "2026-11-20", "hour": "5"}]),
    "locations": (
        {"type": "location", "locations": ["s3://lake/orders/dt=2026-11-20/region=eu/part-0.parquet"]},
        [{"dt": "2026-11-20", "region": "eu"}],
    ),
    "both": (both("and", equal("dt", "1"), equal("region", "eu")), [{"dt": "1", "region": "eu"}]),
    "either": (both("OR", equal("dt", "1"), equal("dt", "2")), [{"dt": "1"}, {"dt": "2"}]),
    "never both": (both("AND", equal("dt", "1"), equal("dt", "2")), None),
    "more than": (equal("dt", "1") | {"comparison": "GREATER_THAN"}, None),
    "something else": ({"type": "bitmap"}, None),
    "a place without partitions": ({"type": "location", "locations": ["s3://lake/orders/part-0"]}, None),
    "a field without a value": (equal("dt", "1") | {"right": {"type": "literal"}}, None),
    "no list": ({"type": "partition", "partitions": {"dt": 1}}, None),
}


@pytest.mark.parametrize(("condition", "wanted"), CONDITIONS.values(), ids=CONDITIONS.keys())
def test_conditions_name_partitions(condition: dict[str, Any], wanted: list[dict[str, str]] | None) -> None:
    """As far as a condition of `subset` is a list of them; else nothing is known."""
    found = read_partitions(json.dumps({"outputCondition": condition}).encode())

    assert (None if found is None else [dict(each) for each in found]) == wanted


def test_a_condition_that_multiplies_without_end_is_no_list() -> None:
    """A facet is a stranger's: what it spells out is bounded."""
    condition = dimensions(*({"a": str(place)} for place in range(40)))
    for letter in "bcd":
        condition = both("AND", condition, dimensions(*({letter: str(place)} for place in range(40))))

    assert read_partitions(json.dumps({"outputCondition": condition}).encode()) is None


def wrote(at: timedelta, run: str, condition: dict[str, Any] | None, **said: Any) -> dict[str, Any]:
    """A run that completed *at* so long after midnight, and said what it wrote."""
    body = event(said.pop("type_", "COMPLETE"), MIDNIGHT + at, run, **said)
    if condition is not None:
        body["outputs"][0].setdefault("outputFacets", {})["subset"] = facet(outputCondition=condition)
    return body


def region(name: str, at: timedelta = HOUR, **said: Any) -> dict[str, Any]:
    return wrote(at, name, dimensions({"region": name}), **said)


def judged(lake: Lake, indicator: str = "freshness", days: int = 1, **sli: Any) -> list[Verdict]:
    """The days that were due up to noon."""
    slo = promise(indicator, sli=sli, schedule=DAILY, window=f"{days}d")
    return list(evaluate(slo, lake.store, NOON).occurrences)


def test_partial_delivery(lake: Lake) -> None:
    """Three of four partitions: the dataset's occurrence is BAD, and says which one is missing."""
    lake.put(region("eu"), region("us"), region("apac"))

    (found,) = judged(lake, **REGIONS)

    assert (states([found]), describe([found], NOON)) == (
        "B",
        "Due 2026-11-20 06:00 UTC: 3 of 4 partitions in time; latam: not delivered, and no run tried",
    )


def test_all_partitions_are_the_whole(lake: Lake) -> None:
    """By one run or by many; when the last of them came is when it was delivered."""
    lake.put(region("eu"), wrote(2 * HOUR, "rest", dimensions(*({"region": name} for name in ("us", "apac", "latam")))))

    (found,) = judged(lake, **REGIONS)

    assert (states([found]), found.reason, found.delivered_at) == (
        "G",
        "all 4 partitions in time",
        MIDNIGHT + 2 * HOUR,
    )


def test_each_partition_may_be_an_occurrence(lake: Lake) -> None:
    """At the finest grain each has a verdict, a name and a weight of its own."""
    lake.put(region("eu"), region("us", 7 * HOUR), region("apac", type_="FAIL"))

    found = judged(lake, partitions=REGIONS["partitions"] | {"grain": "partition"})

    assert [(each.occurrence[11:], states([each])) for each in found] == [
        ("00:00:00Z/apac", "B"),
        ("00:00:00Z/eu", "G"),
        ("00:00:00Z/latam", "B"),
        ("00:00:00Z/us", "B"),
    ]


def test_who_does_not_say_what_he_wrote_proves_nothing(lake: Lake) -> None:
    """It may have been the partition that is missing: UNKNOWN, never good, and not bad either."""
    lake.put(region("eu"), wrote(2 * HOUR, "all", None))

    (found,) = judged(lake, **REGIONS)

    assert (states([found]), found.reason) == (
        "U",
        "1 of 4 partitions in time; us, apac, latam: orders.load does not say which partitions it wrote",
    )


BY_DAY = {"partitions": {"time": "dt"}}


@pytest.mark.parametrize("value", ["2026-11-19", "20261119", "2026-11-19T00"])
def test_a_partition_names_its_interval(lake: Lake, value: str) -> None:
    """A run a day late is for the day that it names, not for the one before it ended."""
    lake.put(wrote(HOUR, "of yesterday", dimensions({"dt": value})))

    assert states(judged(lake, days=2, **BY_DAY)) == "BG"


def test_parts_of_a_date_are_put_together(lake: Lake) -> None:
    """Year, month and day may be dimensions of their own."""
    lake.put(wrote(HOUR, "of yesterday", dimensions({"y": 2026, "m": 11, "d": 19})))

    assert states(judged(lake, partitions={"time": ["y", "m", "d"]})) == "G"


def test_one_run_may_bring_several_intervals(lake: Lake) -> None:
    """It covers each of them; how many rows were for which nobody knows."""
    lake.put(wrote(HOUR, "two days", dimensions({"dt": "2026-11-19"}, {"dt": "2026-11-18"}), rows=2000))

    found = judged(lake, days=2, **BY_DAY), judged(lake, "completeness", days=2, **BY_DAY)

    assert [states(each) for each in found] == ["BG", "NU"]


def test_an_interval_that_is_one_exactly_comes_first(lake: Lake) -> None:
    """Where nominal time is that of an occurrence the partition has no say (SLO.md b.0)."""
    named = {"nominal": (MIDNIGHT - DAY, MIDNIGHT)}
    lake.put(wrote(HOUR, "of yesterday", dimensions({"dt": "2026-11-01"}), **named))

    assert states(judged(lake, **BY_DAY)) == "G"


def test_a_value_that_is_no_time_says_nothing(lake: Lake) -> None:
    """The run is matched by its own time then, as any other."""
    lake.put(wrote(HOUR, "of yesterday", dimensions({"dt": "latest"}, {"dt": "2026-13-40"})))

    assert states(judged(lake, **BY_DAY)) == "G"


FAULTS = {
    "nothing": {"partitions": {}},
    "no values": {"partitions": {"dimension": "region"}},
    "no dimension": {"partitions": {"required": ["eu"]}},
    "of beats": {
        "method": "heartbeat",
        "heartbeat": {"emitter": "a/b", "interval": "1m", "threshold": "5m"},
        "partitions": {"time": "dt"},
    },
}


@pytest.mark.parametrize("sli", FAULTS.values(), ids=FAULTS.keys())
def test_partitions_are_declared_whole(sli: dict[str, Any]) -> None:
    """With what to write instead."""
    with pytest.raises(ValidationError, match=r"; (write|leave)"):
        promise(sli=sli)


def test_rows_are_not_counted_by_dimension() -> None:
    """A run tells how many rows it wrote, not of which partition."""
    with pytest.raises(ValidationError, match="rows are counted of whole deliveries"):
        promise("completeness", sli=REGIONS)
