"""The small records beside the graph: documents, leases, and verdicts packed into a page per SLO and day.

Neo4j reads what is committed and no more, so whoever compares before it sets takes the lock of the node first: a SET
waits for who holds it, and what stands after it in the same statement is read when it was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, LiteralString, TypeVar

from neo4j import ManagedTransaction, Record

from lineage.database.times import instant, microseconds
from lineage.errors import Conflict
from lineage.model import Verdict
from lineage.store import _pages
from lineage.store.base import Change, Document, Lease
from lineage.store.neo4j.bolt import Bolt

T = TypeVar("T")
Key = tuple[str, str]  # kind and id

LEASED_S: Final = 5.0  # for what locks a lease: who stands still in the midst of it must not keep others from it
BETWEEN: Final = "\x1f"  # of kind and id in a key; no kind has it

_DOCUMENT: Final = (
    " RETURN d.kind AS kind, d.id AS id, d.body AS body, d.state AS state, d.due_us AS due_us, d.revision AS revision"
)
# A new one is revision 0 until the transaction ends, and no other transaction sees it.
_LOCK_DOCUMENTS: Final = (
    """
    UNWIND $rows AS row
    MERGE (d:Document {key: row.key}) ON CREATE SET d.kind = row.kind, d.id = row.id, d.state = '', d.revision = 0
    SET d.locked = row.key
    WITH d
    """
    + _DOCUMENT
)
_KEEP_DOCUMENTS: Final = """
    UNWIND $rows AS row MATCH (d:Document {key: row.key})
    SET d.body = row.body, d.state = row.state, d.due_us = row.due_us, d.revision = row.revision
"""
_DROP_DOCUMENTS: Final = "UNWIND $keys AS key MATCH (d:Document {key: key}) DELETE d"
_READ_DOCUMENT: Final = "MATCH (d:Document {key: $key}) WHERE d.revision > 0" + _DOCUMENT
_LIST_DOCUMENTS: Final = """
    MATCH (d:Document) WHERE d.kind = $kind AND d.id > $after AND d.revision > 0
        AND ($due_us IS NULL OR d.due_us < $due_us)
"""
_IN_ORDER: Final = _DOCUMENT + " ORDER BY d.id LIMIT $limit"
_DOCUMENTS: Final[Mapping[bool, LiteralString]] = {
    False: _LIST_DOCUMENTS + _IN_ORDER,
    True: _LIST_DOCUMENTS + " AND d.state = $state" + _IN_ORDER,
}
_KINDS: Final = "MATCH (d:Document) WHERE d.revision > 0 WITH DISTINCT d.kind AS kind RETURN kind ORDER BY kind"

# A lease that had run out gets a new epoch even for the same holder: it may be another process under the same name.
# Only `realtime` goes on while we wait for the lock.
_TAKE_LEASE: Final = """
    MERGE (l:Lease {name: $name}) ON CREATE SET l.holder = '', l.epoch = 0, l.expires_ms = 0
    SET l.locked = $holder
    WITH l, datetime.realtime().epochMillis AS now WHERE l.holder = $holder OR l.expires_ms <= now
    SET l.epoch = l.epoch + CASE WHEN l.holder <> $holder OR l.expires_ms <= now THEN 1 ELSE 0 END,
        l.holder = $holder, l.expires_ms = now + $ttl_ms
    RETURN l.epoch, l.expires_ms
"""
_RELEASE: Final = """
    MATCH (l:Lease {name: $name}) SET l.locked = $holder
    WITH l WHERE l.holder = $holder AND l.epoch = $epoch
    SET l.holder = '', l.expires_ms = 0
"""
_HOLD: Final = """
    MATCH (l:Lease {name: $name}) SET l.locked = $holder
    WITH l WHERE l.holder = $holder AND l.epoch = $epoch RETURN l.epoch
"""

_LOCK_BOOK: Final = "MERGE (b:VerdictBook {slo: $slo}) SET b.locked = true"
_PAGES: Final = "UNWIND $days AS day MATCH (p:VerdictPage {slo: $slo, day: day}) RETURN p.day, p.page"
_MARKED_PAGES: Final = """
    MATCH (p:VerdictPage) WHERE p.slo = $slo AND p.day IS NOT NULL AND any(mark IN $marks WHERE p.marks CONTAINS mark)
    RETURN p.day, p.page
"""
_KEEP_PAGES: Final = """
    UNWIND $rows AS row MERGE (p:VerdictPage {slo: $slo, day: row.day}) SET p.marks = row.marks, p.page = row.page
"""
_PAGES_BETWEEN: Final = """
    MATCH (p:VerdictPage) WHERE p.slo = $slo AND p.day >= $first AND p.day <= $last RETURN p.page ORDER BY p.day
"""


class Records:
    """The part of a store over `_bolt` that keeps documents, leases and verdicts."""

    _bolt: Bolt

    def together(self, work: Callable[[], T]) -> T:
        """Run *work* on this thread, all of it kept or none, perhaps more than once; inside another as a part of it."""
        return self._bolt.together(work)

    def put_verdicts(self, slo: str, verdicts: Sequence[Verdict]) -> None:
        """Keep *verdicts* as `Store.put_verdicts` promises; nothing is written where nothing changed."""
        latest = {verdict.occurrence: verdict for verdict in verdicts}
        if latest:
            self._bolt.write(lambda transaction: _put_verdicts(transaction, slo, latest))

    def verdicts(self, slo: str, since: datetime, until: datetime) -> list[Verdict]:
        """Kept verdicts of *slo* with since < due <= until, by due; ties by occurrence."""
        first, last = (microseconds(at) // _pages.DAY_US for at in (since, until))
        pages = self._bolt.read(
            lambda transaction: transaction.run(_PAGES_BETWEEN, slo=slo, first=first, last=last).value()
        )
        return [verdict for page in pages for verdict in _pages.unpack(page) if since < verdict.due <= until]

    def put(self, changes: Sequence[Change], *, lease: Lease | None = None) -> None:
        """Write all *changes*, in order, or none. Raises Conflict as `Store.put` promises."""

        def run(transaction: ManagedTransaction) -> None:
            if lease is not None:
                _require_held(transaction, lease)
            if changes:
                _put(transaction, changes)

        self._bolt.write(run, None if lease is None else LEASED_S)

    def document(self, kind: str, id: str) -> Document | None:  # noqa: A002 - the contract's own word
        """One document, or None."""
        found = self._bolt.read(lambda transaction: list(transaction.run(_READ_DOCUMENT, key=_key((kind, id)))))
        return _document(found[0]) if found else None

    def documents(
        self,
        kind: str,
        *,
        state: str | None = None,
        due_before: datetime | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> list[Document]:
        """Documents of *kind* by id; one that is never due is not due before any time."""
        asked = {
            "kind": kind,
            "state": state,
            "due_us": None if due_before is None else microseconds(due_before),
            "after": after or "",  # no id is empty
            "limit": limit,
        }
        statement = _DOCUMENTS[state is not None]
        return self._bolt.read(lambda transaction: [_document(row) for row in transaction.run(statement, asked)])

    def kinds(self) -> list[str]:
        """The kinds of which there are documents, sorted."""
        return self._bolt.read(lambda transaction: transaction.run(_KINDS).value())

    def lease(self, name: str, holder: str, ttl_s: float) -> Lease | None:
        """Take or renew the lease, on the server's clock; None while another holder has it."""
        asked = {"name": name, "holder": holder, "ttl_ms": round(ttl_s * 1000)}
        taken = self._bolt.write(lambda transaction: transaction.run(_TAKE_LEASE, asked).values(), LEASED_S)
        return next((Lease(name, holder, epoch, instant(expires_ms * 1000)) for epoch, expires_ms in taken), None)

    def release(self, lease: Lease) -> None:
        """Give the lease back, if it is still held under this epoch."""
        self._bolt.write(lambda transaction: transaction.run(_RELEASE, _held(lease)).consume(), LEASED_S)


def _held(lease: Lease) -> dict[str, str | int]:
    return {"name": lease.name, "holder": lease.holder, "epoch": lease.epoch}


def _require_held(transaction: ManagedTransaction, lease: Lease) -> None:
    if not transaction.run(_HOLD, _held(lease)).values():
        raise Conflict(f"the lease {lease.name!r} of {lease.holder!r} is no longer held under epoch {lease.epoch}")


# ── Documents. ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _key(key: Key) -> str:
    return BETWEEN.join(key)


def _put(transaction: ManagedTransaction, changes: Sequence[Change]) -> None:
    keys = sorted({(change.kind, change.id) for change in changes})  # in order, so that two writers wait in turn
    rows = [{"key": _key(key), "kind": key[0], "id": key[1]} for key in keys]
    before = {(found.kind, found.id): found for found in map(_document, transaction.run(_LOCK_DOCUMENTS, rows=rows))}
    try:
        after = _changed(before, changes)
    except Conflict:
        transaction.run(_DROP_DOCUMENTS, keys=[_key(key) for key in keys if not before[key].revision]).consume()
        raise
    transaction.run(_DROP_DOCUMENTS, keys=[_key(key) for key in keys if not after[key].revision]).consume()
    kept = [_row(after[key]) for key in keys if after[key].revision]
    transaction.run(_KEEP_DOCUMENTS, rows=kept).consume()


def _changed(before: Mapping[Key, Document], changes: Sequence[Change]) -> dict[Key, Document]:
    """What becomes of the documents *before*, change by change; revision 0 is one that is not there."""
    after = dict(before)
    for change in changes:
        key = (change.kind, change.id)
        revision = after[key].revision
        if change.expects not in {None, revision}:
            raise Conflict(
                f"{change.kind} {change.id!r} is at revision {revision}, not {change.expects}; read it again"
            )
        if change.body is None:
            after[key] = Document(*key, b"")
        else:
            after[key] = Document(*key, change.body, change.state, change.due, revision + 1)
    return after


def _row(document: Document) -> dict[str, str | bytes | int | None]:
    return {
        "key": _key((document.kind, document.id)),
        "body": document.body,
        "state": document.state,
        "due_us": None if document.due is None else microseconds(document.due),
        "revision": document.revision,
    }


def _document(row: Record) -> Document:
    due_us = row["due_us"]
    due = None if due_us is None else instant(due_us)
    return Document(row["kind"], row["id"], row["body"] or b"", row["state"], due, row["revision"])


# ── Pages of verdicts. ───────────────────────────────────────────────────────────────────────────────────────────────


def _put_verdicts(transaction: ManagedTransaction, slo: str, latest: dict[str, Verdict]) -> None:
    transaction.run(_LOCK_BOOK, slo=slo).consume()
    days = sorted({_pages.day(verdict) for verdict in latest.values()})
    known = _read_pages(transaction.run(_PAGES, slo=slo, days=days).values())
    if marks := [_pages.mark(occurrence).hex() for occurrence in _pages.astray(latest, known)]:
        # Its due time may have moved from another day.
        known |= _read_pages(transaction.run(_MARKED_PAGES, slo=slo, marks=marks).values())
    rows = [
        {"day": day, "marks": _pages.marks(page).hex(), "page": _pages.pack(page)}
        for day, page in sorted(_pages.revised(latest, known).items())
    ]
    if rows:
        transaction.run(_KEEP_PAGES, slo=slo, rows=rows).consume()


def _read_pages(rows: Sequence[Sequence[object]]) -> dict[int, dict[str, Verdict]]:
    found = {}
    for day, page in rows:
        assert isinstance(day, int), "a page has its day"
        assert isinstance(page, bytes), "and its bytes"
        found[day] = _pages.by_occurrence(page)
    return found
