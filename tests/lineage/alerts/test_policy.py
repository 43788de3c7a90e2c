"""When to speak: decide, by example and for every sequence of statuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.alerts.policy import AlertState, decide, restored_at
from lineage.slo.status import Status
from tests.support.alerting import HOUR, NOW, later, status, tier

LATE = status("orders", "GGB", ladder="ticket", state="breaching")
BURNING = status("beats", "GBB", state="breaching", burn=[tier(20, 30, firing=True)])
QUIET = status("beats", "GBB", at=NOW + HOUR, burn=[tier(9, 0, firing=False)])


def after(*statuses: Status) -> AlertState | None:
    """The state once *statuses* were decided on, one after the other."""
    state: AlertState | None = None
    for each in statuses:
        if move := decide(state, each):
            state = move.after
    return state


def said(*statuses: Status) -> list[str]:
    """What was decided at each status; `-` for nothing."""
    state: AlertState | None = None
    words = []
    for each in statuses:
        move = decide(state, each)
        words.append("-" if move is None else move.what)
        state = state if move is None else move.after
    return words


def test_a_bad_occurrence_on_the_ladder_fires_once() -> None:
    """The ladder fires at the first status that it is true in, and stays silent while nothing gets worse."""
    assert said(LATE, later(LATE, HOUR)) == ["fire", "-"]


def test_a_healthy_slo_says_nothing() -> None:
    """Good occurrences decide nothing."""
    assert said(status("orders", "GGG")) == ["-"]


def test_trouble_that_is_over_is_never_told() -> None:
    """History whose newest occurrence is good tells nothing, even while the ladder still asks for a page."""
    assert said(status("orders", "BBBG", ladder="page", state="at_risk")) == ["-"]


def test_a_higher_rung_escalates_and_a_lower_one_is_silent() -> None:
    """A severity that rises is told once; one that falls never."""
    worse = later(LATE, HOUR, ladder="page")

    assert said(LATE, worse, later(worse, HOUR, ladder="ticket")) == ["fire", "escalate", "-"]


def test_low_frequency_recovers_by_the_next_good_occurrence() -> None:
    """A GOOD occurrence after the bad one recovers at once."""
    assert said(LATE, status("orders", "GGBG", at=NOW + HOUR)) == ["fire", "recover"]


@pytest.mark.parametrize("letters", ["GGBU", "GGBP", "GGBUUU", "", "UU"])
def test_what_is_not_known_never_recovers(letters: str) -> None:
    """UNKNOWN, PENDING and the passage of time are no recovery."""
    assert said(LATE, status("orders", letters, at=NOW + HOUR)) == ["fire", "-"]


def test_lost_coverage_freezes() -> None:
    """While there is no data an alert neither fires nor recovers."""
    frozen = status("orders", "GGB", ladder="page", state="no_data")
    good_but_frozen = status("orders", "GGBG", at=NOW + HOUR, state="no_data")

    assert (said(frozen), said(LATE, good_but_frozen)) == (["-"], ["fire", "-"])


def test_a_warming_slo_opens_tickets_only() -> None:
    """Until it has history an SLO may not page."""
    state = after(status("orders", "BB", ladder="page", state="warming"))

    assert (state and state.severity) == "ticket"


def test_the_highest_firing_tier_counts() -> None:
    """Of several tiers that fire only the loudest is told."""
    both = status("beats", "B", burn=[tier(20, 20, firing=True, severity="ticket"), tier(20, 20, firing=True)])
    state = after(both)

    assert (state and state.severity) == "page"


def test_high_frequency_recovers_when_quiet_twice() -> None:
    """A burn rate needs two quiet evaluations, and a relapse in between starts the count again."""
    relapse = later(BURNING, 2 * HOUR)
    quiet = [later(QUIET, n * HOUR) for n in (0, 2, 3)]

    assert said(BURNING, quiet[0], relapse, *quiet[1:]) == ["fire", "hold", "hold", "hold", "recover"]


def test_a_burn_rate_without_new_events_does_not_recover() -> None:
    """A tier that still burns over its long window and measures nothing in its short one is not quiet."""
    silent = [status("beats", "GBB", at=NOW + n * HOUR, burn=[tier(20, None, firing=False)]) for n in (1, 2, 3)]

    assert said(BURNING, *silent) == ["fire", "-", "-", "-"]


def test_an_older_status_has_nothing_to_say() -> None:
    """After a recovery the statuses of before, seen again, do not fire again."""
    recovered = status("orders", "GGBG", at=NOW + HOUR)

    assert said(LATE, recovered, recovered, LATE) == ["fire", "recover", "-", "-"]


def test_an_episode_begins_with_its_first_bad_occurrence() -> None:
    """The onset is the due time that began the streak; unknown occurrences in it change nothing."""
    state = after(status("orders", "GBUB", ladder="page"))

    assert (state and state.since) == NOW - 2 * HOUR


def test_a_burning_episode_begins_with_the_oldest_bad_in_its_window() -> None:
    """The onset of a burn rate lies within the longest window that fires."""
    state = after(status("beats", "BBGB", burn=[tier(20, 30, firing=True)]))

    assert (state and state.since) == NOW


def test_recovery_is_dated_by_the_delivery() -> None:
    """Data was good again when it was delivered, not when we looked."""
    assert restored_at(status("orders", "BGU")) == NOW - HOUR


def imported(letters: str, at: datetime) -> Status:
    """A status of the ladder whose occurrences were all due before we observed."""
    made = status("orders", letters, at, ladder="page" if letters.endswith("B") else None)
    return replace(made, occurrences=tuple(replace(verdict, imported=True) for verdict in made.occurrences))


def test_imported_trouble_is_told_at_the_second_look() -> None:
    """What was due before we observed fires once two evaluations agree on when it began."""
    again = replace(imported("GGB", NOW), at=NOW + timedelta(seconds=30))

    assert said(imported("GGB", NOW), again) == ["hold", "fire"]


def test_history_that_is_being_loaded_tells_nothing() -> None:
    """While deliveries are still coming in the onset moves on, and at the end nothing is wrong."""
    loading = [imported("GB", NOW), imported("GGGB", NOW + 2 * HOUR), imported("GGGGGG", NOW + 4 * HOUR)]

    assert said(*loading) == ["hold", "hold", "hold"]


STATUSES = st.lists(
    st.tuples(
        st.text("GBUP", max_size=4),
        st.sampled_from([None, "ticket", "page"]),
        st.sampled_from(["ok", "breaching", "no_data", "warming"]),
        st.booleans(),
    ),
    max_size=12,
)


@given(STATUSES)
def test_never_two_fires_without_a_recovery_between(story: list[tuple[str, str | None, str, bool]]) -> None:
    """Whatever happens, fires and recoveries take turns and escalations lie between them."""
    statuses = [
        status(
            "any",
            letters,
            NOW + timedelta(minutes=n),
            ladder=ladder,
            state=state,
            burn=[tier(20 if burns else 1, Fraction(1), firing=burns)],
        )
        for n, (letters, ladder, state, burns) in enumerate(story)
    ]
    turns = [word for word in said(*statuses) if word in ("fire", "recover")]

    assert ["fire", "recover"] * (len(turns) // 2) + ["fire"] * (len(turns) % 2) == turns
