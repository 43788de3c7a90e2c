"""Verdicts that late events changed: what was said before they came, and when they did (SLO.md b.6). Pure.

Nothing is overwritten: the ledger keeps when each event was received, so that the same entries give the same history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain

from lineage.model import Amendment, Verdict, VerdictState
from lineage.slo.evidence import Evidence

JUDGED = frozenset({VerdictState.GOOD, VerdictState.BAD})


def told_late(evidence: Evidence, grace: timedelta) -> dict[str, datetime]:
    """When each event was received that came more than *grace* after its own time, by digest; mostly none.

    History that was imported is not late.
    """
    along = () if evidence.ancestry is None else (each.seen for each in evidence.ancestry.beats)
    beats = ((beat.told_at, beat.at, (beat.event,)) for beat in chain(evidence.seen, *along))
    deliveries = ((each.told_at, each.at, each.events) for each in evidence.deliveries)
    owners = ((each.told_at, each.at, (each.event,)) for each in evidence.owners)
    return {
        digest: told_at
        for told_at, at, events in chain(deliveries, beats, owners)
        if told_at is not None and told_at > at + grace and not evidence.imported(at)
        for digest in events
    }


def amended(verdicts: Iterable[Verdict], first: Iterable[Verdict], late: Mapping[str, datetime]) -> list[Verdict]:
    """*verdicts*, each that was another at *first*, before the *late* events came, with what it was and until when."""
    before = {verdict.occurrence: verdict.state for verdict in first}
    return [_amended(verdict, before.get(verdict.occurrence), late) for verdict in verdicts]


def _amended(verdict: Verdict, was: VerdictState | None, late: Mapping[str, datetime]) -> Verdict:
    if was is None or was == verdict.state or not {was, verdict.state} <= JUDGED:
        return verdict
    at = max((late[digest] for digest in verdict.evidence if digest in late), default=None)
    return verdict if at is None else replace(verdict, amended=Amendment(was, at))


def log(verdicts: Iterable[Verdict]) -> list[tuple[Verdict, Amendment]]:
    """Those of *verdicts* that were another one before, by when that ended."""
    changed = [(verdict, verdict.amended) for verdict in verdicts if verdict.amended is not None]
    return sorted(changed, key=lambda pair: (pair[1].at, pair[0].occurrence))
