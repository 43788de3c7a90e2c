"""Print how long the heavier answers take: a deep trace, a large page.

    $ python bench/answers.py

In one process over a fresh SQLite file: a chain of ten jobs, and a dataset with 60 neighbours.
"""

from __future__ import annotations

import hashlib
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

if __name__ == "__main__":  # or bench/lineage.py would be the package `lineage`
    sys.path[0] = str(Path(__file__).parent.parent)

import msgspec
from starlette.testclient import TestClient

from lineage.app import build
from lineage.channels.base import sections
from lineage.settings import load

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
CORE = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
FACETS = {"_producer": "https://example.com/bench", "_schemaURL": f"{CORE}#/$defs/DatasetFacet"}
ROUNDS = 20


def event(job: str, minute: int, inputs: list[str], output: str) -> bytes:
    """One COMPLETE run of *job* that made *output*."""
    run = uuid.UUID(bytes=hashlib.md5(job.encode(), usedforsecurity=False).digest(), version=4)
    body = {
        "eventType": "COMPLETE",
        "eventTime": (NOW + timedelta(minutes=minute)).isoformat(),
        "producer": FACETS["_producer"],
        "schemaURL": f"{CORE}#/$defs/RunEvent",
        "run": {"runId": str(run)},
        "job": {"namespace": "bench", "name": job},
        "inputs": [{"namespace": "bench", "name": name} for name in inputs],
        "outputs": [{"namespace": "bench", "name": output}],
    }
    return msgspec.json.encode(body)


def estate() -> Iterator[bytes]:
    """Both shapes."""
    for depth in range(10):
        yield event(f"chain_{depth}", depth, [f"step_{depth}"], f"step_{depth + 1}")
    for number in range(30):
        yield event(f"in_{number}", 20, [f"source_{number}"], "hub")
        yield event(f"out_{number}", 30, ["hub"], f"sink_{number}")


def main() -> None:
    """Measure and print."""
    questions = {
        "trace, depth 10": ("/api/v1/audit/trace?nodeId=dataset:bench:step_10", "300 ms", "100 ms"),
        "dataset page, 60 neighbours": ("/datasets/bench/hub?up=2&down=2", "1 s, 120 KB", "300 ms"),
        "overview": ("/", "-", "-"),
    }
    with tempfile.TemporaryDirectory() as folder:
        settings = load(None, sections(), store=f"sqlite:///{folder}/bench.db")
        with TestClient(build(settings), base_url="http://127.0.0.1:5000") as client:
            body = b"[" + b",".join(estate()) + b"]"
            taken = client.post("/api/v1/lineage/batch", content=body, headers={"Content-Type": "application/json"})
            assert taken.json()["status"] == "success", taken.text
            print(f"{'what':<40}{'p50':>8}{'worst':>9}{'size':>9}   {'floor':<14}aim")
            for what, (path, floor, aim) in questions.items():
                took: list[float] = []
                for turn in range(ROUNDS):
                    # Another URL each time, so that no answer is the last one kept.
                    url = path + ("&" if "?" in path else "?") + f"turn={turn}"
                    began = time.perf_counter()
                    answer = client.get(url, headers={"Accept": "text/html, application/json"})
                    took.append((time.perf_counter() - began) * 1000)
                    assert answer.status_code == 200, answer.text  # noqa: PLR2004 - the answer that is timed
                size = len(answer.content) / 1024
                times = f"{statistics.median(took):>5.1f} ms{max(took):>6.1f} ms"
                print(f"{what:<40}{times}{size:>6.0f} KB   {floor:<14}{aim}")


if __name__ == "__main__":
    main()
