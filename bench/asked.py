"""Print how long lineage of depth 20 takes over HTTP in estates of 1 000 and 20 000 jobs, and what the size costs.

    $ python bench/asked.py --jobs 1000 20000 --roots 200

An estate is made of domains of 100 jobs in ten layers, the same in every size, so that answers are of equal size and
the ratio of the times shows what the rest of the database costs. Facets are of real size: twelve columns, 1 KB of SQL.
Floor of the house: p95 below 100 ms at 20 000 jobs.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import http.client
import json
import random
import socket
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn

from collectors.journal import Admitted, Journal
from collectors.producers import understand
from lineage.app import build
from lineage.channels.base import sections
from lineage.events import parse_event
from lineage.homes import open_homes
from lineage.model import Draft, NodeId, dataset_id, job_id
from lineage.paths import quoted
from lineage.settings import load

DOMAIN, LAYERS = 100, 10  # jobs of a domain, in so many layers
BATCH = 500
NOW = datetime(2026, 11, 21, 10, 44, tzinfo=UTC)


class Pace(NamedTuple):
    """What 200 questions took."""

    p50_ms: float
    p95_ms: float
    nodes: list[int]
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
        for body in events(jobs):
            digest = hashlib.sha256(body).digest()
            batch.append(Admitted(Draft("event", body, digest, "bench"), understand(parse_event(body), digest)))
            if len(batch) == BATCH:
                journal.commit(batch, [], NOW)
                count, batch = count + len(batch), []
        journal.commit(batch, [], NOW)
    return count + len(batch)


@contextmanager
def serving(url: str) -> Iterator[int]:
    """The whole application on a free port of loopback, in this process."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app = build(load(None, sections(), store=url))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def roots(jobs: int, count: int, seed: int = 2) -> list[NodeId]:
    """Random jobs and tables, at the same places of their domains in every estate."""
    chance, domains = random.Random(seed), random.Random(seed + jobs)
    return [
        job_id(f"airflow-{domain}", f"dag.task_{number}")
        if chance.random() < 0.5  # noqa: PLR2004 - half of them
        else dataset_id(f"postgres://dw-{domain}:5432", f"shop.public.table_{number}")
        for domain, number in ((domains.randrange(jobs // DOMAIN), chance.randrange(DOMAIN)) for _ in range(count))
    ]


def ask(port: int, asked: list[NodeId]) -> Pace:
    """One question after the other on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    took: list[float] = []
    nodes: list[int] = []
    sizes: list[int] = []
    for root in asked:
        began = time.perf_counter()
        connection.request("GET", f"/api/v1/lineage?nodeId={quoted(str(root))}&depth=20")
        answer = connection.getresponse()
        body = answer.read()
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, body  # noqa: PLR2004 - OK
        nodes.append(len(json.loads(body)["graph"]))
        sizes.append(len(body))
    return Pace(
        statistics.median(took), sorted(took)[int(len(took) * 0.95)], sorted(nodes), statistics.mean(sizes) / 1024
    )


def measure(jobs: int, count: int) -> Pace:
    """Fill, serve, ask."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        began = time.perf_counter()
        filled = fill(url, jobs)
        rate = filled / (time.perf_counter() - began)
        asked = roots(jobs, count)
        with serving(url) as port:
            ask(port, asked[: count // 10])
            pace = ask(port, asked)
    middle = pace.nodes[len(pace.nodes) // 2]
    print(
        f"{jobs:6d} jobs: p50 {pace.p50_ms:6.1f} ms  p95 {pace.p95_ms:6.1f} ms  "
        f"nodes {pace.nodes[0]}..{middle}..{pace.nodes[-1]}  body {pace.body_kb:.0f} KB  "
        f"(filled with {filled} events at {rate:.0f}/s)",
        flush=True,
    )
    return pace


def main() -> None:
    """Measure each estate and compare the largest with the smallest."""
    parser = argparse.ArgumentParser(description="How long lineage takes in estates of different sizes.")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1_000, 20_000], help="Jobs of the estates.")
    parser.add_argument("--roots", type=int, default=200, help="Questions for each estate.")
    arguments = parser.parse_args()
    paces = [measure(jobs, arguments.roots) for jobs in arguments.jobs]
    ratio = paces[-1].p95_ms / paces[0].p95_ms
    print(f"p95 at {arguments.jobs[-1]} / p95 at {arguments.jobs[0]} jobs: {ratio:.2f}")


if __name__ == "__main__":
    main()
