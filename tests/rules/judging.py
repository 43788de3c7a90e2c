"""An hourly promise about a dataset, judged when the house heard of it all."""

from __future__ import annotations

from lineage.slo.evaluate import evaluate
from lineage.slo.status import Status
from tests.support.promises import promise
from tests.support.rules import House


def judged(house: House, indicator: str, namespace: str, name: str, **sli: object) -> Status:
    """The status of the last two days, due a quarter past each hour."""
    slo = promise(indicator, dataset={"namespace": namespace, "name": name}, window="2d", sli=sli)
    return evaluate(slo, house.services.store, house.now[0])
