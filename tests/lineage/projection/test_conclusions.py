"""What a run's events come to: DECISIONS 8, in tables and for every order of arrival."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.model import Listing, Moment, RunObserved, dataset_id, run_id
from lineage.projection import resolve
from tests.support.events import all_files, deltas
from tests.support.events import observed as as_observed

RUN = run_id("0197d5f0-0000-7000-8000-000000000001")
BEGIN = datetime(2026, 11, 21, 8, tzinfo=UTC)


def minute(number):
    return BEGIN + timedelta(minutes=number)


def observed(*said, listings=()):
    """A run of the events *said*: (type, minute) pairs."""
    types = frozenset(word for word, _ in said)
    moments = sorted(
        (Moment(word, minute(at), bytes([index])) for index, (word, at) in enumerate(said)),
        key=lambda moment: (moment.at, moment.digest),
    )
    kept = tuple(moment for moment in moments if moment.type not in ("RUNNING", "OTHER"))
    return RunObserved(RUN, kept, moments[0].at, moments[-1].at, tuple(listings), types)


STATES = {
    "begun": ([("START", 0)], "RUNNING", 0, None, False),
    "done": ([("START", 0), ("COMPLETE", 5)], "COMPLETE", 0, 5, False),
    "start unknown": ([("COMPLETE", 5)], "COMPLETE", None, 5, False),
    "RUNNING alone": ([("RUNNING", 1)], "RUNNING", None, None, False),
    "OTHER alone": ([("OTHER", 1)], "NEW", None, None, False),
    "OTHER and RUNNING": ([("OTHER", 1), ("RUNNING", 2)], "RUNNING", None, None, False),
    "RUNNING after the end": ([("START", 0), ("COMPLETE", 5), ("RUNNING", 6)], "COMPLETE", 0, 5, False),
    "FAIL, then COMPLETE": ([("START", 0), ("FAIL", 5), ("COMPLETE", 6)], "FAIL", 0, 5, True),
    "COMPLETE, then ABORT": ([("START", 0), ("COMPLETE", 5), ("ABORT", 6)], "ABORT", 0, 6, True),
    "ABORT, then FAIL": ([("START", 0), ("ABORT", 5), ("FAIL", 6)], "FAIL", 0, 6, True),
    "done twice": ([("START", 0), ("COMPLETE", 5), ("COMPLETE", 7)], "COMPLETE", 0, 7, False),
    "two STARTs, no failure": ([("START", 0), ("START", 1), ("COMPLETE", 5)], "COMPLETE", 0, 5, False),
    "a START after the end": ([("START", 0), ("COMPLETE", 5), ("START", 6)], "COMPLETE", 0, 5, False),
    "began again": ([("START", 0), ("FAIL", 5), ("START", 6)], "RUNNING", 0, None, False),
    "began again and done": ([("START", 0), ("FAIL", 5), ("START", 6), ("COMPLETE", 9)], "COMPLETE", 0, 9, False),
    "began again after ABORT": ([("START", 0), ("ABORT", 5), ("START", 6), ("COMPLETE", 9)], "COMPLETE", 0, 9, False),
    "failed twice": ([("START", 0), ("FAIL", 5), ("START", 6), ("FAIL", 9)], "FAIL", 0, 9, False),
    "third time lucky": (
        [("START", 0), ("FAIL", 1), ("START", 2), ("FAIL", 3), ("START", 4), ("COMPLETE", 5)],
        "COMPLETE",
        0,
        5,
        False,
    ),
    "done, and a START more": (
        [("START", 0), ("FAIL", 5), ("START", 6), ("COMPLETE", 9), ("START", 10)],
        "COMPLETE",
        0,
        9,
        False,
    ),
    "FAIL before the only START": ([("FAIL", 0), ("START", 1), ("COMPLETE", 2)], "FAIL", 1, 0, True),
    "FAIL at the second START": ([("START", 0), ("FAIL", 5), ("START", 5)], "FAIL", 0, 5, False),
    "START and end at once": ([("START", 5), ("COMPLETE", 5)], "COMPLETE", 5, 5, False),
}


@pytest.mark.parametrize(("said", "state", "started", "ended", "conflict"), STATES.values(), ids=STATES.keys())
def test_the_state_of_a_run_follows_from_the_set_of_its_events(said, state, started, ended, conflict):
    """Terminal beats other, FAIL beats ABORT beats COMPLETE, a restart needs a START before and after the failure."""
    found = resolve(observed(*said))

    assert (state, started, ended, conflict) == (
        found.state,
        None if found.started_at is None else (found.started_at - BEGIN).total_seconds() / 60,
        None if found.ended_at is None else (found.ended_at - BEGIN).total_seconds() / 60,
        found.conflict,
    )


def listing(name, side, *types, told=False):
    return Listing(dataset_id("lake", name), side, frozenset(types), BEGIN, BEGIN, told)


LISTINGS = {
    "START only beside COMPLETE": ([listing("a", "input", "START"), listing("b", "input", "COMPLETE")], {"b"}),
    "START only, COMPLETE silent": ([listing("a", "input", "START")], {"a"}),
    "START only, COMPLETE lists the other side": (
        [listing("a", "input", "START"), listing("b", "output", "COMPLETE")],
        {"a", "b"},
    ),
    "START and RUNNING": ([listing("a", "input", "START", "RUNNING"), listing("b", "input", "COMPLETE")], {"a", "b"}),
    "START only beside COMPLETE, in a lineage facet": (
        [listing("a", "input", "START", told=True), listing("b", "input", "COMPLETE")],
        {"a", "b"},
    ),
    "START only beside FAIL": ([listing("a", "input", "START"), listing("b", "input", "FAIL")], {"a", "b"}),
}


@pytest.mark.parametrize(("listings", "wanted"), LISTINGS.values(), ids=LISTINGS.keys())
def test_a_listing_is_effective_unless_a_rule_refuses_it(listings, wanted):
    """What only a START lists beside a COMPLETE of that side is no edge; every other listing is."""
    found = resolve(observed(("START", 0), ("COMPLETE", 5), listings=listings))

    assert wanted == {dataset.name for dataset, _ in found.effective}


WHOLE = {name: deltas(name) for name in all_files()}


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_any_order_and_repetition_of_events_comes_to_the_same(data):
    """A conclusion does not know in which order, or how often, the events of the run came."""
    found = WHOLE[data.draw(st.sampled_from(sorted(name for name in WHOLE if conclusions(WHOLE[name]))))]
    again = data.draw(st.lists(st.sampled_from(found), max_size=5))
    arrived = data.draw(st.permutations([*found, *again]))

    assert conclusions(found) == conclusions(arrived)


def conclusions(found):
    runs = {delta.run.run for delta in found if delta.run}
    return {run: resolve(as_observed(run, found)) for run in runs}


EVENTS = st.lists(
    st.tuples(st.sampled_from(["START", "RUNNING", "COMPLETE", "FAIL", "ABORT", "OTHER"]), st.integers(0, 6)),
    min_size=1,
    max_size=8,
)


@given(EVENTS)
def test_a_run_without_a_failure_is_what_its_best_event_says(said):
    """Without FAIL and ABORT any COMPLETE completes, whenever it came."""
    calm = [(word, at) for word, at in said if word not in ("FAIL", "ABORT")] or [("COMPLETE", 0)]
    types = {word for word, _ in calm}
    wanted = "COMPLETE" if "COMPLETE" in types else "NEW" if types == {"OTHER"} else "RUNNING"

    assert wanted == resolve(observed(*calm)).state


@given(EVENTS)
def test_a_run_that_began_once_and_failed_has_failed(said):
    """With one START, or none, nothing undoes a FAIL."""
    once = [(word, at) for word, at in said if word != "START"]

    assert resolve(observed(("START", 3), ("FAIL", 3), *once)).state == "FAIL"
