"""Silence: for a while nobody is told of an SLO. It mutes messages alone: verdicts, SLI and budget go on (SLO.md b.6).

A silence is a statement, so that who silenced what, until when and why stays on record.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import msgspec

from lineage.errors import InvalidInput
from lineage.slo.decided import of, reason_of
from lineage.slo.phrases import span
from lineage.statements import Statement, Word, fold
from lineage.store.base import Store

MOST = timedelta(days=7)  # SLO.md d.5: longer, and it is forgotten


class Silence(msgspec.Struct, frozen=True):
    """Nobody is told of an SLO *until* then: *by* whom, and why."""

    until: datetime
    because: str
    by: str


def silencing(name: str, length: timedelta, because: str, actor: str, now: datetime) -> Statement:
    """The statement that silences the SLO *name* from *now* on, in place of any silence before it.

    Raises InvalidInput without a reason, and for a *length* that is nothing or above a week.
    """
    if not timedelta(0) < length <= MOST:
        raise InvalidInput(
            f"a silence is longer than nothing and lasts for up to {span(MOST)}; write 2h", field="duration"
        )
    said = reason_of(because)
    word = Word("silenced", msgspec.json.encode(Silence(now + length, said, actor)).decode())
    return Statement(of(name), actor, now, (word,), said)


def unsilencing(name: str, because: str, actor: str, now: datetime) -> Statement:
    """The statement that ends the silence of the SLO *name*. Raises InvalidInput without a reason."""
    return Statement(of(name), actor, now, (Word("silenced", holds=False),), reason_of(because))


def silenced(names: Collection[str], store: Store, now: datetime) -> Mapping[str, Silence]:
    """The silence of each of *names* that is silent at *now*. Raises StoreUnavailable."""
    if not names:
        return {}
    kept = store.statements([of(name) for name in names], known_at=now)
    found: dict[str, Silence] = {}
    for name in names:
        stated = fold(each for each in kept if each.statement.subject == of(name))
        for word in () if stated is None else stated.words:
            if word.what == "silenced" and word.holds and word.value:
                silence = msgspec.json.decode(word.value, type=Silence)
                found |= {name: silence} if silence.until > now else {}
    return found
