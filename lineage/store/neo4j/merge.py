"""One transaction from deltas to graph: what is new, as nodes and relationships; then what follows for every run.

Merges take turns at the head of the graph: one lock, taken first, keeps two writers from deadlocks between
relationships and from concluding a run twice from half of its events each. More writers were never faster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

from neo4j import ManagedTransaction

from lineage.database.times import microseconds
from lineage.errors import StoreUnavailable
from lineage.model import Delta, Entry, NodeId
from lineage.store._news import Touched
from lineage.store._observations import Batch, Fresh, earliest, named, others, subject
from lineage.store.base import Resolve
from lineage.store.neo4j import concluded, joining, news, rows, said, things
from lineage.store.neo4j.keys import Keys, key_of
from lineage.store.neo4j.writing import put

_LOCK: Final = """
    MERGE (h:Headwater {key: 'graph'}) ON CREATE SET h.merges = 0
    SET h.merges = h.merges + 1, h.last = $last
    RETURN h.clearing
"""
_ADVANCE: Final = """
    UNWIND $rows AS r MERGE (w:Writer {name: r.name})
    SET w.seq = CASE WHEN w.seq > r.seq THEN w.seq ELSE r.seq END
"""
_KNOWN: Final = "UNWIND $digests AS digest MATCH (e:Event {digest: digest}) RETURN digest, e.received"
_EARLIER: Final = """
    UNWIND $rows AS r MATCH (e:Event {digest: r.digest})
    SET e.received = r.received, e.lead = CASE WHEN e.at > r.received THEN e.at - r.received END
"""
# Whoever was heard of later by others than these events was last heard of then, as before.
_THINGS_EARLIER: Final = """
    UNWIND $rows AS r MATCH (t:Thing {key: r.key})
    SET t.first_received = CASE WHEN r.received < t.first_received THEN r.received ELSE t.first_received END
    WITH t, r WHERE t.last_received <= r.stood MATCH (t)<-[:MENTIONS]-(e:Event)
    WITH t, max(e.received) AS last SET t.last_received = last
"""
_SPEAKERS_EARLIER: Final = """
    UNWIND $rows AS r MATCH (s:Speaker {key: r.key})
    SET s.first_received = CASE WHEN r.received < s.first_received THEN r.received ELSE s.first_received END,
        s.lead = CASE WHEN r.lead > s.lead THEN r.lead ELSE s.lead END
    WITH s, r WHERE s.last_received <= r.stood MATCH (s)<-[:DECIDES|TELLS]-(e:Event)
    WITH s, max(e.received) AS last SET s.last_received = last
"""


def merge(transaction: ManagedTransaction, resolve: Resolve, entries: Sequence[Entry], deltas: Sequence[Delta]) -> None:
    """Keep the promise of `Store.merge` within *transaction*."""
    pairs = {digest.hex(): pair for digest, pair in earliest(entries, deltas).items()}
    lock(transaction, entries)
    known = dict(transaction.run(_KNOWN, digests=sorted(pairs)).values())
    fresh = [
        Fresh(digest, received, microseconds(delta.at), delta)
        for digest, (received, delta) in pairs.items()
        if digest not in known
    ]
    touched: Touched[str] = Touched()
    if fresh:
        _merge_fresh(transaction, resolve, fresh, touched)
    earlier = {digest: pairs[digest] for digest, received in known.items() if pairs[digest][0] < received}
    if earlier:
        _received_earlier(transaction, earlier, known)
        touched.nodes = None  # who asked about the time between the two receipts knew nothing of it
        for digest, (_, delta) in earlier.items():
            touched.by(microseconds(delta.at), known[digest], ())
    news.note(transaction, touched)


def lock(transaction: ManagedTransaction, entries: Sequence[Entry]) -> None:
    """Wait for this transaction's turn; note that the graph changes, and how far each writer is merged.

    Raises StoreUnavailable while it is being cleared.
    """
    last = max((entry.digest[:4].hex() for entry in entries), default="0" * 8)
    if transaction.run(_LOCK, last=last).value()[0] is not None:
        raise StoreUnavailable("the graph is being made anew; if nobody does so any more, run `headwater rebuild`")
    seqs: dict[str, int] = {}
    for entry in entries:
        seqs[entry.writer] = max(seqs.get(entry.writer, 0), entry.seq)
    put(transaction, _ADVANCE, [{"name": name, "seq": seq} for name, seq in sorted(seqs.items())])


def _merge_fresh(
    transaction: ManagedTransaction, resolve: Resolve, fresh: Sequence[Fresh[str]], touched: Touched[str]
) -> None:
    named_by = set(chain.from_iterable(named(event.delta) for event in fresh))
    keys = Keys(named_by)
    batch = Batch(keys)
    for event in fresh:
        batch.add(event)
    facets = said.newest_facets(batch.rows()["facet"])
    awoken = things.meet(transaction, named_by, things.spans(fresh), facets)
    used = concluded.draw(transaction, resolve, batch.moments, batch.listed, facets)
    for event in fresh:
        touched.by(event.at, event.received, (key_of(node) for node in event.delta.nodes if node.kind != "run"))
    touched.by_used(fresh, used)
    declared = rows.write(transaction, batch, keys)
    touched.joined |= joining.declare(transaction, declared, awoken)


def _received_earlier(
    transaction: ManagedTransaction, earlier: Mapping[str, tuple[int, Delta]], known: Mapping[str, int]
) -> None:
    """Other entries of events that are here already came first: their times are the events' (DECISIONS 3)."""
    events: list[dict[str, Any]] = [
        {"digest": digest, "received": received} for digest, (received, _) in sorted(earlier.items())
    ]
    put(transaction, _EARLIER, events)
    things: dict[NodeId, tuple[int, int, int]] = {}
    speakers: dict[NodeId, tuple[int, int, int]] = {}
    for digest, (received, delta) in earlier.items():
        run, job, _ = subject(delta)
        ahead = microseconds(delta.at) - received
        claimed = (delta.run.parent_run, delta.run.root_run) if delta.run else ()
        for found, nodes in ((things, delta.nodes), (speakers, {run or job, *others(delta), *claimed})):
            for node in filter(None, nodes):
                least, most, lead = found.get(node, (received, known[digest], ahead))
                found[node] = min(least, received), max(most, known[digest]), max(lead, ahead)
    for statement, found in ((_THINGS_EARLIER, things), (_SPEAKERS_EARLIER, speakers)):
        spans = sorted((key_of(node), *span) for node, span in found.items())
        names = ("key", "received", "stood", "lead")
        put(transaction, statement, [dict(zip(names, span, strict=True)) for span in spans])
