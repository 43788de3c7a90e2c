"""A real dbt over the example project, in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.producers import kits

EXAMPLE = Path(__file__).parents[2] / "examples" / "dbt"


class Dbt:
    """The example project in *folder*; `environment` is where its events go, as OpenLineage's client reads it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder / "shop"
        shutil.copytree(EXAMPLE, self.folder, ignore=shutil.ignore_patterns("target", "logs", "*.duckdb"))
        self.database = f"duckdb://{folder / 'shop.duckdb'}"
        programs = kits.environment("dbt")
        self._program = programs / "dbt-ol"
        self._environment = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "SHOP_DUCKDB": str(folder / "shop.duckdb"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "OPENLINEAGE_NAMESPACE": "shop-dbt",
            **environment,
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        """`dbt-ol WORDS`, begun."""
        return subprocess.Popen(
            [*kits.NICE, self._program, *words],
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str) -> str:
        """What `dbt-ol WORDS` printed; that some node failed is no failure of dbt's."""
        with self.start(*words) as process:
            printed, _ = process.communicate(timeout=120)
        assert process.returncode in (0, 1), printed
        return printed

    def statuses(self) -> dict[str, str]:
        """How dbt itself says that each node of its last command ended, by unique id."""
        results = self._artifact("run_results")["results"]
        return {result["unique_id"]: result["status"] for result in results}

    def reads(self) -> dict[str, frozenset[str]]:
        """What each model reads, as dbt compiled it: relation names by relation name."""
        manifest = self._artifact("manifest")
        nodes = manifest["nodes"]
        return {
            _relation(node): frozenset(_relation(nodes[each]) for each in manifest["parent_map"][unique_id])
            for unique_id, node in nodes.items()
            if node["resource_type"] == "model"
        }

    def _artifact(self, name: str) -> Any:
        return json.loads((self.folder / "target" / f"{name}.json").read_text(encoding="utf-8"))


def _relation(node: Mapping[str, Any]) -> str:
    return str(node["relation_name"]).replace('"', "")
