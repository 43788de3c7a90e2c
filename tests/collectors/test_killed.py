"""201 means durable: fifty times SIGKILL at a random moment under load, and nothing that was promised is gone."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path
from random import Random

import httpx2
import pytest

from collectors.rebuild import rebuild
from lineage.homes import open_homes
from tests.support.load import Load, lost
from tests.support.server import Server

KILLS = 50
LATEST_S = 1.0  # after the load began; some thirty commits

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_fifty_kills_lose_no_acknowledged_event(tmp_path: Path) -> None:
    """Single events and batches of several clients; the chain verifies, and the graph is what a rebuild makes of it."""
    numbers, moments, acknowledged = count(), Random(50), set[bytes]()
    unanswered: list[bytes] = []
    for _ in range(KILLS):
        with Server(tmp_path / "headwater.db") as server:
            load = Load(server.url, numbers)
            load.start()
            time.sleep(moments.uniform(0, LATEST_S))
            server.kill()
            load.stop()
            acknowledged |= load.acknowledged
            unanswered += load.unanswered

    assert len(acknowledged) > KILLS
    assert lost(server.store, acknowledged) == set()
    with open_homes(server.store) as homes:
        merged = list(homes.store.dump())
        rebuild(homes.ledger, homes.store)
        assert ([], merged) == (list(homes.ledger.verify()), list(homes.store.dump()))
    assert sent_again(server, unanswered) == next(numbers)


def sent_again(killed: Server, unanswered: list[bytes]) -> int:
    """How many events the ledger has once what was never answered was sent again, as every client does."""
    with Server(Path(killed.store.removeprefix("sqlite:///"))) as server:
        answer = httpx2.post(
            f"{server.url}/api/v1/lineage/batch",
            content=b"\n".join(unanswered),
            headers={"Content-Type": "application/x-ndjson"},
            timeout=60,
            trust_env=False,
        )
        assert answer.is_success, answer.text
    with open_homes(killed.store) as homes:
        return sum(head.seq for head in homes.ledger.heads())
