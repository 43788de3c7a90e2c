"""Who answers for each dataset: an owner who can be told, and one system of record (SLO.md b.5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from lineage.model import Node, NodeId
from lineage.slo.asking import Asked
from lineage.slo.evidence import Delivery
from lineage.slo.findings import conflict, strangers
from lineage.slo.gather import delivered, partitioned
from lineage.slo.owners import named, plain, reached
from lineage.slo.spec import DataSLO
from lineage.statements import Kept, fold
from lineage.store.base import Store

LOOK_BACK = timedelta(days=28)  # in which two may have written the same
PAGE = 500  # datasets of a question: some hundredths of a second
MOST = 10_000  # datasets that one question looks at
NEWEST = 5  # completed runs of each job, by which is seen whether it may have written what another did
NOBODY = "anonymous"  # whom Marquez's clients name where nobody is known


class Owned(NamedTuple):
    """A dataset (canonical) with its *owners* by name; *faults* say why nobody answers for it, where nobody does."""

    dataset: NodeId
    owners: tuple[str, ...]
    faults: tuple[str, ...]


class Share(NamedTuple):
    """How many *datasets* there are, and how many of them somebody answers for."""

    datasets: int
    owned: int

    @property
    def ratio(self) -> Fraction | None:
        """Owned of all; None for 0 of 0."""
        return Fraction(self.owned, self.datasets) if self.datasets else None


class Estate(NamedTuple):
    """All that was looked at, by name; not *whole* where there is more than one question looks at."""

    found: tuple[Owned, ...]
    whole: bool = True

    @property
    def failing(self) -> list[Owned]:
        """Those that nobody answers for."""
        return [each for each in self.found if each.faults]

    @property
    def share(self) -> Share:
        """Of all."""
        return _share(self.found)

    def by_namespace(self) -> Mapping[str, Share]:
        """Of each namespace, by name."""
        apart: defaultdict[str, list[Owned]] = defaultdict(list)
        for each in self.found:
            apart[each.dataset.namespace].append(each)
        return {namespace: _share(apart[namespace]) for namespace in sorted(apart)}


def ownership(
    store: Store, definitions: Iterable[DataSLO], now: datetime, namespace: str | None = None, most: int = MOST
) -> Estate:
    """Who answers for each dataset, of *namespace* where one is given, as all is known at *now*.

    An owner is whom a promise, the facet `ownership`, a tag `team` or `owner`, or else the namespace names. One can be
    told whose name a promise among *definitions* gives a channel. A dataset has one system of record unless strangers
    wrote the same named interval of it, as the finding `conflict` says. Raises StoreUnavailable.
    """
    steps = looking(store, definitions, now, namespace, most)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Estate = end.value
            return found


def looking(
    store: Store, definitions: Iterable[DataSLO], now: datetime, namespace: str | None = None, most: int = MOST
) -> Generator[None, None, Estate]:
    """What `ownership` answers, in steps of a question or two: who asks of a large estate may rest between them."""
    promises = list(definitions)
    nodes, whole = yield from _nodes(store, namespace, most)
    looked = [nodes[dataset] for dataset in sorted(nodes)[:most]]
    told, names = reached(promises), _Named(store, promises)
    torn = yield from _torn(store, looked, now)
    return Estate(tuple(_owned(node, names.owners(node), told, torn) for node in looked), whole)


def _share(found: Sequence[Owned]) -> Share:
    return Share(len(found), sum(not each.faults for each in found))


def _nodes(store: Store, namespace: str | None, most: int) -> Generator[None, None, tuple[Mapping[NodeId, Node], bool]]:
    """Datasets by the name that speaks for them, and whether that is all; else a few more than *most*."""
    found: dict[NodeId, Node] = {}
    after: NodeId | None = None
    while len(found) <= most:
        page = store.find(kind="dataset", namespace=namespace, after=after, limit=PAGE)
        found |= {node.canonical: node for node in store.get(each.id for each in page.items).values()}
        if len(page.items) < PAGE:
            return found, len(found) <= most
        after = page.items[-1].id
        yield
    return found, False


class _Named:
    """Whom people, producers and promises name."""

    def __init__(self, store: Store, promises: Iterable[DataSLO]) -> None:
        self._promised: defaultdict[NodeId, list[str]] = defaultdict(list)
        for slo in promises:
            self._promised[slo.dataset].append(slo.spec.owner.team)
        self._of_namespaces = _stated(store)

    def owners(self, node: Node) -> tuple[str, ...]:
        """The owners of *node*, nearest first; that of its namespace where it has none of its own."""
        names = (node.canonical, node.id, *node.aliases)
        found = [team for name in names for team in self._promised.get(name, ())]
        found += named(node.facets)
        if not found:
            found = [self._of_namespaces[name.namespace] for name in names if name.namespace in self._of_namespaces]
        return tuple(dict.fromkeys(team for name in found if (team := plain(name))))


def _stated(store: Store) -> Mapping[str, str]:
    """The owners of namespaces, as people said."""
    kept: defaultdict[str, list[Kept]] = defaultdict(list)
    for each in store.statements("namespace"):
        kept[each.statement.subject.name].append(each)
    said = ((namespace, fold(words)) for namespace, words in kept.items())
    found = ((namespace, told.value("owner")) for namespace, told in said if told is not None)
    return {namespace: owner for namespace, owner in found if owner and owner != NOBODY}


def _torn(store: Store, nodes: Sequence[Node], now: datetime) -> Generator[None, None, Mapping[NodeId, str]]:
    """The datasets with two systems of record, and who they are."""
    judging = store.without_ahead()
    torn: dict[NodeId, str] = {}
    suspects = yield from _suspects(store, nodes)
    for dataset in suspects:
        yield
        asked = Asked(dataset, judging, now - LOOK_BACK, now, now)
        written = list(partitioned(asked, delivered(asked)))
        for found in conflict(dataset.name, written):
            torn[dataset] = found.sentence
    return torn


def _suspects(store: Store, nodes: Sequence[Node]) -> Generator[None, None, list[NodeId]]:
    """The datasets with writers of which strangers completed the same interval lately, whatever they wrote then.

    A question for each dataset that several jobs write would take minutes: where tasks tell beside what runs in them,
    that is every one.
    """
    writers: defaultdict[NodeId, set[NodeId]] = defaultdict(set)
    for some in _pages([node.canonical for node in nodes]):
        yield
        for edge in store.neighbours(some, "up"):
            writers[edge.target].add(edge.source)
    contested = {dataset: jobs for dataset, jobs in writers.items() if len(jobs) > 1}
    completed: dict[NodeId, list[Delivery]] = {}
    for some in _pages(sorted({job for jobs in contested.values() for job in jobs})):
        yield
        for job, runs in store.newest_runs(some, states=["COMPLETE"], limit=NEWEST).items():
            completed[job] = [
                Delivery(run.last_at, run.id, job, nominal=(run.nominal_start, run.nominal_end), parent=run.parent_run)
                for run in runs
                if run.nominal_start is not None
            ]
    return sorted(
        dataset for dataset, jobs in contested.items() if _meet(each for job in jobs for each in completed.get(job, ()))
    )


def _meet(completed: Iterable[Delivery]) -> bool:
    """Whether strangers completed one interval."""
    by_start: defaultdict[datetime, list[Delivery]] = defaultdict(list)
    for each in completed:
        assert each.nominal is not None, "only those that name an interval are asked about"
        by_start[each.nominal[0]].append(each)
    return any(next(strangers(found), None) for found in by_start.values())


def _pages(ids: Sequence[NodeId]) -> Iterator[Sequence[NodeId]]:
    yield from (ids[begin : begin + PAGE] for begin in range(0, len(ids), PAGE))


def _owned(node: Node, owners: tuple[str, ...], told: frozenset[str], torn: Mapping[NodeId, str]) -> Owned:
    faults = [] if node.canonical not in torn else [torn[node.canonical]]
    if not owners:
        faults.append("nobody is named as its owner")
    elif told.isdisjoint(owners):
        faults.append(f"no promise says where {' or '.join(owners)} is told")
    return Owned(node.canonical, owners, tuple(faults))
