"""What Headwater says of a producer's work, asked over its HTTP API."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx2

Found = TypeVar("Found")


@dataclass(frozen=True)
class Job:
    """A job as its latest run left it, stateless before any; datasets are named as the question's `names` wish."""

    state: str | None
    parent: str | None = None
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()


class Asked:
    """The read API of one server."""

    def __init__(self, url: str, key: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx2.Client(base_url=url, headers=headers, timeout=20, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, **parameters: Any) -> Any:
        """The answer to GET `/api/v1/{path}`."""
        response = self._client.get(f"/api/v1/{path}", params=parameters)
        assert 200 == response.status_code, response.text
        return response.json()

    def events(self) -> list[Mapping[str, Any]]:
        """All events that were kept, by their own time."""
        found: list[Mapping[str, Any]] = self.get("events/lineage", limit=1000)["events"]
        return sorted(found, key=lambda event: event["eventTime"])

    def jobs(self, namespace: str, names: Callable[[str], str] = str) -> dict[str, Job]:
        """All jobs of *namespace*, by name."""
        return {
            job["name"]: Job(
                (job["latestRun"] or {}).get("state"),
                job["parentJobName"],
                frozenset(names(each["name"]) for each in job["inputs"]),
                frozenset(names(each["name"]) for each in job["outputs"]),
            )
            for job in self.get(f"namespaces/{_quoted(namespace)}/jobs", limit=1000)["jobs"]
        }

    def job_runs(self, namespace: str, job: str) -> list[Mapping[str, Any]]:
        """The runs of a job, the first begun first."""
        found: list[Mapping[str, Any]] = self.get(f"namespaces/{_quoted(namespace)}/jobs/{_quoted(job)}/runs")["runs"]
        return sorted(found, key=lambda run: run["startedAt"] or run["endedAt"])

    def dataset(self, namespace: str, name: str) -> Mapping[str, Any]:
        """A dataset as it is now."""
        found: Mapping[str, Any] = self.get(f"namespaces/{_quoted(namespace)}/datasets/{_quoted(name)}")
        return found

    def statistics(self, namespace: str, name: str) -> Mapping[str, Any]:
        """What was counted of the last version of a dataset."""
        path = f"namespaces/{_quoted(namespace)}/datasets/{_quoted(name)}/versions"
        found: Mapping[str, Any] = self.get(path)["versions"][0]["statistics"]
        return found

    def neighbours(self, node: str, *, up: bool, depth: int = 20) -> set[str]:
        """The names of the datasets that *node*, as `dataset:NAMESPACE:NAME`, came of or led to."""
        direction = "up" if up else "down"
        graph = self.get("lineage", nodeId=node, depth=depth, direction=direction)["graph"]
        return {each["data"]["name"] for each in graph if each["type"] == "DATASET" and each["id"] != node}

    def columns(self, node: str) -> set[tuple[str, str]]:
        """The (dataset, column)s behind *node*, as `datasetField:NAMESPACE:NAME:COLUMN`."""
        graph = self.get("column-lineage", nodeId=node, depth=20)["graph"]
        columns = (each["data"] for each in graph if each["type"] == "DATASET_FIELD" and each["id"] != node)
        return {(column["dataset"], column["field"]) for column in columns}


def until(found: Callable[[], Found | None], wanted: str, seconds: float = 60) -> Found:
    """What *found* gives, once it gives something. Fails, naming what was *wanted*, after so many seconds."""
    end = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < end, f"no {wanted} within {seconds} s"
        time.sleep(0.25)
    return answer


def _quoted(word: str) -> str:
    return quote(word, safe="")
