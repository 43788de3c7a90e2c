"""When nobody could have heard of a delivery: what was due then is UNKNOWN until its events have come (SLO.md b.6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from lineage.model import Verdict, VerdictState
from lineage.statements import Statement, Subject, Word

COLLECTORS = Subject("collector", "all")
BY = "headwater"


class Gap(NamedTuple):
    """From *since* to *until* no collector was there."""

    since: datetime
    until: datetime


def unobserved(gap: Gap) -> Statement:
    """The statement that nobody was there in *gap*."""
    word = Word("unobserved", gap.until.isoformat(), field=gap.since.isoformat())
    return Statement(COLLECTORS, BY, gap.until, (word,), "no collector was there")


def gaps(words: Iterable[Word]) -> tuple[Gap, ...]:
    """The gaps that *words* tell of, by time."""
    told = ((word.field, word.value) for word in words if word.what == "unobserved")
    spans = ((since, until) for since, until in told if since is not None and until is not None)
    return tuple(sorted(Gap(*map(datetime.fromisoformat, span)) for span in spans))


def within(gaps: Sequence[Gap], due: datetime, grace: timedelta) -> Gap | None:
    """The last of *gaps* in which an event of what was *due* could have been missed, one on its way included."""
    return next((gap for gap in reversed(gaps) if gap.since - grace < due < gap.until), None)


def doubted(verdicts: Iterable[Verdict], gaps: Sequence[Gap], grace: timedelta) -> list[Verdict]:
    """*verdicts*, UNKNOWN those that are BAD for want of an event which may have been missed.

    Once a delivery of the time of the gap is known, or a later one, its verdict is as good as any.
    """
    return [_doubted(verdict, within(gaps, verdict.due, grace)) for verdict in verdicts] if gaps else list(verdicts)


def _doubted(verdict: Verdict, gap: Gap | None) -> Verdict:
    if gap is None or verdict.state != VerdictState.BAD:
        return verdict
    if verdict.delivered_at is not None and verdict.delivered_at >= gap.since:
        return verdict
    nothing = Fraction(0)
    return replace(
        verdict,
        state=VerdictState.UNKNOWN,
        good=nothing,
        total=nothing,
        reason=f"nobody was there to hear of it: {verdict.reason}",
    )
