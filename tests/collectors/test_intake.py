"""The one door: receipts in order, a bounded queue, one commit for all that waits, and no harm to neighbours."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest

from collectors import admission
from collectors.intake import COMMIT_EVENTS_MAX, Intake
from collectors.journal import Admitted
from lineage.errors import Overloaded, StoreUnavailable, TooLarge
from lineage.letters import BODY, BODY_BYTES, KIND
from lineage.model import Entry, Principal
from lineage.settings import Ingest
from lineage.store.base import Change
from tests.support.posting import event

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
AIRFLOW = Principal("airflow", frozenset({"ingest"}))
BOUND = Principal("dbt", frozenset({"ingest"}), ("dbt",))
SECRET = b"s" * 32
WAIT_S = 10


class Ledgered:
    """A journal that remembers its commits; it waits for `open`, and fails with what `failure` holds."""

    def __init__(self) -> None:
        self.commits: list[tuple[Sequence[Admitted], Sequence[Change]]] = []
        self.failure: Exception | None = None
        self.entered = Event()
        self.open = Event()
        self.open.set()

    def commit(self, batch: Sequence[Admitted], letters: Sequence[Change], received_at: datetime) -> list[Entry]:
        """Answer entries as a ledger would, and remember."""
        self.entered.set()
        assert self.open.wait(WAIT_S)
        if self.failure is not None:
            raise self.failure
        self.commits.append((batch, letters))
        seen: set[bytes] = {one.draft.digest for earlier, _ in self.commits[:-1] for one in earlier}
        entries = []
        for seq, one in enumerate(batch, len(seen) + 1):
            draft = one.draft
            duplicate = draft.digest in seen
            seen.add(draft.digest)
            entries.append(Entry("w", seq, "event", draft.digest, received_at, draft.principal, None, duplicate))
        return entries

    @property
    def letters(self) -> list[dict[str, Any]]:
        """All dead letters with their bodies."""
        changes = [change for _, letters in self.commits for change in letters]
        bodies = {change.id: (change.body or b"").decode() for change in changes if change.kind == BODY}
        return [
            json.loads(change.body or b"") | {"body": bodies[change.id]} for change in changes if change.kind == KIND
        ]


@contextmanager
def opened(journal: Any, **limits: int) -> Iterator[Intake]:
    intake = Intake(journal, Ingest(**limits), SECRET, lambda: NOON, "test")
    intake.start()
    try:
        yield intake
    finally:
        journal.open.set()
        intake.stop()


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_a_receipt_names_the_stored_bytes() -> None:
    """An accepted event is known by the SHA-256 of its bytes."""
    with opened(Ledgered()) as intake:
        receipt = intake.submit(event(1), AIRFLOW).result(WAIT_S)

    assert ("accepted", digest(event(1))) == (receipt.status, receipt.digest)


def test_receipts_come_in_the_order_of_their_bodies() -> None:
    """receipts[i] is for bodies[i], whatever became of the others."""
    bodies = [event(1), b"no json", event(2), event(1), b"{}"]

    with opened(Ledgered()) as intake:
        receipts = intake.submit_many(bodies, AIRFLOW).result(WAIT_S)

    assert [one.status for one in receipts] == ["accepted", "dead-lettered", "accepted", "duplicate", "dead-lettered"]


def test_an_event_is_kept_in_the_name_of_its_sender() -> None:
    """The ledger learns whose key brought an event."""
    journal = Ledgered()

    with opened(journal) as intake:
        intake.submit(event(1), AIRFLOW).result(WAIT_S)

    assert [one.draft.principal for one in journal.commits[0][0]] == ["airflow"]


def test_what_waits_shares_a_commit() -> None:
    """Single events that come while the writer is busy are committed together."""
    journal = Ledgered()
    with opened(journal) as intake:
        journal.open.clear()
        first = intake.submit(event(0), AIRFLOW)
        assert journal.entered.wait(WAIT_S)
        rest = [intake.submit(event(number), AIRFLOW) for number in range(1, 9)]
        journal.open.set()
        for future in [first, *rest]:
            future.result(WAIT_S)

    assert [len(batch) for batch, _ in journal.commits] == [1, 8]


def test_a_large_unit_is_several_commits_and_one_answer() -> None:
    """No commit grows beyond its bound; the unit is answered when all of it is durable."""
    journal = Ledgered()
    bodies = [event(number) for number in range(COMMIT_EVENTS_MAX + 7)]

    with opened(journal) as intake:
        receipts = intake.submit_many(bodies, AIRFLOW).result(WAIT_S)

    assert ([COMMIT_EVENTS_MAX, 7], len(bodies)) == ([len(batch) for batch, _ in journal.commits], len(receipts))


@pytest.mark.parametrize("limits", [{"queue_events": 2}, {"queue_bytes": 2 * len(event(0))}])
def test_a_full_queue_refuses_at_once(limits: dict[str, int]) -> None:
    """Beyond the bound, of events or of bytes, the door says so and takes nothing."""
    journal = Ledgered()
    with opened(journal, **limits) as intake:
        journal.open.clear()
        intake.submit(event(0), AIRFLOW)
        assert journal.entered.wait(WAIT_S)
        intake.submit(event(1), AIRFLOW)

        with pytest.raises(Overloaded, match="send it again"):
            intake.submit_many([event(2), event(3)], AIRFLOW)

        assert intake.waiting == 1


def test_a_queue_that_emptied_takes_again() -> None:
    """Back-pressure ends by itself."""
    journal = Ledgered()
    with opened(journal, queue_events=1) as intake:
        journal.open.clear()
        futures = [intake.submit(event(0), AIRFLOW)]
        assert journal.entered.wait(WAIT_S)
        futures.append(intake.submit(event(1), AIRFLOW))
        journal.open.set()
        for future in futures:
            future.result(WAIT_S)

        assert intake.submit(event(2), AIRFLOW).result(WAIT_S).status == "accepted"


def test_an_empty_queue_takes_a_unit_larger_than_itself() -> None:
    """A batch that is larger than the queue is not refused for ever."""
    with opened(Ledgered(), queue_events=1) as intake:
        receipts = intake.submit_many([event(0), event(1)], AIRFLOW).result(WAIT_S)

    assert len(receipts) == 2


def test_a_failing_store_is_told_to_every_caller() -> None:
    """When nothing could be kept, everybody whose event was in the commit hears why."""
    journal = Ledgered()
    journal.failure = StoreUnavailable("the disk is full")
    with opened(journal) as intake:
        with pytest.raises(StoreUnavailable, match="the disk is full"):
            intake.submit(event(1), AIRFLOW).result(WAIT_S)

        journal.failure = None

        assert intake.submit(event(1), AIRFLOW).result(WAIT_S).status == "accepted"


def test_a_fault_of_the_journal_does_not_end_the_door() -> None:
    """An error that nobody foresaw reaches its caller, and the next event is taken."""
    journal = Ledgered()
    journal.failure = ZeroDivisionError("a fault")
    with opened(journal) as intake:
        with pytest.raises(ZeroDivisionError):
            intake.submit(event(1), AIRFLOW).result(WAIT_S)

        journal.failure = None

        assert intake.submit(event(1), AIRFLOW).result(WAIT_S).status == "accepted"


def test_stopping_finishes_the_commit_under_way() -> None:
    """What is being written when the end comes is finished and answered; what waits is to be sent again."""
    journal = Ledgered()
    with opened(journal) as intake:
        journal.open.clear()
        writing = intake.submit(event(0), AIRFLOW)
        assert journal.entered.wait(WAIT_S)
        waiting = intake.submit(event(1), AIRFLOW)
        intake._stopping = True
        journal.open.set()
        intake.stop()

    assert (writing.result(0).status, type(waiting.exception(0))) == ("accepted", Overloaded)


def test_a_stopped_door_takes_nothing() -> None:
    """After the end an event is refused, not forgotten."""
    with opened(Ledgered()) as intake:
        intake.stop()

        with pytest.raises(Overloaded, match="stopping"):
            intake.submit(event(1), AIRFLOW)


def test_a_caller_who_has_gone_is_left_out() -> None:
    """An event whose sender gave up while it waited is not kept: it was never acknowledged."""
    journal = Ledgered()
    with opened(journal) as intake:
        journal.open.clear()
        intake.submit(event(0), AIRFLOW)
        assert journal.entered.wait(WAIT_S)
        gone, stays = intake.submit(event(1), AIRFLOW), intake.submit(event(2), AIRFLOW)
        gone.cancel()
        journal.open.set()
        stays.result(WAIT_S)

    assert [digest(event(2))] == [one.draft.digest.hex() for one in journal.commits[1][0]]


def test_a_body_over_the_limit_is_refused() -> None:
    """One event that is too large is not even queued."""
    with opened(Ledgered(), max_event_bytes=100) as intake, pytest.raises(TooLarge, match="the limit is 100"):
        intake.submit(event(1), AIRFLOW)


def test_a_body_over_the_limit_harms_no_neighbour() -> None:
    """In a batch only the one that is too large is refused."""
    small, large = event(1), event(2, padding={"text": "x" * 1000})

    with opened(Ledgered(), max_event_bytes=len(small)) as intake:
        receipts = intake.submit_many([small, large], AIRFLOW).result(WAIT_S)

    assert [one.status for one in receipts] == ["accepted", "dead-lettered"]


@pytest.mark.parametrize("bomb", [b"[" * 1_000_000, b'{"run":' * 100_000 + b"1" + b"}" * 100_000])
def test_a_depth_bomb_is_refused_by_our_own_limit(bomb: bytes) -> None:
    """No parser is asked about what is nested without end; the reason names the limit."""
    with opened(Ledgered()) as intake:
        receipt = intake.submit(bomb, AIRFLOW).result(WAIT_S)

    assert receipt.reason == "nested deeper than 200 levels; send facets of fewer levels"


def test_an_event_of_a_foreign_namespace_is_forbidden_and_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    """A bound key brings nothing else: it is told so, the log counts it, and no dead letter keeps others' secrets."""
    journal = Ledgered()
    own = json.dumps({**json.loads(event(2)), "job": {"namespace": "dbt", "name": "orders"}}).encode()

    with opened(journal) as intake:
        receipts = intake.submit_many([event(1), own, event(3)], BOUND).result(WAIT_S)

    logged = [(line.message, line.__dict__["events"]) for line in caplog.records if line.levelname == "WARNING"]
    statuses = [one.status for one in receipts]
    assert (["forbidden", "accepted", "forbidden"], "job.namespace") == (statuses, receipts[0].field)
    assert ([], [("events_forbidden", 2)]) == (journal.letters, logged)


def test_the_dataset_decides_where_there_is_no_job() -> None:
    """A DatasetEvent is its dataset's; the inputs and outputs of a job may lie anywhere."""
    sent = {**json.loads(event(1)), "dataset": {"namespace": "pg", "name": "orders"}}
    body = json.dumps({key: value for key, value in sent.items() if key not in ("run", "job", "eventType")}).encode()

    with opened(Ledgered()) as intake:
        receipt = intake.submit(body, BOUND).result(WAIT_S)

    assert (receipt.status, receipt.field) == ("forbidden", "dataset.namespace")


@pytest.mark.parametrize(("strict", "status"), [(False, "accepted"), (True, "dead-lettered")])
def test_strict_is_a_setting(strict: bool, status: str) -> None:  # noqa: FBT001
    """What the schema refuses and the graph can use is taken, unless `ingest.strict` says otherwise."""
    sloppy = json.dumps({**json.loads(event(1)), "producer": "airflow"}).encode()

    with opened(Ledgered(), strict=strict) as intake:
        receipt = intake.submit(sloppy, AIRFLOW).result(WAIT_S)

    assert (receipt.status, receipt.field) == (status, "producer" if strict else None)


def test_a_dead_letter_says_why_and_whose() -> None:
    """A refused body is kept with its reason, the place in it, its sender, its size and the time."""
    journal = Ledgered()
    body = json.dumps({**json.loads(event(1)), "eventTime": "yesterday"}).encode()

    with opened(journal) as intake:
        reason = intake.submit(body, AIRFLOW).result(WAIT_S).reason

    expected = {"reason": reason, "field": "eventTime", "principal": "airflow", "received_at": "2026-11-21T12:00:00Z"}
    expected |= {
        "times_again": 0,
        "size": len(body),
        "truncated": False,
        "body": body.decode(),
        "beginning": body.decode()[:500],
    }
    (letter,) = journal.letters
    assert expected == {key: value for key, value in letter.items() if key != "id"}


def test_a_dead_letter_holds_no_secret() -> None:
    """Credentials are taken out of what is refused too, also when it is not JSON."""
    journal = Ledgered()

    with opened(journal) as intake:
        intake.submit(b'{"password": "hunter2", "url": "postgresql://etl:s3cr3t@db/x", ', AIRFLOW).result(WAIT_S)

    assert not any(secret in journal.letters[0]["body"] for secret in ("hunter2", "s3cr3t"))


def test_a_dead_letter_is_kept_to_its_bound() -> None:
    """Of a large refused body the beginning is kept, and that it is not all is said."""
    journal = Ledgered()

    with opened(journal) as intake:
        intake.submit(b"x" * (3 * BODY_BYTES), AIRFLOW).result(WAIT_S)

    assert [(len(letter["body"]), letter["truncated"]) for letter in journal.letters] == [(BODY_BYTES, True)]


def test_the_same_refused_body_is_the_same_dead_letter() -> None:
    """A client that repeats itself does not fill the disk."""
    journal = Ledgered()

    with opened(journal) as intake:
        intake.submit_many([b"no json", b"no json"], AIRFLOW).result(WAIT_S)

    assert len({letter.id for _, letters in journal.commits for letter in letters}) == 1


def test_what_was_redacted_is_marked_with_a_keyed_digest() -> None:
    """An event that was changed at the door keeps an HMAC of what was received, never a plain digest."""
    journal = Ledgered()
    body = event(1, environmentVariables={"environmentVariables": [{"name": "DB_PASSWORD", "value": "hunter2"}]})

    with opened(journal) as intake:
        intake.submit(body, AIRFLOW).result(WAIT_S)

    draft = journal.commits[0][0][0].draft
    expected = (False, hmac.new(SECRET, body, hashlib.sha256).hexdigest())
    assert expected == (b"hunter2" in draft.body, draft.redaction)


def test_what_was_not_redacted_carries_no_mark() -> None:
    """An event without secrets is stored as received."""
    journal = Ledgered()

    with opened(journal) as intake:
        intake.submit(event(1), AIRFLOW).result(WAIT_S)

    draft = journal.commits[0][0][0].draft
    assert (event(1), None) == (draft.body, draft.redaction)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Break one stage of the door."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    return lambda stage: monkeypatch.setattr(admission, stage, fail)


def test_an_event_that_cannot_be_projected_is_kept(broken: Callable[[str], None]) -> None:
    """A fault of the projection never costs an event (DECISIONS 12)."""
    journal = Ledgered()
    broken("understand")

    with opened(journal) as intake:
        receipt = intake.submit(event(1), AIRFLOW).result(WAIT_S)

    fault = [(one.delta, one.fault) for one in journal.commits[0][0]]
    assert (receipt.status, fault) == ("accepted", [(None, "ZeroDivisionError: a fault of ours")])


@pytest.mark.parametrize("stage", ["redact", "parse_event"])
def test_an_event_that_our_own_fault_hits_is_a_dead_letter(broken: Callable[[str], None], stage: str) -> None:
    """What cannot be redacted or read, by our fault, is kept scrubbed, so that it can be replayed later."""
    journal = Ledgered()
    broken(stage)

    with opened(journal) as intake:
        receipt = intake.submit(event(1), AIRFLOW).result(WAIT_S)

    assert (receipt.status, receipt.reason) == ("dead-lettered", "cannot be read: ZeroDivisionError")
