"""What a person decides: the newest word of each topic counts, in whatever order statements are read."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from lineage.model import Entry
from lineage.statements import Stated, Statement, Subject, Word, fold, read, read_stated, united, written
from tests.support.reading import NOON

ORDERS = Subject("dataset", "orders", "pg")


def said(minute: int, *words: Word, subject: Subject = ORDERS) -> tuple[Statement, Entry]:
    """A statement and its place in the ledger."""
    at = NOON + timedelta(minutes=minute)
    return Statement(subject, "ada", at, words), Entry("w", minute, "statement", bytes(32), at, "ada")


def folded(*statements: tuple[Statement, Entry]) -> Stated:
    """What they come to."""
    body = None
    for statement, entry in statements:
        body = fold(body, statement, entry)
    assert body is not None
    return read_stated(body)


STORY = (
    said(1, Word("owner", "ada"), Word("tag", "pii")),
    said(2, Word("owner", "bob"), Word("tag", "gold", "price")),
    said(3, Word("tag", "pii", holds=False), Word("description", "Orders")),
)


@pytest.mark.parametrize("order", list(permutations(STORY)))
def test_the_order_of_reading_decides_nothing(order: tuple[tuple[Statement, Entry], ...]) -> None:
    """Nor does reading a statement twice."""
    assert folded(*STORY) == folded(*order, *order)


def test_the_newest_word_of_a_topic_counts() -> None:
    """Tags are topics of their own, each with its column."""
    stated = folded(*STORY)

    expected = ("bob", "Orders", {"pii": False}, {"gold": True})
    assert expected == (stated.value("owner"), stated.value("description"), stated.tags(), stated.tags("price"))


def test_what_is_stated_under_two_names_is_of_one_thing() -> None:
    """The newer statement counts, under whichever name."""
    old = folded(said(1, Word("owner", "ada"), Word("tag", "pii")))
    new = folded(said(2, Word("owner", "bob"), subject=Subject("dataset", "/lake/orders", "file")))

    both = united([new, old])

    assert both is not None
    assert ("bob", {"pii": True}) == (both.value("owner"), both.tags())


def test_a_statement_is_kept_as_it_was_said() -> None:
    """The ledger's bytes give it back."""
    statement, _ = STORY[1]

    assert statement == read(written(statement))


def test_names_of_documents_do_not_collide() -> None:
    """A colon in a namespace is not the border to the name."""
    keys = {Subject("job", "b:c", "a").key, Subject("job", "c", "a:b").key, Subject("tag", "a:b:c").key}

    assert len(keys) == 3
