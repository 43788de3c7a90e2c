"""From the store to ancestry: what runs made of the datasets on a path, and what they used to make it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from lineage.errors import NotFound
from lineage.facets import facet
from lineage.model import NodeId, Use, Version, dataset_id, run_id
from lineage.slo.asking import ALL, Asked, rows_told
from lineage.slo.evidence import Ancestry, Delivery, Read
from lineage.slo.spec import Dataset, DataSLO
from lineage.store.base import Store
from lineage.walk import walk

DEPTH = 20  # datasets from end to end
BEFORE = 8  # versions of each from before what is asked for, among which is what the first run in it had read
MOST = 40  # datasets on all ways together
INPUT_STATISTICS = "inputStatistics"
BACKFILL = "backfill"


class Span(NamedTuple):
    """From when on, up to when, and by what was received until then."""

    begin: datetime
    now: datetime
    known_at: datetime


class _DagRun(msgspec.Struct):
    run_type: str | None = None


class AirflowDagRun(msgspec.Struct, rename="camel"):
    """Run facet `airflowDagRun`, as far as it tells a backfill."""

    dag_run: _DagRun = msgspec.field(default_factory=_DagRun)


class Airflow(msgspec.Struct, rename="camel"):
    """Run facet `airflow`, of tasks."""

    dag_run: _DagRun = msgspec.field(default_factory=_DagRun)


class _Tag(msgspec.Struct):
    key: str = ""
    value: str = ""


class Tags(msgspec.Struct):
    """Run facet `tags`."""

    tags: list[_Tag] = msgspec.field(default_factory=list)


def ancestry(slo: DataSLO, store: Store, delivered: Callable[[NodeId], Iterable[Delivery]], span: Span) -> Ancestry:
    """All that happened on the path of *slo* in *span*, and the last deliveries of each dataset before it.

    One walk and a few questions for each dataset on the way, however many runs there were. Only where to look is taken
    from the graph as it is now, which knows every edge that ever was; what a run read is taken from the run.
    """
    path = slo.spec.path
    assert path is not None, "`define` asks for it"
    ends = [dataset_id(end.namespace, end.name) for end in (path.to, *path.sources)]
    target, *sources = _canonical_of(store, ends)
    between, whole = _between(store, target, frozenset(sources))
    found = between | {target, *sources}
    if path.via != "any":
        found &= {target, *sources, *_canonical(store, path.via)}
    deliveries: dict[NodeId, list[Delivery]] = {}
    earlier: set[str] = set()
    for dataset in sorted(found)[:MOST]:
        before = store.versions(dataset, until=span.begin, known_at=span.known_at, delivered=True, limit=BEFORE).items
        earlier.update(version.run.id for version in before)
        come = [_delivery(version) for version in before] + [*delivered(ends[0] if dataset == target else dataset)]
        deliveries[dataset] = sorted((each for each in come if each.refresh), key=lambda each: (each.at, each.run))
    runs = sorted({each.run for come in deliveries.values() for each in come})
    uses = store.uses_of(sorted(earlier), until=span.now, known_at=span.known_at) if earlier else {}
    return Ancestry(
        target,
        frozenset(sources),
        span.begin,
        deliveries,
        {**uses, **_uses(store, deliveries, span)},
        backfills(store, runs, span),
        whole=whole and len(found) <= MOST,
    )


def _between(store: Store, target: NodeId, sources: frozenset[NodeId]) -> tuple[set[NodeId], bool]:
    """The datasets on all ways from *sources* to *target*, as far as there are any, and whether that is all of them."""
    try:
        graph = walk(store, target, "up", DEPTH)
    except NotFound:
        return set(), True
    below = sources & graph.hops.keys()
    ways: set[NodeId] = set(below)
    while below:
        below = frozenset(edge.target for edge in graph.edges if edge.source in below) - ways
        ways |= below
    return {node for node in ways if node.kind == "dataset"}, not graph.truncated


def _canonical(store: Store, datasets: Collection[Dataset]) -> Iterable[NodeId]:
    asked = [dataset_id(each.namespace, each.name) for each in datasets]
    return (node.canonical for node in store.get(asked).values())


def _delivery(version: Version) -> Delivery:
    run = version.run
    nominal = None if run.nominal_start is None else (run.nominal_start, run.nominal_end)
    return Delivery(version.written_at, run.id, run.job, nominal=nominal, started_at=run.started_at)


def _uses(store: Store, datasets: Iterable[NodeId], span: Span) -> Mapping[str, Sequence[Use]]:
    """What each run used of *datasets*."""
    found: dict[str, list[Use]] = {}
    for dataset in datasets:
        for use in store.uses(dataset=dataset, since=span.begin, until=span.now, known_at=span.known_at, limit=ALL):
            if use.run is not None:
                found.setdefault(use.run, []).append(use)
    return found


def reads(asked: Asked, deliveries: Iterable[Delivery], wanted: Collection[NodeId]) -> dict[str, list[Read]]:
    """How many rows each run of *deliveries* read, by run; of a stream each report, by its event.

    Of the datasets *wanted*, or of all. What a run wrote as well it did not take from elsewhere.
    """
    ended = [each for each in deliveries if each.state == "COMPLETE"]
    target, *taken = _canonical_of(asked.store, [asked.dataset, *sorted(wanted)])
    reports = {each.run for each in ended if each.window is not None}
    uses = asked.store.uses_of(sorted({each.run for each in ended}), until=asked.now, known_at=asked.known_at)
    found: dict[str, list[Read]] = {}
    streamed: set[NodeId] = set()
    for run, used in uses.items():
        for use in _sources(used, target):
            if not wanted or use.dataset in taken:
                found.setdefault(run, []).append(Read(use.dataset, use.statistics.rows))
                streamed |= {use.dataset} if run in reports else set()
    for dataset in sorted(streamed):
        for told in asked.facets(INPUT_STATISTICS, of=dataset):
            if told.run in reports:
                found.setdefault(told.digest, []).append(Read(dataset, rows_told(told)))
    return found


def counts_of(asked: Asked, probe: NodeId, wanted: Collection[NodeId]) -> Iterator[Delivery]:
    """Each run of *probe* that ended well, with all rows that it counted in the datasets *wanted*, or in all it read.

    One that did not count all of them counted nothing.
    """
    taken = _canonical_of(asked.store, sorted(wanted))
    found: dict[str, list[int | None]] = {}
    for use in asked.store.uses(
        job=probe, side="input", since=asked.since, until=asked.now, known_at=asked.known_at, limit=ALL
    ):
        if use.run is not None and use.effective and (not wanted or use.dataset in taken):
            found.setdefault(use.run, []).append(use.statistics.rows)
    events = asked.events([probe])
    for name, run in asked.runs(found).items():
        told = next((event for event in events.get(name, ()) if event.type == "COMPLETE"), None)
        if run.state == "COMPLETE" and told is not None:
            rows = [each for each in found[name] if each is not None]
            total = sum(rows) if len(rows) == len(found[name]) else None
            nominal = None if run.nominal_start is None else (run.nominal_start, run.nominal_end)
            yield Delivery(
                told.at, name, probe, nominal=nominal, rows=total, events=(told.digest,), told_at=told.received_at
            )


def _canonical_of(store: Store, datasets: Sequence[NodeId]) -> list[NodeId]:
    """*datasets* under the names that speak for them; one that nobody has named stays what it is."""
    nodes = store.get(datasets) if datasets else {}
    return [nodes[each].canonical if each in nodes else each for each in datasets]


def _sources(used: Sequence[Use], target: NodeId) -> Iterator[Use]:
    """What a run took for *target*: what it says explicitly that it made it of, else all that it read."""
    made_of = next((use.made_of for use in used if use.side == "output" and use.dataset == target), None)
    for use in used:
        known = use.side == "input" and use.effective and use.dataset != target
        if known and (made_of is None or use.dataset in made_of):
            yield use


def backfills(store: Store, runs: Collection[str], span: Span) -> frozenset[str]:
    """Those of *runs* of which Airflow says that they are backfills, or that are tagged `backfill`."""
    if not runs:
        return frozenset()
    wanted = ["airflow", "airflowDagRun", "tags"]
    said = store.newest_facets(map(run_id, runs), wanted, until=span.now, known_at=span.known_at)
    return frozenset(of.name for of, facets in said.items() if _is_backfill(facets))


def _is_backfill(facets: Mapping[str, bytes]) -> bool:
    types = {facet(facets, AirflowDagRun).dag_run.run_type, facet(facets, Airflow).dag_run.run_type}
    tagged = any(tag.key.lower() == BACKFILL and tag.value.lower() != "false" for tag in facet(facets, Tags).tags)
    return tagged or any(said is not None and said.startswith(BACKFILL) for said in types)
