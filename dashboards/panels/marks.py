"""What each node of a lineage graph shows: worst SLO, lateness or age, what kind of thing it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from dashboards import say
from dashboards.current import Judged
from dashboards.figures.picture import Mark
from dashboards.panels.facets import DatasetType, facet
from dashboards.panels.runs import Came
from dashboards.states import NO_SLO, SLO, Look, worst
from lineage.model import Graph, Node, NodeId, Run, VerdictState

AT_RISK = Look("warn", "At risk")
NO_RUN = Mark("unk", "no run seen", icon="job")
DAY = timedelta(days=1)

SORTS = {
    "TOPIC": "stream",
    "STREAM": "stream",
    "FILE": "file",
    "VIEW": "view",
    "MODEL": "model",
    "DASHBOARD": "board",
}
SCHEMES = {
    "kafka": "stream",
    "kinesis": "stream",
    "pubsub": "stream",
    "s3": "file",
    "s3a": "file",
    "gs": "file",
    "abfss": "file",
    "wasbs": "file",
    "hdfs": "file",
    "file": "file",
    "tableau": "board",
    "looker": "board",
    "superset": "board",
    "mlflow": "model",
}


def marks(
    graph: Graph,
    judged: Mapping[NodeId, Sequence[Judged]],
    jobs: Mapping[NodeId, Mark],
    threatened: frozenset[str],
    at: datetime,
) -> dict[NodeId, Mark]:
    """The mark of every node of *graph* at *at*: those of *jobs* are given, a job without has no run.

    *threatened* names datasets that wait behind an open incident.
    """
    written = {edge.target: edge.last_at for edge in graph.edges if edge.target.kind == "dataset"}
    found: dict[NodeId, Mark] = {}
    for node_id, node in graph.nodes.items():
        if node_id.kind == "job":
            found[node_id] = jobs.get(node_id, NO_RUN)
        else:
            slos = [slo for name in (node_id, *node.aliases) for slo in judged.get(name, ())]
            found[node_id] = dataset_mark(node, slos, written.get(node_id), at, threatened=str(node_id) in threatened)
    return found


def job_mark(last: Run | None, came: Came, at: datetime) -> Mark:
    """A job by its last run and what that comes to."""
    if last is None:
        return NO_RUN
    state = came.look(last)
    when = last.ended_at or last.started_at or last.last_at
    return Mark(state.tone, f"last run {state.word.lower()}", say.ago(when, at), icon="job")


def dataset_mark(
    node: Node, slos: Sequence[Judged], written_at: datetime | None, at: datetime, *, threatened: bool = False
) -> Mark:
    """A dataset by its worst SLO; without one, by whether it waits behind an incident."""
    state = worst(SLO[slo.status.state] for slo in slos) or NO_SLO
    if threatened and state.tone in ("ok", "unk"):
        state = AT_RISK
    healthy = sum(slo.status.state == "ok" for slo in slos)
    badge = f"{healthy}/{len(slos)} SLO{'' if len(slos) == 1 else 's'}" if slos else ""
    return Mark(state.tone, say.inside(state.word), _note(slos, written_at, node.last_at, at), badge, sort_of(node))


def _note(slos: Sequence[Judged], written_at: datetime | None, seen_at: datetime, at: datetime) -> str:
    """How late it is, when it is due while something threatens it, when it was written, else when it was seen."""
    overdue = [since for slo in slos if (since := late_since(slo)) is not None]
    if overdue:
        return f"{say.lasting((at - min(overdue)).total_seconds())} late"
    troubled = [slo.status.next_due for slo in slos if slo.status.state == "at_risk" and slo.status.next_due]
    if troubled:
        due = min(troubled)
        return f"due {due:%H:%M}" if due - at < DAY else f"due {say.day_and_time(due, at)}"
    newest = max((slo.status.last_delivery for slo in slos if slo.status.last_delivery), default=written_at)
    return say.ago(newest, at) if newest else f"seen {say.ago(seen_at, at)}"


def late_since(slo: Judged) -> datetime | None:
    """Since when a freshness SLO waits for what did not come: the due time of the first of the misses in a row."""
    if slo.definition.spec.sli.type != "freshness":
        return None
    first: datetime | None = None
    for verdict in reversed(slo.status.occurrences):
        if verdict.state is VerdictState.BAD and verdict.delivered_at is None:
            first = verdict.due
        elif verdict.state in (VerdictState.GOOD, VerdictState.BAD):
            break
    return first


def sort_of(node: Node) -> str:
    """The icon for what the dataset is: by its datasetType, else by the scheme of its namespace."""
    said = facet(node.facets, DatasetType).dataset_type.upper()
    if said:
        return SORTS.get(said, "table")
    scheme = node.id.namespace.partition(":")[0]  # urlsplit fails at the brackets of a redacted password
    return SCHEMES.get(scheme, "table")
