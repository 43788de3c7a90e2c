"""Print what one machine makes of SQLite and of Neo4j: events a second by one and two collectors, and lineage.

    $ python bench/scale.py --jobs 20000
    $ python bench/scale.py --jobs 20000 --neo4j neo4j://neo4j:secret@127.0.0.1:7687

The estate is that of bench/lineage.py. A collector is a process that reads, appends and merges batches of 500; with
Neo4j the ledger is a folder of segments, in which each has its own chain. Without --neo4j a server is started here, on
the same cores; the database that is named must hold nothing. Lineage is walked to depth 20, a round trip a hop.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":  # or bench/lineage.py would be the package `lineage`
    sys.path[0] = str(Path(__file__).parent.parent)

from bench.lineage import BATCH, DOMAIN, NOW, events, roots
from collectors.journal import Admitted, Journal
from collectors.producers import understand
from collectors.rebuild import commits
from lineage.errors import StoreUnavailable
from lineage.events import parse_event
from lineage.homes import Homes, open_homes
from lineage.model import Draft
from lineage.walk import walk

DEPTH = 20
QUESTIONS = 100


class Place(NamedTuple):
    """A store, and its ledger unless that is in the same file."""

    store: str
    ledger: str | None = None


class Spent(NamedTuple):
    """What one collector did, from when to when, and the CPU seconds that it took itself."""

    events: int
    began: float
    ended: float
    cpu_s: float


def collect(place: Place, jobs: int, part: int, parts: int) -> Spent:
    """Bring every *parts*-th domain of the estate, beginning with *part*."""
    mine = (body for number, body in enumerate(events(jobs)) if number // (2 * DOMAIN) % parts == part)
    with open_homes(*place, f"collector-{part}") as homes:
        journal = Journal(homes.ledger, homes.store, commits=commits(homes))
        began, cpu_s, count = time.time(), time.process_time(), 0
        while batch := [_admitted(body) for body in islice(mine, BATCH)]:
            _commit(journal, batch)
            count += len(batch)
        return Spent(count, began, time.time(), time.process_time() - cpu_s)


def _admitted(body: bytes) -> Admitted:
    digest = hashlib.sha256(body).digest()
    return Admitted(Draft("event", body, digest, "bench"), understand(parse_event(body), digest))


def _commit(journal: Journal, batch: list[Admitted]) -> None:
    while True:
        try:
            journal.commit(batch, [], NOW)
        except StoreUnavailable:  # the other writer has it; a producer would come again too
            time.sleep(0.05)
        else:
            return


def ingest(place: Place, jobs: int, collectors: int) -> None:
    """Print how quickly so many collectors bring the estate."""
    with ProcessPoolExecutor(collectors, get_context("spawn")) as pool:
        done = list(
            pool.map(collect, *zip(*[(place, jobs, part, collectors) for part in range(collectors)], strict=True))
        )
    count, wall_s = sum(one.events for one in done), max(one.ended for one in done) - min(one.began for one in done)
    cpu_us = 1e6 * sum(one.cpu_s for one in done) / count
    print(f"  {collectors} collector(s): {count / wall_s:,.0f} events/s, {cpu_us:,.0f} CPU µs an event of their own")


def ask(homes: Homes, jobs: int) -> None:
    """Print how long the lineage of random roots takes."""
    took_ms, nodes = [], []
    for root in roots(jobs, QUESTIONS):
        for direction in ("up", "down"):
            began = time.perf_counter()
            found = walk(homes.store, root, direction, DEPTH)
            took_ms.append((time.perf_counter() - began) * 1000)
            nodes.append(len(found.nodes))
    p50, p95 = statistics.median(took_ms), statistics.quantiles(took_ms, n=20)[-1]
    print(f"  lineage of depth {DEPTH}, up to {max(nodes)} nodes: p50 {p50:.0f} ms, p95 {p95:.0f} ms")


@contextmanager
def graph(url: str | None, folder: Path) -> Iterator[str]:
    """The Neo4j that is named, or one that is started for this."""
    if url is not None:
        yield url
        return
    from tests.engines import neo4j_server

    with neo4j_server.neo4j(folder, options=()) as server:
        yield neo4j_server.url(server)


def measure(name: str, place: Place, jobs: int, collectors: int) -> None:
    """Print all figures of one store."""
    print(name, flush=True)
    ingest(place, jobs, collectors)
    with open_homes(*place, "asking") as homes:
        ask(homes, jobs)
        homes.store.clear()


def main() -> None:
    """Read the command line and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000, help="jobs of the estate, two events each")
    parser.add_argument("--neo4j", metavar="URL", help="a server whose database holds nothing; none: one is started")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        for collectors in (1, 2):
            measure("SQLite", Place(f"sqlite:///{path / f'{collectors}.db'}"), asked.jobs, collectors)
        with graph(asked.neo4j, path / "neo4j") as url:
            for collectors in (1, 2):
                measure("Neo4j", Place(url, f"file://{path / f'ledger-{collectors}'}"), asked.jobs, collectors)


if __name__ == "__main__":
    main()
