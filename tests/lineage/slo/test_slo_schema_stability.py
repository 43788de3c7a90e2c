"""Schema stability: each delivery against the last one that told of its columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lineage.model import Delta, FacetSeen, Verdict
from lineage.slo.evaluate import evaluate
from lineage.slo.spec import DataSLO, define
from lineage.store.base import Store
from tests.support.deltas import as_they_came, at, columns, dataset, merge, ran, sqlite
from tests.support.promises import document, states

A, B = ("id", "amount"), ("id",)
DAY = 24 * 60


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with sqlite(tmp_path) as opened:
        yield opened


def promised(**sli: object) -> DataSLO:
    """No delivery breaks its readers."""
    said = document(sli={"type": "schema_stability", **sli})
    del said["spec"]["schedule"]
    return define(said)


def load(minutes: float, names: tuple[str, ...] | None) -> list[Delta]:
    """A run that wrote the orders, with these columns, or without a word of them."""
    fields = [{"name": name, "type": "INT"} for name in names or ()]
    told = [FacetSeen(dataset("orders"), "schema", json.dumps({"fields": fields}).encode())] if names else []
    name = f"load {minutes}"
    return [
        ran(name, "START", minutes, writes=["orders"]),
        ran(name, "COMPLETE", minutes + 1, writes=["orders"], facets=told),
    ]


def judged(store: Store, *runs: list[Delta], slo: DataSLO | None = None) -> list[Verdict]:
    merge(store, as_they_came([event for events in runs for event in events]))
    return list(evaluate(slo or promised(), store, at(10 * DAY)).occurrences)


def test_a_column_that_goes_breaks_once(store: Store) -> None:
    """The first has nothing to be held against; what comes after the break is held against what is there now."""
    found = judged(store, *(load(day * DAY, names) for day, names in enumerate((A, A, B, B))))

    assert (states(found), found[2].reason) == ("UGBG", "breaking-unused: amount was removed")


def copied(minutes: float, *pairs: tuple[str, str, str]) -> list[Delta]:
    """A run that wrote the orders: (column, of which dataset, and of which column it is a copy)."""
    fields = [{"name": name, "type": f"{name.upper()}_T"} for name, _, _ in pairs]
    told = FacetSeen(dataset("orders"), "schema", json.dumps({"fields": fields}).encode())
    made = columns(dataset("orders"), *((name, dataset(of), source) for name, of, source in pairs))
    ends: dict[str, Any] = {"writes": ["orders"], "facets": [told]}
    return [
        ran(f"copy {minutes}", "START", minutes, **ends),
        ran(f"copy {minutes}", "COMPLETE", minutes + 1, **ends, columns=(made,)),
    ]


AMOUNT = ("amount", "raw", "amt")


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        (("total", "raw", "amt"), "amount was renamed to total, as column lineage tells"),
        (("total", "orders", "amount"), "amount was renamed to total, as column lineage tells"),
        (("total", "raw", "sum"), "amount was removed"),
    ],
)
def test_a_rename_is_known_by_what_both_are_copies_of(store: Store, now: tuple[str, str, str], wanted: str) -> None:
    """Of the same column elsewhere, or the new one of the old one, whatever their places and types."""
    found = judged(store, copied(0, AMOUNT), copied(DAY, now))

    assert found[1].reason == f"breaking-unused: {wanted}"


def report(minutes: float, *columns_used: str) -> list[Delta]:
    """A job that reads the orders, and says which of their columns its report is made of; none: it says nothing."""
    made = [(f"its {name}", dataset("orders"), name) for name in columns_used]
    told = (columns(dataset("report"), *made),) if made else ()
    return [ran("report", "COMPLETE", minutes, by="report", reads=["orders"], writes=["report"], columns=told)]


@pytest.mark.parametrize(
    ("used", "wanted"),
    [
        (("amount",), "breaking: amount was removed, which report uses"),
        (("id",), "breaking-unused: amount was removed"),
        ((), "breaking: amount was removed, which report uses"),
    ],
)
def test_whom_it_breaks_is_known_by_column_lineage(store: Store, used: tuple[str, ...], wanted: str) -> None:
    """Who says that it uses the column is named, and so is a reader who says nothing: it may use any."""
    found = judged(store, load(0, A), report(60, *used), load(DAY, B))

    assert found[1].reason == wanted


@pytest.mark.parametrize(("word", "state"), [("bad", "UB"), ("good", "UG")])
def test_what_nobody_uses_may_go(store: Store, word: str, state: str) -> None:
    """Only where the file says so; the reason and the number of changes stay."""
    found = judged(store, load(0, A), load(DAY, B), slo=promised(unused=word))

    assert (states(found), found[1].value) == (state, 1)


def test_whoever_uses_it_later_was_not_broken(store: Store) -> None:
    """Usage is that of the moment before the change."""
    found = judged(store, load(0, A), load(DAY, B), report(DAY + 60, "amount"))

    assert found[1].reason == "breaking-unused: amount was removed"


def test_no_facet_is_no_removal(store: Store) -> None:
    """A run that says nothing of columns is UNKNOWN, and the next is held against what was known before it."""
    assert states(judged(store, load(0, A), load(DAY, None), load(2 * DAY, A))) == "UUG"


@pytest.mark.parametrize(("hours", "wanted"), [(24, "UGBG"), (25, "UGBB")])
def test_what_is_taken_back_within_a_day_breaks_once(store: Store, hours: int, wanted: str) -> None:
    """A, B and A again: the way back removes a column as well, and is no second break."""
    wide = ("id", "amount")
    other = ("id", "total", "tax")
    story = [load(0, wide), load(60, wide), load(120, other), load(120 + hours * 60, wide)]

    assert states(judged(store, *story)) == wanted


def test_a_verdict_names_the_event_that_told_of_the_columns(store: Store) -> None:
    """Not every event of the run."""
    second = load(DAY, B)

    found = judged(store, load(0, A), second)

    assert found[1].evidence == (second[1].digest.hex(),)


def test_who_reads_by_place_is_broken_by_another_order(store: Store) -> None:
    """As a COPY of CSV is."""
    found = judged(store, load(0, A), load(DAY, A[::-1]), slo=promised(positional=True))

    assert states(found) == "UB"


def test_a_run_that_failed_is_no_delivery(store: Store) -> None:
    """What it said of columns did not come about."""
    start, end = load(DAY, B)
    failed = [start, ran(f"load {DAY}", "FAIL", DAY + 1, writes=["orders"], facets=end.facets)]

    assert states(judged(store, load(0, A), failed, load(2 * DAY, A))) == "UG"
