"""OPENLINEAGE 3.3: differences that break stitching, row by row, each told by a file under tests/events/names.

Elsewhere: 16 functions and what only a START lists (`test_producers.test_a_function_is_no_table`,
`test_pain_points`), 17 dbt's audit tables (`test_producers.test_a_dbt_test_writes_nothing`), 18 and 19 Airflow's
inlets and outlets (`test_producers.test_inlets_and_outlets_are_declared_datasets`), 20 secrets in names and 21 roots
under two names (`test_pain_points`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from lineage.events import split_array
from lineage.model import NodeId, dataset_id
from lineage.paths import quoted
from lineage.settings import Ingest, NamespaceAlias
from tests.support import events
from tests.support.rules import House, house

LAKE, ABFSS = "s3://acme-lake", "abfss://lake@acme.dfs.core.windows.net"
SHOP = ("postgres://shop-db:5432", "shop.public.orders")
TOLD = Ingest(
    fold_case={"mysql": "lower", "snowflake": "keep"},
    namespace_aliases=(
        NamespaceAlias(namespace="postgres://shop", hosts=("10.2.0.7",)),
        NamespaceAlias(namespace="postgres://shop", pattern=re.compile(r"postgres://shop-db(-[ab])?\.acme\.internal:5432")),
    ),
)  # fmt: skip

Names = tuple[tuple[str, str], ...]


@pytest.fixture
def told(tmp_path: Path, front: tuple[FastAPI, TestClient]) -> Iterator[House]:
    """A house whose operator said something of hosts and case."""
    (tmp_path / "told").mkdir()
    with house(tmp_path / "told", *front, ingest=TOLD) as made:
        yield made


def tell(listener: House, row: str) -> House:
    """Put the file of a row through the door; every event is good."""
    receipts = listener.take(split_array((events.FOLDER / "names" / f"{row}.json").read_bytes()))
    assert [] == [receipt.reason for receipt in receipts if receipt.reason is not None]
    return listener


def speakers(listener: House, *names: tuple[str, str]) -> list[NodeId]:
    """Who speaks for each of *names*, all of which must be known."""
    asked = [dataset_id(*name) for name in names]
    found = listener.services.store.get(asked)
    return [found[name].canonical for name in asked]


def datasets(listener: House, *names: tuple[str, str]) -> int:
    """How many datasets *names* are."""
    return len(set(speakers(listener, *names)))


def test_row_1_s3a_and_s3n_are_s3_also_within_one_event(house: House) -> None:
    """What column lineage calls s3a is the input that the same event calls s3."""
    tell(house, "row-01-s3-and-s3a")

    assert 1 == datasets(
        house, (LAKE, "raw/orders"), ("s3a://acme-lake", "raw/orders"), ("s3n://acme-lake", "raw/orders")
    )


@pytest.mark.parametrize(("old", "new", "name"), [
    ("gcs://acme-lake", "gs://acme-lake", "raw/orders"),
    ("abfs://raw@acme.dfs.core.windows.net", "abfss://raw@acme.dfs.core.windows.net", "orders"),
    ("wasb://raw@acme.blob.core.windows.net", "wasbs://raw@acme.blob.core.windows.net", "orders"),
    ("postgresql://shop-db:5432", "postgres://shop-db:5432", "shop.public.orders"),
    ("sqlserver://erp:1433", "mssql://erp:1433", "erp.dbo.orders"),
])  # fmt: skip
def test_row_2_a_scheme_has_two_names(house: House, old: str, new: str, name: str) -> None:
    """Clients changed their minds, and servers have both."""
    tell(house, "row-02-schemes")

    assert 1 == datasets(house, (old, name), (new, name))


def test_row_3_a_leading_slash_means_nothing(house: House) -> None:
    """Neither before an object's key nor where a path lacks it."""
    tell(house, "row-03-leading-slash")

    assert [1, 1] == [
        datasets(house, (LAKE, "/raw/orders"), (LAKE, "raw/orders")),
        datasets(house, ("file", "/srv/lake/orders"), ("file://", "srv/lake/orders")),
    ]


def test_row_4_a_trailing_slash_makes_no_second_input(house: House) -> None:
    """Airflow lists one dataset twice; the run read it once."""
    tell(house, "row-04-trailing-slash")
    store = house.services.store
    (read,) = store.uses(dataset=dataset_id(LAKE, "raw/orders"))

    assert [1, 1] == [
        datasets(house, (LAKE, "raw/orders"), (LAKE, "raw/orders/")),
        len([use for use in store.uses(run=read.run) if use.side == "input"]),
    ]


def test_row_5_a_file_of_a_host_is_another_file(house: House) -> None:
    """`file` and `file://` are this machine; `file://host` is not."""
    tell(house, "row-05-files")

    assert 2 == datasets(house, ("file", "/srv/t"), ("file://", "/srv/t"), ("file://worker-1", "/srv/t"))


def test_row_6_a_port_that_is_missing_is_the_usual_one(house: House) -> None:
    """So is one that is literally None."""
    tell(house, "row-06-ports")
    hdfs = "hdfs://acme-dataproc-m"

    assert [1, 1] == [
        datasets(house, SHOP, ("postgres://shop-db", SHOP[1]), ("postgres://shop-db:None", SHOP[1])),
        datasets(house, (hdfs, "/raw/orders"), (f"{hdfs}:8020", "/raw/orders")),
    ]


def test_row_7_hosts_are_one_where_an_operator_says_so(told: House) -> None:
    """By list or by pattern; another host stays another."""
    tell(told, "row-07-hosts")
    hosts = ("10.2.0.7:5432", "shop-db.acme.internal", "shop-db-b.acme.internal:5432", "erp-db.acme.internal:5432")

    assert [1, 2] == [
        datasets(told, *((f"postgres://{host}", SHOP[1]) for host in some)) for some in (hosts[:3], hosts)
    ]


def test_row_8_a_topic_is_of_its_cluster_whichever_broker_was_asked(house: House) -> None:
    """The cluster's id speaks for all brokers and lists of them; another cluster has another topic of that name."""
    tell(house, "row-08-brokers")
    brokers = ("broker-1:9092", "broker-2:9092", "broker-3:9092,broker-1:9092", "test-broker:9092")

    found = speakers(house, *((f"kafka://{broker}", "orders") for broker in brokers))

    assert [("kafka://MkU3OEVBNTcwNTJENDM2Qk")] * 3 + ["kafka://AAAAOEVBNTcwNTJENDM2QQ"] == [
        speaker.namespace for speaker in found
    ]


CASES: dict[str, Names] = {
    "snowflake": (("snowflake://acme-prod", "SHOP.PUBLIC.ORDERS"), ("snowflake://acme-prod", "shop.public.orders")),
    "hive": (("hive://META:9083", "Shop.Orders"), ("hive://meta:9083", "shop.orders")),
    "mysql": (("mysql://shop:3306", "Shop.Orders"), ("mysql://shop:3306", "shop.orders")),
    "bigquery": (("bigquery", "acme.shop.Orders"), ("bigquery", "acme.shop.orders")),
}


@pytest.mark.parametrize(("scheme", "expected"), [("snowflake", 1), ("hive", 1), ("mysql", 2), ("bigquery", 2)])
def test_row_9_case_counts_where_the_database_says_so(house: House, scheme: str, expected: int) -> None:
    """Hosts have none; names are folded by what each scheme does with what was not quoted."""
    tell(house, "row-09-case")

    assert expected == datasets(house, *CASES[scheme])


@pytest.mark.parametrize(("scheme", "expected"), [("snowflake", 2), ("hive", 1), ("mysql", 1), ("bigquery", 2)])
def test_row_9_case_is_for_the_operator_to_say(told: House, scheme: str, expected: int) -> None:
    """`ingest.fold_case` says otherwise for a scheme."""
    tell(told, "row-09-case")

    assert expected == datasets(told, *CASES[scheme])


def test_row_10_an_account_of_snowflake_has_no_suffix(house: House) -> None:
    """Nor any case."""
    tell(house, "row-10-snowflake-account")
    accounts = ("acme-prod.snowflakecomputing.com", "ACME-prod")

    assert 1 == datasets(house, *((f"snowflake://{account}", "SHOP.PUBLIC.ORDERS") for account in accounts))


def test_row_11_a_table_speaks_for_the_path_where_it_is_kept(house: House) -> None:
    """Spark writes the path, Hive reads the table: one dataset, under the table's name."""
    tell(house, "row-11-path-and-table")
    table = ("hive://meta:9083", "shop.orders")

    assert [dataset_id(*table)] * 2 == speakers(house, ("file", "/data/lake/warehouse/shop.db/orders"), table)


def test_row_12_a_database_of_an_iceberg_warehouse_has_two_directories(house: House) -> None:
    """Flink's `shop.db` is Spark's `shop`, where the catalog facet says Iceberg; of other files nobody knows."""
    tell(house, "row-12-iceberg")

    assert [1, 2] == [
        datasets(house, (LAKE, "warehouse/shop/orders"), ("s3a://acme-lake", "/warehouse/shop.db/orders")),
        datasets(house, (LAKE, "warehouse/shop/customers"), (LAKE, "warehouse/shop.db/customers")),
    ]


def test_row_13_a_path_is_no_name_in_unity_catalog(house: House) -> None:
    """A symlink that only repeats the path says nothing; one with the table's name does."""
    tell(house, "row-13-unity")

    assert [dataset_id(ABFSS, "/tables/orders"), dataset_id("unity-catalog", "main.shop.customers")] == speakers(
        house, (ABFSS, "/tables/orders"), (ABFSS, "/tables/customers")
    )


@pytest.mark.parametrize(("names", "subset"), [
    (("raw/orders/dt=2026-11-21", "raw/orders/2026/11/21"), "dt=2026-11-21"),
    (("raw/orders/20261121", "raw/orders/2026-11"), "20261121"),
    (("raw/orders/country=de/dt=2026-11-20", "raw/orders/dt=2026-11-21"), "country=de/dt=2026-11-20"),
    (("outputs_1729097570970", "outputs_1729097999999"), "1729097570970"),
])  # fmt: skip
def test_row_14_partitions_are_of_one_dataset(house: House, names: tuple[str, str], subset: str) -> None:
    """What was cut from the path is kept as its subset."""
    tell(house, "row-14-partitions")
    answer = house.get(f"/namespaces/{quoted(LAKE)}/datasets/{quoted(names[0])}/identity")

    assert (1, subset) == (
        datasets(house, *((LAKE, name) for name in names)),
        next(each["subset"] for each in answer["names"] if each["name"] == names[0]),
    )


def test_row_15_a_name_without_its_catalog_is_of_the_one_that_its_facet_names(house: House) -> None:
    """Where no facet says so, nothing is guessed: it is suggested."""
    tell(house, "row-15-trino")
    query = "trino://query:8080"

    assert [1, 2] == [
        datasets(house, (query, "hive.shop.orders"), (query, "shop.orders")),
        datasets(house, (query, "iceberg.shop.customers"), (query, "shop.customers")),
    ]
    assert [("shop.customers", "iceberg.shop.customers", ["catalog"])] == [
        (each["unwritten"]["name"], each["written"]["name"], each["differs"])
        for each in house.get("/identity/suggestions")["suggestions"]
    ]
