"""Proposals: what tags of jobs and datasets ask for, with a schedule that was told or fits what came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from collectors.decisions import state_all
from lineage.model import Draft, dataset_id
from lineage.slo.formats.base import identity
from lineage.slo.proposing import Proposal, proposals
from lineage.slo.reading import read_text
from lineage.slo.written import written
from lineage.statements import Statement, Subject, Word
from lineage.statements import written as stated
from tests.support import events
from tests.support.promises import DAY, HOUR, NOON, Lake, event, promise

ORDERS = dataset_id("lake", "orders")
AFTER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty store."""
    lake = Lake(tmp_path)
    yield lake
    lake.homes.close()


def tagged(body: dict[str, Any], *tags: str, team: str | None = "data-orders") -> dict[str, Any]:
    """*body*, whose job carries *tags*, and its team."""
    told = [{"key": tag, "value": tag, "source": "AIRFLOW"} for tag in tags]
    told += [{"key": "team", "value": team, "source": "USER"}] if team else []
    facet = {"_producer": "https://example.org", "_schemaURL": "https://example.org/TagsJobFacet.json", "tags": told}
    return body | {"job": body["job"] | {"facets": body["job"]["facets"] | {"tags": facet}}}


def hourly(lake: Lake, *tags: str, count: int = 12, team: str | None = "data-orders") -> None:
    """An hourly job that carries *tags*, five minutes late each time."""
    for place in range(count):
        done = NOON + place * HOUR + timedelta(minutes=5)
        lake.put(tagged(event("COMPLETE", done, f"load {place}"), *tags, team=team))


def one(lake: Lake, **definitions: Any) -> Proposal:
    (found,) = proposals(lake.store, definitions, NOON + DAY)
    return found


def test_airflows_tags_and_timetable_make_a_proposal(lake: Lake) -> None:
    """Of the captured events of Airflow 3: each table that the tagged tasks write, by the timetable of their DAG."""
    for body in events.bodies("airflow/3.3.2"):
        lake.put(json.loads(body))
    found = {proposal.dataset.name: proposal for proposal in proposals(lake.store, {}, AFTER)}
    daily = found["warehouse.public.daily_orders"]

    assert daily.slo is not None
    assert (daily.slo.name, daily.slo.spec.owner.team, daily.remarks[0]) == (
        "warehouse-public-daily-orders-freshness",
        "data-platform",
        "the schedule is that of Airflow's timetable for orders_etl.agg_pg: 0 0 * * * UTC",
    )
    assert daily.slo.spec.schedule is not None
    assert (daily.slo.spec.schedule.cron, daily.slo.spec.schedule.deadline) == ("0 0 * * *", HOUR)


def test_without_a_timetable_the_cadence_is_proposed_and_said_to_be(lake: Lake) -> None:
    """What came every hour is expected every hour, if a person says so."""
    hourly(lake, "slo:freshness=30m")
    found = one(lake)

    assert found.slo is not None
    assert (written(found.slo).splitlines()[6], found.remarks) == (
        "  schedule: {cron: 0 * * * *, deadline: 30m}",
        ("the schedule is inferred, for data came about every hour; look whether it is meant so",),
    )


@pytest.mark.parametrize(
    ("tag", "sli", "target"),
    [
        ("slo:freshness:1h", {"type": "freshness"}, "0.99"),
        ("slo:completeness=80%", {"type": "completeness", "expected": {"mode": "seasonal"}}, "0.99"),
        ("slo:correctness=99.9%", {"type": "correctness", "unit": "assertions"}, "0.999"),
        ("slo:job-success=0.95", {"type": "job_success"}, "0.95"),
    ],
)
def test_each_word_asks_for_an_indicator(lake: Lake, tag: str, sli: dict[str, Any], target: str) -> None:
    """A span is a deadline, a share the least volume or the target; what is proposed is a file that is understood."""
    hourly(lake, tag)
    found = one(lake).slo
    assert found is not None
    body = found.model_dump(mode="json", by_alias=True, exclude_defaults=True)["spec"]

    assert (body["sli"] | {"good": None}, body["objectives"], read_text(written(found), "x")[0].slo) == (
        sli | {"good": None},
        [{"target": target}],
        found,
    )


def test_a_target_that_would_forbid_any_miss_is_lowered(lake: Lake) -> None:
    """A daily job gets one that allows a miss in four weeks, and the reason."""
    for place in range(12):
        lake.put(tagged(event("COMPLETE", NOON + place * DAY, f"load {place}"), "slo:freshness=2h"))
    (found,) = proposals(lake.store, {}, NOON + 13 * DAY)

    assert found.slo is not None
    assert (found.slo.target, found.remarks[-1]) == (
        Fraction(964, 1000),
        "0.99 would forbid any miss; 96.4 % allows one",
    )


def test_what_is_promised_already_is_not_proposed(lake: Lake) -> None:
    """Accepted is what an SLO in force says of the same dataset and indicator."""
    hourly(lake, "slo:freshness=30m")

    assert proposals(lake.store, {"orders-freshness": promise()}, NOON + DAY) == []


@pytest.mark.parametrize(
    ("tag", "count", "said"),
    [
        (
            "slo:freshness=soon",
            12,
            "'soon' is not a duration; write a whole number and one of m h",
        ),
        ("slo:correctness=101%", 12, "'101%' is no share between 0 and 1; as in slo:correctness=99.9%"),
        ("slo:beauty=1", 12, "'beauty' is not what a tag can ask for; write slo:freshness=1h, slo:completeness=80%"),
        ("slo:freshness=1h", 2, "nothing says when data is expected, and what came has no steady cadence; write the"),
    ],
)
def test_what_cannot_be_proposed_says_why(lake: Lake, tag: str, count: int, said: str) -> None:
    """No SLO, and the reason instead."""
    hourly(lake, tag, count=count)
    found = one(lake)

    assert (found.slo, found.remarks[-1][: len(said)]) == (None, said)


def test_nobody_owns_what_nobody_says(lake: Lake) -> None:
    """The proposal names the hole."""
    hourly(lake, "slo:freshness=30m", team=None)
    found = one(lake)

    assert (found.slo and found.slo.spec.owner.team, found.remarks[-1]) == (
        "unowned",
        "nobody is said to own it; write the team",
    )


def test_tags_that_disagree_are_told(lake: Lake) -> None:
    """The first by name counts, the others are named."""
    hourly(lake, "slo:freshness=30m")
    lake.put(tagged(event("COMPLETE", NOON, "other", job="orders.other"), "slo:freshness=2h"))

    assert one(lake).remarks[0] == "tags disagree: 30m is taken, and not 2h"


def test_a_person_may_tag_a_dataset(lake: Lake) -> None:
    """What was stated counts as what was sent does, until it is taken away."""
    hourly(lake)
    told = [_said(lake, holds=holds) for holds in (True, False)]

    assert told == [[identity(ORDERS)], []]


def _said(lake: Lake, *, holds: bool) -> list[dict[str, str]]:
    word = Word("tag", "slo:freshness=30m", holds=holds)
    said = Statement(Subject("dataset", "orders", "lake"), "ana", NOON, (word,))
    body = stated(said)
    draft = Draft("statement", body, bytes(32 - 1) + bytes([holds]), "ana")
    received = NOON + (HOUR if holds else 2 * HOUR)
    state_all(zip(lake.homes.ledger.append([draft], received), [body], strict=True), lake.store)
    return [identity(found.dataset) for found in proposals(lake.store, {}, NOON + DAY)]
