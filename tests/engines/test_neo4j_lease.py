"""Two schedulers over one Neo4j: one judges; the other takes over from one that died, or stood still."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from lineage.scheduler import LEASE_MIN_S
from tests.engines.engine import Engine
from tests.engines.neo4j_breach import Shared, broken_promise
from tests.support.server import Server
from tests.support.slack import slack_on_loopback
from tests.support.waiting import until

LONG_S = LEASE_MIN_S + 30.0  # the lease, and a slow machine


@pytest.fixture
def shared(neo4j_server: Engine, tmp_path: Path) -> Iterator[Shared]:
    """A promise that is broken, and nobody who judges it yet."""
    with slack_on_loopback() as slack:
        yield broken_promise(neo4j_server, tmp_path, slack)


@pytest.fixture
def two(shared: Shared) -> Iterator[dict[int, Server]]:
    """Two schedulers by process id, of which one has told Slack."""
    with ExitStack() as servers:
        with ThreadPoolExecutor(2) as starting:
            started = list(starting.map(lambda _: servers.enter_context(shared.process("scheduler")), range(2)))
        until(shared.noted, LONG_S)
        yield {server.process.pid: server for server in started}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_when_the_leader_is_killed_the_other_takes_over_within_its_time(shared: Shared, two: dict[int, Server]) -> None:
    """Under a larger epoch; and what was told is not told again."""
    pid, epoch = shared.leader()
    two[pid].kill()
    began = time.monotonic()
    taken = until(lambda: shared.leader()[0] not in (0, pid), LONG_S)
    took_s = time.monotonic() - began
    (other,) = two.keys() - {pid}

    assert (True, (other, epoch + 1), True, 1) == (
        taken,
        shared.leader(),
        took_s < LEASE_MIN_S + 10,
        len(shared.slack.posted),
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_leader_that_stood_still_and_wakes_leads_no_more(shared: Shared, two: dict[int, Server]) -> None:
    """The other goes on under its own epoch, and nothing is told twice."""
    pid, epoch = shared.leader()
    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: shared.leader()[0] not in (0, pid), LONG_S)
    finally:
        os.kill(pid, signal.SIGCONT)
    (other,) = two.keys() - {pid}
    stays = not until(lambda: shared.leader() != (other, epoch + 1), 5)

    assert (True, 1) == (stays, len(shared.slack.posted))
