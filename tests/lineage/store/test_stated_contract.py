"""What every store promises of people's words: kept, dated, in the dump; and what they hid stays out of sight."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lineage.model import NodeId
from lineage.statements import Subject, Word, of
from lineage.store.base import Store
from tests.support.deltas import at, columns, dataset, decided, described, job, kept, linked, merge, ran, received

LAKE = Subject("namespace", "lake")
HIDDEN, SHOWN = Word("hidden"), Word("hidden", holds=False)
ORDERS = of(dataset("orders"))


@pytest.fixture
def told(graph: Store) -> Store:
    """Raw > load > orders, and path is another name of orders; received in minute 10."""
    symlink = (linked("orders", "path"),)
    merge(graph, received([ran("r", "COMPLETE", 1, reads=["raw"], writes=["orders"], aliases=symlink)], 10))
    return graph


def say(store: Store, minutes: float, subject: Subject, *words: Word) -> None:
    """Somebody decides in that minute, and it is received at once."""
    merge(store, [kept(decided(minutes, subject, *words), minutes)])


def seen(store: Store) -> list[str]:
    """The names that a search finds."""
    return [node.id.name for node in store.find().items]


def test_statements_are_answered_by_receipt(graph: Store) -> None:
    """Of the things that were asked for, and of no other."""
    say(graph, 2, ORDERS, Word("owner", "ada"))
    say(graph, 1, ORDERS, Word("owner", "bob"))
    say(graph, 3, LAKE, Word("owner", "eve"))

    said = [(each.received_at, each.statement.words[0].value) for each in graph.statements([ORDERS])]

    assert [(at(1), "bob"), (at(2), "ada")] == said


def test_statements_are_answered_by_kind(graph: Store) -> None:
    """All things of that kind."""
    say(graph, 1, LAKE, Word("owner", "eve"))
    say(graph, 2, ORDERS, Word("owner", "ada"))

    assert [LAKE] == [each.statement.subject for each in graph.statements("namespace")]


@pytest.mark.parametrize(("clock", "minute", "expected"), [("as_of", 1, 0), ("as_of", 2, 1), ("known_at", 1, 0)])
def test_a_statement_says_nothing_before_its_time(graph: Store, clock: str, minute: int, expected: int) -> None:
    """On either clock."""
    say(graph, 2, ORDERS, Word("owner", "ada"))

    assert expected == len(graph.statements([ORDERS], **{clock: at(minute)}))


def test_a_statement_that_came_twice_is_one(graph: Store) -> None:
    """Its receipt is the earlier one, whichever was merged first."""
    statement = decided(1, ORDERS, Word("owner", "ada"))
    merge(graph, [kept(statement, 7), kept(statement, 5), kept(statement, 6)])

    assert [at(5)] == [each.received_at for each in graph.statements([ORDERS])]


def test_who_wrote_a_statement_down_decides_nothing(graph: Store) -> None:
    """Two writers, or a copy: the places of a ledger are in no dump, and a tie of receipts is broken without them."""
    said = [kept(decided(1, ORDERS, Word("owner", name)), 5) for name in ("ada", "bob")]
    dumps: list[list[bytes]] = []
    for writers in ("ab", "ba"):
        graph.clear()
        merge(
            graph, [(replace(entry, writer=writer), word) for writer, (entry, word) in zip(writers, said, strict=True)]
        )
        dumps.append([*graph.dump(), repr(graph.statements([ORDERS])).encode()])
        said.reverse()

    assert dumps[0] == dumps[1]


def test_statements_are_in_the_dump_and_change_the_revision(graph: Store) -> None:
    """A rebuild shows whether one was lost."""
    before = graph.revision()
    say(graph, 1, ORDERS, Word("owner", "ada"))

    assert (1, True) == (sum(b'"is":"statement"' in line for line in graph.dump()), before != graph.revision())


@pytest.mark.parametrize(
    ("subjects", "expected"),
    [
        ([ORDERS], ["load", "path", "raw"]),
        ([of(job("load"))], ["orders", "path", "raw"]),
        ([LAKE], ["load"]),
        ([Subject("namespace", "etl"), LAKE], []),
    ],
)
def test_what_is_hidden_is_not_found(told: Store, subjects: list[Subject], expected: list[str]) -> None:
    """By itself or with its whole namespace."""
    for subject in subjects:
        say(told, 20, subject, HIDDEN)

    assert expected == seen(told)


@pytest.mark.parametrize(
    ("hidden", "expected"),
    [
        ([job("load")], 0),
        ([dataset("raw")], 1),
        ([dataset("orders")], 2),
        ([dataset("orders"), dataset("path")], 1),
    ],
)
def test_no_edge_leads_to_what_is_hidden(told: Store, hidden: list[NodeId], expected: int) -> None:
    """A dataset is hidden once all its names are."""
    for node in hidden:
        say(told, 20, of(node), HIDDEN)

    assert expected == len(told.neighbours([dataset("raw"), dataset("orders"), job("load")], "both"))


@pytest.mark.parametrize("node", [dataset("raw"), dataset("orders"), job("load")])
def test_no_column_comes_from_what_is_hidden(graph: Store, node: NodeId) -> None:
    """Nor goes there, nor by a job that is."""
    made = columns(dataset("orders"), ("id", dataset("raw"), "id"))
    merge(graph, received([ran("r", "COMPLETE", 1, reads=["raw"], writes=["orders"], columns=(made,))]))
    before = graph.columns([dataset("orders")], "up")
    say(graph, 20, of(node), HIDDEN)

    assert (1, []) == (len(before), graph.columns([dataset("orders")], "up"))


@pytest.mark.parametrize(("minute", "expected"), [(19, 2), (20, 1)])
def test_what_was_hidden_later_is_still_seen_as_it_was_known(told: Store, minute: int, expected: int) -> None:
    """Nothing is lost by hiding."""
    say(told, 20, of(dataset("raw")), HIDDEN)

    assert expected == len(told.neighbours([job("load")], "both", known_at=at(minute)))


@pytest.mark.parametrize(("received_at", "expected"), [(19, False), (21, True)])
def test_an_event_that_comes_later_brings_back_what_it_names(told: Store, received_at: int, expected: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Whatever its event time; one that was received before does not, in whatever order they are merged."""
    say(told, 20, of(dataset("raw")), HIDDEN)
    merge(told, received([described("raw", 2)], received_at))

    assert expected == ("raw" in seen(told))


def test_what_was_hidden_can_be_brought_back(told: Store) -> None:
    """By a word, all of a namespace at once."""
    say(told, 20, LAKE, HIDDEN)
    say(told, 21, LAKE, SHOWN)

    assert ["load", "orders", "path", "raw"] == sorted(seen(told))


def test_a_hidden_dataset_is_known_as_such(told: Store) -> None:
    """Who asks for it by name learns since when; of a dataset with several names, once all are hidden."""
    say(told, 20, of(dataset("orders")), HIDDEN)
    first = told.get([dataset("path")])[dataset("path")].hidden_at
    say(told, 22, of(dataset("path")), HIDDEN)

    assert (None, at(22)) == (first, told.get([dataset("path")])[dataset("path")].hidden_at)


def test_a_namespace_counts_what_is_not_hidden(told: Store) -> None:
    """Of its datasets and of its jobs."""
    say(told, 20, of(dataset("raw")), HIDDEN)
    say(told, 20, Subject("namespace", "etl"), HIDDEN)

    assert {"lake": (2, 0), "etl": (0, 0)} == {each.name: (each.datasets, each.jobs) for each in told.namespaces()}
