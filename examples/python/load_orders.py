"""A pipeline in plain Python that says what it does: START, then COMPLETE with what it read, wrote and counted.

$ OPENLINEAGE_URL=http://127.0.0.1:5000 python examples/python/load_orders.py
"""

from __future__ import annotations

from datetime import UTC, datetime

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    output_statistics_output_dataset,
    ownership_job,
    schema_dataset,
)
from openlineage.client.uuid import generate_new_uuid

PRODUCER = "https://example.com/load-orders"
SHOP, WAREHOUSE = "postgres://shop-db:5432", "snowflake://acme-prod"


def main() -> None:
    """Tell one run of the job `load_orders`."""
    client = OpenLineageClient()  # OPENLINEAGE_URL and OPENLINEAGE_API_KEY say where to
    run = Run(str(generate_new_uuid()))
    owners = ownership_job.OwnershipJobFacet(owners=[ownership_job.Owner(name="@data-orders", type="team")])
    job = Job("python-examples", "load_orders", facets={"ownership": owners})
    orders = InputDataset(SHOP, "shop.public.orders")

    def tell(state: RunState, *outputs: OutputDataset) -> None:
        at = datetime.now(UTC).isoformat()
        client.emit(
            RunEvent(
                eventType=state, eventTime=at, run=run, job=job, producer=PRODUCER, inputs=[orders], outputs=[*outputs]
            )
        )

    tell(RunState.START)
    loaded = 1234  # the work itself stands here
    tell(RunState.COMPLETE, _loaded_orders(loaded))


def _loaded_orders(rows: int) -> OutputDataset:
    source = column_lineage_dataset.InputField(SHOP, "shop.public.orders", "amount")
    columns = {"net_amount": column_lineage_dataset.Fields(inputFields=[source])}
    return OutputDataset(
        WAREHOUSE,
        "analytics.stg.loaded_orders",
        facets={
            "schema": schema_dataset.SchemaDatasetFacet(
                fields=[schema_dataset.SchemaDatasetFacetFields(name="net_amount", type="DECIMAL(12,2)")]
            ),
            "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet(fields=columns),
        },
        outputFacets={
            "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=rows)
        },
    )


if __name__ == "__main__":
    main()
