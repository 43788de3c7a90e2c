"""Deltas made by hand, in few words, and the stores of the graph that the contract suite holds to their promises."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from lineage.homes import open_homes
from lineage.model import (
    ColumnEdge,
    ColumnsSeen,
    Delta,
    Entry,
    EventType,
    FacetSeen,
    FieldId,
    MadeOf,
    NodeId,
    RunSeen,
    SameAs,
    Side,
    Statistics,
    Touch,
    dataset_id,
    job_id,
    run_id,
)
from lineage.statements import Statement, Subject, Word, written
from lineage.store.base import Store

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
STREAMING = b'{"processingType":"STREAMING","emissionPattern":{"eventContentMode":"COMPLETE_SNAPSHOT"}}'

Pair = tuple[Entry, Delta]
Said = tuple[Entry, Delta | Statement]


@contextmanager
def sqlite(folder: Path) -> Iterator[Store]:
    """A SQLite store in *folder*; opening it again goes on with the same."""
    with open_homes(f"sqlite:///{folder / 'headwater.db'}") as homes:
        yield homes.store


HOMES: dict[str, Callable[[Path], AbstractContextManager[Store]]] = {"sqlite": sqlite}


def at(minutes: float) -> datetime:
    """A time that many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def dataset(name: str) -> NodeId:
    """A dataset of the namespace `lake`."""
    return dataset_id("lake", name)


def job(name: str) -> NodeId:
    """A job of the namespace `etl`."""
    return job_id("etl", name)


def run(name: str) -> NodeId:
    """A run whose id follows from *name*."""
    return run_id(str(uuid5(NAMESPACE_URL, name)))


def facet(of: NodeId, name: str, body: str, side: Side | None = None) -> FacetSeen:
    """A facet whose body is the JSON string *body*; an empty one deletes."""
    return FacetSeen(of, name, f'"{body}"'.encode() if body else b"", side, not body)


def columns(target: NodeId, *edges: tuple[str, NodeId, str]) -> ColumnsSeen:
    """Column lineage of *target*: (its column, source dataset, source column) each."""
    found = tuple(
        sorted(ColumnEdge(FieldId(of, source), FieldId(target, name), (("DIRECT", "IDENTITY", False),))
               for name, of, source in edges)
    )  # fmt: skip
    return ColumnsSeen(target, hashlib.sha256(repr((target, found)).encode()).digest(), found)


def ran(  # noqa: PLR0913 - an event has this many sides
    name: str,
    event: EventType,
    minutes: float,
    *,
    by: str = "load",
    reads: Iterable[str] = (),
    writes: Iterable[str] = (),
    rows: int | None = None,
    version: str | None = None,
    facets: Iterable[FacetSeen] = (),
    others: Iterable[Touch] = (),
    **said: Any,
) -> Delta:
    """The delta of a RunEvent; *others* are touches of other jobs, *said* fields of a Delta or of its RunSeen."""
    who, what = run(name), job(by)
    touches = (
        tuple(Touch(who, dataset(each), "input") for each in reads)
        + tuple(Touch(who, dataset(each), "output", Statistics(rows), version) for each in writes)
        + tuple(others)
    )
    seen = RunSeen(who, what, **{key: said.pop(key) for key in RunSeen._fields if key in said})
    return _delta("run", event, at(minutes), (what,), touches=touches, run=seen, facets=tuple(facets), **said)


def stated(
    by: str,
    minutes: float,
    *,
    reads: Iterable[str] = (),
    writes: Iterable[str] = (),
    others: Iterable[Touch] = (),
    **said: Any,
) -> Delta:
    """The delta of a JobEvent."""
    touches = (
        tuple(Touch(job(by), dataset(each), "input") for each in reads)
        + tuple(Touch(job(by), dataset(each), "output") for each in writes)
        + tuple(others)
    )
    return _delta("job", None, at(minutes), (job(by),), touches=touches, **said)


def described(name: str, minutes: float, *, others: Iterable[Touch] = (), **said: Any) -> Delta:
    """The delta of a DatasetEvent."""
    return _delta("dataset", None, at(minutes), (dataset(name),), touches=tuple(others), **said)


def made_of(by: str, target: str | None, *sources: str, takes_back: bool = False) -> MadeOf:
    """*by* says that it makes *target* of *sources*; or takes back what it said, without a target of all of them."""
    named = None if target is None else dataset(target)
    return MadeOf(job(by), named, None if takes_back else tuple(sorted(map(dataset, sources))))


def linked(to: str, alias: str, why: str = "symlink") -> SameAs:
    """*alias* is another name of the dataset *to*; where a `rule: ` says *why*, that names neither."""
    return SameAs(dataset(to), dataset(alias), why)


def as_they_came(deltas: Iterable[Delta]) -> list[Pair]:
    """*deltas* with their entries, each received at its own time."""
    return [
        (Entry("writer", seq, "event", delta.digest, delta.at, "test"), delta)
        for seq, delta in enumerate(sorted(deltas, key=lambda delta: delta.at), 1)
    ]


def received(deltas: Iterable[Delta], minutes: float = 0) -> list[Pair]:
    """*deltas* with their entries, received a minute apart from *minutes* on."""
    return [
        (Entry("writer", seq + 1, "event", delta.digest, at(minutes + seq), "test"), delta)
        for seq, delta in enumerate(deltas)
    ]


def decided(minutes: float, subject: Subject, *words: Word) -> Statement:
    """What somebody decided then."""
    return Statement(subject, "ada", at(minutes), words)


def kept(statement: Statement, minutes: float) -> Said:
    """*statement* with its entry, received then."""
    return Entry("writer", 1, "statement", hashlib.sha256(written(statement)).digest(), at(minutes), "ada"), statement


def merge(store: Store, pairs: Sequence[Said]) -> None:
    """Merge *pairs* as one batch, the statements among them after the events."""
    events = [(entry, said) for entry, said in pairs if isinstance(said, Delta)]
    statements = [(entry, said) for entry, said in pairs if isinstance(said, Statement)]
    store.merge([entry for entry, _ in events], [delta for _, delta in events])
    store.state([entry for entry, _ in statements], [statement for _, statement in statements])


def sha256(store: Store) -> str:
    """What `headwater dump --digest` would print."""
    return hashlib.sha256(b"\n".join(store.dump())).hexdigest()


def _delta(kind: Any, event: EventType | None, when: datetime, first: tuple[NodeId, ...], **parts: Any) -> Delta:
    delta = Delta(b"", kind, event, when, parts.pop("producer", "https://example.com/test"), first, **parts)
    named = [*first, *(touch.dataset for touch in delta.touches), *(seen.dataset for seen in delta.columns)]
    named += [touch.by for touch in delta.touches if touch.by.kind == "job"]
    named += [node for said in delta.made_of for node in (said.target, *(said.sources or ())) if node]
    declared = (same for same in delta.aliases if not same.why.startswith("rule: "))
    named += [node for same in declared for node in (same.dataset, same.alias)]
    named += [node for pair in delta.depends for node in pair] + [node for node, _ in delta.tombstones]
    if delta.run:
        named += [node for node in (delta.run.parent_job, delta.run.root_job) if node]
    sources = dict.fromkeys(edge.source.dataset for seen in delta.columns for edge in seen.edges)
    only = tuple(source for source in sources if source not in named)
    whole = delta._replace(nodes=tuple(dict.fromkeys([*named, *sources])), only_columns=only)
    return whole._replace(digest=hashlib.sha256(repr(whole).encode()).digest())
