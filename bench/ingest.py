"""Print how fast events come in over HTTP, batched and one by one, and how many bytes each one takes on disk.

    $ python bench/ingest.py --events 20000

A real `headwater serve` on a fresh SQLite file on loopback; the events are the example estate's of 2.5 to 3.5 KB, with
run ids of their own. With --profile the functions of the server that eat most, instead.
"""

from __future__ import annotations

import argparse
import cProfile
import http.client
import os
import pstats
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

if __name__ == "__main__":  # or bench/lineage.py would be the package `lineage`
    sys.path[0] = str(Path(__file__).parent.parent)

from collectors.admission import admit
from collectors.journal import Admitted, Journal
from lineage.estate.history import history
from lineage.estate.story import Story
from lineage.homes import open_homes
from lineage.model import Principal
from lineage.settings import Ingest

BATCH = 500
CLIENTS = 8
LINES = 20  # of a profile
RUN_ID = re.compile(rb'"runId":"([0-9a-f-]{36})"')


def events(count: int) -> list[bytes]:
    """*count* different events of about 3 KB."""
    story = Story(datetime(2026, 11, 21, 10, 44, tzinfo=UTC), days=14)
    shapes = [body for body in history(story) if 2_500 <= len(body) <= 3_500]  # noqa: PLR2004 - about 3 KB
    copies: list[bytes] = []
    while len(copies) < count:
        copies += [RUN_ID.sub(b'"runId":"%s"' % str(uuid.uuid4()).encode(), body, count=1) for body in shapes]
    return copies[:count]


class Server(NamedTuple):
    """A running `headwater serve`."""

    host: str
    port: int
    pid: int

    def cpu_s(self) -> float:
        """The seconds of CPU that it has used: fields 14 and 15 of Linux's /proc/PID/stat, in ticks."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self) -> int:
        """What it holds of the machine's memory: field 2 of Linux's /proc/PID/statm, in pages."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server on a fresh store in *folder*."""
    command = [sys.executable, "-m", "lineage", "serve", "--port", "0", "--store", f"sqlite:///{folder}/bench.db"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:  # noqa: S603 - our own program
        assert server.stdout is not None, "asked for"
        address = urlsplit(server.stdout.readline().split()[-1])
        try:
            yield Server(address.hostname or "", address.port or 0, server.pid)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


def post(connection: http.client.HTTPConnection, path: str, body: bytes) -> float:
    """Send *body*; the seconds until it was durable."""
    began = time.perf_counter()
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    assert answer.status in {200, 201}, answer.status
    return time.perf_counter() - began


def batched(host: str, port: int, bodies: list[bytes]) -> float:
    """Events a second in arrays of 500, one client."""
    connection = http.client.HTTPConnection(host, port)
    batches = [b"[" + b",".join(bodies[i : i + BATCH]) + b"]" for i in range(0, len(bodies), BATCH)]
    began = time.perf_counter()
    for batch in batches:
        post(connection, "/api/v1/lineage/batch", batch)
    return len(bodies) / (time.perf_counter() - began)


def single(host: str, port: int, bodies: list[bytes]) -> tuple[float, list[float]]:
    """Events a second one by one from 8 clients, and the seconds each took."""

    def client(mine: list[bytes]) -> list[float]:
        connection = http.client.HTTPConnection(host, port)
        return [post(connection, "/api/v1/lineage", body) for body in mine]

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        took = [s for part in pool.map(client, [bodies[i::CLIENTS] for i in range(CLIENTS)]) for s in part]
    return len(bodies) / (time.perf_counter() - began), took


def profiled(bodies: list[bytes]) -> pstats.Stats:
    """The same way in without HTTP, in this process: where the time of reading and of committing goes."""
    profile = cProfile.Profile()
    sender, limits = Principal("bench", frozenset({"ingest"})), Ingest()
    with tempfile.TemporaryDirectory() as folder, open_homes(f"sqlite:///{folder}/bench.db") as homes:
        journal = Journal(homes.ledger, homes.store)

        def bring() -> None:
            for start in range(0, len(bodies), BATCH):
                read = [admit(body, sender, limits, b"key") for body in bodies[start : start + BATCH]]
                journal.commit([one for one in read if isinstance(one, Admitted)], [], datetime.now(UTC))

        homes.database.submit(lambda: profile.runcall(bring)).result()  # on the writer's thread, to see both
    return pstats.Stats(profile)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000, help="Events sent in batches (one by one: a fifth).")
    parser.add_argument("--profile", action="store_true", help="Print the functions that eat most, and no figures.")
    arguments = parser.parse_args()
    count = arguments.events
    bodies = events(count + count // 5)
    if arguments.profile:
        profiled(bodies[:count]).sort_stats("tottime").print_stats(LINES)
        return
    mean = statistics.mean(map(len, bodies))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(folder) as server:
            rate = batched(server.host, server.port, bodies[:count])
            one_rate, took = single(server.host, server.port, bodies[count:])
            cpu_us = server.cpu_s() / len(bodies) * 1_000_000
        size = sum(path.stat().st_size for path in folder.iterdir())
    p50, p95 = (statistics.quantiles(took, n=100)[cut] * 1000 for cut in (49, 94))
    share = size / len(bodies) / mean
    rows = [
        ("events", f"{len(bodies)}, {mean:.0f} bytes each on average", "", ""),
        (f"batches of {BATCH}", f"{rate:,.0f} events/s", "2,500", "6,000"),
        (
            f"one by one, {CLIENTS} clients",
            f"{one_rate:,.0f} events/s, p50 {p50:.1f} ms, p95 {p95:.1f} ms",
            "600, 50 ms",
            "1,500, 20 ms",
        ),
        ("on disk", f"{size / len(bodies):,.0f} bytes an event, {share:.2f} of its body", "4,000", "2,000"),
        ("CPU of the server", f"{cpu_us:.0f} us an event, both ways in", "", ""),
    ]
    print(f"{'what':<24}{'measured':<48}{'floor':<14}aim")
    for what, measured, floor, aim in rows:
        print(f"{what:<24}{measured:<48}{floor:<14}{aim}")


if __name__ == "__main__":
    main()
