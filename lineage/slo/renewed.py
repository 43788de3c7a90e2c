"""Which verdicts are others than before: most are the very same objects, and cost next to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lineage.model import Verdict


def renewed(before: Sequence[Verdict], now: Sequence[Verdict]) -> list[tuple[Verdict | None, Verdict]]:
    """Those of *now*, by its order, that were not so *before*, each with what it was; None: it is new."""
    if now is before:
        return []
    known = set(map(id, before))
    others = [verdict for verdict in now if id(verdict) not in known]
    if not others:
        return []
    kept = set(map(id, now))
    was = {verdict.occurrence: verdict for verdict in before if id(verdict) not in kept}
    return [(was.get(each.occurrence), each) for each in others if was.get(each.occurrence) != each]


def same(before: Iterable[Verdict], now: Iterable[Verdict]) -> list[Verdict]:
    """*now*, with the very objects that there were *before* where they are equal."""
    was = {verdict.occurrence: verdict for verdict in before}
    return [was[each.occurrence] if was.get(each.occurrence) == each else each for each in now]
