"""Composites and their members in few words, and loads of data of which the members are promises."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from lineage.slo.spec import DataSLO, define
from tests.support.promises import HOUR, NOON, Lake, document, event, promise

MINUTE = timedelta(minutes=1)


def composite(*names: str, **changes: Any) -> DataSLO:
    """A composite of *names*, which names no dataset."""
    body = document(name=changes.pop("name", "all"), sli={"type": "composite", "of": list(names)}, **changes)
    del body["spec"]["schedule"]
    if "dataset" not in changes:
        del body["spec"]["dataset"]
    return define(body)


def members(*names: str, **changes: Any) -> dict[str, DataSLO]:
    """An hourly promise of each, of a dataset of that name."""
    return {name: promise(name=name, dataset={"namespace": "lake", "name": name}, **changes) for name in names}


def come(lake: Lake, dataset: str, *hours: int) -> None:
    """A load of *dataset* for each of *hours* before noon, complete five minutes after its interval."""
    for hour in hours:
        start = NOON - hour * HOUR
        done = start + 65 * MINUTE
        nominal = (start, start + HOUR)
        lake.put(
            event("COMPLETE", done, f"{dataset} {hour}", job=f"{dataset}.load", outputs=(dataset,), nominal=nominal)
        )


def slices(length: str) -> dict[str, Any]:
    """What makes a promise count slices of *length*, half of which must be good."""
    objective = {"target": "0.99", "timeSliceTarget": "0.5", "timeSliceWindow": length}
    return {"budgetingMethod": "Timeslices", "objectives": [objective]}
