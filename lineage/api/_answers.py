"""How a machine is asked and answered: limits that hold, JSON encoded once, and 304 while nothing has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Annotated

import msgspec
from fastapi import Depends, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator
from pydantic.config import JsonDict

from lineage import __version__
from lineage.api._spelling import well_spelled
from lineage.errors import InvalidInput, NotFound
from lineage.ledger.base import Ledger
from lineage.model import Kind, Node, NodeId
from lineage.names import split_node_id
from lineage.store.answers import Namespace
from lineage.store.base import Store
from lineage.web import Unchanged, instant, services

MOST = 1_000  # items a page holds, whatever was asked for: totalCount tells that there are more


def one_of(*words: str | None) -> JsonDict:
    """What the API's description says of a parameter that is one of *words*, written in any case."""
    return {"enum": list(words)}


TIME: JsonDict = {"format": "date-time"}
UUID: JsonDict = {"format": "uuid"}

Limit = Annotated[
    int,
    Query(ge=0, description=f"Items in the answer, at most {MOST}."),
    AfterValidator(lambda limit: min(limit, MOST)),
]
Offset = Annotated[int, Query(ge=0, le=2**53, description="Items to pass over.")]


def json(body: object) -> str:
    """*body* as text: what `Asked.answer` wants of what may change while the graph does not."""
    return msgspec.json.encode(body).decode()


def as_json(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """*body* as JSON; msgspec.Raw in it goes out as it is."""
    return Response(msgspec.json.encode(body), status, headers, "application/json")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that deserves a fresh answer, and what may be asked to find it."""

    store: Store
    ledger: Ledger
    etag: str
    now: datetime
    known: frozenset[str] = frozenset()  # the ETags of the caller's copies

    def answer(self, body: object, changing: str = "") -> Response:
        """*body* as JSON; msgspec.Raw in it goes out as it is. A cache may keep it, and must ask again.

        *changing* is what of it may change while the graph does not: an answer with any has an ETag of its own.
        Raises Unchanged when the caller has it already.
        """
        etag = f'{self.etag[:-1]}-{blake2b(changing.encode(), digest_size=8).hexdigest()}"' if changing else self.etag
        if etag in self.known:
            raise Unchanged(etag)
        return as_json(body, headers={"ETag": etag, "Cache-Control": "private, no-cache"})


def asked(request: Request) -> Asked:
    """A dependency that goes on only when the caller's copy is older than the graph; otherwise the answer is 304.

    A parameter that nearly is one of the route's is refused: see `lineage.api._spelling`.
    """
    well_spelled(request)
    behind = services(request)
    # Read before the answer is made: a merge in between gives a tag that is too old, and only costs a question more.
    etag = f'W/"{__version__}-{behind.store.revision()}"'
    known = frozenset(tag.strip() for tag in request.headers.get("if-none-match", "").split(","))
    if known & {etag, "*"}:
        raise Unchanged(etag)
    return Asked(behind.store, behind.ledger, etag, behind.now(), known)


Asking = Annotated[Asked, Depends(asked)]


@dataclass(frozen=True, slots=True)
class Instants:
    """The two clocks of a question (DECISIONS 24); None is now, and everything that was received."""

    as_of: datetime | None
    known_at: datetime | None


def instants(
    as_of: Annotated[
        str | None,
        Query(
            alias="asOf",
            description="Event time: what runs observed after it says nothing.",
            min_length=1,
            json_schema_extra=TIME,
        ),
    ] = None,
    known_at: Annotated[
        str | None,
        Query(
            alias="knownAt",
            description="Receipt: events received after it say nothing.",
            min_length=1,
            json_schema_extra=TIME,
        ),
    ] = None,
) -> Instants:
    """A dependency that reads asOf and knownAt. Raises InvalidInput."""
    return Instants(instant(as_of, "asOf"), instant(known_at, "knownAt"))


At = Annotated[Instants, Depends(instants)]


@dataclass(frozen=True, slots=True)
class Named:
    """A node as the query names it: every id that it may mean, the likeliest first."""

    candidates: tuple[NodeId, ...]
    given: str

    def among(self, known: Mapping[NodeId, Node]) -> NodeId:
        """The likeliest candidate that is *known*. Raises NotFound."""
        for candidate in self.candidates:
            if candidate in known:
                return candidate
        raise NotFound(f"{self.given} is not known; look for its name with /api/v1/search?q=…", field="nodeId")


def named(
    node_id: Annotated[
        str | None,
        Query(
            alias="nodeId",
            json_schema_extra={"pattern": "^(dataset|job):[^:]+:[^:]+$"},
            description="As dataset:NAMESPACE:NAME or job:NAMESPACE:NAME.",
        ),
    ] = None,
    namespace: Annotated[str | None, Query(description="Instead of nodeId, together with name.")] = None,
    name: Annotated[str | None, Query(description="Instead of nodeId, together with namespace.")] = None,
    type: Annotated[  # noqa: A002 - the query's own word
        str,
        Query(description="What namespace and name name: dataset or job.", json_schema_extra=one_of("dataset", "job")),
    ] = "dataset",
) -> Named | None:
    """A dependency that reads nodeId, or namespace, name and type; None when neither is given. Raises InvalidInput."""
    if node_id is not None:
        candidates = tuple(split_node_id(node_id))
        if not candidates:
            raise InvalidInput(
                f"nodeId: {node_id!r} names no node; write dataset:NAMESPACE:NAME or job:NAMESPACE:NAME", field="nodeId"
            )
        return Named(candidates, node_id)
    if namespace is None and name is None:
        return None
    if namespace is None or name is None:
        missing = "namespace" if namespace is None else "name"
        raise InvalidInput(f"{missing}: missing; namespace and name belong together", field=missing)
    kind = _kind(type)
    return Named((NodeId(kind, namespace, name),), f"{kind}:{namespace}:{name}")


def _kind(word: str) -> Kind:
    match word.lower():
        case "dataset":
            return "dataset"
        case "job":
            return "job"
    raise InvalidInput(f"type: {word!r} is none of dataset, job", field="type")


Naming = Annotated[Named | None, Depends(named)]


def wanted(naming: Named | None) -> Named:
    """*naming*, where the question makes no sense without. Raises InvalidInput."""
    if naming is None:
        raise InvalidInput("nodeId: missing; give nodeId, or namespace and name", field="nodeId")
    return naming


def seen(node: Node, field: str | None = None) -> Node:
    """*node*, unless it is hidden. Raises NotFound."""
    if node.hidden_at is None:
        return node
    when = node.hidden_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    raise NotFound(
        f"{node.id} was hidden at {when}; an event that names it brings it back, /api/v1/lineage shows it"
        " with an earlier knownAt",
        field=field,
    )


def known_namespace(store: Store, name: str) -> Namespace:
    """The namespace of this name. Raises NotFound."""
    for namespace in store.namespaces():
        if namespace.name == name:
            return namespace
    raise NotFound(f"no namespace {name!r}; /api/v1/namespaces lists those there are")
