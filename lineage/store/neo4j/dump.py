"""The graph as canonical JSON lines, the same that every store says of the same set of entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from heapq import merge
from itertools import chain, islice
from json import loads
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Final, LiteralString, NamedTuple

from neo4j import ManagedTransaction

from lineage.store._codes import KINDS
from lineage.store._conclusions import COLUMNS
from lineage.store._dump import SIDE, TYPE, line, optional, types
from lineage.store.neo4j import said
from lineage.store.neo4j.keys import node_of

AT_ONCE: Final = 100_000  # lines in memory: some tens of MB

Read = Callable[[Any], Any]


def _node(key: str | None) -> list[str] | None:
    return list(node_of(key)) if key else None


def _sources(text: str) -> list[Any]:
    return sorted(map(_node, loads(text)))


_flag = optional(int)
# How a column of this name is written, wherever it stands; others are written as they are.
READ: Final[Mapping[str, Read]] = {
    **dict.fromkeys(("id", "canonical", "node", "speaker", "dataset", "source_dataset", "run", "job", "target"), _node),
    **dict.fromkeys(("alias", "upstream", "downstream", "parent_run", "parent_job", "root_run", "root_job"), _node),
    **dict.fromkeys(("own", "listed", "windowed", "told", "conflict", "dropped", "active", "effective"), _flag),
    "side": SIDE.__getitem__,
    "type": optional(TYPE.__getitem__),
    "types": types,
    **dict.fromkeys(("warnings", "words", "transformations"), optional(loads)),
    "sources": optional(_sources),
}
_NAME: Final = {"target": lambda value: value}


class Section(NamedTuple):
    """A section: the statement that answers its rows, the names of their columns, and what is read in its own way.

    *unfold* makes of the last value of an answered row the ends of as many rows.
    """

    statement: LiteralString
    columns: str
    own: Mapping[str, Read] = {}
    unfold: Callable[[str], Iterable[Sequence[Any]]] | None = None


_MOMENT: Final = "job parent_run parent_job root_run root_job nominal_start nominal_end"
_SPEAKER: Final = " ".join(column for column in COLUMNS if column != "id")

SECTIONS: Final[Mapping[str, tuple[Section, ...]]] = {
    "node": (
        Section(
            """MATCH (n:Thing) OPTIONAL MATCH (h:Thing {key: n.component})
                RETURN n.key, n.first_at, n.last_at, n.first_received, n.last_received,
                    coalesce(h.canonical, n.key)""",
            "id first_at last_at first_received last_received canonical",
        ),
        Section(
            """MATCH (n:Speaker) WHERE n.key STARTS WITH 'r' RETURN n.key, null AS first_at, null AS last_at,
                null AS first_received, null AS last_received, n.key AS canonical""",
            "id first_at last_at first_received last_received canonical",
        ),
    ),
    "event": (
        Section(
            """MATCH (e:Event) RETURN e.digest, e.kind, e.type, e.at, e.received, e.producer, e.run, e.job, e.dataset,
                e.warnings""",
            "digest kind type at received producer run job dataset warnings",
            {"kind": KINDS.__getitem__},
        ),
    ),
    "mention": (
        Section(
            "MATCH (e:Event)-[m:MENTIONS]->(n:Thing) RETURN n.key, m.own, m.at, m.listed, e.digest",
            "node own at listed event",
        ),
    ),
    "moment": (
        Section(
            """MATCH (e:Event)-[m:DECIDES|TELLS]->(s:Speaker) RETURN s.key, m.type, m.at, e.digest, m.job,
                m.parent_run, m.parent_job, m.root_run, m.root_job, m.nominal_start, m.nominal_end""",
            "speaker type at event " + _MOMENT,
        ),
    ),
    "touch": (
        Section(
            """MATCH (e:Event)-[m:MENTIONS]->(d:Thing) WHERE m.touches IS NOT NULL
                RETURN d.key, m.at, e.digest, m.touches""",
            "dataset at event " + " ".join(said.OF_TOUCH),
            unfold=said.read_touches,
        ),
    ),
    "facet": (
        Section(
            """MATCH (e:Event)-[m:MENTIONS|DECIDES|TELLS]->(n) WHERE m.facets IS NOT NULL
                RETURN n.key, m.at, e.digest, m.facets""",
            "node at event " + " ".join(said.OF_FACET),
            unfold=said.read_facets,
        ),
    ),
    "derived": (
        Section(
            "MATCH (e:Event)-[d:DERIVES]->(n:Thing) RETURN n.key, d.job, d.at, e.digest, d.body",
            "dataset job at event body",
        ),
    ),
    "derivation": (
        Section(
            """MATCH (b:ColumnBody)-[c:COMES_FROM]->(d:Thing)
                RETURN b.digest, c.target, c.source, d.key, c.transformations""",
            "body target source source_dataset transformations",
            _NAME,
        ),
    ),
    "made_of": (
        Section(
            "MATCH (e:Event)-[s:SAYS]->(j:Thing) RETURN j.key, s.target, s.sources, s.at, e.digest",
            "job target sources at event",
        ),
    ),
    "same_as": (
        Section(
            "MATCH (a:Thing)-[s:SAME_AS]->(d:Thing) RETURN a.key, d.key, s.why, s.at, s.event",
            "alias dataset why at event",
        ),
    ),
    "tombstone": (
        Section(
            "MATCH (e:Event)-[d:DROPS]->(n:Thing) RETURN n.key, d.at, d.dropped, e.digest", "dataset at dropped event"
        ),
    ),
    "depends": (
        Section("MATCH (a:Thing)-[b:BEFORE]->(c:Thing) RETURN a.key, c.key, b.event", "upstream downstream event"),
    ),
    "statement": (
        Section(
            """MATCH (s:Statement)
                RETURN s.digest, s.kind, s.namespace, s.name, s.actor, s.at, s.received, s.reason, s.words""",
            "digest kind namespace name actor at received reason words",
        ),
    ),
    "speaker": (
        Section(
            """MATCH (s:Speaker) RETURN s.key, s.job, s.state, s.started, s.ended, s.began, s.first_at, s.last_at,
                s.conflict, s.types, s.parent_run, s.parent_job, s.root_run, s.root_job, s.nominal_start, s.nominal_end,
                s.job_event, s.parent_event, s.nominal_event, s.first_seen, s.last_seen, s.first_received,
                s.last_received, s.lead""",
            "id " + _SPEAKER,
        ),
    ),
    "moved": (Section("MATCH (s:Speaker)-[:NAMED]->(n) RETURN n.key, s.key", "node speaker"),),
    "listing": (
        Section(
            """MATCH (s:Speaker)-[l:LISTS]->(d:Thing) RETURN s.key, d.key, l.job, l.side, l.types, l.first_at,
                l.last_at, l.last_event, l.told, l.effective, l.written_at""",
            "speaker dataset job side types first_at last_at last_event told effective written_at",
        ),
    ),
    "edge": (
        Section(
            """MATCH (j:Thing)-[e:READS|WRITES]->(d:Thing)
                RETURN j.key, d.key, CASE type(e) WHEN 'READS' THEN 0 ELSE 1 END, e.first_at, e.last_at, e.runs,
                    e.stated""",
            "job dataset side first_at last_at runs stated",
        ),
    ),
    "column_now": (
        Section(
            """MATCH (b:ColumnBody)-[s:SPEAKS_OF]->(d:Thing)
                WITH d.key AS dataset, s.job AS job, s, b ORDER BY s.at DESC, s.event DESC
                WITH dataset, job, collect([s.at, s.event, b.digest])[0] AS newest
                RETURN dataset, job, newest[0], newest[1], newest[2]""",
            "dataset job at event body",
        ),
    ),
    "made_of_now": (
        Section(
            """MATCH (j:Thing)-[m:MADE]->(t:Thing) RETURN j.key, t.key,
                CASE WHEN m.at < j.taken_back_at OR (m.at = j.taken_back_at AND m.event < j.taken_back_event)
                    THEN null ELSE m.sources END""",
            "job target sources",
        ),
        Section(
            "MATCH (j:Thing) WHERE j.taken_back_at IS NOT NULL RETURN j.key, null AS target, null AS sources",
            "job target sources",
        ),
    ),
    "link": (
        Section("MATCH (a:Thing)-[l:LINK]->(d:Thing) RETURN a.key, d.key, l.why, l.active", "alias dataset why active"),
    ),
    "namespace": (
        Section(
            """MATCH (t:Thing) WHERE t.first_at IS NOT NULL
                RETURN t.namespace, sum(CASE t.kind WHEN 'dataset' THEN 1 ELSE 0 END),
                    sum(CASE t.kind WHEN 'job' THEN 1 ELSE 0 END), min(t.first_at), max(t.last_at)""",
            "name datasets jobs first_at last_at",
        ),
    ),
}


def dump(transaction: ManagedTransaction, into: BinaryIO) -> None:
    """Write what `Store.dump` promises *into* a file, a line each, within *transaction*, which keeps merges away.

    At no time more than AT_ONCE lines are in memory.
    """
    for name, sections in SECTIONS.items():
        with ExitStack() as runs:
            found = chain.from_iterable(_lines(transaction, name, section) for section in sections)
            sorted_runs = [runs.enter_context(_run(lines)) for lines in _some(found)]
            into.writelines(merge(*sorted_runs))


def _some(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    while some := list(islice(lines, AT_ONCE)):
        yield sorted(some)


@contextmanager
def _run(lines: Iterable[bytes]) -> Iterator[BinaryIO]:
    with TemporaryFile() as file:
        file.writelines(lines)
        file.seek(0)
        yield file


def _lines(transaction: ManagedTransaction, name: str, section: Section) -> Iterator[bytes]:
    columns = section.columns.split()
    readers = [section.own.get(column) or READ.get(column) for column in columns]
    for row in _rows(transaction, section):
        values = (read(value) if read else value for read, value in zip(readers, row, strict=True))
        yield line(name, dict(zip(columns, values, strict=True))) + b"\n"


def _rows(transaction: ManagedTransaction, section: Section) -> Iterator[Sequence[Any]]:
    for row in transaction.run(section.statement):
        values = row.values()
        if section.unfold is None:
            yield values
        else:
            yield from ((*values[:-1], *rest) for rest in section.unfold(values[-1]))
