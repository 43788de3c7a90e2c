"""Print how long it takes to judge 1 000 SLOs once, and the slowest of them, in a store that holds 28 days.

Then the ticks of a `Watch` over them, as the scheduler makes them: the first, one with nothing new, one with ten
events, one in which an hour ends; and how often each asks the store.
With `--heartbeats N`, of N more SLOs over a beat a minute: what it costs to judge one anew, and its ticks.
With `--backtest`, how long it takes to replay the alerts of all of them over these 28 days (floor 10 s for 100).

    $ python bench/slos.py --hourly 20 --daily 980

Each SLO has a dataset and a job of its own; every run sends START and COMPLETE with its interval, a schema and a row
count. Half of the SLOs promise freshness, half completeness. Floor of the house: 10 s; the aim is 2 s.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

if __name__ == "__main__":  # or bench/lineage.py would be the package `lineage`
    sys.path[0] = str(Path(__file__).parent.parent)

from collectors.producers import understand
from lineage.alerts.backtest import replay
from lineage.events import parse_event
from lineage.homes import Homes, open_homes
from lineage.model import Draft
from lineage.slo.evaluate import evaluate
from lineage.slo.spec import DataSLO, define
from lineage.slo.watching import Watch
from lineage.store.base import Store

NOW = datetime(2026, 11, 21, 10, 44, tzinfo=UTC)
DAYS = 28
BATCH = 500
STEPS = {"hourly": timedelta(hours=1), "daily": timedelta(days=1)}
CRONS = {"hourly": "0 * * * *", "daily": "0 2 * * *"}
INDICATORS = (
    {"type": "freshness"},
    {"type": "completeness", "expected": {"mode": "contract", "rows": 1000}},
)


def names(hourly: int, daily: int) -> list[tuple[str, str]]:
    """How often, and the name of the dataset."""
    return [("hourly", f"hourly_{n}") for n in range(hourly)] + [("daily", f"daily_{n}") for n in range(daily)]


def slo(number: int, pace: str, name: str) -> DataSLO:
    """What is promised of the dataset *name*."""
    return define(
        {
            "apiVersion": "headwater/v1",
            "kind": "DataSLO",
            "metadata": {"name": name.replace("_", "-")},
            "spec": {
                "dataset": {"namespace": "lake", "name": name},
                "owner": {"team": "data"},
                "schedule": {"cron": CRONS[pace], "deadline": "15m"},
                "sli": INDICATORS[number % 2],
                "timeWindow": [{"duration": f"{DAYS}d", "isRolling": True}],
                "objectives": [{"target": "0.99"}],
            },
        }
    )


def events(pace: str, name: str) -> Iterator[dict[str, Any]]:
    """START and COMPLETE of every run of 28 days, the last of which is missing."""
    step = STEPS[pace]
    first = (NOW - timedelta(days=DAYS)).replace(hour=2, minute=0)
    for place in range((NOW - first) // step - 1):
        start = first + place * step
        run = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name} {place}"))
        yield from (_event(kind, start + step + delay, run, name, (start, start + step)) for kind, delay in MOMENTS)


MOMENTS = (("START", timedelta(minutes=2)), ("COMPLETE", timedelta(minutes=5)))


def _event(kind: str, at: datetime, run: str, name: str, interval: tuple[datetime, datetime]) -> dict[str, Any]:
    by = {"_producer": "https://example.org/bench", "_schemaURL": "https://example.org/facet.json"}
    nominal = by | {"nominalStartTime": interval[0].isoformat(), "nominalEndTime": interval[1].isoformat()}
    schema = by | {"fields": [{"name": f"column_{n}", "type": "string"} for n in range(8)]}
    return {
        "eventType": kind,
        "eventTime": at.isoformat(),
        "producer": "https://example.org/bench",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": run, "facets": {"nominalTime": nominal}},
        "job": {"namespace": "airflow", "name": f"load.{name}"},
        "inputs": [{"namespace": "source", "name": name}],
        "outputs": [
            {
                "namespace": "lake",
                "name": name,
                "facets": {"schema": schema},
                "outputFacets": {"outputStatistics": by | {"rowCount": 1000}},
            }
        ],
    }


def fill(homes: Homes, made: list[tuple[str, str]], hearts: list[str]) -> int:
    """Put the history of all datasets into the store, by time; how many events it was."""
    told = [event for one in made for event in events(*one)] + [each for name in hearts for each in beats(name)]
    told.sort(key=lambda event: str(event["eventTime"]))
    for begin in range(0, len(told), BATCH):
        put(homes, told[begin : begin + BATCH])
    return len(told)


def put(homes: Homes, told: list[dict[str, Any]], received: datetime | None = None) -> None:
    """Let ledger and store take in *told*, which the graph hears at once, or each at its own time."""
    raws = [json.dumps(event).encode() for event in told]
    drafts = [Draft("event", raw, hashlib.sha256(raw).digest(), "bench") for raw in raws]
    deltas = [understand(parse_event(raw), draft.digest) for raw, draft in zip(raws, drafts, strict=True)]
    entries = homes.ledger.append(drafts, received or deltas[-1].at)
    if received is None:
        entries = [replace(entry, received_at=delta.at) for entry, delta in zip(entries, deltas, strict=True)]
    homes.store.merge(entries, deltas)


def beating(name: str) -> DataSLO:
    """99 % of the beats of *name*, one a minute, within five minutes."""
    beats = {"emitter": f"heartbeat/{name}", "interval": "1m", "threshold": "5m"}
    return define(
        {
            "apiVersion": "headwater/v1",
            "kind": "DataSLO",
            "metadata": {"name": name.replace("_", "-")},
            "spec": {
                "dataset": {"namespace": "lake", "name": name},
                "owner": {"team": "data"},
                "sli": {"type": "freshness", "method": "heartbeat", "heartbeat": beats},
                "timeWindow": [{"duration": f"{DAYS}d", "isRolling": True}],
                "objectives": [{"target": "0.99"}],
            },
        }
    )


def beat(name: str, at: datetime, seen: datetime | None = None) -> dict[str, Any]:
    """That a beat was sent *at*, or that it was *seen* in the dataset."""
    by = {"_producer": "https://example.org/bench", "_schemaURL": "https://example.org/facet.json"}
    told = {"source": f"heartbeat/{name}", "seq": int(at.timestamp() // 60), "emittedAt": at.isoformat()}
    facets = {"heartbeat": by | told}
    job = {"namespace": "heartbeat", "name": name, "facets": {} if seen else facets}
    return {
        "eventType": "RUNNING",
        "eventTime": (seen or at).isoformat(),
        "producer": "https://example.org/bench",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"beats of {name}"))},
        "job": job,
        "inputs": [],
        "outputs": [{"namespace": "lake", "name": name, "facets": facets}] if seen else [],
    }


def beats(name: str) -> Iterator[dict[str, Any]]:
    """A beat a minute for as long as the window reaches, each seen after ten seconds."""
    begin = (NOW - timedelta(days=DAYS, hours=12)).replace(second=0)
    for minute in range((NOW - begin) // timedelta(minutes=1)):
        at = begin + timedelta(minutes=minute)
        yield from (beat(name, at), beat(name, at, at + timedelta(seconds=10)))


def tick_of_beats(homes: Homes, names: list[str]) -> None:
    """Print what it costs to judge beats anew, and to follow them."""
    slos = [beating(name) for name in names]
    watch = Watch(homes.store)
    for name, later, new in (
        ("first", 0, False),
        ("nothing new", 5, False),
        ("new beat", 60, True),
        ("new beat", 120, True),
        ("half a minute", 150, False),
    ):
        now = NOW + timedelta(seconds=later)
        if new:
            at = now - timedelta(seconds=20)
            put(homes, [each for one in names for each in (beat(one, at), beat(one, at, now))], now)
        busy = time.process_time()
        watch.turn(now)
        statuses = [watch.status(slo) for slo in slos]
        took = 1000 * (time.process_time() - busy) / len(slos)
        print(f"beats   {name:<14}{took:8.1f} ms of CPU an SLO, {len(statuses[0].occurrences)} occurrences")


class Counting:
    """A store that counts what it is asked."""

    def __init__(self, store: Store) -> None:
        self._store, self.asked = store, 0

    def __getattr__(self, question: str) -> Any:
        self.asked += 1
        return getattr(self._store, question)


def tick(homes: Homes, slos: list[DataSLO]) -> None:
    """Print what the ticks of a watch cost, one after another."""
    store = Counting(homes.store)
    watch = Watch(cast(Store, store))
    told = [event for number in range(10) for event in _late(f"daily_{number}")]
    for name, later, new in (
        ("first", 0, []),
        ("nothing new", 30, []),
        ("ten events", 60, told),
        ("an hour ends", 60 * 32, []),
    ):
        if new:
            put(homes, new, NOW + timedelta(seconds=later))
        store.asked, busy = 0, time.process_time()
        watch.turn(NOW + timedelta(seconds=later))
        states = Counter(watch.status(one).state for one in slos)
        took = 1000 * (time.process_time() - busy)
        print(f"tick    {name:<14}{took:8.1f} ms of CPU, {store.asked} questions; {dict(states)}")


def _late(name: str) -> Iterator[dict[str, Any]]:
    interval = (NOW - timedelta(days=1), NOW)
    yield _event("COMPLETE", NOW, str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name} late {time.time_ns()}")), name, interval)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hourly", type=int, default=20, help="SLOs over a dataset that is written every hour.")
    parser.add_argument("--daily", type=int, default=980, help="SLOs over a dataset that is written once a day.")
    parser.add_argument("--heartbeats", type=int, default=0, help="SLOs over a beat a minute.")
    parser.add_argument("--store", type=Path, help="Keep the filled store in this folder, and use it again.")
    parser.add_argument("--backtest", action="store_true", help="Replay their alerts as well.")
    asked = parser.parse_args()
    made, hearts = names(asked.hourly, asked.daily), [f"beating_{n}" for n in range(asked.heartbeats)]
    with tempfile.TemporaryDirectory() as name:
        homes = open_homes(f"sqlite:///{asked.store or name}/bench.db")
        count = homes.store.stats()["events"] or fill(homes, made, hearts)
        slos = [slo(number, *one) for number, one in enumerate(made)]
        for rounds in ("first", "again") if slos else ():
            took, busy = [], time.process_time()
            for one in slos:
                began = time.perf_counter()
                evaluate(one, homes.store, NOW)
                took.append(time.perf_counter() - began)
            print(
                f"{rounds:<8}{len(slos)} SLOs over {count} events: {sum(took):.2f} s "
                f"({time.process_time() - busy:.2f} s of CPU), hourly "
                f"{1000 * sum(took[: asked.hourly]) / max(1, asked.hourly):.1f} ms each, the slowest "
                f"{1000 * max(took):.1f} ms (floor 10 s)"
            )
        if slos:
            tick(homes, slos)
        if hearts:
            tick_of_beats(homes, hearts)
        if asked.backtest:
            busy = time.process_time()
            alarms = sum(len(replay(one, homes.store, timedelta(days=DAYS), NOW).alarms) for one in slos)
            print(f"replayed {len(slos)} SLOs: {time.process_time() - busy:.2f} s of CPU, {alarms} alarms (floor 10 s)")
        homes.close()


if __name__ == "__main__":
    main()
