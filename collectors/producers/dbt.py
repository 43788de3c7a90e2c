"""dbt: a test stores its failing rows in a table that is nobody's output (OPENLINEAGE 3.3, row 17)."""

from __future__ import annotations

from collectors.producers._wire import content
from lineage.events import Dataset, Event


def normalise(event: Event) -> Event:
    """Without the outputs of dbt's tests."""
    outputs = tuple(dataset for dataset in event.outputs if not _is_audit(dataset))
    return event if len(outputs) == len(event.outputs) else event._replace(outputs=outputs)


def _is_audit(dataset: Dataset) -> bool:
    if dataset.id.name.rpartition(".")[0].endswith("_dbt_test__audit"):
        return True
    config = content(dataset.facets, "dbt_model").get("config") if "dbt_model" in dataset.facets else None
    return isinstance(config, dict) and config.get("materialized") == "test"
