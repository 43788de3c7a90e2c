"""What is SQLite's own: one transaction with the ledger, two processes on one file, a search without an index."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from lineage.homes import Homes, open_homes
from lineage.projection import resolve
from lineage.store._cut import Cut, cut
from lineage.store._runs import Question
from lineage.store._search import initials
from lineage.store.sqlite import ids, schema
from lineage.store.sqlite import open as open_store
from lineage.store.sqlite.codes import pack, unpack
from lineage.store.sqlite.nodes import look_up
from lineage.store.sqlite.runs import newest
from lineage.store.sqlite.sql import trimmed
from tests.support.deltas import dataset, described, facet, job, merge, ran, received, sha256

ORDERS = dataset("orders")


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[Homes]:
    with open_homes(f"sqlite:///{tmp_path / 'headwater.db'}") as homes:
        yield homes


def test_other_tables_are_another_layout() -> None:
    """Only a higher `LAYOUT` gives files made before their tables anew: raise it first, then write the digest here."""
    tables = re.sub(r"\s+", " ", re.sub("--.*", "", schema.OBSERVATIONS + schema.CONCLUSIONS + schema.BESIDE))

    assert (2, "f9185bc1bfdb9844") == (schema.LAYOUT, hashlib.sha256(tables.encode()).hexdigest()[:16])


def test_a_merge_joins_the_transaction_that_is_open(homes: Homes) -> None:
    """What rolls back takes the merge along, and the row ids that it gave out are forgotten."""
    pairs = received([ran("r", "START", 1, writes=["orders"], facets=[facet(ORDERS, "owner", "a")])])

    def fail() -> None:
        with homes.database.transaction():
            merge(homes.store, pairs)
            raise LookupError

    with pytest.raises(LookupError):
        homes.database.submit(fail).result()
    after_the_rollback = list(homes.store.dump())
    merge(homes.store, [*received([described("first", 0)]), *pairs])
    expected = ([], {ORDERS: b'"a"'})

    assert expected == (
        after_the_rollback, {ORDERS: homes.store.get([ORDERS])[ORDERS].facets["owner"]}
    )  # fmt: skip


def test_a_failed_merge_spares_the_transaction_round_it(homes: Homes) -> None:
    """Whoever catches its error goes on, and none of its rows stay."""
    ((entry, delta),) = received([described("orders", 1)])
    broken = delta._replace(depends=((job("unnamed"), job("nowhere")),))

    def go_on() -> None:
        with homes.database.transaction():
            with pytest.raises(KeyError):
                homes.store.merge([entry], [broken])
            merge(homes.store, received([described("items", 1)]))

    homes.database.submit(go_on).result()

    assert {dataset("items")} == homes.store.get([ORDERS, dataset("items")]).keys()


def test_two_stores_on_one_file_take_turns(homes: Homes) -> None:
    """Row ids that another process gave out are seen before the next merge."""
    deltas = [
        ran("r", kind, when, writes=[f"d{when}", "orders"], facets=[facet(ORDERS, "owner", str(when))])
        for when, kind in enumerate(("START", "RUNNING", "RUNNING", "COMPLETE"))
    ]
    pairs = received(deltas)
    with open_homes(f"sqlite:///{homes.database.path}") as other:
        for turn, pair in enumerate(pairs):
            merge((homes.store, other.store)[turn % 2], [pair])
    by_turns = sha256(homes.store)
    homes.store.clear()
    merge(homes.store, pairs)

    assert sha256(homes.store) == by_turns


def test_what_is_forgotten_is_looked_up_again(homes: Homes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that remembers next to nothing comes to the same graph as one that remembers all."""
    deltas = [
        ran("r", kind, when, writes=[f"d{when % 2}", "orders"], facets=[facet(ORDERS, "owner", str(when % 2))])
        for when, kind in enumerate(("START", "RUNNING", "RUNNING", "COMPLETE"))
    ]
    merge(homes.store, received(deltas))
    remembered = sha256(homes.store)
    homes.store.clear()
    monkeypatch.setattr(ids, "REMEMBERED", 0)
    monkeypatch.setattr(ids, "REMEMBERED_BYTES", 0)

    for pair in received(deltas):
        merge(homes.store, [pair])

    assert remembered == sha256(homes.store)


def test_search_works_without_an_index_and_fills_it_later(homes: Homes) -> None:
    """A SQLite without full-text search looks at every name; one that has it catches up when it opens the file."""
    merge(homes.store, received([described("orders_old", 1)]))
    homes.database.write(lambda connection: connection.execute("DROP TABLE words"))
    merge(homes.store, received([described("orders_new", 2)]))
    without = homes.store.find("ders").total
    with_index = open_store(homes.database, resolve).find("ders").total
    expected = (2, 2)

    assert expected == (without, with_index)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("orders_daily", {"o", "or", "d", "da"}),
        ("RawOrders", {"r", "ra", "o", "or"}),
        ("HTTPServer", {"h", "ht", "s", "se"}),
        ("a.b", {"a", "b"}),
        ("x2Y", {"x", "x2", "y"}),
        ("größeÄnderung", {"g", "gr", "ä", "än"}),
    ],
)
def test_initials_are_of_every_part(name: str, expected: set[str]) -> None:
    """Parts end at signs and where camelCase begins another word."""
    assert expected == set(initials(name))


@pytest.mark.parametrize("size", [0, 10, 1000, 1300, 50_000])
def test_a_body_comes_back_as_it_was(size: int) -> None:
    """Whatever its size, packed or not."""
    body = b'{"a":"' + b"lineage " * (size // 8) + b'"}'

    assert body == unpack(pack(body))


@pytest.mark.parametrize(("as_of", "known_at", "cuts"), [(9, 9, []), (9, None, []), (1, 9, ["at"]), (9, -9, ["heard"])])
def test_a_cut_beyond_all_that_is_stored_costs_what_now_costs(
    homes: Homes, as_of: int, known_at: int | None, cuts: list[str]
) -> None:
    """Then the summaries answer; one that divides what is there stays as it was asked."""
    ((entry, delta),) = received([ran("r", "COMPLETE", 2, writes=["orders"])])
    merge(homes.store, [(entry, delta)])
    hours = timedelta(hours=1)
    asked = cut(delta.at + (as_of - 2) * hours, None if known_at is None else entry.received_at + known_at * hours)
    with homes.database.read() as connection:
        found = trimmed(connection, asked)

    assert (asked if cuts else Cut()) == found


def test_the_newest_runs_of_a_job_cost_the_same_whoever_else_ran(homes: Homes) -> None:
    """By job an index finds them; by state all that ever completed would be gone through, for each job anew."""
    steps: list[int] = []
    for most in (2, 200):
        others = [ran(f"of {name}", "COMPLETE", 2, by=f"job {name}") for name in range(most)]
        merge(homes.store, received([ran("r", "COMPLETE", 1, by="rare"), *others]))
        counted: list[None] = []
        with homes.database.read() as connection:
            asked = Question(job=look_up(connection, [job("rare")])[job("rare")], states=["COMPLETE"])
            connection.set_progress_handler(lambda: counted.append(None), 1)  # noqa: B023 - asked at once
            newest(connection, resolve, asked, 5)
            connection.set_progress_handler(None, 1)
        steps.append(len(counted))

    assert steps[0] == steps[1]
