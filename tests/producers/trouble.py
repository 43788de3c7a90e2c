"""A DAG in which everything happens that a state can say: a second try, a failure, a skip, and what never began."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowSkipException


@dag(schedule=None, start_date=datetime(2026, 11, 1, tzinfo=UTC))
def trouble() -> None:
    """Four branches, none of which knows of the others."""

    @task(retries=1, retry_delay=timedelta(seconds=1))
    def second_try(task_instance: object = None) -> None:
        if task_instance.try_number == 1:
            raise RuntimeError("no such luck")

    @task
    def fails() -> None:
        raise RuntimeError("never any luck")

    @task
    def never_begins() -> None:
        """Its upstream failed."""

    @task
    def skips() -> None:
        raise AirflowSkipException

    SQLExecuteQueryOperator(
        task_id="asks",
        conn_id="shop",
        sql=["CREATE TABLE IF NOT EXISTS orders (id INTEGER)", "INSERT INTO orders VALUES (1)"],
    )
    second_try()
    skips()
    fails() >> never_begins()


trouble()
