"""What is wrong with a dataset beside its numbers: dropped, written by two, restated, ever slower, or ending. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import combinations
from typing import Literal, NamedTuple

from lineage.model import Verdict
from lineage.slo.evidence import Delivery, Evidence
from lineage.slo.phrases import count, moment, percent, span
from lineage.slo.spec import DataSLO, indicator
from lineage.slo.unobserved import within

NEWS = timedelta(days=1)  # for how long a number that changed is worth a heads-up
Kind = Literal["dropped", "conflict", "restated", "slower", "silent", "ending"]

WORTH = Fraction(1, 100)  # of a closed number, above which its change is (SLO.md b.6, Backfill)


class Finding(NamedTuple):
    """Something that no SLI shows, since *at*; the same thing keeps its *at* for as long as it lasts.

    `dropped`: nothing wrote the dataset since it was dropped. `conflict`: two jobs that have nothing to do with each
    other wrote the newest occurrence. `restated`: a backfill made another one of a closed number. `slower`: each day
    takes longer than the one before, by more than `alerting.trend` allows. `silent`: who sends the heartbeats does not.
    `ending`: its support, or the data itself, ends within the notice that `lifecycle` gives.
    """

    kind: Kind
    at: datetime
    sentence: str


class Growth(NamedTuple):
    """How the figure of each day changed since *since*: by the day, and over the window as a share of its median."""

    by_day: Fraction
    share: Fraction
    since: datetime


def findings(slo: DataSLO, evidence: Evidence, verdicts: Sequence[Verdict], now: datetime) -> tuple[Finding, ...]:
    """All that is found at *now*, up to when *evidence* reaches, each kind once at most."""
    name = slo.dataset.name
    return (
        *_dropped(name, evidence.deliveries),
        *conflict(name, evidence.deliveries),
        *_restated(name, verdicts, now),
        *_slower(slo, verdicts),
        *_silent(slo, evidence, verdicts),
        *_ending(slo, now),
    )


def _dropped(name: str, written: Sequence[Delivery]) -> Iterator[Finding]:
    drops = [each for each in written if each.dropped and each.state == "COMPLETE"]
    made = max((each.at for each in written if each.refresh), default=None) if drops else None
    since = [each for each in drops if made is None or each.at > made]
    if since:
        drop = min(since, key=lambda each: (each.at, each.run))
        yield Finding("dropped", drop.at, f"{name} was dropped by {drop.job.name} at {moment(drop.at)}")


def conflict(name: str, written: Sequence[Delivery]) -> Iterator[Finding]:
    """That two strangers wrote the newest interval that runs name, where they did.

    Where nobody names any, two writers may each have brought a part.
    """
    written_of: defaultdict[datetime, list[Delivery]] = defaultdict(list)
    for each in written:
        if each.refresh and each.nominal is not None and each.window is None:
            written_of[each.nominal[0]].append(each)
    newest = max(written_of, default=None)
    if newest is None:
        return
    if pair := _pair(written_of[newest]):
        jobs = " and ".join(sorted({each.job.name for each in pair}))
        told = f"{name} is written by {jobs} for the same interval, {moment(newest)}"
        yield Finding("conflict", _since(written_of), told)


def _since(written_of: Mapping[datetime, Sequence[Delivery]]) -> datetime:
    """When the row of intervals that two wrote, and that has not ended, began."""
    since = max(written_of)
    for start in sorted(written_of, reverse=True):
        if not (pair := _pair(written_of[start])):
            break
        since = max(each.at for each in pair)
    return since


def _pair(written: Iterable[Delivery]) -> Sequence[Delivery]:
    """The first two strangers of those that have *written* one interval; none where there are no two."""
    return next(strangers(sorted(written, key=lambda each: (each.at, each.run))), ())


def strangers(found: Iterable[Delivery]) -> Iterator[tuple[Delivery, Delivery]]:
    """Pairs of runs that are not parts of one: neither ran in the other, nor both in a third."""
    for one, other in combinations(found, 2):
        kin = {one.parent, one.run} & {other.parent, other.run} - {None}
        if one.job != other.job and not kin and not _apart(one, other):
            yield one, other


def _apart(one: Delivery, other: Delivery) -> bool:
    """Whether the two say that they wrote different partitions."""
    if one.partitions is None or other.partitions is None:
        return False
    return set(one.partitions).isdisjoint(other.partitions)


def _restated(name: str, verdicts: Sequence[Verdict], now: datetime) -> Iterator[Finding]:
    """Numbers that a backfill changed. What comes late, before another occurrence is due, changes none: it is late."""
    changed = [
        (each.restated, each.value, each.due)
        for each in verdicts
        if each.restated is not None and each.value is not None and each.restated.at + NEWS > now
    ]
    dues = sorted(verdict.due for verdict in verdicts) if changed else []
    changed = [each for each in changed if bisect_right(dues, each[0].at) > bisect_right(dues, each[2])]
    worth = [each for each in changed if abs(each[0].value - each[1]) > WORTH * each[1]]
    if not worth:
        return
    news, was, due = max(worth, key=lambda each: (each[0].at, each[2]))
    share = f" ({percent(abs(news.value - was) / was)})" if was else ""
    told = f"{name}, due {moment(due)}: {count(was)} rows when it closed, {count(news.value)} now{share}"
    more = f", and {len(worth) - 1} more" if len(worth) > 1 else ""
    yield Finding("restated", min(each[0].at for each in worth), f"{told}{more}")


def _silent(slo: DataSLO, evidence: Evidence, verdicts: Sequence[Verdict]) -> Iterator[Finding]:
    """Beats that were not sent, though somebody was there to hear of them: the path is as good as it was, or not."""
    stopped = getattr(indicator(slo.spec.sli.type), "silent_since", None)
    since: datetime | None = None if stopped is None or not verdicts else stopped(slo, verdicts)
    if since is not None and within(evidence.gaps, verdicts[-1].due, evidence.grace) is None:
        told = (
            f"no heartbeat was sent for {slo.dataset.name} since {moment(since)}, so that nobody knows how fresh it is"
        )
        yield Finding("silent", since, told)


def _slower(slo: DataSLO, verdicts: Sequence[Verdict]) -> Iterator[Finding]:
    wanted = slo.spec.alerting.trend
    trend: Growth | None = None if wanted is None else indicator(slo.spec.sli.type).trend(slo, verdicts)
    if wanted is None or trend is None or trend.share <= wanted.ticket_above:
        return
    told = f"{slo.dataset.name} takes {percent(trend.share)} longer than {span(wanted.window)} ago, by its daily figure"
    yield Finding("slower", trend.since, told)


def _ending(slo: DataSLO, now: datetime) -> Iterator[Finding]:
    lifecycle = slo.spec.lifecycle
    if lifecycle is not None and (ending := lifecycle.near(now)) is not None:
        told = f"{slo.dataset.name} {ending.what} {moment(ending.at)}"
        yield Finding("ending", ending.at - lifecycle.notice, told)
