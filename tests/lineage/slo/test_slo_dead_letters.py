"""Dead letters: what was processed, of that and what the same runs refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from lineage.model import Verdict, job_id
from lineage.slo.backlog import Backlog
from lineage.slo.budget import judge
from lineage.slo.evaluate import evaluate
from lineage.slo.evidence import Delivery, Evidence
from lineage.slo.indicators.dead_letters import describe, measure
from lineage.slo.queues import Queues
from lineage.slo.spec import DataSLO, define
from tests.support.promises import DAY, HOUR, NOON, Lake, delivery, document, event, facet, states


def promised() -> DataSLO:
    """99 of 100 records do not end in orders.dlq."""
    said = document(sli={"type": "dead_letters", "queue": {"namespace": "lake", "name": "orders.dlq"}})
    del said["spec"]["schedule"]
    return define(said)


def judged(rows: Any, dead: Any, **said: Any) -> Verdict:
    """A run of so many records, and so many in the queue; `None` is not counted, and no *dead* not listed."""
    told = () if dead == "not listed" else (delivery(NOON, rows=dead, **said),)
    before = delivery(NOON - 2 * DAY, "before", rows=0)
    evidence = Evidence(NOON - HOUR, (delivery(NOON, rows=rows, **said),), beside=(before, *told))
    (found,) = measure(promised(), evidence, NOON)
    return found


CASES = [(99, 1, "G"), (98, 2, "B"), (100, 0, "G"), (100, "not listed", "G"), (0, 7, "B"), (0, 0, "N")]


@pytest.mark.parametrize(("rows", "dead", "wanted"), [*CASES, (None, 1, "U"), (99, None, "U")])
def test_of_all_records_those_that_were_processed_are_good(rows: Any, dead: Any, wanted: str) -> None:
    """The target holds for each delivery, on exact numbers; what nobody counted is UNKNOWN."""
    assert states([judged(rows, dead)]) == wanted


def test_records_are_the_unit() -> None:
    """So that a large delivery weighs as much as it holds."""
    found = judged(970, 30)

    assert (found.good, found.total, found.value) == (970, 1000, 30)


def test_silence_of_a_job_that_never_told_proves_nothing() -> None:
    """That no dead letters are listed means none only where there were some once, or an empty list."""
    stranger: Delivery = delivery(NOON, rows=100, job=job_id("spark", "other"))

    found = measure(promised(), Evidence(NOON - HOUR, (stranger,), beside=(delivery(NOON - DAY, rows=1),)), NOON)

    assert [(one.state.value, one.reason) for one in found] == [("UNKNOWN", "other never told of orders.dlq")]


def test_counts_that_accumulate_are_told_apart() -> None:
    """Of a stream whose counts go on over its run each report is judged by what is new in both, but for the first."""
    run: dict[str, Any] = {"window": timedelta(0), "cumulative": True, "started_at": NOON - DAY}
    reports = [(NOON - 2 * HOUR, 900, 10), (NOON, 999, 11), (NOON + HOUR, 1100, 12)]
    main, queue = (tuple(delivery(report[0], "s", rows=report[place], **run) for report in reports) for place in (1, 2))

    found = measure(promised(), Evidence(NOON - 3 * HOUR, main, beside=queue), NOON + HOUR)

    assert [(states([each]), int(each.good), int(each.total)) for each in found] == [
        ("U", 0, 0),
        ("G", 99, 100),
        ("G", 101, 102),
    ]


def test_the_sentence_adds_up() -> None:
    """What was refused in a row of bad deliveries."""
    assert describe([judged(90, 10), judged(70, 30)], NOON) == (
        "40 of 200 records refused (20 %), since 2026-11-20 12:00 UTC"
    )


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty lake."""
    found = Lake(tmp_path)
    yield found
    found.homes.close()


def test_it_is_read_from_what_one_run_wrote(lake: Lake) -> None:
    """Both datasets are outputs of one run, each with its rows."""
    told = event("COMPLETE", NOON, "load", outputs=("orders", "orders.dlq"), rows=50)

    lake.put(event("START", NOON - HOUR, "load"), told)

    assert [(one.good, one.total) for one in evaluate(promised(), lake.store, NOON + HOUR).occurrences] == [(50, 100)]


def probed(at: datetime, **said: Any) -> dict[str, Any]:
    """A probe's word on the queue."""
    told = event("COMPLETE", at, f"probe {at}", job="orders.probe", inputs=("orders.dlq",), outputs=())
    told["inputs"][0]["inputFacets"] = {"queue": facet(**said)}
    return told


def waiting(lake: Lake, at: datetime) -> Backlog | None:
    """What waits in the queue, of what was put."""
    return evaluate(promised(), lake.store, at).backlog


MINUTE = timedelta(minutes=1)
SINCE = NOON - 3 * HOUR
UNHEARD = Backlog(None, None, "nobody told of orders.dlq for 1 h")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"depth": 7, "oldestAt": SINCE.isoformat()}, Backlog(7, SINCE)),
        ({"depth": 0, "oldestAt": SINCE.isoformat()}, Backlog(0, None)),
        ({"depth": 7}, Backlog(7, None, "since when the oldest waits was not told")),
        ({"depth": -1}, UNHEARD),
        ({"depth": 7, "oldestAt": "2026-11-20T09:00:00"}, UNHEARD),
        (
            {"depth": 7, "oldestAt": "0001-01-01T00:00:00+14:00"},
            UNHEARD,
        ),
        ({"depth": 10**400}, UNHEARD),
        ({"depth": "many"}, UNHEARD),
    ],
)
def test_a_probe_tells_what_waits(lake: Lake, said: dict[str, Any], wanted: Backlog) -> None:
    """How many, and since when the oldest; what makes no sense is no word."""
    lake.put(probed(NOON, **said))

    assert waiting(lake, NOON + MINUTE) == wanted


def test_the_newest_word_counts(lake: Lake) -> None:
    """By the time of the event, whichever comes first."""
    lake.put(probed(NOON + MINUTE, depth=2), probed(NOON, depth=9))

    found = [waiting(lake, at) for at in (NOON, NOON + MINUTE)]

    assert [each and each.count for each in found] == [9, 2]


def test_an_old_word_says_nothing_of_now(lake: Lake) -> None:
    """After an hour nobody knows what waits: a probe that stopped is no empty queue, and no full one."""
    lake.put(probed(NOON, depth=0))

    assert [waiting(lake, NOON + HOUR - MINUTE), waiting(lake, NOON + HOUR)] == [
        Backlog(0, None),
        UNHEARD,
    ]


def shown(*backlogs: Backlog) -> list[str]:
    """The series of the queue after each of *backlogs* was shown."""
    registry, slo = CollectorRegistry(), promised()
    depth, oldest_s = (Gauge(name, "What waits.", ["queue"], registry=registry) for name in ("depth", "oldest"))
    queues = Queues(depth, oldest_s)
    for each in backlogs:
        queues.show([replace(judge(slo, [], NOON), backlog=each)], {slo.name: slo})
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def test_prometheus_is_shown_depth_and_age() -> None:
    """By the name of the queue, in the families of Headwater's own dead letters."""
    assert shown(Backlog(7, SINCE)) == [
        'depth{queue="dataset:lake:orders.dlq"} 7.0',
        'oldest{queue="dataset:lake:orders.dlq"} 10800.0',
    ]


def test_a_queue_that_nobody_tells_of_has_no_series() -> None:
    """What is no longer known is no longer shown, so that no old figure stays."""
    assert shown(Backlog(7, SINCE), Backlog(None, None, "nobody told of it")) == []
