"""Of two lists of verdicts, what became another."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from lineage.model import Verdict, VerdictState
from lineage.slo.renewed import renewed
from tests.support.promises import HOUR, NOON

states = st.sampled_from((VerdictState.GOOD, VerdictState.BAD, VerdictState.PENDING))


def verdict(hour: int, state: VerdictState) -> Verdict:
    """A verdict on what was due *hour* hours after noon."""
    good = state == VerdictState.GOOD
    return Verdict(f"{hour}", NOON + hour * HOUR, state, good=Fraction(good), total=Fraction(1))


@given(st.dictionaries(st.integers(0, 6), states), st.dictionaries(st.integers(0, 6), st.tuples(states, st.booleans())))
def test_it_names_what_no_equal_verdict_was_there_for(
    before: dict[int, VerdictState], now: dict[int, tuple[VerdictState, bool]]
) -> None:
    """Each with what it was, whether verdicts that stayed are the same objects or only equal ones."""
    was = {hour: verdict(hour, state) for hour, state in before.items()}
    found = [
        was[hour] if is_same and hour in was else verdict(hour, state) for hour, (state, is_same) in sorted(now.items())
    ]
    expected = [
        (was.get(int(each.occurrence)), each) for each in found if was.get(int(each.occurrence)) != each
    ]  # fmt: skip

    assert expected == renewed(list(was.values()), found)


def test_what_fell_out_of_the_window_is_not_named() -> None:
    """It is no verdict any more, and nothing became of it."""
    old, kept = verdict(0, VerdictState.GOOD), verdict(1, VerdictState.BAD)

    assert renewed([old, kept], [kept]) == []
