"""What a dataset page tells beside its lineage: columns and their changes, who waits behind it, checks, owners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from dashboards.current import Judged
from dashboards.figures.picture import URGENCY, Mark
from dashboards.panels.facets import Column, DataQualityAssertions, Ownership, Schema, facet, read
from lineage.model import WHOLE, ColumnEdge, FacetRecord, FieldId, Graph, Node, NodeId
from lineage.slo import drift
from lineage.views import unresolved

KINDS = {
    "table": "Tables",
    "view": "Views",
    "stream": "Streams",
    "file": "Files",
    "board": "Dashboards",
    "model": "Models",
}
MOST_AFFECTED = 6


class ColumnRow(NamedTuple):
    """A column, what it is made of and what is made of it; *unresolved* when the schema does not know it.

    *inherited* are tags of columns whose values it came of, each with these columns.
    """

    column: Column
    ups: tuple[FieldId, ...]
    downs: tuple[FieldId, ...]
    masked: bool
    unresolved: bool
    tags: tuple[str, ...] = ()
    inherited: tuple[tuple[str, tuple[FieldId, ...]], ...] = ()


class TagsOf(NamedTuple):
    """Tags by column: its own, and those that it inherits, with the columns that they are of."""

    own: Mapping[FieldId, Sequence[str]]
    inherited: Mapping[FieldId, Mapping[str, Collection[FieldId]]]


UNTAGGED = TagsOf({}, {})


class Columns(NamedTuple):
    """The columns of a dataset, and what affects each of them or is affected by any, such as filters and joins."""

    rows: list[ColumnRow]
    ups: tuple[FieldId, ...]
    downs: tuple[FieldId, ...]

    @property
    def unresolved(self) -> int:
        """How many of them the schema does not know."""
        return sum(row.unresolved for row in self.rows)


Pair = tuple[NodeId | None, ColumnEdge]


def columns(node: Node, ups: Sequence[Pair], downs: Sequence[Pair], tags: TagsOf = UNTAGGED) -> Columns:
    """The columns of the schema, then those that only column lineage names."""
    schema = {column.name: column for column in facet(node.facets, Schema).fields}
    own = {node.id, node.canonical, *node.aliases}
    sources: dict[str, dict[FieldId, None]] = {}
    targets: dict[str, dict[FieldId, None]] = {}
    masked: set[str] = set()
    for _, edge in ups:
        if edge.target.dataset in own:
            sources.setdefault(edge.target.name, {})[edge.source] = None
            if any(masking for _, _, masking in edge.transformations):
                masked.add(edge.target.name)
    for _, edge in downs:
        if edge.source.dataset in own:
            targets.setdefault(edge.source.name, {})[edge.target] = None
    lost = unresolved(sources.keys() - {WHOLE}, {name: column.type for name, column in schema.items()})
    rows = [
        ColumnRow(
            schema.get(name, Column(name)),
            tuple(sources.get(name, ())),
            tuple(targets.get(name, ())),
            name in masked,
            name in lost,
            tuple(tags.own.get(FieldId(node.canonical, name), ())),
            tuple(
                (word, tuple(sorted(of)))
                for word, of in sorted(tags.inherited.get(FieldId(node.canonical, name), {}).items())
            ),
        )
        for name in dict.fromkeys((*schema, *sorted({*sources, *targets})))
        if name != WHOLE
    ]
    return Columns(rows, tuple(sources.get(WHOLE, ())), tuple(targets.get(WHOLE, ())))


@dataclass(frozen=True, slots=True)
class Change:
    """How columns changed when an event said so, each with its weight, the heaviest first; of the first seen none."""

    at: datetime
    told: tuple[tuple[drift.Weight, str], ...] = ()


def changes(history: Sequence[FacetRecord]) -> list[Change]:
    """The changes of a schema, newest first, from its dated rows, which come newest first."""
    found: list[Change] = []
    before: drift.Columns | None = None
    for record in reversed(history):
        now = drift.read_columns(record.body)
        if not now:
            continue
        told = () if before is None else drift.drift(before, now)
        if told or before is None:
            found.append(Change(record.at, tuple((each.weight, drift.phrase(each)) for each in told)))
        before = now
    return found[::-1]


@dataclass(frozen=True, slots=True)
class Check:
    """The newest result of an assertion, and how often it failed among those looked at."""

    what: str
    success: bool
    warning: bool
    detail: str
    at: datetime
    run: str | None
    failures: int
    seen: int


def checks(history: Iterable[FacetRecord]) -> list[Check]:
    """The checks on a dataset by name, failures first, from dated rows that come newest first."""
    newest: dict[str, tuple[FacetRecord, bool, bool, str]] = {}
    seen: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    counted: set[tuple[str, datetime]] = set()
    for record in history:
        for one in read(record.body, DataQualityAssertions).assertions:
            name = f"{one.assertion}({one.column})" if one.column else one.assertion
            if (name, record.at) in counted:
                continue  # the same results travel as a dataset facet and as an input facet
            counted.add((name, record.at))
            detail = f"{one.actual} where {one.expected} was expected" if one.actual and not one.success else ""
            newest.setdefault(name, (record, one.success, one.severity == "warn", detail))
            seen[name] += 1
            failed[name] += not one.success
    made = [
        Check(name, success, warning, detail, record.at, record.run, failed[name], seen[name])
        for name, (record, success, warning, detail) in newest.items()
    ]
    return sorted(made, key=lambda check: (check.success, check.what))


@dataclass(frozen=True, slots=True)
class Blast:
    """What lies downstream: datasets by kind, how far it reaches, the worst of it, and whose it is."""

    total: int
    kinds: tuple[tuple[str, int, float], ...]  # label, count, share of the most frequent
    deepest: int
    jobs: int
    worst: tuple[tuple[NodeId, Mark, int], ...]  # with hops
    truncated: bool


def blast(graph: Graph, marks: Mapping[NodeId, Mark]) -> Blast:
    """The blast radius of the root of *graph*, a walk downstream."""
    hit = [node for node in graph.nodes if node.kind == "dataset" and node != graph.root]
    counts = Counter(KINDS.get(marks[node].icon, "Other") for node in hit)
    most = max(counts.values(), default=1)
    order = sorted(hit, key=lambda node: (URGENCY[marks[node].tone], graph.hops[node], node))
    return Blast(
        len(hit),
        tuple((label, count, count / most) for label, count in counts.most_common()),
        max((graph.hops[node] for node in hit), default=0),
        sum(node.kind == "job" for node in graph.nodes),
        tuple((node, marks[node], graph.hops[node]) for node in order[:MOST_AFFECTED]),
        graph.truncated,
    )


@dataclass(frozen=True, slots=True)
class Owned:
    """Whose the dataset is: as its producers said, as its SLOs say, and which jobs write it."""

    said: tuple[str, ...]
    promised: tuple[str, ...]
    writers: tuple[NodeId, ...]

    @property
    def first(self) -> str:
        """The owner in a word, or nothing."""
        return next(iter((*self.said, *self.promised)), "")


def owned(node: Node, slos: Sequence[Judged], writers: Iterable[NodeId]) -> Owned:
    """The ownership of a dataset."""
    said = tuple(owner.name for owner in facet(node.facets, Ownership).owners)
    promised = dict.fromkeys(slo.definition.spec.owner.mention for slo in slos)
    return Owned(said, tuple(one for one in promised if one not in said), tuple(sorted(set(writers))))
