"""examples/kafka as a newcomer runs it, with a real broker and a server: once straight, once through a topic."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from tests.engines.engine import Engine
from tests.engines.kafka_broker import kafka
from tests.support.server import ROOT, Server

LONG_S = 60.0
EXAMPLE = ROOT / "examples" / "kafka" / "enrich.py"


def lineage(url: str, broker: Engine) -> list[str]:
    question = f"/api/v1/lineage?nodeId=dataset:kafka://{broker.address}:orders.enriched&direction=up"
    try:
        with urllib.request.urlopen(url + question) as answer:
            return sorted(node["id"] for node in json.load(answer)["graph"])
    except urllib.error.HTTPError:
        return []


@pytest.mark.parametrize("way", ["http", "kafka"])
def test_the_example_shows_in_the_graph(way: str, tmp_path: Path) -> None:
    """The service stands between its two topics, whichever way its events took."""
    with kafka(tmp_path / "kafka") as broker:
        topics = ["orders", "orders.enriched", f"openlineage-{uuid4().hex[:8]}"]
        admin = AdminClient({"bootstrap.servers": broker.address})
        made = admin.create_topics([NewTopic(name, 1, 1) for name in topics])
        for topic in made.values():
            topic.result(LONG_S)
        listening = {"HEADWATER_KAFKA__BROKERS": broker.address, "HEADWATER_KAFKA__TOPICS": f'["{topics[2]}"]'}
        with Server(tmp_path / "headwater.db", environment=listening) as server:
            by_kafka = {
                "OPENLINEAGE__TRANSPORT__TYPE": "kafka",
                "OPENLINEAGE__TRANSPORT__TOPIC": topics[2],
                "OPENLINEAGE__TRANSPORT__CONFIG": json.dumps({"bootstrap.servers": broker.address}),
            }
            told = subprocess.run(
                [sys.executable, EXAMPLE, broker.address],
                env=os.environ
                | {"PYTHONPATH": str(ROOT), "OPENLINEAGE_NAMESPACE": "shop"}
                | ({"OPENLINEAGE_URL": server.url} if way == "http" else by_kafka),
                capture_output=True,
                text=True,
                check=False,
            )
            assert told.returncode == 0, told.stderr
            end = time.monotonic() + LONG_S
            while not (found := lineage(server.url, broker)) and time.monotonic() < end:
                time.sleep(0.2)

    topic = f"dataset:kafka://{broker.address}:orders"

    assert [topic, f"{topic}.enriched", "job:shop:enrich-orders"] == found
