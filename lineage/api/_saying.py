"""Writes of Marquez's clients: what they say of data becomes an OpenLineage event, what they decide a statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request

from lineage import __version__
from lineage.auth import may_bring
from lineage.errors import Forbidden, InvalidEvent
from lineage.model import EventType, NodeId, Principal
from lineage.statements import Statement, Subject, Word
from lineage.store.base import Store
from lineage.web import Services, needs, services

Body = dict[str, Any]

COMMIT_S = 30.0  # how long a write waits for its commit; the queue before it is bounded
_PRODUCER = f"urn:headwater:{__version__}"
_SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/"
_FACETS = "https://openlineage.io/spec/facets/"


@dataclass(frozen=True, slots=True)
class Saying:
    """Somebody who writes, and where to."""

    behind: Services
    principal: Principal

    @property
    def store(self) -> Store:
        """What the answer is read from."""
        return self.behind.store

    @property
    def now(self) -> datetime:
        """The time of what is said."""
        return self.behind.now()

    def dataset(self, dataset: NodeId, facets: Mapping[str, Body]) -> None:
        """A DatasetEvent. Raises InvalidEvent, Forbidden, and Overloaded having taken nothing."""
        self._say("DatasetEvent", self.now, {"dataset": named(dataset, facets)})

    def job(self, job: NodeId, facets: Mapping[str, Body], inputs: Iterable[Body], outputs: Iterable[Body]) -> None:
        """A JobEvent. Raises as `dataset` does."""
        parts = {"job": named(job, facets), "inputs": list(inputs), "outputs": list(outputs)}
        self._say("JobEvent", self.now, parts)

    def run(  # noqa: PLR0913 - an event has this many parts
        self,
        run: str,
        job: NodeId,
        kind: EventType,
        at: datetime,
        *,
        facets: Mapping[str, Body] | None = None,
        inputs: Iterable[Body] = (),
        outputs: Iterable[Body] = (),
    ) -> None:
        """A RunEvent. Raises as `dataset` does."""
        parts = {
            "eventType": kind,
            "run": {"runId": run, "facets": facets or {}},
            "job": named(job),
            "inputs": list(inputs),
            "outputs": list(outputs),
        }
        self._say("RunEvent", at, parts)

    def decide(self, *about: tuple[Subject, tuple[Word, ...]]) -> None:
        """Statements, all or none. Raises Forbidden and StoreUnavailable."""
        for subject, _ in about:
            if not _may_state(self.principal, subject):
                raise Forbidden(
                    f"the key {self.principal.name!r} is bound to other namespaces than that of {subject.name!r}"
                )
        now = self.now
        self.behind.decisions.keep([Statement(subject, self.principal.name, now, words) for subject, words in about])

    def _say(self, kind: str, at: datetime, parts: Body) -> None:
        head: Body = {"eventTime": at.isoformat(), "producer": _PRODUCER, "schemaURL": _SPEC + kind}
        body = json.dumps(head | parts, ensure_ascii=False).encode()
        receipt = self.behind.intake.submit(body, self.principal).result(COMMIT_S)
        if receipt.status == "forbidden":
            raise Forbidden(receipt.reason or "", field=receipt.field)
        if receipt.status == "dead-lettered":
            raise InvalidEvent(receipt.reason or "", field=receipt.field)


def _may_state(principal: Principal, subject: Subject) -> bool:
    """Sources are everybody's, so that a bound key may not state them; a tag is only a word."""
    match subject.kind:
        case "tag":
            return True
        case "source":
            return principal.namespaces is None
        case "namespace":
            return may_bring(principal, subject.name)
    return may_bring(principal, subject.namespace)


def saying(request: Request, principal: Annotated[Principal, Depends(needs("ingest"))]) -> Saying:
    """A dependency of routes that write: the key must have the scope ingest."""
    return Saying(services(request), principal)


Says = Annotated[Saying, Depends(saying)]


def named(node: NodeId, facets: Mapping[str, Body] | None = None) -> Body:
    """A dataset or job of an event."""
    return {"namespace": node.namespace, "name": node.name, "facets": facets or {}}


def facet(schema: str, **body: object) -> Body:
    """A facet that conforms to *schema*, as `1-0-1/NominalTimeRunFacet`; keys without value are left out."""
    name = schema.partition("/")[2]
    given = {key: value for key, value in body.items() if value is not None}
    return {"_producer": _PRODUCER, "_schemaURL": f"{_FACETS}{schema}.json#/$defs/{name}", **given}


def own_facet(**body: object) -> Body:
    """A facet for what Marquez's clients know and OpenLineage has no facet for."""
    given = {key: value for key, value in body.items() if value is not None}
    return {"_producer": _PRODUCER, "_schemaURL": f"{_SPEC}BaseFacet", **given}


def tagged(subject: Subject, words: Iterable[Word]) -> list[tuple[Subject, tuple[Word, ...]]]:
    """Statements that put tags to *subject*, and that there are such tags."""
    said = tuple(words)
    tags = {word.value for word in said if word.what == "tag" and word.holds and word.value}
    about = [(Subject("tag", tag), ()) for tag in sorted(tags)]
    return [*about, (subject, said)] if said else []
