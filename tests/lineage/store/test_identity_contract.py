"""What every store promises of people's words on two names: they count before any link, dated, until taken back."""

from __future__ import annotations

from datetime import datetime

import pytest

from lineage.statements import Verdict, Word, of
from lineage.store.base import Store
from tests.support.deltas import at, dataset, decided, described, kept, linked, merge, ran, received, sha256

PATH, TABLE = dataset("path"), dataset("table")


def say(store: Store, minutes: float, verdict: Verdict, *, other: str = "table") -> None:
    """Somebody says so of the path and another name in that minute; None takes back that they are apart."""
    word = Word(verdict or "apart", holds=verdict is not None, other=("lake", other))
    merge(store, [kept(decided(minutes, of(PATH), word), minutes)])


def speaker(store: Store, name: str = "path", **at: datetime) -> str:
    """Who speaks for that name."""
    asked = dataset(name)
    return store.get([asked], **at)[asked].canonical.name


@pytest.fixture
def told(graph: Store) -> Store:
    """The table is kept at the path, which the rules say is another spelling of `spelling`; received in minute 1."""
    aliases = (linked("path", "table"), linked("path", "spelling", "rule: case"))
    merge(graph, received([ran("r", "COMPLETE", 1, writes=["path"], reads=["spelling"], aliases=aliases)], 1))
    return graph


def test_apart_cuts_the_weakest_link(told: Store) -> None:
    """The table leaves; the spellings stay one."""
    say(told, 2, "apart")

    assert ["path", "path", "table"] == [speaker(told, name) for name in ("path", "spelling", "table")]


def test_apart_cuts_what_joins_two_through_a_third(told: Store) -> None:
    """The table and the other spelling have no link between them: that to the path gives way, a rule not."""
    word = Word("apart", other=("lake", "spelling"))
    merge(told, [kept(decided(2, of(TABLE), word), 2)])

    assert ["path", "path", "table"] == [speaker(told, name) for name in ("path", "spelling", "table")]


def test_a_cut_link_is_shown_as_such(told: Store) -> None:
    """It counts, and joins nothing."""
    say(told, 2, "apart")

    assert {("rule: case", False), ("symlink", True)} == {(each.why, each.cut) for each in told.declarations(PATH)}


def test_a_later_symlink_does_not_join_who_is_apart(told: Store) -> None:
    """Neither the same one again nor one through another name."""
    say(told, 2, "apart")
    link = (linked("path", "via"), linked("table", "via", "rename"))
    merge(told, received([described("path", 5, aliases=(linked("path", "table"), *link))], 5))

    assert speaker(told, "path") != speaker(told, "table")


def test_the_newest_word_counts(told: Store) -> None:
    """Taken back, events tell again; said again, it holds again."""
    found = []
    for minute, verdict in ((2, "apart"), (3, None), (4, "apart"), (5, "one")):
        say(told, minute, verdict)
        found.append(speaker(told))

    assert ["path", "table", "path", "table"] == found


def test_two_are_one_without_any_event_that_says_so(told: Store) -> None:
    """Until it is taken back."""
    merge(told, received([described("copy", 2)], 2))
    before = sha256(told)

    say(told, 3, "one", other="copy")

    assert ("table", True) == (speaker(told, "copy"), before != sha256(told))


@pytest.mark.parametrize(("clock", "minute", "expected"), [
    ("as_of", 2, "table"), ("known_at", 2, "table"), ("as_of", 3, "path"), ("known_at", 3, "path"),
])  # fmt: skip
def test_a_word_says_nothing_before_its_time(told: Store, clock: str, minute: int, expected: str) -> None:
    """On either clock."""
    say(told, 3, "apart")

    assert expected == speaker(told, **{clock: at(minute)})


def test_words_are_answered_newest_first_with_who_and_why(told: Store) -> None:
    """Under every name of the dataset; only the newest of a pair counts."""
    say(told, 2, "apart")
    say(told, 3, None)

    said = [(each.one, each.other, each.verdict, each.counts) for each in told.rulings(dataset("spelling"))]

    assert [(PATH, TABLE, None, True), (PATH, TABLE, "apart", False)] == said


def test_a_table_speaks_for_its_place_and_a_cluster_for_its_broker(graph: Store) -> None:
    """Before the least name, which speaks where neither is told."""
    merge(graph, received([
        described("a", 1, aliases=(linked("a", "z"),)),
        described("m", 2, aliases=(linked("n", "m", "cluster"),)),
        described("s", 3, aliases=(linked("s", "r", "rename"),)),
    ]))  # fmt: skip

    assert ["z", "n", "r"] == [speaker(graph, name) for name in ("a", "m", "s")]


def test_who_lost_its_symlink_speaks_no_more(graph: Store) -> None:
    """The table moved on: the least of the names that stay speaks for them."""
    merge(graph, received([described("b", 1, aliases=(linked("b", "t"), linked("b", "a", "rename")))], 1))
    merge(graph, received([described("c", 2, aliases=(linked("c", "t"),))], 2))

    assert ["a", "a", "t", "t"] == [speaker(graph, name) for name in "abct"]
