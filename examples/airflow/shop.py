"""A day of the shop: fetch the orders, let Spark add them up, hand the result on.

Airflow tells of every task by itself; `outlets` and `inlets` say what a Python function reads and writes, and the
macros hand the task's run to Spark, so that the application hangs under it.
"""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Asset, dag, task

HERE = Path(os.environ.get("SHOP_HOME", "/srv/shop"))  # raw files come in here, and the result goes out here
EXAMPLES = Path(os.environ.get("SHOP_EXAMPLES", Path(__file__).parents[1]))
SPARK_CONF = os.environ.get("SHOP_SPARK_CONF", "/etc/spark/headwater.conf")  # the agent's lines of ../spark/README.md

ORDERS = Asset(f"file://{HERE}/orders.csv")
CUSTOMERS = Asset(f"file://{HERE}/customers.csv")
REVENUE = Asset(f"file://{HERE}/revenue")

UNDER_THIS_TASK = " ".join(
    f"--conf spark.openlineage.{name}='{{{{ macros.OpenLineageProviderPlugin.{macro} }}}}'"
    for name, macro in {
        "parentJobNamespace": "lineage_job_namespace()",
        "parentJobName": "lineage_job_name(task_instance)",
        "parentRunId": "lineage_run_id(task_instance)",
        "rootParentJobNamespace": "lineage_root_job_namespace(task_instance)",
        "rootParentJobName": "lineage_root_job_name(task_instance)",
        "rootParentRunId": "lineage_root_run_id(task_instance)",
    }.items()
)


@dag(schedule="@daily", start_date=datetime(2026, 11, 1, tzinfo=UTC), catchup=False)
def shop() -> None:
    """Orders and customers in, revenue by country out."""

    @task(outlets=[ORDERS, CUSTOMERS])
    def fetch() -> None:
        for name in ("orders", "customers"):
            shutil.copy(EXAMPLES / "dbt" / "seeds" / f"raw_{name}.csv", HERE / f"{name}.csv")

    add_up = BashOperator(
        task_id="add_up",
        bash_command=f"spark-submit --properties-file {SPARK_CONF} {UNDER_THIS_TASK} "
        f"{EXAMPLES}/spark/revenue_by_country.py {HERE}/orders.csv {HERE}/customers.csv {HERE}/revenue",
    )

    @task(inlets=[REVENUE])
    def hand_on() -> int:
        return len(list((HERE / "revenue").glob("*.parquet")))

    fetch() >> add_up >> hand_on()


shop()
