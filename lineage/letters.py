"""Dead letters: what the door refused, kept with the reason until somebody replays or discards it.

Three kinds of documents: the letter, small, so that many are looked through quickly; its body; and, once it is closed,
who closed it, how and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

import msgspec

from lineage.errors import Conflict, InvalidInput, NotFound
from lineage.model import Principal, Receipt
from lineage.statements import Statement, Subject, Word
from lineage.store.base import Change, Document, Store
from lineage.telemetry import logger

KIND = "dead_letter"
BODY = "dead_letter_body"
CLOSED = "dead_letter_closed"

BODY_BYTES = 64 * 1024  # how much of a refused body is kept (DECISIONS 14)
BEGINNING = 500  # characters that stand in the letter itself, for lists
AT_ONCE = 200  # bodies that wait for a replay together: 12 MiB

log = logger(__name__)


class Letter(msgspec.Struct, frozen=True):
    """A refused body without the body: why, from whom, how many bytes it had, and how it begins."""

    id: str
    reason: str
    field: str | None
    principal: str
    received_at: datetime
    size: int
    truncated: bool  # true: the rest was not kept, and it cannot be replayed
    beginning: str
    times_again: int = 0  # how often the same body came once more


class Closed(msgspec.Struct, frozen=True):
    """What became of a letter. *event* is the digest of the event that a replay made of it."""

    letter: Letter
    how: Literal["replayed", "discarded"]
    actor: str
    at: datetime
    reason: str
    event: str | None = None


class Wanted(NamedTuple):
    """Which letters: those that every given condition lets through. *reason* is looked for anywhere in theirs."""

    ids: frozenset[str] | None = None
    reason: str | None = None
    field: str | None = None
    principal: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def lets(self, letter: Letter) -> bool:
        """True when *letter* is among them; *since* is inclusive, *until* is not."""
        return (
            (self.ids is None or letter.id in self.ids)
            and (self.reason is None or self.reason.lower() in letter.reason.lower())
            and self.field in (None, letter.field)
            and self.principal in (None, letter.principal)
            and (self.since is None or self.since <= letter.received_at)
            and (self.until is None or letter.received_at < self.until)
        )


class Door(Protocol):
    """Where a letter is tried again."""

    def examine(self, body: bytes, principal: Principal) -> Receipt:
        """What would become of *body*; nothing is kept."""

    def take(self, bodies: Sequence[bytes], principal: Principal) -> list[Receipt]:
        """Take *bodies*; durable when it returns."""


class Tried(NamedTuple):
    """What became, or would become, of a letter that is replayed; *reason* says why it stays."""

    letter: Letter
    event: str | None
    reason: str | None


_LETTER = msgspec.json.Decoder(Letter)
_CLOSED = msgspec.json.Decoder(Closed)


def written(letter: Letter, body: bytes) -> list[Change]:
    """The changes that keep *letter* and its *body*; the same letter again replaces itself."""
    return [
        Change(KIND, letter.id, msgspec.json.encode(letter), due=letter.received_at),
        Change(BODY, letter.id, body),
    ]


def counted(store: Store, changes: Sequence[Change]) -> list[Change]:
    """*changes* of `written`, with letters that wait already kept at their first receipt and counted."""
    waiting: dict[str, Letter] = {}
    for change in (change for change in changes if change.kind == KIND and change.body is not None):
        before = waiting.get(change.id) or _waiting(store, change.id)
        fresh = _LETTER.decode(change.body or b"")
        waiting[change.id] = (
            fresh
            if before is None
            else msgspec.structs.replace(fresh, received_at=before.received_at, times_again=before.times_again + 1)
        )
    bodies = {change.id: change.body or b"" for change in changes if change.kind == BODY}
    return [change for id_, letter_ in waiting.items() for change in written(letter_, bodies[id_])]


def _waiting(store: Store, id_: str) -> Letter | None:
    found = store.document(KIND, id_)
    return None if found is None else _LETTER.decode(found.body)


def letters(store: Store, wanted: Wanted | None = None, after: str | None = None) -> Iterator[Letter]:
    """The letters that *wanted* lets through (None: all), by id, from behind the id *after* on."""
    for document in _documents(store, after):
        letter = _LETTER.decode(document.body)
        if wanted is None or wanted.lets(letter):
            yield letter


def letter(store: Store, id: str) -> Letter:  # noqa: A002 - the document's own word
    """One letter. Raises NotFound."""
    found = _waiting(store, id)
    if found is None:
        raise NotFound(f"no dead letter {id!r}")
    return found


def body(store: Store, id: str) -> bytes:  # noqa: A002 - the document's own word
    """What is kept of the body of a letter, scrubbed. Raises NotFound."""
    found = store.document(BODY, id)
    if found is None:
        raise NotFound(f"no dead letter {id!r}")
    return found.body


def closed(store: Store, id: str) -> Closed | None:  # noqa: A002 - the document's own word
    """What became of a letter that is no longer there; None when nobody closed it."""
    found = store.document(CLOSED, id)
    return None if found is None else _CLOSED.decode(found.body)


def depth(store: Store) -> tuple[int, datetime | None]:
    """How many letters wait, and when the oldest of them came."""
    dues = [document.due for document in _documents(store) if document.due is not None]
    return len(dues), min(dues, default=None)


def bound(store: Store, most: int) -> int:
    """Forget the oldest letters beyond *most*; answers how many, and logs it."""
    waiting = sorted((document.due, document.id) for document in _documents(store) if document.due is not None)
    beyond = [id_ for _, id_ in waiting[: max(len(waiting) - most, 0)]]
    if beyond:
        store.put([Change(kind, id_, None) for id_ in beyond for kind in (KIND, BODY)])
        log.warning("dead_letters_dropped", extra={"letters": len(beyond), "kept": most})
    return len(beyond)


def discard(  # noqa: PLR0913, PLR0917 - what, where it is kept and put on record, who, why and when
    store: Store,
    keep: Callable[[Sequence[Statement]], None],
    found: Sequence[Letter],
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    """Forget *found*, all or none; that *actor* did it, and the *reason*, stay on record.

    On the ledger too, through *keep*: what is gone for good is a decision like any other (DECISIONS 1). Raises
    InvalidInput, StoreUnavailable.
    """
    if not reason.strip():
        raise InvalidInput("because: missing; say why they are discarded", field="because")
    why = reason.strip()
    closings = [Closed(one, "discarded", actor, now, why) for one in found]
    statements = [
        Statement(Subject("dead letter", one.id), actor, now, (Word("discarded", one.reason),), why) for one in found
    ]

    def run() -> None:
        keep(statements)
        store.put([change for closing in closings for change in _closing(closing)])

    store.together(run)
    log.info("dead_letters_discarded", extra={"letters": len(found), "actor": actor})


def replay(  # noqa: PLR0913 - what, through where, whose name, when, and whether in earnest
    store: Store, door: Door, found: Sequence[Letter], principal: Principal, now: datetime, *, dry: bool
) -> list[Tried]:
    """Try *found* again through *door*, in the name of *principal*; those that are taken are closed.

    What would be refused again is not sent and stays as it is; *dry* changes nothing at all. Raises Overloaded, what
    was taken before being closed.
    """
    tried: list[Tried] = []
    for begin in range(0, len(found), AT_ONCE):
        some = [_examined(store, door, one, principal) for one in found[begin : begin + AT_ONCE]]
        good = [] if dry else [one for one in some if one.reason is None]
        receipts = door.take([body(store, one.letter.id) for one in good], principal) if good else []
        closings = [
            Closed(one.letter, "replayed", principal.name, now, f"replayed: {receipt.status}", receipt.digest)
            for one, receipt in zip(good, receipts, strict=True)
            if receipt.reason is None
        ]
        store.put([change for closing in closings for change in _closing(closing)])
        tried += some
    return tried


def _examined(store: Store, door: Door, one: Letter, principal: Principal) -> Tried:
    if one.truncated:
        return Tried(one, None, f"of {one.size} bytes only {BODY_BYTES} were kept; send it again from where it came")
    try:
        receipt = door.examine(body(store, one.id), principal)
    except NotFound:
        raise Conflict(f"the dead letter {one.id!r} was closed meanwhile; look again") from None
    return Tried(one, receipt.digest if receipt.reason is None else None, receipt.reason)


def _closing(closing: Closed) -> list[Change]:
    id_ = closing.letter.id
    kept = Change(CLOSED, id_, msgspec.json.encode(closing), closing.how)
    return [Change(KIND, id_, None), Change(BODY, id_, None), kept]


def _documents(store: Store, after: str | None = None) -> Iterator[Document]:
    while page := store.documents(KIND, after=after):
        yield from page
        after = page[-1].id
