"""How long bodies are kept: what people stated about that, and taking out what has to go, a whole segment at a time.

The entries' lines and the chain over them stay, and so does what people stated: the rest can still be proven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

import msgspec

from lineage.ledger.segments import Segment, SegmentBroken, read_head, stripped
from lineage.ledger.shelf import Shelf
from lineage.model import Entry
from lineage.statements import Kept, Statement, Subject, Word, fold, read

RETENTION: Final = Subject("ledger", "retention")


class Hold(NamedTuple):
    """A legal hold: what was received at *since* or later and before *until* stays."""

    name: str
    since: datetime
    until: datetime
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Acts:
    """The *holds* that stand, by name, and the latest time *before* which bodies were ever to go."""

    holds: tuple[Hold, ...] = ()
    before: datetime | None = None

    def may_go(self, segment: Segment) -> bool:
        """Whether somebody stated that all of *segment* should go."""
        return self.before is not None and _newest(segment) < self.before

    def holding(self, segment: Segment) -> Hold | None:
        """The first hold that *segment* is under."""
        return next((hold for hold in self.holds if _under(hold, segment)), None)


class Retained(NamedTuple):
    """What came of a retention: segments and events whose bodies went, and segments that are *held* back."""

    segments: int = 0
    events: int = 0
    held: int = 0


def holding(hold: Hold, now: datetime) -> Statement:
    """That *hold* stands from now on."""
    word = Word("held", f"{hold.since.isoformat()}/{hold.until.isoformat()}")
    return Statement(Subject("hold", hold.name), hold.actor, now, (word,), hold.reason)


def releasing(hold: Hold, actor: str, reason: str, now: datetime) -> Statement:
    """That *hold* stands no longer."""
    return Statement(Subject("hold", hold.name), actor, now, (Word("held", holds=False),), reason)


def retaining(before: datetime, actor: str, reason: str, now: datetime) -> Statement:
    """That bodies of events received before *before* should go."""
    return Statement(RETENTION, actor, now, (Word("retained", before.isoformat()),), reason)


def read_acts(stated: Iterable[tuple[Entry, bytes]]) -> Acts:
    """What all statements of a ledger come to, as far as they are about the ledger."""
    kept = list(_readable(stated))
    about = sorted((each for each in kept if each.statement.subject.kind == "hold"), key=_name)
    holds = [hold for _, each in groupby(about, _name) if (hold := _hold(list(each)))]
    befores = [
        datetime.fromisoformat(word.value)
        for each in kept
        if each.statement.subject == RETENTION
        for word in each.statement.words
        if word.what == "retained" and word.value
    ]
    return Acts(tuple(holds), max(befores, default=None))


def retain(
    shelf: Shelf, acts: Acts, before: datetime, going_on: Callable[[], object] = lambda: None, *, dry: bool = False
) -> Retained:
    """Take out the bodies of events from segments that hold nothing received at *before* or later.

    What is under a hold of *acts* stays; *dry* only counts. *going_on* is called before each segment that is written.
    After an end in the middle, the same again goes on. Raises StoreUnavailable, SegmentBroken.
    """
    segments = events = held = 0
    for place in shelf.places():
        head = shelf.head(place.path)
        if head is None or head.gone or _newest(head) >= before:
            continue
        if acts.holding(head):
            held += 1
            continue
        segments += 1
        events += sum(entry.kind == "event" for entry in head.entries)
        if not dry:
            going_on()
            _strip(shelf, place.path)
    return Retained(segments, events, held)


def _readable(stated: Iterable[tuple[Entry, bytes]]) -> Iterator[Kept]:
    for entry, body in stated:
        with suppress(msgspec.DecodeError, UnicodeDecodeError):  # what says nothing to the graph says nothing here
            yield Kept(entry.received_at, entry.digest, read(body))


def _strip(shelf: Shelf, path: str) -> None:
    data = shelf.fetch(path)
    if data is None:
        raise SegmentBroken(f"{path} is gone")
    without = stripped(data)
    if read_head(without).linked != read_head(data).after:
        raise SegmentBroken(f"{path}: its entries are not what was chained; see `headwater audit verify`")
    shelf.replace(path, without)


def _newest(segment: Segment) -> datetime:
    return max(entry.received_at for entry in segment.entries)


def _under(hold: Hold, segment: Segment) -> bool:
    return any(hold.since <= entry.received_at < hold.until for entry in segment.entries)


def _name(kept: Kept) -> str:
    return kept.statement.subject.name


def _hold(kept: list[Kept]) -> Hold | None:
    stated = fold(kept)
    word = stated and next((word for word in stated.words if word.what == "held"), None)
    if not word or not word.holds or word.value is None:
        return None
    newest = max(kept, key=lambda each: (each.received_at, each.digest)).statement
    since, until = map(datetime.fromisoformat, word.value.split("/"))
    return Hold(newest.subject.name, since, until, newest.actor, newest.reason)
