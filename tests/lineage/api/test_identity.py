"""Which names are one dataset and why, and which may be."""

from __future__ import annotations

from typing import Any

from lineage.paths import quoted
from tests.support.reading import Reading, dataset, facet, whole_run

S3A = {"namespace": "s3a://lake", "name": "/raw/orders/dt=2026-11-21"}
S3 = {"namespace": "s3://lake", "name": "raw/orders"}
RULES = ["s3a:// is s3://", "an object's key begins without a slash", "a partition is a part of its dataset"]


def told(world: Reading) -> list[str]:
    """A job writes what another reads, under another spelling."""
    load = whole_run(1, "load", 0, [], [dataset(S3A["name"], S3A["namespace"])])
    return world.tell([*load, *whole_run(2, "use", 5, [dataset(S3["name"], S3["namespace"])], [])])


def identity(world: Reading, namespace: str, name: str) -> Any:
    return world.get(f"/namespaces/{quoted(namespace)}/datasets/{quoted(name)}/identity")


def test_identity_names_the_rules_and_their_evidence(world: Reading) -> None:
    """Every raw name with its normal form, and every declaration with the events that made it."""
    began, ended, *_ = told(world)

    answer = identity(world, **S3)

    assert {
        "canonical": S3,
        "names": [
            {**S3, "normal": S3, "rules": [], "subset": None},
            {**S3A, "normal": S3, "rules": RULES, "subset": "dt=2026-11-21"},
        ],
        "by": {"rule: " + "; ".join(RULES): 1},
        "warning": None,
        "decisions": [],
        "because": [
            {
                "alias": S3A,
                "dataset": S3,
                "why": "rule: " + "; ".join(RULES),
                "counts": True,
                "cut": False,
                "firstAt": "2026-11-21T12:00:00Z",
                "lastAt": "2026-11-21T12:01:00Z",
                "evidence": [ended, began],
            }
        ],
    } == answer


def test_lineage_crosses_spellings(world: Reading) -> None:
    """The job that wrote s3a:// is upstream of the job that reads s3://."""
    told(world)

    answer = world.get("/lineage", nodeId="job:af:use", direction="up")

    assert "job:af:load" in {node["id"] for node in answer["graph"]}


def test_a_normal_form_that_nobody_uses_stands_in_no_list(world: Reading) -> None:
    """It may be asked for, and is not found by words."""
    world.tell(whole_run(1, "load", 0, [], [dataset(S3A["name"], S3A["namespace"])]))

    found = world.get("/search", q="orders")

    assert ([S3A["name"]], S3A) == (
        [each["name"] for each in found["results"]],
        identity(world, **S3)["canonical"],
    )


def test_a_symlink_that_was_pointed_elsewhere_no_longer_counts(world: Reading) -> None:
    """What was said stays in the answer."""
    for run, place in enumerate(("v1", "v2"), 1):
        link = facet(identifiers=[{"namespace": "hive", "name": "current", "type": "TABLE"}])
        world.tell(whole_run(run, "load", run * 5, [], [dataset(place, symlinks=link)]))

    because = identity(world, "hive", "current")["because"]

    assert [("v1", False), ("v2", True)] == [(each["dataset"]["name"], each["counts"]) for each in because]


def test_what_is_read_and_never_written_is_suggested_where_a_written_one_is_like_it(world: Reading) -> None:
    """Case, scheme or host may be what keeps two names apart; what is one already is not suggested."""
    world.tell(whole_run(1, "load", 0, [], [dataset("shop.Orders", "postgres://a:5432"), dataset("t", "mysql://a:1")]))
    reads = [dataset("shop.orders", "postgres://b:5432"), dataset("t", "trino://b:1"), dataset("raw", "s3a://lake")]
    world.tell(whole_run(2, "use", 5, reads, [dataset("raw", "s3://lake")]))

    assert [
        {
            "unwritten": {"namespace": "postgres://b:5432", "name": "shop.orders"},
            "written": {"namespace": "postgres://a:5432", "name": "shop.Orders"},
            "differs": ["case", "host"],
        }
    ] == world.get("/identity/suggestions")["suggestions"]


def test_tables_of_different_names_at_one_place_look_suspicious(world: Reading) -> None:
    """Nothing caps what is one; the answer says what looks wrong."""
    for run, table in enumerate(("shop.orders", "shop.customers"), 1):
        link = facet(identifiers=[{"namespace": "hive", "name": table, "type": "TABLE"}])
        world.tell(whole_run(run, "load", run * 5, [], [dataset("/lake", "file", symlinks=link)]))

    assert (
        "2 tables of 2 names are one: shop.customers, shop.orders; split what is not",
        {"symlink": 2},
    ) == ((answer := identity(world, "file", "/lake"))["warning"], answer["by"])
