"""Print what a million events cost the server on their way: speed, memory, bytes on disk, every hundred thousand.

    $ python bench/soak.py --events 1000000

Different events of about 4 KB over 2 000 entities (1 000 jobs, 1 000 datasets), START and COMPLETE of one run after the
other, in batches through the real door of a real `headwater serve`. Two things must hold: memory at the end is at most
1.1 of what it is at 100 000 events, and an event of the last 100 000 takes within 5 % of the bytes that one of the
second 100 000 took. A shorter run says the same of its own end; below 300 000 events there is nothing to compare.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import sqlite3
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":  # or bench/lineage.py would be the package `lineage`
    sys.path[0] = str(Path(__file__).parent.parent)

from bench.ingest import BATCH, Server, post, serving

STEP = 100_000
JOBS = 1_000  # each writes a dataset of its own, and reads two of the others
COLUMNS = 8
NOW = datetime(2026, 11, 21, 10, 44, tzinfo=UTC)
MEMORY_AIM, BYTES_AIM = 1.1, 0.05
MOST_WAL = 64 * 1024 * 1024  # what the database is told to cut its log to


class Mark(NamedTuple):
    """How the server stands after some events."""

    events: int
    rate: float  # events a second since the mark before
    cpu_us: float  # of the server, an event, since the mark before
    memory: int
    file: int
    log: int


def facet(**body: Any) -> dict[str, Any]:
    """A facet of a usual length."""
    return {
        "_producer": "https://github.com/OpenLineage/OpenLineage/tree/1.54.0/client/python",
        "_schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/BaseFacet",
        **body,
    }


def dataset(number: int, **side_facets: Any) -> dict[str, Any]:
    """A table; its schema is the same in every event."""
    fields = [{"name": f"column_{at}", "type": "DECIMAL(18,2)"} for at in range(COLUMNS)]
    facets = {"schema": facet(fields=fields), "dataSource": facet(name="dw", uri="postgres://dw:5432")}
    return {"namespace": "postgres://dw:5432", "name": f"shop.public.table_{number}", "facets": facets, **side_facets}


def events(count: int) -> Iterator[bytes]:
    """*count* different events, START and COMPLETE of one run after the other."""
    chance = random.Random(1)
    reads = [chance.sample(range(JOBS), 2) for _ in range(JOBS)]
    run = uuid.UUID(int=0)
    for number in range(count):
        if number % 2 == 0:
            run = uuid.UUID(int=chance.getrandbits(128))
        turn, job = divmod(number // 2, JOBS)
        at = NOW + timedelta(minutes=10 * turn, seconds=number % 2 * 30, milliseconds=job)
        rows = facet(rowCount=chance.randrange(10**6), size=chance.randrange(10**9))
        parent = {"run": {"runId": str(uuid.UUID(int=turn))}, "job": {"namespace": "soak", "name": "plan"}}
        event = {
            "eventTime": at.isoformat(),
            "eventType": "COMPLETE" if number % 2 else "START",
            "producer": "https://github.com/OpenLineage/OpenLineage/tree/1.54.0/client/python",
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {
                "runId": str(run),
                "facets": {"parent": facet(**parent), "nominalTime": facet(nominalStartTime=NOW.isoformat())},
            },
            "job": {
                "namespace": "soak",
                "name": f"plan.task_{job}",
                "facets": {"sql": facet(query="SELECT * FROM a JOIN b USING (id) GROUP BY day")},
            },
            "inputs": [dataset(each) for each in reads[job]],
            "outputs": [dataset(job, outputFacets={"outputStatistics": rows} if number % 2 else {})],
        }
        yield json.dumps(event).encode()


def batches(count: int) -> Iterator[bytes]:
    """The events in arrays of 500."""
    waiting: list[bytes] = []
    for event in events(count):
        waiting.append(event)
        if len(waiting) == BATCH:
            yield b"[" + b",".join(waiting) + b"]"
            waiting = []
    if waiting:
        yield b"[" + b",".join(waiting) + b"]"


def size(file: Path) -> int:
    """The bytes of the database in *file*, with those that still stand in its log alone."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        ((pages,),), ((each,),) = (connection.execute(f"PRAGMA {what}") for what in ("page_count", "page_size"))
    return int(pages) * int(each)


def bring(server: Server, folder: Path, count: int) -> Iterator[Mark]:
    """Send *count* events, and say every hundred thousand how it stands."""
    connection = http.client.HTTPConnection(server.host, server.port)
    sent, took, used = 0, 0.0, server.cpu_s()
    for batch in batches(count):
        took += post(connection, "/api/v1/lineage/batch", batch)
        sent += BATCH
        if sent % STEP == 0 or sent >= count:
            since = sent % STEP or STEP
            file, log = size(folder / "bench.db"), (folder / "bench.db-wal").stat().st_size
            cpu_us = (server.cpu_s() - used) / since * 1_000_000
            yield Mark(min(sent, count), since / took, cpu_us, server.memory_bytes(), file, log)
            took, used = 0.0, server.cpu_s()


def judged(marks: list[Mark]) -> Iterator[tuple[str, float, bool]]:
    """What must hold, what it came to, and whether it does."""
    memory = marks[-1].memory / marks[0].memory
    yield f"memory at {marks[-1].events:,} / at {marks[0].events:,}", memory, memory <= MEMORY_AIM
    per_event = [(b.file - a.file) / (b.events - a.events) for a, b in pairwise(marks)]
    grown = per_event[-1] / per_event[0]
    yield "bytes an event, last / second", grown, abs(grown - 1) <= BYTES_AIM
    log = max(mark.log for mark in marks)
    yield "most of the log, in MB", log / 1024**2, log <= MOST_WAL


def main() -> None:
    """Measure, print, and end with 1 when something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000, help="How many, in hundreds of thousands.")
    count = parser.parse_args().events
    marks: list[Mark] = []
    print(f"{'events':>10}{'events/s':>10}{'CPU':>10}{'memory':>10}{'file':>10}{'an event':>12}{'log':>9}")
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as server:
        before, began = Mark(0, 0, 0, 0, 0, 0), time.monotonic()
        for mark in bring(server, Path(name), count):
            an_event = (mark.file - before.file) / (mark.events - before.events)
            print(
                f"{mark.events:>10,}{mark.rate:>10,.0f}{mark.cpu_us:>7.0f} us{mark.memory / 1024**2:>7.0f} MB"
                f"{mark.file / 1024**2:>7.0f} MB{an_event:>10,.0f} B{mark.log / 1024**2:>6.0f} MB",
                flush=True,
            )
            marks.append(mark)
            before = mark
        print(f"{time.monotonic() - began:.0f} s")
    found = list(judged(marks)) if len(marks) > 2 else []  # noqa: PLR2004 - a second and a last step
    for what, value, holds in found:
        print(f"{what:<44}{value:>8.2f}   {'holds' if holds else 'DOES NOT HOLD'}")
    sys.exit(not all(holds for _, _, holds in found))


if __name__ == "__main__":
    main()
