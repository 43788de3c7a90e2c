"""A house to which files of events are told by the front door, and which is asked as a user asks it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from starlette.testclient import TestClient

from lineage.app import Headwater, open_headwater
from lineage.channels.base import sections
from lineage.events import split_array
from lineage.model import NodeId, Principal, Receipt
from lineage.settings import load
from tests.support import events

FOLDER = events.FOLDER / "rules"
TELLER = Principal("test", frozenset({"ingest"}))
AFTERWARDS = datetime(2026, 11, 21, 12, tzinfo=UTC)  # when the house hears of it all, unless a test says otherwise


def bodies(rule: str) -> list[bytes]:
    """The events of *rule*, each as it stands in its file; `PRODUCER/FILE` is a captured file."""
    if "/" in rule:
        return events.bodies(rule)
    return split_array((FOLDER / f"{rule}.json").read_bytes())


@dataclass
class House:
    """Services on a store of their own, without a scheduler; *now* is what their clock says."""

    services: Headwater
    client: TestClient
    now: list[datetime]

    def take(self, sent: Iterable[bytes]) -> list[Receipt]:
        """Put *sent* through the door as one batch."""
        return self.services.intake.take(list(sent), TELLER)

    def tell(self, *rules: str) -> House:
        """Put whole files through the door, in which every event must be good; the house itself, for one line more."""
        for rule in rules:
            refused = [receipt.reason for receipt in self.take(bodies(rule)) if receipt.reason is not None]
            assert refused == [], f"the events of {rule} are good"
        return self

    def get(self, path: str, **query: Any) -> Any:
        """The JSON answer to GET; it must be a good one."""
        answer = self.client.get(f"/api/v1{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def dataset(self, namespace: str, name: str) -> Any:
        """What the API says of a dataset."""
        return self.get(f"/namespaces/{quote(namespace, '')}/datasets/{quote(name, '')}")

    def versions(self, namespace: str, name: str) -> Any:
        """The versions of a dataset, newest first."""
        return self.get(f"/namespaces/{quote(namespace, '')}/datasets/{quote(name, '')}/versions")["versions"]

    def job(self, namespace: str, name: str) -> Any:
        """What the API says of a job."""
        return self.get(f"/namespaces/{quote(namespace, '')}/jobs/{quote(name, '')}")

    def runs(self, namespace: str, name: str) -> Any:
        """The runs of a job, newest first."""
        return self.get(f"/namespaces/{quote(namespace, '')}/jobs/{quote(name, '')}/runs")["runs"]

    def run(self, run: str) -> Any:
        """What the API says of a run."""
        return self.get(f"/jobs/runs/{run}")

    def edges(self, node: NodeId, **query: Any) -> list[tuple[str, str]]:
        """The edges of the lineage of *node*, by the names of their ends."""
        graph = self.get("/lineage", nodeId=str(node), **query)["graph"]
        found = {(edge["origin"], edge["destination"]) for each in graph for edge in each["outEdges"]}
        return sorted((_name(origin), _name(destination)) for origin, destination in found)

    def warnings(self, rule: str) -> list[list[str]]:
        """What was noted of each event of *rule*."""
        digests = (hashlib.sha256(body).hexdigest() for body in bodies(rule))
        return [self.get(f"/events/{digest}")["warnings"] for digest in digests]

    def dump(self) -> str:
        """The digest of the whole graph."""
        return hashlib.sha256(b"\n".join(self.services.store.dump())).hexdigest()


def _name(node: str) -> str:
    return node.rpartition(":")[2]


@contextmanager
def house(folder: Path, app: FastAPI, client: TestClient, **settings: Any) -> Iterator[House]:
    """An empty house in *folder* behind *app* and its *client*."""
    now = [AFTERWARDS]
    told = load(None, sections(), store=f"sqlite:///{folder / 'headwater.db'}", **settings)
    services = open_headwater(told, lambda: now[0])
    try:
        services.intake.start()
        app.state.services = services
        yield House(services, client, now)
    finally:
        services.close()


def document(rule: str) -> Any:
    """The one JSON document in a file of rules."""
    return json.loads((FOLDER / f"{rule}.json").read_bytes())
