"""The published Marquez client against a real server: every one of its methods, as its users call them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from marquez_client import MarquezClient
from marquez_client.models import DatasetId, DatasetType, JobType

from tests.support.reading import run_uuid
from tests.support.server import Server

# Most of its methods are marked deprecated in favour of OpenLineage, and work.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

NAMESPACE, ORDERS, JOB = "postgres://dw:5432", "shop/öffentlich.orders", "airflow dag/é.load+1"
SOURCE, TOPIC = "dw:5432/main", "orders"
READ, WRITTEN = DatasetId(NAMESPACE, TOPIC), DatasetId(NAMESPACE, ORDERS)
NOON = "2026-11-21T12:00:00.137382Z"
METHODS = {name for name, _ in inspect.getmembers(MarquezClient, inspect.isfunction) if not name.startswith("_")}
FIELDS = [
    {"name": "id", "type": "BIGINT", "description": "the key"},
    {"name": "mail", "type": "TEXT", "tags": ["pii"]},
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarquezClient]:
    """A server to which the client told of a source, datasets, jobs, tags and runs."""
    folder: Path = tmp_path_factory.mktemp("marquez")
    with Server(folder / "served.db") as server:
        client = MarquezClient(server.url)
        client.create_namespace(NAMESPACE, "ada", "the warehouse")
        client.create_source(SOURCE, "postgresql", "jdbc:postgresql://dw:5432/main", "main")
        client.create_tag("gold", "the best")
        client.create_tag("plain")
        client.create_dataset(
            NAMESPACE, ORDERS, DatasetType.DB_TABLE, "public.orders", SOURCE,
            description="Orders", fields=FIELDS, tags=["tier"],
        )  # fmt: skip
        client.create_dataset(NAMESPACE, TOPIC, DatasetType.STREAM, TOPIC, SOURCE, schema_location="http://registry/1")
        client.create_job(
            NAMESPACE, JOB, JobType.BATCH, "https://example.org/load.py",
            inputs=[READ], outputs=[WRITTEN],
            description="Loads orders",
        )  # fmt: skip
        for number in range(1, 5):
            client.create_job_run(NAMESPACE, JOB, run_uuid(number), nominal_start_time=NOON, run_args={"day": "21"})
            client.mark_job_run_as_started(run_uuid(number), NOON)
        client.create_job(
            NAMESPACE, JOB, JobType.BATCH, inputs=[READ],
            outputs=[WRITTEN], run_id=run_uuid(1),
        )  # fmt: skip
        client.create_dataset(
            NAMESPACE, ORDERS, DatasetType.DB_TABLE, "public.orders", SOURCE, fields=FIELDS, run_id=run_uuid(1)
        )
        client.mark_job_run_as_completed(run_uuid(1))
        client.mark_job_run_as_failed(run_uuid(2))
        client.mark_job_run_as_aborted(run_uuid(3))
        client.tag_dataset(NAMESPACE, ORDERS, "gold")
        client.tag_dataset_field(NAMESPACE, ORDERS, "mail", "secret/very")
        yield client


def test_a_namespace(told: MarquezClient) -> None:
    """What somebody stated of it, and what is in it."""
    found = told.get_namespace(NAMESPACE)

    assert ("ada", "the warehouse", 2) == (found["ownerName"], found["description"], found["datasets"])


def test_a_source(told: MarquezClient) -> None:
    """Its type is as the client spells it."""
    found = told.get_source(SOURCE)

    expected = ("POSTGRESQL", "jdbc:postgresql://dw:5432/main", "main")
    assert expected == (found["type"], found["connectionUrl"], found["description"])


def test_a_dataset(told: MarquezClient) -> None:
    """Everything that was declared, with the tags of both ways."""
    found = told.get_dataset(NAMESPACE, ORDERS)

    told_of = {key: found[key] for key in ("type", "name", "physicalName", "sourceName", "description", "tags")}
    assert told_of == {
        "type": "DB_TABLE",
        "name": ORDERS,
        "physicalName": "public.orders",
        "sourceName": SOURCE,
        "description": "Orders",
        "tags": ["gold", "tier"],
    }


def test_the_columns_of_a_dataset(told: MarquezClient) -> None:
    """In order, each with its tags."""
    found = told.get_dataset(NAMESPACE, ORDERS)["fields"]

    assert [
        {"name": "id", "type": "BIGINT", "tags": [], "description": "the key"},
        {"name": "mail", "type": "TEXT", "tags": ["pii", "secret/very"], "description": None},
    ] == found


def test_a_stream(told: MarquezClient) -> None:
    """It has a place for its schema."""
    found = told.get_dataset(NAMESPACE, TOPIC)

    assert ("STREAM", "http://registry/1") == (found["type"], found["schemaLocation"])


def test_the_versions_of_a_dataset(told: MarquezClient) -> None:
    """One, by the run that declared it."""
    listed = told.list_dataset_versions(NAMESPACE, ORDERS)
    one = told.get_dataset_version(NAMESPACE, ORDERS, listed["versions"][0]["version"])

    assert (1, run_uuid(1), "COMPLETED") == (listed["totalCount"], one["version"], one["createdByRun"]["state"])


def test_a_job(told: MarquezClient) -> None:
    """What it reads and writes, and where its code is."""
    found = told.get_job(NAMESPACE, JOB)

    expected = (JOB, [{"namespace": NAMESPACE, "name": TOPIC}], "https://example.org/load.py", "Loads orders")
    assert expected == (found["name"], found["inputs"], found["location"], found["description"])


def test_the_runs_of_a_job(told: MarquezClient) -> None:
    """Each in the state that the client brought it to."""
    found = told.list_job_runs(NAMESPACE, JOB)

    states = {each["id"]: each["state"] for each in found["runs"]}
    expected = {run_uuid(1): "COMPLETED", run_uuid(2): "FAILED", run_uuid(3): "ABORTED", run_uuid(4): "RUNNING"}
    assert (expected, 4) == (states, found["totalCount"])


def test_a_run(told: MarquezClient) -> None:
    """Its times, arguments and what it wrote."""
    found = told.get_job_run(run_uuid(1))

    written = [each["datasetVersionId"]["name"] for each in found["outputDatasetVersions"]]
    expected = ("2026-11-21T12:00:00.137382Z", {"day": "21"}, [ORDERS])
    assert expected == (found["startedAt"], found["args"], written)


def test_a_run_that_is_made_is_new_until_it_is_started(told: MarquezClient) -> None:
    """With the client's flag it is started at once."""
    made = told.create_job_run(NAMESPACE, another_job(told))
    begun = told.create_job_run(NAMESPACE, another_job(told), mark_as_running=True)

    assert ("NEW", "RUNNING") == (made["state"], begun["state"])


def another_job(told: MarquezClient) -> str:
    """Another job, so that the runs of the first stay as they are."""
    told.create_job(NAMESPACE, "fill", JobType.STREAM)
    return "fill"


@pytest.mark.parametrize(
    ("method", "key", "named"),
    [
        ("list_namespaces", "namespaces", {NAMESPACE}),
        ("list_sources", "sources", {SOURCE}),
        ("list_tags", "tags", {"gold", "plain", "tier", "pii", "secret/very"}),
    ],
)
def test_a_list(told: MarquezClient, method: str, key: str, named: set[str]) -> None:
    """All that was told of, and nothing else."""
    assert named == {each["name"] for each in getattr(told, method)()[key]}


@pytest.mark.parametrize(("method", "key"), [("list_datasets", "datasets"), ("list_jobs", "jobs")])
def test_a_list_of_a_namespace(told: MarquezClient, method: str, key: str) -> None:
    """Limits hold, and the total is that of all."""
    found = getattr(told, method)(NAMESPACE, limit=1)

    assert (1, True) == (len(found[key]), found["totalCount"] >= 1)


def test_column_lineage(told: MarquezClient) -> None:
    """Of a dataset, one of its columns, and of what a job writes."""
    of_dataset = told.get_column_lineage_by_dataset(NAMESPACE, ORDERS)
    of_field = told.get_column_lineage_by_dataset_field(NAMESPACE, ORDERS, "mail", with_downstream=True)
    of_job = told.get_column_lineage_by_job(NAMESPACE, JOB)

    assert [2, 1, 2] == [len(each["graph"]) for each in (of_dataset, of_field, of_job)]


def test_events(told: MarquezClient) -> None:
    """All of them, and those of a namespace, whose slashes the client leaves as they are."""
    everything, some = told.list_events(limit=200), told.list_events(NAMESPACE, limit=3)

    assert (everything["totalCount"], 3) == (some["totalCount"], len(some["events"]))


def test_nothing_of_the_client_is_left_out() -> None:
    """This file names every public method that there is."""
    source = Path(__file__).read_text(encoding="utf-8")

    assert [] == [name for name in METHODS if f".{name}(" not in source and f'"{name}"' not in source]
