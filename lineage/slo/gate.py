"""May a product be released: not while the error budget of one of its SLOs is spent (SLO.md b.7). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lineage.errors import NotFound
from lineage.slo.shape import number
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status

LABEL = "product"


class Gate(NamedTuple):
    """The gate of *product*: *shut* holds the status of each SLO that keeps it closed, least budget first."""

    product: str
    shut: tuple[Status, ...]

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


def gate(product: str, statuses: Iterable[Status]) -> Gate:
    """The gate of *product* by how all of its SLOs stand: one whose budget is spent closes it, unless it is warming."""
    left = [(status.budget.remaining_ratio, status.slo, status) for status in statuses if status.state != "warming"]
    spent = sorted((ratio, name, status) for ratio, name, status in left if ratio is not None and ratio <= 0)
    return Gate(product, tuple(status for _, _, status in spent))


def shape_of(found: Gate) -> dict[str, object]:
    """*found* as JSON values: `{product, open, because: [{slo, remainingRatio, sentence}]}`."""
    because = [
        {"slo": each.slo, "remainingRatio": number(each.budget.remaining_ratio), "sentence": each.sentence}
        for each in found.shut
    ]
    return {"product": found.product, "open": found.open, "because": because}
