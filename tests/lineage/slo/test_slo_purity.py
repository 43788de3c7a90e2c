"""Verdicts are a function of what is stored and of now: neither arrival nor restarts have a say (DESIGN invariant)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.events import parse_event
from lineage.homes import open_homes
from lineage.model import Draft
from lineage.projection import project
from lineage.slo.evaluate import evaluate
from lineage.slo.status import Status
from tests.support.promises import HOUR, NOON, event, facet, promise

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
ALONG = {"from": {"namespace": "lake", "name": "orders"}, "to": {"namespace": "lake", "name": "report"}}
LATENCY = {"type": "latency", "percentile": {"threshold": "75m"}}
SLOS = [
    *(promise(kind, window="6h") for kind in ("freshness", "completeness", "correctness")),
    promise(sli={"type": "job_success"}, window="6h"),
    promise("correctness", sli={"unit": "records"}, window="6h"),
    promise(sli={"method": "rows", "season": "hour_of_week"}, window="6h"),
    promise("completeness", sli={"expected": {"mode": "seasonal", "season": "hour_of_week"}}, window="6h"),
    promise("completeness", sli={"expected": {"mode": "reconcile"}}, window="6h"),
    *(
        promise(sli=LATENCY | {"correlate": believed}, path=ALONG, dataset=ALONG["to"], window="6h")
        for believed in (["datasetVersion", "asOfStart"], ["heartbeat", "datasetVersion", "asOfStart"])
    ),
]
INSTANTS = (NOON - 45 * MINUTE + 30 * SECOND, NOON + 10 * MINUTE, NOON + 40 * MINUTE)

Told = tuple[datetime, dict[str, Any]]  # received, event


def _story() -> list[Told]:
    """Six hours of a job that is late, short, tried again and told of late; of its checks; and of a service beside."""
    told: list[Told] = []
    for hour in range(6):
        start = NOON - (6 - hour) * HOUR
        nominal, ended = (start, start + HOUR), start + HOUR + (25 if hour == 2 else 5) * MINUTE
        run = f"load {hour}"
        told.append((ended, event("START", ended - MINUTE, run, nominal=nominal)))
        if hour == 4:
            told.append((ended, event("FAIL", ended, run, nominal=nominal)))
            continue
        delay = 30 * MINUTE if hour == 3 else MINUTE
        loaded = event("COMPLETE", ended, run, inputs=["raw"], nominal=nominal, rows=700 + 100 * hour)
        loaded["inputs"][0]["inputFacets"] = {"inputStatistics": facet(rowCount=1000)}
        told.append((ended + delay, loaded))
        counted = {"failed_rows": 9 if hour == 1 else 0, "total_rows": 700 + 100 * hour}
        found = [{"assertion": "unique", "success": hour != 1, "column": "id", "actual": "0", "params": counted}]
        checked = event(
            "COMPLETE", ended + 2 * MINUTE, f"test {hour}", job="orders.test", inputs=["orders"], outputs=[],
            assertions=found,
        )  # fmt: skip
        told.append((ended + 3 * MINUTE, checked))
        reported = ended + 6 * MINUTE
        report = event("COMPLETE", reported, f"report {hour}", job="report", inputs=["orders"], outputs=["report"])
        told.append((reported, report))
    snapshot = {"emissionPattern": {"eventContentMode": "COMPLETE_SNAPSHOT", "windowDuration": 600}}
    reports = [NOON - HOUR + 10 * MINUTE * place for place in range(1, 7)]
    told += [
        (at, event("RUNNING", at, "service", job="orders.stream", outputs=["orders"], rows=5, streaming=snapshot))
        for at in reports
    ]
    return told + _beating() + _ahead()


def _beating() -> list[Told]:
    """Beats into the orders for two hours, of which the report brings some, late and out of order, and loses one."""
    sent = {place: NOON - 3 * HOUR + 10 * MINUTE * place for place in range(12)}
    looks = {place: at + (90 if place == 4 else 40) * MINUTE for place, at in sent.items() if place != 7}
    told: list[Told] = []
    for place, at in [*sent.items(), *looks.items()]:
        said = {"source": "airflow/beats", "seq": place, "emittedAt": sent[place].isoformat()}
        looking = at != sent[place]
        body = event(
            "RUNNING", at, "look" if looking else "beats", job="probe" if looking else "beats",
            inputs=["report"] if looking else [], outputs=[] if looking else ["orders"],
        )  # fmt: skip
        (body["inputs"][0] if looking else body["job"])["facets"] = {
            **body["job"]["facets"],
            "jobType": facet(processingType="SERVICE", integration="X", jobType="HEARTBEAT"),
            "heartbeat": facet(**said),
        }
        told.append((at + MINUTE * (place % 3), body))
    return told


def _ahead() -> list[Told]:
    """What clocks that are ahead say beside it: another end, another check, another report, and a run of its own."""
    at = NOON - 2 * HOUR + 7 * MINUTE
    lost, again = (at + ahead * MINUTE for ahead in (90, 43))
    failed = [{"assertion": "unique", "success": False, "column": "id", "actual": "3"}]
    return [
        (at, event("FAIL", lost, "load 3", nominal=(NOON - 3 * HOUR, NOON - 2 * HOUR))),
        (at, event("COMPLETE", again, "test 3", job="orders.test", inputs=["orders"], outputs=[], assertions=failed)),
        (at, event("COMPLETE", again, "report 3", job="report", inputs=["orders"], outputs=["report"])),
        (at, event("COMPLETE", lost, "load 5", nominal=(NOON - HOUR, NOON), rows=1)),
        (at, event("COMPLETE", again, "alone", nominal=(NOON - 5 * HOUR, NOON - 4 * HOUR), rows=9000)),
    ]


STORY = _story()


def _judged(arrivals: list[list[Told]], restarts: set[int]) -> list[Status]:
    """The statuses of a store to which *arrivals* came batch by batch, opened anew before those in *restarts*."""
    with TemporaryDirectory() as folder:
        homes = open_homes(f"sqlite:///{Path(folder) / 'lake.db'}")
        for place, batch in enumerate(arrivals):
            if place in restarts:
                homes.close()
                homes = open_homes(f"sqlite:///{Path(folder) / 'lake.db'}")
            pairs = []
            for received_at, body in batch:
                raw = json.dumps(body).encode()
                draft = Draft("event", raw, hashlib.sha256(raw).digest(), "test")
                (entry,) = homes.ledger.append([draft], received_at)
                pairs.append((entry, project(parse_event(raw), draft.digest)))
            homes.store.merge([entry for entry, _ in pairs], [delta for _, delta in pairs])
        found = [evaluate(slo, homes.store, at) for slo in SLOS for at in INSTANTS]
        homes.close()
    return found


@cache
def _plainly() -> list[Status]:
    """The statuses of a store that heard the story as it happened."""
    return _judged([STORY], set())


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_neither_order_nor_repetition_nor_restarts_change_a_status(data: st.DataObject) -> None:
    """Any permutation, with any events twice, in any batches and with any restarts between them, judges the same."""
    arrived = data.draw(st.permutations(STORY + data.draw(st.lists(st.sampled_from(STORY), max_size=4))))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(arrived) - 1), max_size=4)))
    batches = [arrived[a:b] for a, b in zip([0, *cuts], [*cuts, len(arrived)], strict=True)]
    restarts = data.draw(st.sets(st.integers(1, len(batches)), max_size=2))

    assert _judged(batches, restarts) == _plainly()


def test_what_is_ahead_changes_nothing_but_what_is_said_of_it() -> None:
    """Every status is what it is of a store that never heard of it."""
    told = _ahead()
    without = _judged([[each for each in STORY if each not in told]], set())

    assert without == [replace(status, left_out=()) for status in _plainly()]


def test_the_story_has_every_level_of_evidence() -> None:
    """And samples of beats beside those of versions."""
    assert {verdict.level for status in _plainly() for verdict in status.occurrences} == {None, 1, 3}


def test_the_story_has_every_kind_of_verdict() -> None:
    """Or the property above would hold of nothing."""
    found = {verdict.state.value for status in _plainly() for verdict in status.occurrences}

    assert found >= {"GOOD", "BAD", "PENDING", "UNKNOWN"}
