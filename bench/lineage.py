"""Print how long lineage takes over HTTP in estates of 1 000, 20 000 and 100 000 jobs, and what the size costs.

    $ python bench/lineage.py --jobs 1000 20000 100000 --roots 200

An estate is made of domains of 100 jobs in ten layers, the same in every size, so that answers are of equal size and
the ratio of the times shows what the rest of the database costs. Facets are of real size: twelve columns, 1 KB of SQL.
Beside them stands one table of 300 columns, each made of the same column of two others: 600 column edges.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":  # or this very file would be the package `lineage`
    sys.path[0] = str(Path(__file__).parent.parent)

from bench.ingest import serving
from collectors.journal import Admitted, Journal
from collectors.producers import understand
from lineage.events import parse_event
from lineage.homes import open_homes
from lineage.model import Draft, NodeId, dataset_id, job_id
from lineage.paths import quoted

DOMAIN, LAYERS = 100, 10  # jobs of a domain, in so many layers
BATCH = 500
NOW = datetime(2026, 11, 21, 10, 44, tzinfo=UTC)
COLUMNS, TWICE = 300, 50  # columns of the wide table; how often its lineage is asked for
FLOORS_MS = {20_000: (100, 50), 100_000: (200, 50)}  # p95 of depth 20 by jobs: at least, and the aim
RATIO_AIM = 1.5
COLUMNS_MS = (50, 20)


class Pace(NamedTuple):
    """What some questions took."""

    p50_ms: float
    p95_ms: float
    sizes: list[int]  # nodes or edges of the answers, sorted
    body_kb: float


def events(jobs: int, seed: int = 1) -> Iterator[bytes]:
    """START and COMPLETE of one run of each job; domains differ in names only."""
    for domain in range(jobs // DOMAIN):
        chance = random.Random(seed)
        for number in range(DOMAIN):
            layer = number // (DOMAIN // LAYERS)
            above = range(max(0, (layer - 1) * LAYERS), layer * LAYERS) or range(-LAYERS, 0)
            inputs = [_dataset(domain, of) for of in chance.sample(above, chance.choice([1, 1, 2]))]
            run = str(uuid.UUID(int=domain * DOMAIN + number + (seed << 64)))
            for kind, minute in (("START", 0), ("COMPLETE", 1)):
                at = NOW - timedelta(days=1) + timedelta(minutes=layer * 10 + minute)
                yield _event(domain, number, run, kind, at, inputs)


def wide() -> bytes:
    """One run that made every column of a table of the same column of two others."""

    def sources(column: str) -> list[dict[str, str]]:
        return [{"namespace": "bench", "name": name, "field": column} for name in ("left", "right")]

    names = [f"column_{number}" for number in range(COLUMNS)]
    event = json.loads(_event(0, 0, str(uuid.UUID(int=1)), "COMPLETE", NOW, []))
    facets = {
        "schema": _facet(fields=[{"name": name, "type": "BIGINT"} for name in names]),
        "columnLineage": _facet(fields={name: {"inputFields": sources(name)} for name in names}),
    }
    event["job"] = {"namespace": "bench", "name": "join"}
    event["inputs"] = [{"namespace": "bench", "name": name} for name in ("left", "right")]
    event["outputs"] = [{"namespace": "bench", "name": "wide", "facets": facets}]
    return json.dumps(event).encode()


def _event(domain: int, number: int, run: str, kind: str, at: datetime, inputs: list[dict[str, Any]]) -> bytes:  # noqa: PLR0913, PLR0917 - an event has this many parts
    sql = f"INSERT INTO t{number} SELECT " + ", ".join(f"column_{n} AS c{n}" for n in range(50))
    return json.dumps(
        {
            "eventTime": at.isoformat(),
            "eventType": kind,
            "producer": "https://example.org/bench",
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {"runId": run},
            "job": {
                "namespace": f"airflow-{domain}",
                "name": f"dag.task_{number}",
                "facets": {"sql": _facet(query=sql)},
            },
            "inputs": inputs,
            "outputs": [_dataset(domain, number)],
        }
    ).encode()


def _dataset(domain: int, number: int) -> dict[str, Any]:
    columns = [{"name": f"column_{n}", "type": "DECIMAL(18,2)", "description": f"the {n}th figure"} for n in range(12)]
    return {
        "namespace": f"postgres://dw-{domain}:5432",
        "name": f"shop.public.table_{number}" if number >= 0 else f"shop.raw.source_{-number}",
        "facets": {"schema": _facet(fields=columns)},
    }


def _facet(**body: Any) -> dict[str, Any]:
    return {"_producer": "https://example.org/bench", "_schemaURL": "https://openlineage.io/spec/facet.json", **body}


def fill(url: str, jobs: int) -> int:
    """Bring an estate into a fresh store; the number of events."""
    count = 0
    with open_homes(url) as homes:
        journal = Journal(homes.ledger, homes.store)
        batch: list[Admitted] = []
        for body in (*events(jobs), wide()):
            digest = hashlib.sha256(body).digest()
            batch.append(Admitted(Draft("event", body, digest, "bench"), understand(parse_event(body), digest)))
            if len(batch) == BATCH:
                journal.commit(batch, [], NOW)
                count, batch = count + len(batch), []
        journal.commit(batch, [], NOW)
    return count + len(batch)


def roots(jobs: int, count: int, seed: int = 2) -> list[NodeId]:
    """Random jobs and tables, at the same places of their domains in every estate."""
    chance, domains = random.Random(seed), random.Random(seed + jobs)
    return [
        job_id(f"airflow-{domain}", f"dag.task_{number}")
        if chance.random() < 0.5  # noqa: PLR2004 - half of them
        else dataset_id(f"postgres://dw-{domain}:5432", f"shop.public.table_{number}")
        for domain, number in ((domains.randrange(jobs // DOMAIN), chance.randrange(DOMAIN)) for _ in range(count))
    ]


def ask(port: int, paths: list[str], part: str) -> Pace:
    """One question after the other on one connection; the size of an answer is the length of its *part*."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    took: list[float] = []
    sizes: list[int] = []
    lengths: list[int] = []
    for path in paths:
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, body  # noqa: PLR2004 - OK
        sizes.append(len(json.loads(body)[part]))
        lengths.append(len(body))
    return Pace(
        statistics.median(took), sorted(took)[int(len(took) * 0.95)], sorted(sizes), statistics.mean(lengths) / 1024
    )


def measure(jobs: int, count: int) -> tuple[Pace, Pace]:
    """Fill, serve, ask for lineage of depth 20 and for the columns of the wide table."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        began = time.perf_counter()
        filled = fill(url, jobs)
        rate = filled / (time.perf_counter() - began)
        deep = [f"/api/v1/lineage?nodeId={quoted(str(root))}&depth=20" for root in roots(jobs, count)]
        columns = "/api/v1/column-lineage?nodeId=dataset:bench:wide&withDownstream=true"
        with serving(Path(folder)) as server:
            port = server.port
            ask(port, deep[: count // 10], "graph")
            pace = ask(port, deep, "graph")
            # Another URL each time, so that no answer is the last one kept.
            wide_pace = ask(port, [f"{columns}&depth={20 + turn}" for turn in range(TWICE)], "graph")
    print(f"{jobs} jobs, filled with {filled} events at {rate:,.0f}/s", flush=True)
    return pace, wide_pace


def shown(what: str, pace: Pace, floors: tuple[int, int] | None) -> None:
    """A line of the table."""
    least, aim = (f"{ms} ms" for ms in floors) if floors else ("", "")
    times = f"p50 {pace.p50_ms:.1f} ms, p95 {pace.p95_ms:.1f} ms"
    nodes = f"{pace.sizes[0]}..{pace.sizes[len(pace.sizes) // 2]}..{pace.sizes[-1]} nodes"
    print(f"{what:<34}{times:<32}{nodes + f', {pace.body_kb:.0f} KB':<28}{least:>7}{aim:>8}")


def main() -> None:
    """Measure each estate and compare the largest with the smallest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1_000, 20_000, 100_000], help="Jobs of the estates.")
    parser.add_argument("--roots", type=int, default=200, help="Questions for each estate.")
    arguments = parser.parse_args()
    paces = {jobs: measure(jobs, arguments.roots) for jobs in arguments.jobs}
    print(f"{'what':<34}{'measured':<32}{'answers':<28}{'floor':>7}{'aim':>8}")
    for jobs, (deep, columns) in paces.items():
        shown(f"depth 20, {jobs:,} jobs", deep, FLOORS_MS.get(jobs))
        shown(f"{2 * COLUMNS} column edges, {jobs:,} jobs", columns, COLUMNS_MS)
    least, most = min(paces), max(paces)
    ratio = paces[most][0].p95_ms / paces[least][0].p95_ms
    print(f"{f'p95 at {most:,} / {least:,} jobs':<34}{f'{ratio:.2f}':<60}{'':>7}{RATIO_AIM:>8}")


if __name__ == "__main__":
    main()
