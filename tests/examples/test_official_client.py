"""The official OpenLineage client, as published, against a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.support.server import Server

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "python" / "load_orders.py"


def test_the_python_example_shows_in_the_graph(server: Server) -> None:
    """Two events by openlineage-python's own transport, and the dataset is downstream of the shop's orders."""
    told = subprocess.run(
        [sys.executable, EXAMPLE],
        env=os.environ | {"OPENLINEAGE_URL": server.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr

    question = "/api/v1/lineage?nodeId=dataset:postgres://shop-db:5432:shop.public.orders&direction=down"
    with urllib.request.urlopen(server.url + question) as answer:
        graph = json.load(answer)["graph"]

    assert sorted(node["id"] for node in graph) == [
        "dataset:postgres://shop-db:5432:shop.public.orders",
        "dataset:snowflake://acme-prod:analytics.stg.loaded_orders",
        "job:python-examples:load_orders",
    ]
