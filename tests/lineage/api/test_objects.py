"""Namespaces, datasets, versions, jobs and runs, as Marquez's clients read them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lineage.paths import quoted
from tests.support.reading import Reading, dataset, facet, minutes, run_event, run_uuid, whole_run

# The keys that marquez-python's readers take (MARQUEZ 3).
DATASET_KEYS = """id type name physicalName createdAt updatedAt namespace sourceName fields tags lastModifiedAt
    lastLifecycleState description currentVersion columnLineage facets deleted"""
VERSION_KEYS = """id type name physicalName createdAt version namespace sourceName fields tags lifecycleState
    description currentSchemaVersion createdByRun facets"""
JOB_KEYS = """id type name simpleName parentJobName parentJobUuid createdAt updatedAt namespace inputs outputs location
    description latestRun latestRuns facets currentVersion labels tags"""
RUN_KEYS = """id createdAt updatedAt nominalStartTime nominalEndTime state startedAt endedAt durationMs args jobVersion
    inputDatasetVersions outputDatasetVersions facets"""


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/namespaces/pg", "name createdAt updatedAt ownerName description isHidden"),
        ("/namespaces/pg/datasets/orders", DATASET_KEYS),
        (f"/namespaces/pg/datasets/orders/versions/{run_uuid(2)}", VERSION_KEYS),
        ("/namespaces/af/jobs/load", JOB_KEYS),
        (f"/jobs/runs/{run_uuid(1)}", RUN_KEYS),
    ],
)
def test_an_object_has_every_key_that_clients_read(river: Reading, path: str, keys: str) -> None:
    """Nothing known is null; no key is ever missing."""
    assert set(keys.split()) - set(river.get(path)) == set()


def test_namespaces_are_listed_by_name(world: Reading) -> None:
    """A page of them, and how many there are in all."""
    world.tell(whole_run(1, "load", 0, [dataset("a", "s3://raw")], ["orders"]))

    answer = world.get("/namespaces", limit=2)

    assert ([each["name"] for each in answer["namespaces"]], answer["totalCount"]) == (["af", "pg"], 3)


def test_a_dataset_shows_what_its_facets_say(world: Reading) -> None:
    """Columns with their tags, words of people, and every facet as it was sent."""
    body: dict[str, Any] = {
        "schema": facet(fields=[{"name": "id", "type": "BIGINT", "description": "the key"}, {"name": "mail"}]),
        "tags": facet(tags=[{"key": "pii", "value": "true", "field": "mail"}, {"key": "tier", "value": "gold"}]),
        "documentation": facet(description="Orders of the shop"),
        "dataSource": facet(name="dw", uri="postgres://dw:5432"),
        "mood": facet(big=2**63 + 1),
    }
    world.tell(whole_run(1, "load", 0, [], [dataset("orders", **body)]))

    answer = world.client.get("/api/v1/namespaces/pg/datasets/orders")
    shown = json.loads(answer.text)

    assert shown["fields"] == [
        {"name": "id", "type": "BIGINT", "tags": [], "description": "the key"},
        {"name": "mail", "type": None, "tags": ["pii"], "description": None},
    ]
    assert (shown["tags"], shown["description"], shown["sourceName"]) == (["tier:gold"], "Orders of the shop", "dw")
    assert shown["facets"]["mood"] == body["mood"]


@pytest.mark.parametrize("broken", [{"fields": {"name": "id"}}, {"fields": [{"name": 7}]}])
def test_a_facet_that_is_not_what_its_name_says_harms_nothing(world: Reading, broken: dict[str, Any]) -> None:
    """It is shown as it was sent, and says nothing."""
    world.tell(whole_run(1, "load", 0, [], [dataset("orders", schema=facet(**broken))]))

    shown = world.get("/namespaces/pg/datasets/orders")

    assert (shown["fields"], shown["facets"]["schema"]["fields"]) == ([], broken["fields"])


@pytest.mark.parametrize(
    ("namespace", "told", "expected"),
    [
        ("pg", None, "DB_TABLE"),
        ("kafka://k:9092", None, "STREAM"),
        ("pg", "TOPIC", "STREAM"),
        ("pg", "VIEW", "DB_TABLE"),
    ],
)
def test_a_dataset_is_a_table_or_a_stream(world: Reading, namespace: str, told: str | None, expected: str) -> None:
    """By its datasetType, else by its namespace."""
    facets = {"datasetType": facet(datasetType=told)} if told else {}
    world.tell(whole_run(1, "load", 0, [], [dataset("orders", namespace, **facets)]))

    assert world.get(f"/namespaces/{quoted(namespace)}/datasets/orders")["type"] == expected


@pytest.mark.parametrize("name", ["a/b", "a b", "100%", "a?b#c", "🧪", "جدول", 'it\'s "q"', "x:y://z", "n" * 300])
def test_any_name_works_in_a_path(world: Reading, name: str) -> None:
    """Encoded whole, it arrives whole."""
    world.tell(whole_run(1, name, 0, [], [dataset(name, name)], namespace=name))

    shown = world.get(f"/namespaces/{quoted(name)}/datasets/{quoted(name)}")
    job = world.get(f"/namespaces/{quoted(name)}/jobs/{quoted(name)}")

    assert (shown["id"], job["id"]) == ({"namespace": name, "name": name},) * 2


def test_versions_are_what_runs_made(world: Reading) -> None:
    """Newest first, each with its run and the schema it gave; a failed run delivered nothing."""
    for run, column in [(1, "id"), (2, "key")]:
        made = dataset("orders", schema=facet(fields=[{"name": column}]))
        world.tell(whole_run(run, "load", run * 10, [], [made]))
    world.tell([run_event(3, "load", kind, minutes(30), outputs=["orders"]) for kind in ("START", "FAIL")])

    answer = world.get("/namespaces/pg/datasets/orders/versions")

    assert [
        (each["version"], each["delivered"], each["createdByRun"]["state"], [field["name"] for field in each["fields"]])
        for each in answer["versions"]
    ] == [
        (run_uuid(3), False, "FAILED", []),
        (run_uuid(2), True, "COMPLETED", ["key"]),
        (run_uuid(1), True, "COMPLETED", ["id"]),
    ]


def test_a_version_is_found_by_its_own_word(world: Reading) -> None:
    """An Iceberg snapshot is asked for by its number."""
    world.tell(whole_run(1, "load", 0, [], [dataset("orders", version=facet(datasetVersion="4711"))]))
    world.tell(whole_run(2, "load", 10, [], [dataset("orders", version=facet(datasetVersion="4712"))]))

    found = world.get("/namespaces/pg/datasets/orders/versions/4711")

    assert (found["version"], found["createdByRun"]["id"]) == ("4711", run_uuid(1))


def test_the_current_version_is_the_last_that_was_delivered(world: Reading) -> None:
    """A run that failed later changes neither it nor the time of the last modification."""
    world.tell(whole_run(1, "load", 0, [], ["orders"]))
    world.tell([run_event(2, "load", kind, minutes(30), outputs=["orders"]) for kind in ("START", "FAIL")])

    shown = world.get("/namespaces/pg/datasets/orders")

    assert (shown["currentVersion"], shown["lastModifiedAt"]) == (run_uuid(1), "2026-11-21T12:01:00Z")


def test_a_job_shows_its_ends_and_its_runs(world: Reading) -> None:
    """Inputs, outputs, and at most ten runs with the newest first."""
    for run in range(1, 13):
        world.tell(whole_run(run, "load", run * 10, ["raw"], ["orders"]))

    shown = world.get("/namespaces/af/jobs/load")

    assert (shown["inputs"], shown["outputs"]) == (
        [{"namespace": "pg", "name": "raw"}],
        [{"namespace": "pg", "name": "orders"}],
    )
    assert [run["id"] for run in shown["latestRuns"]] == [run_uuid(run) for run in range(12, 2, -1)]


def test_a_job_type_is_marquez_own_word(world: Reading) -> None:
    """STREAMING is STREAM there; what is not said is BATCH."""
    world.tell(
        whole_run(1, "flow", 0, [], [], job_facets={"jobType": facet(processingType="STREAMING", integration="X")})
    )
    world.tell(whole_run(2, "load", 0, [], []))

    assert {each["name"]: each["type"] for each in world.get("/jobs")["jobs"]} == {"flow": "STREAM", "load": "BATCH"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [("START", "RUNNING"), ("COMPLETE", "COMPLETED"), ("FAIL", "FAILED"), ("ABORT", "ABORTED"), ("OTHER", "NEW")],
)
def test_a_run_state_is_marquez_own_word(world: Reading, told: str, expected: str) -> None:
    """COMPLETE is COMPLETED there."""
    world.tell([run_event(1, "load", told, minutes(0))])

    assert world.get(f"/jobs/runs/{run_uuid(1)}")["state"] == expected


def test_a_run_shows_what_it_read_and_wrote(world: Reading) -> None:
    """An input by the version that was there when the run began, an output by its own."""
    world.tell(whole_run(1, "stage", 0, [], ["raw"]))
    world.tell(whole_run(2, "load", 10, ["raw"], ["orders"], run_facets={"tags": facet(tags=[])}))

    shown = world.get(f"/jobs/runs/{run_uuid(2)}")

    assert [each["datasetVersionId"]["version"] for each in shown["inputDatasetVersions"]] == [run_uuid(1)]
    assert [each["datasetVersionId"]["version"] for each in shown["outputDatasetVersions"]] == [run_uuid(2)]
    assert (shown["durationMs"], sorted(shown["facets"])) == (60_000, ["tags"])


def test_a_run_shows_what_it_said_of_its_inputs(world: Reading) -> None:
    """Facets of the use, which are no facets of the dataset: the checks that one run made, as they were sent."""
    checked = facet(assertions=[{"assertion": "not_null", "success": True, "column": "id"}])
    read = dataset("raw") | {"inputFacets": {"dataQualityAssertions": checked}}
    world.tell(whole_run(1, "check", 0, [read], []))

    shown = world.get(f"/jobs/runs/{run_uuid(1)}")["inputDatasetVersions"]

    assert [{"dataQualityAssertions": checked}] == [each["facets"] for each in shown]


def test_a_run_is_found_in_any_spelling_of_its_id(world: Reading) -> None:
    """Upper case and 32 digits name the same run."""
    world.tell(whole_run(1, "load", 0, [], []))

    assert world.get(f"/jobs/runs/{run_uuid(1).replace('-', '').upper()}")["id"] == run_uuid(1)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ("run", {"tags": "of run 1"}),
        ("job", {"sql": "of run 1"}),
        ("dataset", {"dataset:pg:orders": {"mood": "of run 1"}}),
    ],
)
def test_facets_of_a_run_are_those_that_its_events_carried(world: Reading, of: str, expected: dict[str, Any]) -> None:
    """A later run of the same job, with the same dataset, says nothing of this one."""
    for run in (1, 2):
        mark = facet(mark=f"of run {run}")
        world.tell(
            whole_run(
                run,
                "load",
                run * 10,
                [],
                [dataset("orders", mood=mark)],
                run_facets={"tags": mark},
                job_facets={"sql": mark},
            )
        )

    def marks(facets: dict[str, Any]) -> dict[str, Any]:
        return {name: body["mark"] if "mark" in body else marks(body) for name, body in facets.items()}

    assert marks(world.get(f"/jobs/runs/{run_uuid(1)}/facets", type=of)["facets"]) == expected


def test_runs_of_a_job_come_in_pages(world: Reading) -> None:
    """The newest first, counted in all."""
    for run in range(1, 6):
        world.tell(whole_run(run, "load", run * 10, [], []))

    answer = world.get("/namespaces/af/jobs/load/runs", limit=2, offset=1)

    assert ([run["id"] for run in answer["runs"]], answer["totalCount"]) == ([run_uuid(4), run_uuid(3)], 5)


@pytest.mark.parametrize(
    "path",
    [
        "/namespaces/nowhere",
        "/namespaces/nowhere/datasets",
        "/namespaces/nowhere/jobs",
        "/namespaces/pg/datasets/nothing",
        "/namespaces/pg/datasets/nothing/versions",
        "/namespaces/pg/datasets/orders/versions/7",
        "/namespaces/af/jobs/nothing",
        "/namespaces/af/jobs/nothing/runs",
        f"/jobs/runs/{run_uuid(99)}",
        "/jobs/runs/no-uuid",
        f"/jobs/runs/{run_uuid(99)}/facets",
    ],
)
def test_what_is_unknown_is_404_with_a_next_step(river: Reading, path: str) -> None:
    """problem+json that says where to look."""
    status, _, detail = river.problem(path)

    assert (status, "/api/v1" in detail or "…/versions" in detail) == (404, True)


@pytest.mark.parametrize("path", ["/namespaces", "/jobs", "/namespaces/pg/datasets", "/events/lineage", "/search"])
@pytest.mark.parametrize(("field", "value"), [("limit", -1), ("limit", "many"), ("offset", -1), ("offset", 10**20)])
def test_a_page_that_cannot_be_is_refused(river: Reading, path: str, field: str, value: Any) -> None:
    """Below zero, beyond any number, or no number: 400 naming the field."""
    assert river.problem(path, q="x", **{field: value})[:2] == (400, field)


def test_a_page_holds_a_thousand_at_most(world: Reading) -> None:
    """Whoever asks for more gets a thousand, and the total."""
    names = [f"d{n:04}" for n in range(1_005)]
    world.tell([run_event(1, "load", "COMPLETE", minutes(0), outputs=names)])

    answer = world.get("/search", q="", limit=5_000, filter="DATASET")

    assert (len(answer["results"]), answer["totalCount"]) == (1_000, 1_005)
