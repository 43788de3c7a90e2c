"""What lies within a cut: all of it, so that what is kept for now answers; or how far it reaches."""

from __future__ import annotations

from typing import Final

from neo4j import ManagedTransaction

from lineage.store._codes import EVER
from lineage.store._cut import Cut

_BEYOND: Final = """
    RETURN EXISTS { MATCH (e:Event) WHERE e.at > $as_of }
        OR EXISTS { MATCH (e:Event) WHERE e.received > $known_at }
        OR EXISTS { MATCH (s:Statement) WHERE s.at > $as_of }
        OR EXISTS { MATCH (s:Statement) WHERE s.received > $known_at },
        EXISTS { MATCH (e:Event) WHERE e.lead > $lead }
"""
_AHEAD: Final = "RETURN EXISTS { MATCH (e:Event) WHERE e.lead > $lead }"
_NEWEST: Final = """
    MATCH (e:Event) WHERE e.at <= $as_of AND e.received <= $known_at RETURN e.at ORDER BY e.at DESC LIMIT 1
"""


def trimmed(transaction: ManagedTransaction, at: Cut) -> Cut:
    """*at*, or the whole when all that is stored lies within it: then what is kept for now answers it.

    Where nothing at all is ahead by more than its lead, it has none.
    """
    if at.whole:
        return at
    ((beyond, ahead),) = transaction.run(_BEYOND, at._asdict()).values()
    return Cut(*(at.clocks if beyond else Cut().clocks), at.lead if ahead else EVER)


def any_ahead(transaction: ManagedTransaction, lead: int) -> bool:
    """Whether the time of any event is after its receipt by more than *lead*, in microseconds: as a rule none is."""
    return bool(transaction.run(_AHEAD, lead=lead).value()[0])


def newest(transaction: ManagedTransaction, at: Cut) -> int:
    """The event time that a question at the cut counts back from: as_of, without it that of the newest event."""
    if at.as_of < EVER:
        return at.as_of
    return next(iter(transaction.run(_NEWEST, at._asdict()).value()), 0)
