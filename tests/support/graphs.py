"""Lineage graphs and verdicts for drawings, written in a line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from lineage.model import Edge, Graph, Node, NodeId, Verdict, VerdictState, dataset_id, job_id
from lineage.slo.status import Budget, Status

AT = datetime(2026, 11, 20, 9, 52, tzinfo=UTC)


def dataset(name: str) -> NodeId:
    """A dataset of the namespace `lake`."""
    return dataset_id("lake", name)


def job(name: str) -> NodeId:
    """A job of the namespace `etl`."""
    return job_id("etl", name)


def graph(root: str, *steps: str) -> Graph:
    """The graph of *steps*, each `inputs > job > outputs` with names parted by blanks, seen from the dataset *root*."""
    pairs: list[tuple[NodeId, NodeId]] = []
    for step in steps:
        inputs, name, outputs = (part.split() for part in step.split(">"))
        pairs += [(dataset(one), job(name[0])) for one in inputs]
        pairs += [(job(name[0]), dataset(one)) for one in outputs]
    nodes = dict.fromkeys([dataset(root), *(node for pair in pairs for node in pair)])
    hops = {node: hop for node in nodes if (hop := _hop(dataset(root), node, pairs)) is not None}
    return Graph(
        dataset(root),
        {node: Node(node, node, AT, AT) for node in hops},
        tuple(Edge(a, b, AT, AT) for a, b in pairs),
        hops,
    )


def _hop(root: NodeId, wanted: NodeId, pairs: list[tuple[NodeId, NodeId]]) -> int | None:
    for sign, ends in ((1, pairs), (-1, [(b, a) for a, b in pairs])):
        here, steps, seen = {root}, 0, {root}
        while here:
            if wanted in here:
                return sign * ((steps + 1) // 2)
            here = {b for a, b in ends if a in here} - seen
            seen |= here
            steps += 1
    return None


def verdict(hours_ago: float, state: str = "GOOD", **more: object) -> Verdict:
    """A verdict on an occurrence due *hours_ago* before AT, worth one."""
    due = AT - timedelta(hours=hours_ago)
    judged = Fraction(state in ("GOOD", "BAD"))
    return Verdict(due.isoformat(), due, VerdictState(state), good=Fraction(state == "GOOD"), total=judged, **more)  # type: ignore[arg-type]  # the test says which


def status(*verdicts: Verdict, state: str = "ok", target: str = "0.9", **more: object) -> Status:
    """The status of the SLO `orders` over a day with these verdicts, oldest first."""
    total = sum((one.total for one in verdicts), Fraction(0))
    good = sum((one.good for one in verdicts), Fraction(0))
    allowed = (1 - Fraction(target)) * total
    given: dict[str, object] = {
        "slo": "orders",
        "at": AT,
        "state": state,
        "target": Fraction(target),
        "window_s": 86_400,
        "sli": good / total if total else None,
        "good": good,
        "total": total,
        "counts": {"good": int(good), "bad": int(total - good)},
        "coverage": Fraction(1),
        "budget": Budget(allowed, total - good, 1 - (total - good) / allowed if allowed else None),
        "burn_rates": (),
        "ladder": None,
        "occurrences": verdicts,
        "next_due": None,
        "last_delivery": None,
        "sentence": "Late by 2 h, due 07:52 UTC",
        **more,
    }
    return Status(**given)  # type: ignore[arg-type]  # the test says which
