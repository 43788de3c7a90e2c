"""What every ledger promises (lineage/ledger/base.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Thread

import pytest

from lineage.ledger.base import Ledger
from lineage.model import Entry
from tests.support.ledgers import HOMES, event, minute, statement

Home = Callable[[Path], AbstractContextManager[Ledger]]


@pytest.fixture(params=sorted(HOMES))
def home(request: pytest.FixtureRequest) -> Home:
    return HOMES[request.param]


@pytest.fixture
def ledger(home: Home, tmp_path: Path) -> Iterator[Ledger]:
    with home(tmp_path) as ledger:
        yield ledger


def bodies(ledger: Ledger, after: dict[str, int] | None = None) -> list[bytes]:
    return [body for _, body in ledger.read(after)]


def writer(ledger: Ledger) -> str:
    return ledger.heads()[0].writer


def test_entries_say_what_was_appended(ledger: Ledger) -> None:
    """Entries come back in order, numbered from 1, with the fields of their drafts and the time of the call."""
    drafts = [event("a", "airflow"), statement("b"), event("c", redaction="ff00")]
    expected = [
        Entry(writer(ledger), 1, "event", drafts[0].digest, minute(0), "airflow"),
        Entry(writer(ledger), 2, "statement", drafts[1].digest, minute(0), "ada"),
        Entry(writer(ledger), 3, "event", drafts[2].digest, minute(0), "anonymous", "ff00"),
    ]

    assert expected == ledger.append(drafts, minute(0))


def test_appended_entries_are_read_with_their_bodies(ledger: Ledger) -> None:
    """`read` gives the entries that `append` answered, each with the bytes of its draft, large ones too."""
    drafts = [event("a"), event("x" * 1_000_000), statement("")]
    entries = ledger.append(drafts, minute(0))

    assert [(entry, draft.body) for entry, draft in zip(entries, drafts, strict=True)] == list(ledger.read())


def test_an_event_that_is_there_becomes_no_new_entry(ledger: Ledger) -> None:
    """The same event in a later call is answered with its old entry, marked as a duplicate."""
    (first,) = ledger.append([event("a", "airflow")], minute(0))
    again = ledger.append([event("a", "spark")], minute(5))

    assert ([Entry("w", 1, "event", first.digest, minute(0), "airflow", duplicate=True)], [b"a"]) == (
        [Entry("w", *_fields(entry), duplicate=entry.duplicate) for entry in again],
        bodies(ledger),
    )


def test_an_event_twice_in_one_call_is_one_entry(ledger: Ledger) -> None:
    """Equal events of one call share one entry; all but the first are duplicates."""
    entries = ledger.append([event("a"), event("b"), event("a")], minute(0))

    assert [(entry.seq, entry.duplicate) for entry in entries] == [(1, False), (2, False), (1, True)]


def test_more_events_than_one_query_takes_are_recognised(ledger: Ledger) -> None:
    """A thousand known events and one new one: only the new one is appended."""
    drafts = [event(str(number)) for number in range(1200)]
    ledger.append(drafts[:-1], minute(0))

    fresh = [entry.seq for entry in ledger.append(drafts, minute(1)) if not entry.duplicate]

    assert fresh == [1200]


def test_a_statement_is_never_a_duplicate(ledger: Ledger) -> None:
    """The same decision taken twice is two entries, and an event with the same bytes is a third."""
    entries = ledger.append([statement("split"), statement("split"), event("split")], minute(0))

    assert [(entry.seq, entry.duplicate) for entry in entries] == [(1, False), (2, False), (3, False)]


def test_read_goes_by_receipt(ledger: Ledger) -> None:
    """Entries are read by received time, then by place, whatever the clock did between appends."""
    ledger.append([event("late 1"), event("late 2")], minute(9))
    ledger.append([event("early")], minute(1))

    assert bodies(ledger) == [b"early", b"late 1", b"late 2"]


def test_read_goes_on_after_what_was_seen(ledger: Ledger) -> None:
    """With *after*, only entries with a larger number are read."""
    ledger.append([event("a"), event("b"), event("c")], minute(0))

    assert bodies(ledger, {writer(ledger): 2}) == [b"c"]


def test_read_gives_every_entry_of_a_long_ledger_once(ledger: Ledger) -> None:
    """Many entries under few received times are read once each, in order."""
    for turn in range(4):
        ledger.append([event(f"{turn}-{number}") for number in range(300)], minute(turn % 2))

    seqs = [entry.seq for entry, _ in ledger.read()]

    assert [*range(1, 301), *range(601, 901), *range(301, 601), *range(901, 1201)] == seqs


def test_an_entry_is_found_by_its_digest(ledger: Ledger) -> None:
    """`entry` and `raw` answer an event or a statement, and None for a digest that is not there."""
    entries = ledger.append([event("a"), statement("b")], minute(0))
    found = [(ledger.entry(entry.digest), ledger.raw(entry.digest)) for entry in entries]

    assert ([(entries[0], b"a"), (entries[1], b"b")], None, None) == (
        found,
        ledger.entry(bytes(32)),
        ledger.raw(bytes(32)),
    )


def test_an_empty_ledger_is_sound(ledger: Ledger) -> None:
    """Nothing appended: no entry, no problem, a head at 0."""
    assert (bodies(ledger), list(ledger.verify()), [head.seq for head in ledger.heads()]) == ([], [], [0])


def test_an_untouched_ledger_is_sound(ledger: Ledger) -> None:
    """Whatever was appended, `verify` finds nothing as long as nobody changed it."""
    ledger.append([event('ä ☃ "quoted"', "Zoë\n"), statement("b"), event("c", redaction="00")], minute(0))
    ledger.append([event("c"), *(event(str(number)) for number in range(600))], minute(1))

    assert list(ledger.verify()) == []


def test_the_chain_goes_on_after_opening_again(home: Home, tmp_path: Path) -> None:
    """A ledger that was closed and opened has its entries, takes more, and is one sound chain."""
    with home(tmp_path) as ledger:
        ledger.append([event("a")], minute(0))
    with home(tmp_path) as ledger:
        ledger.append([event("b")], minute(1))
        found = (bodies(ledger), [head.seq for head in ledger.heads()], list(ledger.verify()))

    assert found == ([b"a", b"b"], [2], [])


def test_the_head_depends_on_everything_before_it(home: Home, tmp_path: Path) -> None:
    """Two ledgers that differ in an early entry have different heads, though the last entry is the same."""
    heads = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with home(tmp_path / name) as ledger:
            ledger.append([event(name), event("same")], minute(0))
            heads += ledger.heads()

    assert heads[0].chain != heads[1].chain


def test_threads_append_to_one_chain(ledger: Ledger) -> None:
    """Appends from several threads lose nothing and leave a sound chain."""

    def work(name: int) -> None:
        for turn in range(10):
            ledger.append([event(f"{name}-{turn}-{number}") for number in range(3)], minute(turn))

    threads = [Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(bodies(ledger)), list(ledger.verify())) == (120, [])


def _fields(entry: Entry) -> tuple[int, str, bytes, object, str]:
    return entry.seq, entry.kind, entry.digest, entry.received_at, entry.principal
