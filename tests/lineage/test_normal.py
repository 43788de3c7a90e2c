"""Which spellings of a dataset's identity are one: OPENLINEAGE 3.3, rule by rule."""

import re

import pytest

from lineage.model import SameAs, dataset_id
from lineage.normal import PLAIN, rules
from lineage.settings import Ingest, NamespaceAlias

ONE = {
    "scheme": [("s3a://lake", "raw"), ("s3n://lake", "raw"), ("s3://lake", "raw")],
    "scheme of another cloud": [("gcs://lake", "raw"), ("gs://lake", "raw")],
    "scheme of a third": [("abfs://c@a.dfs.core.windows.net", "raw"), ("abfss://c@a.dfs.core.windows.net", "raw")],
    "scheme of a database": [("postgresql://dw:5432", "shop.public.t"), ("postgres://dw:5432", "shop.public.t")],
    "key": [("s3://lake", "/raw/orders"), ("s3://lake", "raw/orders")],
    "end of a key": [("s3://lake", "raw/orders/"), ("s3://lake", "raw/orders")],
    "end of a namespace": [("s3://lake/", "raw"), ("s3://lake", "raw")],
    "path": [("file", "srv/t"), ("file://", "/srv/t"), ("file:///", "/srv/t"), ("file", "/srv/t/"), ("file", "/srv/t")],
    "directory of a database": [("file", "/w/shop.db/shop.db/t"), ("file", "/w/shop.db/t")],
    "port": [("postgres://dw", "shop.t"), ("postgres://dw:None", "shop.t"), ("postgres://dw:5432", "shop.t")],
    "port of a name node": [("hdfs://nn", "raw"), ("hdfs://nn:8020", "/raw")],
    "host": [("trino://Query.Example:8080", "c.s.t"), ("trino://query.example", "c.s.t")],
    "brokers": [("kafka://b:9092,a:9092", "orders"), ("kafka://A,b", "orders"), ("kafka://a:9092", "orders")],
    "account": [("snowflake://Org-Acc.snowflakecomputing.com", "DB.S.T"), ("snowflake://org-acc", "db.s.t")],
    "case": [("hive://meta:9083", "Shop.Orders"), ("hive://meta:9083", "shop.orders")],
}  # fmt: skip


@pytest.mark.parametrize("rule", ONE)
def test_spellings_of_one_thing_have_one_normal_form(rule):
    """Scheme, port, slashes, case and bootstrap lists make no other dataset."""
    assert len({PLAIN.normal(dataset_id(*each)).dataset for each in ONE[rule]}) == 1


APART = {
    "names of bigquery have case": [("bigquery", "p.d.Orders"), ("bigquery", "p.d.orders")],
    "keys have case": [("s3://lake", "Raw"), ("s3://lake", "raw")],
    "a file of another host is another file": [("file://host", "/srv/t"), ("file", "/srv/t")],
    "another port is another server": [("postgres://dw:5433", "t"), ("postgres://dw", "t")],
    "the file of a database has case": [("duckdb:///srv/A.db", "t"), ("duckdb:///srv/a.db", "t")],
    "two brokers alone may be two clusters": [("kafka://a", "orders"), ("kafka://b", "orders")],
    "the id of a cluster has case": [
        ("kafka://MkU3OEVBNTcwNTJENDM2Qk", "orders"),
        ("kafka://mku3oevbntcwntjendm2qk", "orders"),
    ],
    "only a database's directory stands once": [("file", "/w/a/a/t"), ("file", "/w/a/t")],
    "slashes within a key count": [("s3://lake", "raw//orders"), ("s3://lake", "raw/orders")],
}


@pytest.mark.parametrize("rule", APART)
def test_what_may_be_two_things_stays_two(rule):
    """Merging too much is worse than merging too little."""
    assert len({PLAIN.normal(dataset_id(*each)).dataset for each in APART[rule]}) == 2


SUBSETS = {
    "raw/orders/dt=2026-11-21": ("raw/orders", "dt=2026-11-21"),
    "raw/orders/country=de/dt=2026-11-21/": ("raw/orders", "country=de/dt=2026-11-21"),
    "raw/orders/2026/11/21": ("raw/orders", "2026/11/21"),
    "raw/orders/2026/11": ("raw/orders", "2026/11"),
    "raw/orders/20261121": ("raw/orders", "20261121"),
    "raw/orders/2026-11": ("raw/orders", "2026-11"),
    "raw/outputs_1729097570970": ("raw/outputs", "1729097570970"),
    "raw/orders/2026": ("raw/orders/2026", ""),
    "2026/11/21": ("2026/11/21", ""),
    "dt=2026-11-21": ("dt=2026-11-21", ""),
    "raw/dt=2026-11-21/part-0": ("raw/dt=2026-11-21/part-0", ""),
}


@pytest.mark.parametrize("name", SUBSETS)
def test_a_partition_is_a_part_of_its_dataset(name):
    """What clients trim from the end of a path is trimmed here too, kept as a subset; something must be left."""
    found = PLAIN.normal(dataset_id("s3://lake", name))

    assert SUBSETS[name] == (found.dataset.name, found.subset)


@pytest.mark.parametrize("spellings", [*ONE.values(), *APART.values()])
def test_a_normal_form_is_its_own(spellings):
    """Rules applied again change nothing."""
    found = [PLAIN.normal(dataset_id(*each)).dataset for each in spellings]

    assert found == [PLAIN.normal(each).dataset for each in found]


def test_a_declaration_names_its_rules():
    """People read why two names are one."""
    raw = dataset_id("s3a://lake", "/raw/orders")
    why = "rule: s3a:// is s3://; an object's key begins without a slash"

    assert (SameAs(dataset_id("s3://lake", "raw/orders"), raw, why),) == PLAIN.same(raw)


def test_a_list_of_brokers_joins_them_all():
    """Whoever connects through another broker means the same topic."""
    declared = PLAIN.same(dataset_id("kafka://b:9092,a", "orders"))

    assert {("kafka://b:9092,a", "kafka://a:9092"), ("kafka://b:9092", "kafka://a:9092")} == {
        (same.alias.namespace, same.dataset.namespace) for same in declared
    }


ALIASES = (
    NamespaceAlias(namespace="kafka://prod", hosts=("K1", "k2:9093")),
    NamespaceAlias(namespace="postgres://dw", pattern=re.compile(r"postgres://dw-\d+\.example(:5432)?")),
)
LED = {
    "kafka://k1:9092": "kafka://prod",
    "kafka://K1:7000": "kafka://prod",
    "kafka://k2:9093": "kafka://prod",
    "kafka://k2:9092": "kafka://k2:9092",
    "mysql://k1": "mysql://k1:3306",
    "postgres://dw-12.example": "postgres://dw",
    "postgresql://DW-1.example": "postgres://dw",
    "postgres://dw-x.example:5432": "postgres://dw-x.example:5432",
}


@pytest.mark.parametrize("namespace", LED)
def test_an_alias_leads_hosts_and_patterns_to_one_namespace(namespace):
    """A host counts under the scheme of where it leads; a pattern speaks of the whole namespace."""
    assert (
        rules(Ingest(namespace_aliases=ALIASES)).normal(dataset_id(namespace, "t")).dataset.namespace == LED[namespace]
    )


def test_other_aliases_and_cases_are_other_rules():
    """The word tells whether a graph was made under the same ones."""
    said = [Ingest(namespace_aliases=some) for some in ((), ALIASES, ALIASES[:1], ALIASES[::-1])]

    assert len({rules(each).word for each in (*said, Ingest(fold_case={"mysql": "lower"}))}) == 5
