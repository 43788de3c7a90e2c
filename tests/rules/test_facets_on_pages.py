"""OPENLINEAGE 2: what people read of facets on the pages of a dataset, a job and a run."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

from tests.support.rules import House

AIRFLOW, SHOP = "prod-airflow", "postgres://shop-db:5432"


def rows(house: House, *path: str) -> dict[str, str]:
    """What a page says in rows, a word and what was said."""
    text = page(house, *path)
    pairs = re.findall(r"<dt>([^<]+)</dt><dd[^>]*>(.*?)</dd>", text, re.DOTALL)
    return {word: unescape(re.sub(r"<[^>]+>", "", said)).strip() for word, said in pairs}


def page(house: House, *path: str) -> str:
    """A page that must be a good one."""
    answer = house.client.get("/" + "/".join(quote(part, "") for part in path))
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_dataset_says_where_it_lies_and_whose_it_is(house: House) -> None:
    """The facets hierarchy, storage, catalog, datasetType, tags and ownership, in words; and its documentation."""
    house.tell("dataset-facets")

    path = ("datasets", SHOP, "shop.mart.orders")
    told = rows(house, *path)
    words = ("Kind", "Lies in", "Stored as", "Catalog", "Tags", "Owner")
    expected = ["View", "shop / mart / orders", "iceberg, parquet", "prod, iceberg, hive", "gold", "team:orders"]
    assert (expected, True) == ([told.get(word) for word in words], "One row an order." in page(house, *path))


def test_a_column_shows_its_tags_and_those_of_what_it_is_made_of(house: House) -> None:
    """A column that is made of a person's address says so, two jobs later too."""
    house.tell("tags-of-columns")

    text = page(house, "datasets", SHOP, "shop.mart.newsletter")
    (tag,) = re.findall(r'title="Made of ([^"]*)">([^<]*)<', text)
    assert ("shop.public.customers.email", "from pii:email") == tag


def test_a_job_shows_its_code(house: House) -> None:
    """SQL and source code, where they stand and in which version; the tags of the job."""
    house.tell("job-facets")

    path = ("jobs", AIRFLOW, "orders.load")
    told, text = rows(house, *path), page(house, *path)
    assert (["4f2a, main", "slo:freshness=1h, env:prod"], True, True) == (
        [told.get(word) for word in ("Code version", "Tags")],
        "INSERT INTO mart.orders" in text,
        "import os" in text,
    )


def test_a_run_shows_how_it_was_carried_out(house: House) -> None:
    """Engine, query, parameters and environment, the secret ones redacted; and that not all of it could be read."""
    house.tell("run-facets")

    path = ("runs", house.runs(AIRFLOW, "orders.load")[0]["id"])
    told, text = rows(house, *path), page(house, *path)
    assert (
        ["Airflow 3.3.2", "01b2c3d4-0000-1111-0000-000000000001, at snowflake", "full_refresh=false"],
        True,
        False,
        True,
    ) == (
        [told.get(word) for word in ("Engine", "Query", "Parameters")],
        told["Environment"].startswith("AIRFLOW_ENV=prod, DB_PASSWORD="),
        "hunter2" in text,
        "1 of 2 statements could not be read: cannot parse" in text,
    )


def test_a_stream_shows_its_checkpoints(house: House) -> None:
    """Flink counts them; they are also what tells that the job lives."""
    house.tell("running-without-datasets")

    (run,) = house.runs("flink-prod", "orders-enrich")
    assert "3 completed, 0 failed, 0 restored" == rows(house, "runs", run["id"]).get("Checkpoints")


def test_the_blast_radius_names_dashboards(house: House) -> None:
    """With a link to where they are, and how far away what they read is."""
    house.tell("exposures")

    found = re.findall(
        r'<a href="(https://bi[^"]*)"[^>]*>([^<]*)<', page(house, "datasets", SHOP, "shop.staging.orders")
    )
    assert [("https://bi.example.org/d/1", "exec_dashboard")] == found
