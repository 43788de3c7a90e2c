"""A real Airflow: its API server, its DAG processor and its scheduler, on loopback, in a folder of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from tests.producers import kits
from tests.producers.asked import until

DAEMONS = (("api-server", "--workers", "1"), ("dag-processor",), ("scheduler", "--skip-serve-logs"))


class Airflow:
    """Runs the DAGs of *files* within `with`; *transport* is where its events go."""

    def __init__(
        self,
        folder: Path,
        files: Sequence[Path],
        transport: Mapping[str, object],
        environment: Mapping[str, str],
    ) -> None:
        self._folder = folder
        dags = folder / "dags"
        dags.mkdir(parents=True)
        for file in files:
            (dags / file.name).symlink_to(file)
        port = _free_port()
        self._program = kits.environment("airflow") / "airflow"
        self._environment = {
            **os.environ,
            **environment,
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-of-this-test-alone-0123456789-0123456789-0123456789-0123",
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__OPENLINEAGE__NAMESPACE": "shop-airflow",
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
            "AIRFLOW_CONN_SHOP": json.dumps({"conn_type": "sqlite", "host": str(folder / "shop.db")}),
        }
        self._processes: list[subprocess.Popen[bytes]] = []
        self._logs: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        migrated = self._say("db", "migrate")
        assert 0 == migrated.returncode, migrated.stderr
        for words in DAEMONS:
            log = (self._folder / f"{words[0]}.log").open("wb")
            command = [*kits.NICE, str(self._program), *words]
            process = subprocess.Popen(
                command, env=self._environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
            self._logs.append(log)
            self._processes.append(process)
        return self

    def __exit__(self, *_: object) -> None:
        for end in (signal.SIGTERM, signal.SIGKILL):
            for process in self._processes:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, end)
            deadline = time.monotonic() + 10
            while any(process.poll() is None for process in self._processes) and time.monotonic() < deadline:
                time.sleep(0.1)
        for log in self._logs:
            log.close()

    def trigger(self, dag: str, run: str) -> None:
        """Begin a run of *dag* by that name, once Airflow has read the DAG."""
        until(lambda: 0 == self._say("dags", "trigger", dag, "--run-id", run).returncode, f"DAG {dag}", 120)

    def tasks(self, dag: str, run: str) -> dict[str, str]:
        """How Airflow itself says that each task stands."""
        printed = self._say("tasks", "states-for-dag-run", dag, run, "--output", "json").stdout
        return {each["task_id"]: each["state"] for each in json.loads(printed[printed.index("[") :])}

    def _say(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [*kits.NICE, self._program, *words]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
