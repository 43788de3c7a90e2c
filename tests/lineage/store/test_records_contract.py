"""What every store promises of documents, leases and verdicts (lineage/store/base.py)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from time import sleep

import pytest

from lineage.errors import Conflict
from lineage.model import Verdict, VerdictState
from lineage.store.base import Change, Document, Store
from tests.support.records import HOMES

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

ROOT = Path(__file__).parents[3]

Home = Callable[[Path], AbstractContextManager[Store]]


@pytest.fixture(params=sorted(HOMES))
def home(request: pytest.FixtureRequest) -> Home:
    return HOMES[request.param]


@pytest.fixture
def records(home: Home, tmp_path: Path) -> Iterator[Store]:
    with home(tmp_path) as records:
        yield records


def ids(documents: list[Document]) -> list[str]:
    return [document.id for document in documents]


# ── Documents. ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_document_comes_back_as_it_was_put(records: Store) -> None:
    """All fields of a document are kept; its first revision is 1."""
    records.put([Change("slo", "a/ä ☃", b"\x00body", "active", NOON + timedelta(microseconds=1))])

    assert Document("slo", "a/ä ☃", b"\x00body", "active", NOON + timedelta(microseconds=1), 1) == records.document(
        "slo", "a/ä ☃"
    )


def test_each_write_is_a_revision(records: Store) -> None:
    """Writing over a document replaces it whole and counts."""
    records.put([Change("slo", "a", b"1", "active", NOON)])
    records.put([Change("slo", "a", b"2")])

    assert Document("slo", "a", b"2", "", None, 2) == records.document("slo", "a")


def test_a_document_without_a_body_is_gone(records: Store) -> None:
    """A change without a body deletes, also what is not there."""
    records.put([Change("slo", "a", b"1")])
    records.put([Change("slo", "a", None), Change("slo", "never", None)])

    assert records.document("slo", "a") is None


def test_what_must_not_exist_is_written_once(records: Store) -> None:
    """With *expects* 0 the first writer wins and the second meets a conflict."""
    records.put([Change("key", "a", b"first", expects=0)])
    with pytest.raises(Conflict):
        records.put([Change("key", "a", b"second", expects=0)])

    assert Document("key", "a", b"first", revision=1) == records.document("key", "a")


@pytest.mark.parametrize("body", [b"late", None])
def test_a_change_of_an_older_revision_is_refused(records: Store, body: bytes | None) -> None:
    """Whoever read revision 1 cannot write or delete revision 2."""
    records.put([Change("slo", "a", b"1")])
    records.put([Change("slo", "a", b"2", expects=1)])
    with pytest.raises(Conflict, match="read it again"):
        records.put([Change("slo", "a", body, expects=1)])

    assert Document("slo", "a", b"2", revision=2) == records.document("slo", "a")


def test_changes_are_written_together_or_not_at_all(records: Store) -> None:
    """A conflict in the last of several changes undoes the ones before it."""
    records.put([Change("slo", "a", b"1")])
    with pytest.raises(Conflict):
        records.put([Change("incident", "new", b"1"), Change("slo", "a", b"2"), Change("slo", "a", b"3", expects=1)])

    assert (records.document("incident", "new"), records.document("slo", "a").body) == (None, b"1")


def test_documents_are_listed_by_kind_and_id(records: Store) -> None:
    """A list holds one kind, by id, and goes on after an id."""
    records.put([Change("slo", name, b"") for name in ("c", "a", "b", "d")] + [Change("key", "b2", b"")])

    assert ids(records.documents("slo", after="a", limit=2)) == ["b", "c"]


def test_the_kinds_of_documents_are_known(records: Store) -> None:
    """Each once, sorted; one whose last document is gone is none any more."""
    records.put([Change(kind, name, b"") for kind in ("slo", "incident", "key") for name in ("a", "b")])
    records.put([Change("key", name, None) for name in ("a", "b")])

    assert records.kinds() == ["incident", "slo"]


def test_documents_are_filtered_by_state_and_due(records: Store) -> None:
    """`state` and `due_before` narrow together; what is due exactly then or never is not due before."""
    records.put(
        [
            Change("outbox", "due", b"", "pending", NOON - timedelta(microseconds=1)),
            Change("outbox", "exactly", b"", "pending", NOON),
            Change("outbox", "never", b"", "pending"),
            Change("outbox", "sent", b"", "sent", NOON - timedelta(hours=1)),
        ]
    )

    assert (
        ids(records.documents("outbox", state="pending")),
        ids(records.documents("outbox", due_before=NOON)),
        ids(records.documents("outbox", state="pending", due_before=NOON)),
    ) == (["due", "exactly", "never"], ["due", "sent"], ["due"])


INCREMENTS = """
import sys
from pathlib import Path
from lineage.errors import Conflict
from lineage.store.base import Change
from pkgutil import resolve_name
with resolve_name(sys.argv[1])(Path(sys.argv[2])) as records:
    done = 0
    while done < 25:
        seen = records.document("counter", "one")
        try:
            records.put([Change("counter", "one", b"%d" % (int(seen.body) + 1), expects=seen.revision)])
        except Conflict:
            continue
        done += 1
"""


def together(script: str, home: Home, folder: Path, processes: int) -> list[str]:
    """Run *script* in several processes at once; what each printed."""
    word = f"{home.__module__}:{home.__qualname__}"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, word, str(folder), str(number)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for number in range(processes)
    ]
    return [process.communicate(timeout=30)[0] for process in running]


def test_processes_that_compare_and_set_lose_no_write(home: Home, tmp_path: Path) -> None:
    """Three processes that each add one 25 times, trying again on conflict, add 75."""
    with home(tmp_path) as records:
        records.put([Change("counter", "one", b"0")])
    together(INCREMENTS, home, tmp_path, 3)
    with home(tmp_path) as records:
        found = records.document("counter", "one")

    assert Document("counter", "one", b"75", revision=76) == found


# ── All of it or none. ───────────────────────────────────────────────────────────────────────────────────────────────


def test_work_done_together_is_undone_together(records: Store) -> None:
    """An error at the end of `together` undoes all that was put inside."""

    def work() -> None:
        records.put([Change("slo", "a", b"1")])
        records.put_verdicts("a", [GOOD])
        raise ValueError("at the end")

    with pytest.raises(ValueError, match="at the end"):
        records.together(work)

    assert (records.document("slo", "a"), kept(records)) == (None, [])


def test_a_failed_part_is_undone_alone(records: Store) -> None:
    """A `together` inside another that fails and is caught leaves the rest to be kept."""

    def part() -> None:
        records.put([Change("slo", "part", b"1")])
        raise ValueError("part")

    def whole() -> str:
        records.put([Change("slo", "before", b"1")])
        with pytest.raises(ValueError, match="part"):
            records.together(part)
        records.put([Change("slo", "behind", b"1")])
        return "done"

    done = records.together(whole)

    assert (done, ids(records.documents("slo"))) == ("done", ["before", "behind"])


# ── Leases. ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_lease_has_one_holder(records: Store) -> None:
    """While one holds the lease another gets none, of another name one does."""
    records.lease("scheduler", "ada", 60)

    assert (records.lease("scheduler", "bob", 60), records.lease("outbox", "bob", 60).epoch) == (None, 1)


def test_a_holder_renews_under_the_same_epoch(records: Store) -> None:
    """Renewing keeps the epoch and moves the expiry."""
    first = records.lease("scheduler", "ada", 5)
    again = records.lease("scheduler", "ada", 60)

    assert (first.epoch, True) == (again.epoch, again.expires_at > first.expires_at + timedelta(seconds=30))


def test_a_lease_that_ran_out_goes_to_the_next(records: Store) -> None:
    """After its time another gets the lease, under a larger epoch."""
    first = records.lease("scheduler", "ada", 0.01)
    sleep(0.03)
    second = records.lease("scheduler", "bob", 60)

    assert ("bob", first.epoch + 1) == (second.holder, second.epoch)


def test_a_lease_given_back_goes_to_the_next(records: Store) -> None:
    """After a release another gets the lease at once, under a larger epoch."""
    first = records.lease("scheduler", "ada", 60)
    records.release(first)
    second = records.lease("scheduler", "bob", 60)

    assert ("bob", first.epoch + 1) == (second.holder, second.epoch)


def test_a_late_release_does_not_take_the_lease_from_the_next(records: Store) -> None:
    """Releasing under an old epoch changes nothing."""
    first = records.lease("scheduler", "ada", 0.01)
    sleep(0.03)
    records.lease("scheduler", "bob", 60)
    records.release(first)

    assert records.lease("scheduler", "cyd", 60) is None


def test_a_write_under_a_lost_lease_is_refused(records: Store) -> None:
    """Who lost the lease, and does not know it, writes nothing more under it."""
    lost = records.lease("scheduler", "ada", 0.01)
    sleep(0.03)
    records.lease("scheduler", "bob", 60)
    with pytest.raises(Conflict, match="no longer held"):
        records.put([Change("incident", "a", b"1")], lease=lost)

    assert records.document("incident", "a") is None


def test_what_is_written_together_falls_with_a_lost_lease(records: Store) -> None:
    """Asked without a change, first: nothing that stands beside it is kept."""
    lost = records.lease("scheduler", "ada", 0.01)
    sleep(0.03)
    records.lease("scheduler", "bob", 60)

    def write() -> None:
        records.put([Change("incident", "a", b"1")])
        records.put((), lease=lost)

    with pytest.raises(Conflict, match="no longer held"):
        records.together(write)

    assert records.document("incident", "a") is None


def test_a_write_under_a_held_lease_is_kept(records: Store) -> None:
    """The holder writes under its lease, renewed or not."""
    lease = records.lease("scheduler", "ada", 60)
    records.lease("scheduler", "ada", 60)
    records.put([Change("incident", "a", b"1")], lease=lease)

    assert records.document("incident", "a").body == b"1"


COMPETING = """
import sys
from pathlib import Path
from pkgutil import resolve_name
with resolve_name(sys.argv[1])(Path(sys.argv[2])) as records:
    print([bool(records.lease("scheduler", sys.argv[3], 60)) for _ in range(20)])
"""


def test_of_competing_processes_one_gets_the_lease(home: Home, tmp_path: Path) -> None:
    """Of three processes that ask again and again, one gets the lease every time and the others never."""
    with home(tmp_path):
        pass

    printed = together(COMPETING, home, tmp_path, 3)

    assert sorted([f"{[True] * 20}\n", f"{[False] * 20}\n", f"{[False] * 20}\n"]) == sorted(printed)


# ── Verdicts. ────────────────────────────────────────────────────────────────────────────────────────────────────────

GOOD = Verdict("2026-11-21", NOON, VerdictState.GOOD, Fraction(1), Fraction(1))
LATE = Verdict(
    occurrence="run 7",
    due=NOON + timedelta(microseconds=7),
    state=VerdictState.BAD,
    good=Fraction(2, 3),
    total=Fraction(10**30, 7),
    reason='17 min late: "ä"',
    value=Fraction(-1, 3),
    expected=Fraction(0),
    delivered_at=NOON + timedelta(minutes=17, microseconds=1),
    run="01a1fd4f-6915-7fb4-82e5-12cd2e768230",
    evidence=("ab" * 32, "cd" * 32),
    imported=True,
)


def kept(records: Store, slo: str = "a") -> list[Verdict]:
    return records.verdicts(slo, NOON - timedelta(days=400), NOON + timedelta(days=400))


def daily(days: int) -> list[Verdict]:
    return [replace(GOOD, occurrence=f"day {day}", due=NOON + timedelta(days=day)) for day in range(days)]


def test_verdicts_come_back_exactly(records: Store) -> None:
    """Fractions, times to the microsecond and evidence are kept as they were; order is by due."""
    records.put_verdicts("a", [LATE, GOOD])

    assert kept(records) == [GOOD, LATE]


def test_a_later_verdict_replaces(records: Store) -> None:
    """A second verdict on an occurrence takes the place of the first, also within one call."""
    pending = replace(GOOD, state=VerdictState.PENDING)
    records.put_verdicts("a", [pending])
    records.put_verdicts("a", [pending, GOOD, LATE])

    assert kept(records) == [GOOD, LATE]


def test_an_occurrence_that_moved_is_there_once(records: Store) -> None:
    """When the due time of an occurrence moves to another day, the old verdict is gone."""
    records.put_verdicts("a", [*daily(3), replace(GOOD, occurrence="moving")])
    moved = replace(GOOD, occurrence="moving", due=NOON + timedelta(days=30))
    records.put_verdicts("a", [moved])

    assert [*daily(3), moved] == kept(records)


def test_verdicts_are_asked_for_by_due(records: Store) -> None:
    """An interval is open at its beginning and closed at its end, across days."""
    records.put_verdicts("a", daily(10))

    assert daily(10)[3:6] == records.verdicts("a", NOON + timedelta(days=2), NOON + timedelta(days=5))


def test_verdicts_of_another_slo_are_its_own(records: Store) -> None:
    """The same occurrence under two SLOs is two verdicts."""
    records.put_verdicts("a", [GOOD])
    records.put_verdicts("b", [replace(GOOD, state=VerdictState.BAD)])

    assert kept(records) == [GOOD]


def test_verdicts_survive_opening_again(home: Home, tmp_path: Path) -> None:
    """What was put is there after closing and opening."""
    with home(tmp_path) as records:
        records.put_verdicts("a", [GOOD, LATE])
    with home(tmp_path) as records:
        found = kept(records)

    assert found == [GOOD, LATE]
