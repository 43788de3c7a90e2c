"""A tally whose end is told anew counts as one that was made of it all."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement

from hypothesis import given
from hypothesis import strategies as st

from lineage.model import Verdict, VerdictState
from lineage.slo.budget import Count, Tally
from tests.support.promises import HOUR, NOON

parts = st.tuples(st.sampled_from(VerdictState), st.sampled_from((Fraction(1), Fraction(1, 3), Fraction(0))))


def hourly(found: list[tuple[VerdictState, Fraction]], first: int = 0) -> list[Verdict]:
    """A verdict an hour from the *first* on, with what of 2 was good."""
    return [
        Verdict(f"{hour}", NOON + hour * HOUR, state, good=good, total=Fraction(2))
        for hour, (state, good) in enumerate(found, first)
    ]


def counted(tally: Tally) -> list[tuple[Count, list[int]]]:
    """What *tally* says of each span of places."""
    spans = combinations_with_replacement(range(len(tally.ordered) + 1), 2)
    return [(tally.count(*span), [tally.of(state, *span) for state in VerdictState]) for span in spans]


@given(st.lists(parts, max_size=6), st.integers(0, 6), st.lists(parts, max_size=4))
def test_an_end_told_anew_counts_as_if_it_had_always_been_so(
    before: list[tuple[VerdictState, Fraction]], place: int, after: list[tuple[VerdictState, Fraction]]
) -> None:
    """Over every span: good, total, judged, expected, and each state."""
    place = min(place, len(before))
    tally, end = Tally(hourly(before)), hourly(after, place)
    tally.end_with(place, end)
    whole = Tally([*hourly(before)[:place], *end])

    assert (whole.ordered, whole.dues, counted(whole)) == (tally.ordered, tally.dues, counted(tally))


def test_verdicts_before_the_end_stay_the_very_same() -> None:
    """So that who compares them with what they were sees at once that they are."""
    first, *rest = hourly([(VerdictState.GOOD, Fraction(2))] * 3)
    tally = Tally([first, *rest])
    tally.end_with(1, rest[:1])

    assert [id(first), id(rest[0])] == list(map(id, tally.ordered))


def test_no_window_holds_what_was_due_by_after() -> None:
    """However long it is; a window that begins later begins where it did."""
    tally = Tally(hourly([(VerdictState.GOOD, Fraction(2))] * 6))
    tally.after = NOON + 2 * HOUR
    now = NOON + 5 * HOUR

    assert [(3, 6), (4, 6), (3, 6)] == [tally.window(hours * HOUR, now) for hours in (100, 2, 3)]


def test_without_after_a_window_is_as_long_as_it_says() -> None:
    """Open where it begins, closed where it ends."""
    tally = Tally(hourly([(VerdictState.GOOD, Fraction(2))] * 6))

    assert [(0, 5), (2, 5)] == [tally.window(hours * HOUR, NOON + 4 * HOUR) for hours in (100, 3)]
