"""A large batch holds nobody up: it is kept a commit at a time, and who comes meanwhile goes before its rest."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

import pytest

from collectors import admission
from collectors.admission import Found
from collectors.intake import COMMIT_EVENTS_MAX, LARGE_BYTES, Intake
from collectors.journal import Admitted
from lineage.errors import Overloaded
from lineage.model import Entry, Principal
from lineage.settings import Ingest
from lineage.store.base import Change
from tests.support.posting import event

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
AIRFLOW = Principal("airflow", frozenset({"ingest"}))
WAIT_S = 10


class Gated:
    """A journal whose first commit waits for `open`; it remembers how many events each had."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.bodies: dict[str, bytes] = {}
        self.entered = Event()
        self.open = Event()

    def commit(self, batch: Sequence[Admitted], _letters: Sequence[Change], received_at: datetime) -> list[Entry]:
        """Answer an entry for each."""
        self.sizes.append(len(batch))
        self.bodies |= {one.draft.digest.hex(): one.draft.body for one in batch}
        self.entered.set()
        assert self.open.wait(WAIT_S)
        return [Entry("w", seq, "event", one.draft.digest, received_at, "airflow") for seq, one in enumerate(batch)]


def intake_over(journal: Any) -> Intake:
    return Intake(journal, Ingest(), b"s" * 32, lambda: NOON, "test")


def test_who_comes_meanwhile_goes_before_the_rest_of_a_large_batch() -> None:
    """One event behind a batch of three commits waits for one of them."""
    journal = Gated()
    intake = intake_over(journal)
    bodies = [event(number) for number in range(3 * COMMIT_EVENTS_MAX)]
    order: list[str] = []
    large = intake.submit_many(bodies, AIRFLOW)
    large.add_done_callback(lambda _: order.append("large"))
    intake.start()
    assert journal.entered.wait(WAIT_S)
    intake.submit(event(9 * COMMIT_EVENTS_MAX), AIRFLOW).add_done_callback(lambda _: order.append("small"))
    journal.open.set()
    large.result(WAIT_S)
    intake.stop()

    full = COMMIT_EVENTS_MAX
    assert (["small", "large"], [full, full, full, 1]) == (order, sorted(journal.sizes, reverse=True))


def test_a_batch_that_stopping_divides_is_refused() -> None:
    """The part that was kept is a duplicate when it comes again; the drain does not wait for the rest."""
    journal = Gated()
    intake = intake_over(journal)
    large = intake.submit_many([event(number) for number in range(2 * COMMIT_EVENTS_MAX)], AIRFLOW)
    intake.start()
    assert journal.entered.wait(WAIT_S)
    stopping = Thread(target=intake.stop)
    stopping.start()
    with suppress(Overloaded):  # it says so once it stops
        while True:
            intake.submit(event(0), AIRFLOW)
    journal.open.set()
    stopping.join(WAIT_S)

    assert isinstance(large.exception(WAIT_S), Overloaded)


def padded(number: int, size: int) -> bytes:
    return event(number, padding={"text": "x" * size})


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Event:
    """What large bodies wait for to be read."""
    go_on = Event()

    def admit(body: bytes, *rest: Any) -> Found:
        assert len(body) <= LARGE_BYTES or go_on.wait(WAIT_S)
        return admission.admit(body, *rest)

    monkeypatch.setattr("collectors.intake.admit", admit)
    return go_on


def opened(journal: Gated) -> Intake:
    journal.open.set()
    intake = intake_over(journal)
    intake.start()
    return intake


def test_nobody_waits_while_a_large_event_is_read(reading: Event) -> None:
    """Behind an event of many bytes, small ones are answered before it; then it has a commit of its own."""
    journal = Gated()
    intake = opened(journal)
    large = intake.submit_many([event(1), padded(2, LARGE_BYTES), event(3)], AIRFLOW)
    small = [intake.submit(event(number), AIRFLOW).result(WAIT_S).status for number in (4, 5)]
    is_waiting = not large.done()
    reading.set()
    receipts = large.result(WAIT_S)
    intake.stop()

    assert (["accepted"] * 2, True, ["accepted"] * 3) == (small, is_waiting, [one.status for one in receipts])
    assert [event(1), padded(2, LARGE_BYTES), event(3)] == [journal.bodies[receipt.digest] for receipt in receipts]


def test_a_large_event_is_counted_while_it_is_read(reading: Event) -> None:
    """It waits as others do: the queue is as full as if it stood in it."""
    intake = Intake(Gated(), Ingest(queue_bytes=LARGE_BYTES), b"s" * 32, lambda: NOON, "test")
    intake.start()
    large = intake.submit(padded(1, LARGE_BYTES), AIRFLOW)
    with pytest.raises(Overloaded):
        intake.submit(event(2), AIRFLOW)
    intake.stop()
    reading.set()

    assert isinstance(large.exception(WAIT_S), Overloaded)


def test_no_commit_has_many_more_bytes_than_its_bound() -> None:
    """Events of 200 kB are committed twenty at a time, not a thousand."""
    journal = Gated()
    bodies = [padded(number, 200_000) for number in range(50)]

    intake = opened(journal)
    intake.submit_many(bodies, AIRFLOW).result(WAIT_S)
    intake.stop()

    assert [20, 20, 10] == journal.sizes
