"""A real Spark with the OpenLineage agent, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.producers import kits

EXAMPLE = Path(__file__).parents[2] / "examples" / "spark" / "revenue_by_country.py"
SEEDS = Path(__file__).parents[2] / "examples" / "dbt" / "seeds"
INPUTS = (str(SEEDS / "raw_orders.csv"), str(SEEDS / "raw_customers.csv"))

SMALL = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "700m",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
    "spark.log.level": "WARN",
}


def environment() -> dict[str, str]:
    """Where `spark-submit` is, and what keeps it to this machine."""
    others = {name: value for name, value in os.environ.items() if name != "SPARK_HOME"}
    path = f"{kits.environment('spark')}:{os.environ['PATH']}"
    return others | {"PATH": path, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_USER": "etl", "HADOOP_USER_NAME": "etl"}


def told_to(url: str, key: str | None = None, **more: str) -> dict[str, str]:
    """The README's configuration, but for the jar, which is there already; *more* is of the transport."""
    transport = {"type": "http", "url": url, **more}
    if key is not None:
        transport |= {"auth.type": "api_key", "auth.apiKey": key}
    return {
        "spark.jars": str(kits.jar(kits.SPARK_AGENT)),
        "spark.extraListeners": "io.openlineage.spark.agent.OpenLineageSparkListener",
        "spark.openlineage.namespace": "shop-spark",
        **{f"spark.openlineage.transport.{name}": value for name, value in transport.items()},
    }


class Application:
    """A script that `spark-submit` runs within `with`, and that does not outlive it."""

    def __init__(self, settings: Mapping[str, str], script: Path, *words: str) -> None:
        flags = [part for name, value in {**SMALL, **settings}.items() for part in ("--conf", f"{name}={value}")]
        self._command = [*kits.NICE, "spark-submit", "--master", "local[1]", *flags, script, *words]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)

    def ended(self, code: int = 0) -> None:
        """Wait until it has ended, and as it was meant to."""
        printed, _ = self._process.communicate(timeout=180)
        assert code == self._process.returncode, printed
