"""Evaluate: from stored events to a status, whatever the order in which they came."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from lineage.slo.evaluate import evaluate
from tests.support.promises import DAY, HOUR, NOON, Lake, event, promise, states

MINUTE = timedelta(minutes=1)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty store."""
    lake = Lake(tmp_path)
    yield lake
    lake.homes.close()


def test_deliveries_in_time_are_good_and_a_missing_one_is_bad(lake: Lake) -> None:
    """Each hour of the window is an occurrence; that which has no run by its deadline is BAD."""
    lake.runs(NOON - 6 * HOUR, 5)
    slo = promise(window="6h")

    status = evaluate(slo, lake.store, NOON + 20 * MINUTE)

    assert states(status.occurrences) == "GGGGGB"


def test_the_sentence_says_how_late(lake: Lake) -> None:
    """A missing delivery is told with its lateness and its deadline."""
    lake.runs(NOON - 6 * HOUR, 5)

    status = evaluate(promise(window="6h"), lake.store, NOON + 20 * MINUTE)

    assert status.sentence == "Late by 5 m, due 2026-11-20 12:15 UTC"


def test_a_verdict_names_the_event_that_proves_it(lake: Lake) -> None:
    """Evidence is the digest of the COMPLETE that delivered."""
    lake.runs(NOON - HOUR, 1)

    status = evaluate(promise(window="1h"), lake.store, NOON + 20 * MINUTE)

    proof = lake.store.events(digests=status.occurrences[-1].evidence).items
    assert [record.type for record in proof] == ["COMPLETE"]


def test_a_failed_run_covers_nothing_and_is_named(lake: Lake) -> None:
    """FAIL never covers; the verdict says which job failed and points at its event."""
    nominal = (NOON - HOUR, NOON)
    lake.put(
        event("START", NOON + MINUTE, "broken", nominal=nominal),
        event("FAIL", NOON + 2 * MINUTE, "broken", nominal=nominal),
    )

    status = evaluate(promise(window="1h"), lake.store, NOON + 20 * MINUTE)

    newest = status.occurrences[-1]
    assert (
        states([newest]),
        newest.reason,
        len(newest.evidence),
    ) == ("B", "not delivered: orders.load failed at 2026-11-20 12:02 UTC", 1)


def test_events_received_later_are_not_known_yet(lake: Lake) -> None:
    """`at` sets both clocks: what was received after it says nothing (DECISIONS 24)."""
    lake.put(event("COMPLETE", NOON - 50 * MINUTE, "first", nominal=(NOON - 2 * HOUR, NOON - HOUR)))
    lake.put(event("COMPLETE", NOON + MINUTE, "second", nominal=(NOON - HOUR, NOON)), received_at=NOON + DAY)

    status = evaluate(promise(window="2h"), lake.store, NOON + 20 * MINUTE)

    assert states(status.occurrences) == "GB"


def test_an_event_that_is_a_little_ahead_speaks_from_its_own_time_on(lake: Lake) -> None:
    """Before that no verdict knows of it, however long ago it was received (SLO.md b.0)."""
    slo, nominal = promise(window="1h"), (NOON - HOUR, NOON)
    lake.put(event("COMPLETE", NOON + 10 * MINUTE, "ahead", nominal=nominal), received_at=NOON + 5 * MINUTE)

    found = [evaluate(slo, lake.store, NOON + minutes * MINUTE).last_delivery for minutes in (9, 10)]

    assert found == [None, NOON + 10 * MINUTE]


def test_late_metadata_is_folded_in(lake: Lake) -> None:
    """The same instant seen with later knowledge is GOOD: the data was there in time."""
    lake.put(event("COMPLETE", NOON + MINUTE, "run", nominal=(NOON - HOUR, NOON)), received_at=NOON + DAY)

    status = evaluate(promise(window="1h"), lake.store, NOON + 20 * MINUTE, known_at=NOON + DAY)

    assert states(status.occurrences) == "G"


def test_what_was_due_before_the_first_receipt_is_marked_imported(lake: Lake) -> None:
    """History that was loaded at once is judged from what is known, and says so."""
    for hours in (3, 2, 1):
        start = NOON - hours * HOUR
        lake.put(
            event("COMPLETE", start + HOUR + MINUTE, f"run {hours}", nominal=(start, start + HOUR)),
            received_at=NOON + 19 * MINUTE,
        )

    status = evaluate(promise(window="3h"), lake.store, NOON + 20 * MINUTE)

    assert [(states([v]), v.imported) for v in status.occurrences] == [("G", True)] * 3


def test_what_was_due_before_anything_was_heard_is_history_of_a_dataset_that_nobody_told_of(lake: Lake) -> None:
    """While an estate is being loaded other datasets come first; what was due after that is missing for certain."""
    lake.put(event("COMPLETE", NOON - 9 * HOUR, "run", outputs=("others",)), received_at=NOON - 30 * MINUTE)

    status = evaluate(promise(window="2h"), lake.store, NOON + 20 * MINUTE)

    assert [(states([v]), v.imported) for v in status.occurrences] == [("B", True), ("B", False)]


def test_a_store_that_knew_nothing_judges_nothing(lake: Lake) -> None:
    """Before anything was received no absence proves a miss: UNKNOWN, and no data."""
    lake.put(event("COMPLETE", NOON, "run"), received_at=NOON + DAY)

    status = evaluate(promise(window="3h"), lake.store, NOON + 20 * MINUTE)

    assert (states(status.occurrences), status.state, status.sli) == ("UUU", "no_data", None)


def test_occurrences_before_effective_from_do_not_exist(lake: Lake) -> None:
    """An SLO counts from effectiveFrom; what was due before is nobody's miss."""
    slo = promise(window="6h", effectiveFrom=NOON - 2 * HOUR)
    lake.put(event("COMPLETE", NOON - DAY, "run"))

    status = evaluate(slo, lake.store, NOON + 20 * MINUTE)

    assert len(status.occurrences) == 3


def test_a_dataset_never_delivered_is_bad_not_unknown(lake: Lake) -> None:
    """Never delivered dataset: the first due after effectiveFrom is BAD."""
    lake.put(event("COMPLETE", NOON - DAY, "other", outputs=("customers",)))
    slo = promise(window="1d", effectiveFrom=NOON)

    status = evaluate(slo, lake.store, NOON + 20 * MINUTE)

    assert states(status.occurrences) == "B"


def test_order_of_arrival_changes_nothing(tmp_path: Path) -> None:
    """The status is a function of the set of events: shuffled and repeated they give the same."""
    bodies = [
        event(kind, NOON - hours * HOUR + minutes * MINUTE, f"run {hours}", nominal=(start, start + HOUR), rows=900)
        for hours in range(6)
        for start in [NOON - (hours + 1) * HOUR]
        for kind, minutes in (("START", 1), ("COMPLETE", 3 + 5 * hours))
    ]
    found = []
    for seed in (1, 2):
        (tmp_path / str(seed)).mkdir()
        lake = Lake(tmp_path / str(seed))
        shuffled = random.Random(seed).sample(bodies, len(bodies))
        lake.put(*shuffled, *shuffled[:3], received_at=NOON)
        found.append(evaluate(promise("completeness", window="6h"), lake.store, NOON + 20 * MINUTE))
        lake.homes.close()

    assert found[0] == found[1]


def test_streaming_windows_of_an_hour_add_up(lake: Lake) -> None:
    """STREAMING and COMPLETE_SNAPSHOT: the rows of an occurrence are the sum of its windows (DECISIONS 11)."""
    pattern = {"emissionPattern": {"eventTrigger": "PERIODIC", "eventContentMode": "COMPLETE_SNAPSHOT"}}
    for place in range(12):
        at = NOON - 2 * HOUR + 10 * MINUTE * (place + 1)
        lake.put(event("RUNNING", at, "service", rows=200, streaming=pattern))
    slo = promise("completeness", window="2h")

    status = evaluate(slo, lake.store, NOON + 20 * MINUTE)

    assert [Fraction(1200)] * 2 == [verdict.value for verdict in status.occurrences]


def test_a_report_of_a_streaming_run_is_a_delivery(lake: Lake) -> None:
    """A run that never completes keeps its freshness by RUNNING events."""
    for hours in (2, 1, 0):
        lake.put(event("RUNNING", NOON - hours * HOUR, "service", rows=1, streaming={}))

    status = evaluate(promise(window="3h"), lake.store, NOON + 20 * MINUTE)

    assert states(status.occurrences) == "GGG"


def test_accumulating_counts_are_unknown(lake: Lake) -> None:
    """ACCUMULATIVE does not say what one hour brought, and is never guessed."""
    pattern = {"emissionPattern": {"eventTrigger": "PERIODIC", "eventContentMode": "ACCUMULATIVE"}}
    lake.put(event("RUNNING", NOON, "service", rows=10_000, streaming=pattern))

    status = evaluate(promise("completeness", window="1h"), lake.store, NOON + 20 * MINUTE)

    assert states(status.occurrences) == "U"


def test_checks_in_both_places_count_once(lake: Lake) -> None:
    """A dbt run sends each assertion on START and on COMPLETE, in facets and in inputFacets: it is one."""
    found = [{"assertion": "not_null", "column": "id", "success": True, "actual": "0"}]
    start, end = (
        event(kind, NOON + MINUTE, "test", job="orders.test", inputs=("orders",), outputs=(), assertions=found)
        for kind in ("START", "COMPLETE")
    )
    end["inputs"][0]["facets"] = end["inputs"][0]["inputFacets"]
    lake.put(event("COMPLETE", NOON, "load"), start, end)

    status = evaluate(promise("correctness", window="1d"), lake.store, NOON + HOUR)

    assert (status.good, status.total) == (1, 1)


@pytest.mark.parametrize(
    ("result", "ended", "expected"),
    [
        ({"success": "<<non-serializable: bool>>", "actual": "1"}, "COMPLETE", "P"),
        ({"success": False}, "FAIL", "P"),
        ({"success": False, "actual": "0"}, "ABORT", "P"),
        ({"success": False, "actual": "3"}, "FAIL", "B"),
        ({"success": False}, "COMPLETE", "B"),
        ({"success": True}, "COMPLETE", "G"),
    ],
)
def test_only_what_was_evaluated_counts(lake: Lake, result: dict[str, object], ended: str, expected: str) -> None:
    """A marker instead of a bool, an aborted run and a test skipped with its model are no evaluations."""
    body = {"assertion": "not_null", "column": "id", **result}
    lake.put(
        event("COMPLETE", NOON, "load"),
        event("START", NOON + MINUTE, "test", job="orders.test", inputs=("orders",), outputs=()),
        event(ended, NOON + 2 * MINUTE, "test", job="orders.test", inputs=("orders",), outputs=(), assertions=[body]),
    )

    status = evaluate(promise("correctness", window="1d"), lake.store, NOON + HOUR)

    assert expected == states(status.occurrences)


def test_a_question_twice_has_one_answer(lake: Lake) -> None:
    """The same entries and the same instant give an equal status."""
    lake.runs(NOON - 6 * HOUR, 5)
    slo = promise(window="6h")

    once = evaluate(slo, lake.store, NOON)

    assert once == evaluate(slo, lake.store, NOON)
