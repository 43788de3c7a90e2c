"""A small world to ask about: events told to a real ledger and store, and the read API over them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from collectors.producers import understand
from lineage.events import parse_event
from lineage.homes import Homes, open_homes
from lineage.model import Draft, Principal
from lineage.parts import part
from lineage.paths import WholeSegments
from lineage.settings import Settings
from lineage.web import answer_problems

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOUNS = (
    *(
        "audit",
        "column_lineage",
        "datasets",
        "events",
        "hierarchy",
        "identity",
        "jobs",
        "lineage",
        "namespaces",
        "outcomes",
        "runs",
    ),
    "search",
    "hits",
)

Facets = dict[str, Any]


def run_uuid(number: int) -> str:
    """A run id that is easy to tell from its neighbours."""
    return f"00000000-0000-4000-8000-{number:012d}"


def minutes(count: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=count)


def facet(**body: Any) -> Facets:
    """A facet as producers send it."""
    return {"_producer": "https://example.org/tests", "_schemaURL": "https://example.org/facet.json", **body}


def dataset(name: str, namespace: str = "pg", **facets: Any) -> Facets:
    """A dataset of an event."""
    return {"namespace": namespace, "name": name, "facets": facets}


def _facet_maps(names: Sequence[str | Facets]) -> list[Facets]:
    return [dataset(name) if isinstance(name, str) else name for name in names]


def run_event(  # noqa: PLR0913 - an event has this many parts
    run: int,
    job: str,
    type: str,  # noqa: A002 - its own word
    at: datetime,
    *,
    inputs: Sequence[str | Facets] = (),
    outputs: Sequence[str | Facets] = (),
    namespace: str = "af",
    run_facets: Facets | None = None,
    job_facets: Facets | None = None,
) -> bytes:
    """A RunEvent; datasets may be given by name."""
    return json.dumps(
        {
            "eventTime": at.isoformat(),
            "eventType": type,
            "producer": "https://example.org/tests",
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {"runId": run_uuid(run), "facets": run_facets or {}},
            "job": {"namespace": namespace, "name": job, "facets": job_facets or {}},
            "inputs": _facet_maps(inputs),
            "outputs": _facet_maps(outputs),
        }
    ).encode()


def whole_run(
    run: int, job: str, began: float, inputs: Sequence[Any], outputs: Sequence[Any], **more: Any
) -> list[bytes]:
    """START and, a minute later, COMPLETE; *began* in minutes after noon."""
    return [
        run_event(run, job, "START", minutes(began), inputs=inputs, outputs=outputs, **more),
        run_event(run, job, "COMPLETE", minutes(began + 1), inputs=inputs, outputs=outputs, **more),
    ]


@dataclass
class Reading:
    """The world, and a client that asks about it."""

    homes: Homes
    client: TestClient
    principal: Principal = field(default_factory=lambda: Principal("anonymous", frozenset({"read"})))

    def now(self) -> datetime:
        """The world's clock: the day after its events."""
        return NOON + timedelta(days=1)

    def tell(self, bodies: Sequence[bytes], received_at: datetime = NOON + timedelta(days=1)) -> list[str]:
        """Append and merge *bodies*; their digests."""
        digests = [hashlib.sha256(body).digest() for body in bodies]
        drafts = [Draft("event", body, digest, "tests") for body, digest in zip(bodies, digests, strict=True)]
        entries = self.homes.ledger.append(drafts, received_at)
        deltas = [understand(parse_event(body), digest) for body, digest in zip(bodies, digests, strict=True)]
        self.homes.store.merge(entries, deltas)
        return [digest.hex() for digest in digests]

    def get(self, path: str, **query: Any) -> Any:
        """The JSON answer to GET; it must be a good one."""
        answer = self.client.get(f"/api/v1{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def problem(self, path: str, **query: Any) -> tuple[int, str | None, str]:
        """Status, field and detail of a refusal, which must be problem+json."""
        answer = self.client.get(f"/api/v1{path}", params=query)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        body = answer.json()
        return answer.status_code, body.get("field"), body["detail"]

    @property
    def settings(self) -> Settings:
        """The defaults."""
        return Settings()

    @property
    def store(self) -> Any:
        """What routes find behind a request."""
        return self.homes.store

    @property
    def ledger(self) -> Any:
        """The same."""
        return self.homes.ledger

    @property
    def intake(self) -> Reading:
        """Nothing ever came twice."""
        return self

    def times_again(self, digest: str) -> int:  # noqa: ARG002 - routes ask so
        """Never."""
        return 0

    def caller(self, request: Request) -> Principal:  # noqa: ARG002 - routes ask so
        """Whoever the test says."""
        return self.principal


@contextmanager
def reading(folder: Path) -> Iterator[Reading]:
    """An empty world in *folder*."""
    app = FastAPI()
    app.add_middleware(WholeSegments)
    answer_problems(app)
    for noun in NOUNS:
        app.include_router(part("lineage.api", noun).router)
    with open_homes(f"sqlite:///{folder / 'headwater.db'}") as homes, TestClient(app) as client:
        world = Reading(homes, client)
        app.state.services = world
        yield world
