"""What a person decides: the newest word of each topic counts, in whatever order statements are read."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from lineage.model import dataset_id
from lineage.statements import Kept, Stated, Statement, Subject, Word, fold, of, read, written
from tests.support.reading import NOON

ORDERS = Subject("dataset", "orders", "pg")


def said(minute: int, *words: Word, subject: Subject = ORDERS) -> Kept:
    """A statement as the ledger has it."""
    at = NOON + timedelta(minutes=minute)
    return Kept(at, bytes([minute]), Statement(subject, "ada", at, words))


STORY = (
    said(1, Word("owner", "ada"), Word("tag", "pii")),
    said(2, Word("owner", "bob"), Word("tag", "gold", "price")),
    said(3, Word("tag", "pii", holds=False), Word("description", "Orders")),
)


def folded(*kept: Kept) -> Stated:
    """What they come to."""
    found = fold(kept)
    assert found is not None
    return found


@pytest.mark.parametrize("order", list(permutations(STORY)))
def test_the_order_of_reading_decides_nothing(order: tuple[Kept, ...]) -> None:
    """Nor does reading a statement twice."""
    assert folded(*STORY) == folded(*order, *order)


def test_the_newest_word_of_a_topic_counts() -> None:
    """Tags are topics of their own, each with its column."""
    stated = folded(*STORY)

    expected = ("bob", "Orders", {"pii": False}, {"gold": True})
    assert expected == (stated.value("owner"), stated.value("description"), stated.tags(), stated.tags("price"))


def test_what_is_stated_under_two_names_is_of_one_thing() -> None:
    """The newer statement counts, under whichever name."""
    old = said(1, Word("owner", "ada"), Word("tag", "pii"))
    new = said(2, Word("owner", "bob"), subject=of(dataset_id("file", "/lake/orders")))

    both = folded(new, old)

    assert ("bob", {"pii": True}) == (both.value("owner"), both.tags())


@pytest.mark.parametrize(("last", "expected"), [(True, True), (False, False)])
def test_what_was_hidden_can_be_brought_back(last: bool, expected: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """By the newest word of it."""
    stated = folded(said(1, Word("hidden")), said(2, Word("hidden", holds=last)))

    assert expected == stated.hidden


def test_nothing_stated_comes_to_nothing() -> None:
    """No statement, no answer."""
    assert fold([]) is None


def test_a_statement_is_kept_as_it_was_said() -> None:
    """The ledger's bytes give it back."""
    statement = STORY[1].statement

    assert statement == read(written(statement))
