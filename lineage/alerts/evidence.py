"""What the store knows around SLOs that are wrong: gathered once a tick, and only when something is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property

from lineage.alerts.incidents import Cause
from lineage.alerts.policy import AlertState
from lineage.alerts.rootcause import Scene, Suspect, Symptom, failing, find
from lineage.errors import NotFound
from lineage.model import Graph, NodeId, dataset_id, job_id
from lineage.slo.composites import hurt
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.store.base import Store
from lineage.walk import walk

DEPTH = 12  # dataset hops; SLO d.3 caps there
MAX_NODES = 500
REACH = timedelta(days=7)  # a job that failed longer before the trouble than this did not begin it
MOST_FAILURES = 5_000
MOST_RUNS = 50  # a longer streak of failures is told as this many


class Evidence:
    """Facts around the SLOs in *firing*, each asked of the store at most once. Lives for one tick."""

    def __init__(
        self,
        store: Store,
        definitions: Mapping[str, DataSLO],
        statuses: Sequence[Status],
        firing: Mapping[str, AlertState],
        now: datetime,
    ) -> None:
        self._store = store
        self._definitions = definitions
        self._statuses = statuses
        self._firing = firing
        self._now = now
        self._upstream: dict[NodeId, Graph | None] = {}
        self._failing: dict[NodeId, Suspect | None] = {}

    def dataset(self, slo: str) -> NodeId:
        """The canonical id of an SLO's dataset, of a composite that of who missed; its own while no graph knows it."""
        named = self._named[slo]
        return self._canonical.get(named, named)

    def cause(self, slo: str) -> Cause | None:
        """What broke first, as far as lineage shows (lineage.alerts.rootcause); None of an SLO that does not fire."""
        graph = self._above(self.dataset(slo)) if slo in self._symptoms else None
        if graph is None:
            return None
        suspects = [self._suspect(node) for node in sorted(self._failed_jobs & graph.nodes.keys())]
        failures = [suspect for suspect in suspects if suspect is not None]
        scene = Scene(graph, failures, list(self._symptoms.values()), self._delivered)
        return find(self._symptoms[slo], scene, self._now)

    def affected(self, cause: Cause | None, dataset: NodeId) -> tuple[str, ...]:
        """Ids of the datasets downstream of the cause, else of *dataset* (left out), nearest first."""
        root = dataset
        if cause is not None and cause.job is not None:
            root = job_id(*cause.job)
        elif cause is not None and cause.dataset is not None:
            root = dataset_id(*cause.dataset)
        try:
            graph = walk(self._store, root, "down", DEPTH, max_nodes=MAX_NODES)
        except NotFound:
            return ()
        reached = sorted((hop, node) for node, hop in graph.hops.items() if node.kind == "dataset" and node != root)
        return tuple(str(node) for _, node in reached)

    @cached_property
    def _canonical(self) -> dict[NodeId, NodeId]:
        return {id_: node.canonical for id_, node in self._store.get(set(self._named.values())).items()}

    @cached_property
    def _named(self) -> dict[str, NodeId]:
        told = {status.slo: status.members or status.looked_at for status in self._statuses}
        return {name: hurt(slo, told.get(name, ())) for name, slo in self._definitions.items()}

    @cached_property
    def _symptoms(self) -> dict[str, Symptom]:
        return {
            slo: Symptom(slo, self._definitions[slo].spec.sli.type, self.dataset(slo), state.since)
            for slo, state in self._firing.items()
            if slo in self._definitions
        }

    @cached_property
    def _delivered(self) -> dict[NodeId, datetime]:
        newest: dict[NodeId, datetime] = {}
        for status in self._statuses:
            if status.slo in self._definitions and status.last_delivery is not None:
                dataset = self.dataset(status.slo)
                newest[dataset] = max(status.last_delivery, newest.get(dataset, status.last_delivery))
        return newest

    @cached_property
    def _failed_jobs(self) -> frozenset[NodeId]:
        since = min((symptom.since for symptom in self._symptoms.values()), default=self._now) - REACH
        page = self._store.runs(states=("FAIL", "ABORT"), since=since, limit=MOST_FAILURES)
        return frozenset(run.job for run in page.items)

    def _suspect(self, job: NodeId) -> Suspect | None:
        if job not in self._failing:
            self._failing[job] = failing(job, self._store.runs(job=job, limit=MOST_RUNS).items)
        return self._failing[job]

    def _above(self, dataset: NodeId) -> Graph | None:
        if dataset not in self._upstream:
            try:
                self._upstream[dataset] = walk(self._store, dataset, "up", DEPTH, max_nodes=MAX_NODES)
            except NotFound:
                self._upstream[dataset] = None
        return self._upstream[dataset]
