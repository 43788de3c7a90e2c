"""Replication lag: for how long was the copy more behind its original than it may be (SLO.md b.5). Integrated."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import ClassVar, Literal

from lineage.model import NodeId, Verdict, VerdictState
from lineage.slo.backlog import Backlog
from lineage.slo.evidence import Ancestry, Delivery, Evidence, Need
from lineage.slo.indicators import _age
from lineage.slo.indicators._age import Mark, Rule
from lineage.slo.indicators._volume import Volume, told_apart, volume
from lineage.slo.passage import Arrived, arrivals, backfills, key_of, regular
from lineage.slo.phrases import moment, span
from lineage.slo.spec import DataSLO
from lineage.slo.terms import Duration, Sli

PART = timedelta(hours=1)  # of the time, that each verdict is for
NONE = Fraction(0)
ENDLESS = datetime.max.replace(tzinfo=UTC)  # up to when a copy that lacks nothing has everything
TOO_LARGE = "the path has more datasets than are looked at; name those that count in `via`"

Versions = Sequence[Delivery]  # by time
Places = Sequence[int]  # of each original, how many of its versions the copy has


class Spec(Sli):
    """`type: replication_lag`. What the original has may be missing in the copy, where the path ends, for *threshold*.

    A copy lags only while its original has something that it has not: an original that stands still is no lag.
    """

    needs_schedule: ClassVar[bool] = False
    needs_path: ClassVar[bool] = True
    judges_absence: ClassVar[bool] = True

    type: Literal["replication_lag"]
    unit: Literal["seconds"] = "seconds"
    threshold: Duration
    metadata_grace: Duration | None = None

    @property
    def cadence(self) -> timedelta:
        """A verdict for each hour."""
        return PART


def needs(slo: DataSLO) -> Need:
    """What was copied from the original, in the window and a day before it."""
    _spec(slo)
    return Need(history=timedelta(days=1), ancestry=True, source_rows=True)


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each hour that ended in the window, by due; good and total are its seconds, *value* the bad ones.

    Each version of the original lags from when it was there until the copy has it or a newer one. UNKNOWN: a run copied
    that does not tell what, or the path is too large to be looked at.
    """
    spec, ancestry = _spec(slo), evidence.passed()
    grace = evidence.grace if spec.metadata_grace is None else spec.metadata_grace
    come = [arrived for arrived in arrivals(ancestry) if not arrived.backfill]
    measured = _age.measure(
        Rule(spec.threshold, PART), list(_marks(ancestry, come, evidence.begin, now)), evidence, now, grace
    )
    return [_doubted(verdict, ancestry, come) for verdict in measured]


def describe(streak: Sequence[Verdict], now: datetime) -> str:  # noqa: ARG001 - every indicator is asked alike
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    behind = timedelta(seconds=float(sum((verdict.value or NONE for verdict in streak), NONE)))
    newest = streak[-1]
    last = "nothing copied" if newest.delivered_at is None else f"last copied {moment(newest.delivered_at)}"
    return f"Too far behind for {span(behind)}, {last}"


def backlog(slo: DataSLO, evidence: Evidence, now: datetime) -> Backlog:
    """The rows of the original that the copy was not made of by *now*, and since when the oldest of them are there.

    Rows count as in `completeness`: an overwritten original has no others, and of several tries the last one speaks.
    """
    _spec(slo)
    ancestry = evidence.passed()
    come = [arrived for arrived in arrivals(ancestry) if not arrived.backfill and arrived.delivery.at <= now]
    gap = _gap(ancestry, come)
    if gap is not None:
        return Backlog(None, None, gap)
    originals = _originals(ancestry)
    reached = [_begun(originals, evidence.begin), *(places for _, places in _reached(ancestry, originals, come))]
    least = max(reached, key=lambda places: _first(originals, places) or ENDLESS)
    lacking = [_until(versions[place:], now) for versions, place in zip(originals, least, strict=True)]
    oldest_at = min((missing[0].at for missing in lacking if missing), default=None)
    rows = 0
    for source, missing in zip(sorted(ancestry.sources), lacking, strict=True):
        brought = _brought(evidence, source, missing[0], now) if missing else Volume(0)
        if brought.rows is None:
            silent = next((each for each in brought.counted if each.rows is None), missing[0])
            told = f"how many rows {silent.job.name} wrote at {moment(silent.at)} is not known"
            return Backlog(None, oldest_at, told)
        rows += brought.rows
    return Backlog(rows, oldest_at)


def _spec(slo: DataSLO) -> Spec:
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return slo.spec.sli


def _gap(ancestry: Ancestry, come: Sequence[Arrived]) -> str | None:
    """Why what the newest copy lacks cannot be told; None where it can."""
    if not ancestry.whole:
        return TOO_LARGE
    return come[-1].gap if come else None


def _originals(ancestry: Ancestry) -> list[Versions]:
    """The versions of each source by time."""
    return [regular(ancestry, source) for source in sorted(ancestry.sources)]


def _begun(originals: Sequence[Versions], begin: datetime) -> Places:
    """As of *begin* nothing is known to be missing."""
    return [bisect_right(versions, begin, key=lambda each: each.at) for versions in originals]


def _reached(
    ancestry: Ancestry, originals: Sequence[Versions], come: Sequence[Arrived]
) -> Iterator[tuple[Arrived, Places]]:
    """The copies that were made of every original, and how far of each."""
    sources = sorted(ancestry.sources)
    for arrived in come:
        if len(arrived.oldest) == len(sources):
            keys = [key_of(arrived.oldest[source].version) for source in sources]
            places = [bisect_right(each, key, key=key_of) for each, key in zip(originals, keys, strict=True)]
            yield arrived, places


def _first(originals: Sequence[Versions], places: Places) -> datetime | None:
    """When the first of what is missing beyond *places* was there; None: nothing is missing."""
    missing = (versions[place] for versions, place in zip(originals, places, strict=True) if place < len(versions))
    return min((each.at for each in missing), default=None)


def _until(versions: Versions, now: datetime) -> Versions:
    return versions[: bisect_right(versions, now, key=lambda each: each.at)]


def _brought(evidence: Evidence, source: NodeId, first: Delivery, now: datetime) -> Volume:
    """What came of *source* from *first* on, by *now*."""
    ancestry = evidence.ancestry
    assert ancestry is not None, "`needs` asks for it"
    come = told_apart(evidence.in_time(ancestry.counted[source]), ancestry.begin, cumulative=True)
    left_out = ancestry.backfills | backfills(come)
    missing = [each for each in come if key_of(each) >= key_of(first) and each.run not in left_out]
    return volume(_until(missing, now), ENDLESS)


def _marks(ancestry: Ancestry, come: Sequence[Arrived], begin: datetime, now: datetime) -> Iterator[Mark]:
    """After each arrival the copy is as new as the moment before the original had something that it has not.

    Of several originals the one that is furthest behind counts.
    """
    originals = _originals(ancestry)
    yield Mark(begin, _first(originals, _begun(originals, begin)) or now)
    for arrived, places in _reached(ancestry, originals, come):
        yield Mark(arrived.delivery.at, _first(originals, places) or now, arrived.delivery.events)


def _doubted(verdict: Verdict, ancestry: Ancestry, come: Sequence[Arrived]) -> Verdict:
    """*verdict*, unless its hour would be BAD for want of what a run may have copied without saying so."""
    last = next((arrived for arrived in reversed(come) if arrived.delivery.at <= verdict.due), None)
    why = _gap(ancestry, [] if last is None else [last])
    if why is None or verdict.state != VerdictState.BAD:
        return verdict
    return replace(verdict, state=VerdictState.UNKNOWN, good=NONE, total=NONE, reason=why, value=None, expected=None)
