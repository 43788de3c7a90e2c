"""What a store answers that is no part of the graph: namespaces, what is carried in them, and what is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lineage.model import NodeId


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace and how much is in it."""

    name: str
    first_at: datetime
    last_at: datetime
    datasets: int
    jobs: int


@dataclass(frozen=True, slots=True)
class Carried:
    """In *namespace* there are datasets or jobs whose facet says *body* now, observed from *first_at* to *last_at*."""

    namespace: str
    body: bytes | None
    first_at: datetime
    last_at: datetime

    def place(self) -> tuple[str, bytes]:
        """What it is ordered by: the namespace, and the body behind those without one."""
        return self.namespace, self.body or b""


@dataclass(frozen=True, slots=True)
class News:
    """What was merged between two revisions, as far as it may change an answer.

    *of*: by node, the least event time of what is new of it, None where its whole history may be another; or None, for
    anything may have changed.
    """

    revision: str
    of: Mapping[NodeId, datetime | None] | None
