"""What consumers expect: datasets by consumers, and in each cell how the SLOs of that contract stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from dashboards.current import Judged
from dashboards.states import SLO, VERDICT, Look
from lineage.model import NodeId
from lineage.slo.indicators import contract


@dataclass(frozen=True, slots=True)
class Met:
    """One contract: how its SLO stands, what its newest version was judged, and the share of what was expected."""

    slo: str
    look: Look
    newest: Look | None
    sli: Fraction | None
    reason: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """*rows* are datasets, each with a cell for each of the *consumers*, in their order."""

    consumers: tuple[str, ...]
    rows: tuple[tuple[NodeId, tuple[tuple[Met, ...], ...]], ...]


def matrix(judged: Iterable[Judged]) -> Matrix | None:
    """The contracts among *judged*; None where there is none."""
    cells: dict[NodeId, dict[str, list[Met]]] = {}
    for one in judged:
        sli = one.definition.spec.sli
        if isinstance(sli, contract.Spec):
            cells.setdefault(one.definition.dataset, {}).setdefault(sli.consumer, []).append(_met(one))
    consumers = tuple(sorted({consumer for row in cells.values() for consumer in row}))
    rows = ((dataset, tuple(tuple(cells[dataset].get(each, ())) for each in consumers)) for dataset in sorted(cells))
    return Matrix(consumers, tuple(rows)) if cells else None


def _met(one: Judged) -> Met:
    newest = one.status.occurrences[-1] if one.status.occurrences else None
    look = None if newest is None else VERDICT[newest.state]
    return Met(
        one.definition.name, SLO[one.status.state], look, one.status.sli, "" if newest is None else newest.reason
    )
