"""A house in which every list has something to show: all events of all files, and some of what people and SLOs say."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from lineage.alerts import incidents
from lineage.app import Headwater, build, open_headwater, utc_now
from lineage.channels.base import sections
from lineage.paths import quoted
from lineage.settings import load
from tests.support.alerting import NOW
from tests.support.events import all_files, bodies
from tests.support.incidents import OPENED, RESOLVED
from tests.support.promises import document

LINES = {"Content-Type": "application/x-ndjson"}


@dataclass
class Filled:
    """The house, a client of it, the questions that its store was asked, and names of which there is much to list."""

    client: TestClient
    questions: Counter[str]
    names: dict[str, str]

    def url(self, path: str) -> str:
        """A path of the API's description with names in it."""
        return path.format_map(self.names | self._of("job" if "/jobs" in path else "dataset"))

    def _of(self, kind: str) -> dict[str, str]:
        return {key: self.names[f"{kind} {key}"] for key in ("namespace", "name", "version")}


class Counting:
    """A store that counts what it is asked."""

    def __init__(self, store: Any, questions: Counter[str]) -> None:
        self._store = store
        self._questions = questions

    def __getattr__(self, name: str) -> Any:
        self._questions[name] += 1
        return getattr(self._store, name)


@contextmanager
def filled(folder: Path, clock: Callable[[], datetime] = utc_now) -> Iterator[Filled]:
    """Such a house in *folder*, by *clock*; it is to be asked, not to be told."""
    for number in range(3):
        (folder / f"{number}.yaml").write_text(
            json.dumps(document(name=f"orders-{number}", labels={"product": "shop"}))
        )
    house = open_headwater(load(None, sections(), store=f"sqlite:///{folder / 'headwater.db'}", slos=folder), clock)
    try:
        house.start()
        with TestClient(build(house.settings, house), base_url="http://127.0.0.1:5000") as client:
            _tell(client, house)
            questions: Counter[str] = Counter()
            names = _names(client, house)
            house.store = Counting(house.store, questions)  # it does what the store does
            yield Filled(client, questions, names)
    finally:
        house.close()


def _tell(client: TestClient, house: Headwater) -> None:
    batch = b"\n".join(body for name in all_files() for body in bodies(name))
    client.post("/api/v1/lineage/batch", content=batch, headers=LINES)
    client.post("/api/v1/lineage/batch", content=b"\n".join(b"not JSON %d" % n for n in range(5)), headers=LINES)
    client.put("/api/v1/tags/gold", json={})
    client.put("/api/v1/sources/dw", json={"type": "PG", "connectionUrl": "pg://dw"})
    kept = [(OPENED, 0), (RESOLVED, 0), (OPENED, 0), (OPENED, 1), (RESOLVED, 2)]  # several at one time
    house.store.put(
        [
            incidents.kept(one.model_copy(update={"id": f"INC-{number}", "detected_at": NOW + timedelta(days=day)}))
            for number, (one, day) in enumerate(kept)
        ]
    )


def _names(client: TestClient, house: Headwater) -> dict[str, str]:
    runs = Counter(run.job for run in house.store.runs(limit=10_000).items)
    written = Counter(
        {node.id: house.store.versions(node.id, limit=0).total for node in house.store.find(kind="dataset").items}
    )
    ((job, _),), ((dataset, _),) = runs.most_common(1), written.most_common(1)
    found = {
        "source": "dw",
        "tag": "gold",
        "product": "shop",
        "id": house.store.runs(job=job, limit=1).items[0].id,
        "letter_id": client.get("/api/v1/dead-letters").json()["deadLetters"][0]["id"],
        "digest": house.store.events(limit=1).items[0].digest,
        "dataset node": str(dataset),
        "job node": str(job),
    }
    for node in (job, dataset):
        url = f"/api/v1/namespaces/{quoted(node.namespace)}/{node.kind}s/{quoted(node.name)}/versions"
        version = client.get(url).json()["versions"][0]["version"]
        found |= {
            f"{node.kind} namespace": quoted(node.namespace),
            f"{node.kind} name": quoted(node.name),
            f"{node.kind} version": quoted(version),
        }
    return found
