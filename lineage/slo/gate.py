"""May a product be released: not while the error budget of one of its SLOs is spent (SLO.md b.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from lineage.errors import NotFound, StoreUnavailable
from lineage.slo.phrases import percent
from lineage.slo.shape import number
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.store.base import Store
from lineage.store.making import unfinished

LABEL = "product"
ALL = Fraction(1)
UNDECIDED = frozenset({"warming", "no_data"})


class Gate(NamedTuple):
    """The gate of *product*: *shut* holds the status of each SLO that keeps it closed, least budget first.

    *undecided* are, by name, those that do not and say little: they are warming, or have too few data.
    """

    product: str
    shut: tuple[Status, ...]
    undecided: tuple[Status, ...] = ()

    @property
    def open(self) -> bool:
        """Whether nothing keeps it closed."""
        return not self.shut


def members(product: str, definitions: Mapping[str, DataSLO]) -> list[str]:
    """The names of the SLOs with the label `product: PRODUCT`. Raises NotFound where there is none."""
    labels = {name: slo.metadata.labels.get(LABEL) for name, slo in definitions.items()}
    if found := sorted(name for name, label in labels.items() if label == product):
        return found
    known = ", ".join(sorted({label for label in labels.values() if label})) or "none yet"
    raise NotFound(f"no SLO has the label product: {product}; there are: {known}")


def judged(product: str, definitions: Mapping[str, DataSLO], judge: Callable[[str], Status], store: Store) -> Gate:
    """The gate of *product*, each of whose SLOs *judge* tells of by name, over a *store* that is whole.

    Raises NotFound where none has the label, StoreUnavailable while the graph is made anew, for it lacks what is bad.
    """
    if unfinished(store):
        raise StoreUnavailable("the graph is being made anew; ask again when it is done")
    return gate(product, [judge(name) for name in members(product, definitions)])


def gate(product: str, statuses: Iterable[Status]) -> Gate:
    """The gate of *product* by how all of its SLOs stand: one whose budget is spent closes it, unless it is warming."""
    found = sorted(statuses, key=lambda status: status.slo)
    spent = [status for status in found if status.state != "warming" and _left(status) <= 0]
    undecided = [status for status in found if status.state in UNDECIDED and status not in spent]
    return Gate(product, tuple(sorted(spent, key=_left)), tuple(undecided))


def shape_of(found: Gate) -> dict[str, object]:
    """*found* as JSON values: `{product, open, because: [{slo, remainingRatio, sentence}], undecided: […]}`."""
    because = [
        {"slo": each.slo, "remainingRatio": number(each.budget.remaining_ratio), "sentence": _sentence(each)}
        for each in found.shut
    ]
    undecided = [{"slo": each.slo, "state": each.state, "sentence": each.sentence} for each in found.undecided]
    return {"product": found.product, "open": found.open, "because": because, "undecided": undecided}


def _left(status: Status) -> Fraction:
    """What is left of the budget; all of it where nothing could be lost."""
    ratio = status.budget.remaining_ratio
    return ALL if ratio is None else ratio


def _sentence(status: Status) -> str:
    """How much of the budget is spent, and the SLO's own sentence, which need not speak of that."""
    return f"{percent(1 - _left(status))} of the error budget is spent. {status.sentence}"
