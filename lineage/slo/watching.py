"""How SLOs stand as time goes on: read again only where something new was told, judged again only when time matters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from lineage.model import FacetRecord, FieldId, NodeId
from lineage.slo.budget import later
from lineage.slo.evaluate import GRACE, Basis, basis, judged
from lineage.slo.gather import renewal
from lineage.slo.lasting import Lasting
from lineage.slo.pulse import Pulse, heartbeat
from lineage.slo.spec import DataSLO
from lineage.slo.standing import Standing
from lineage.slo.status import Status
from lineage.store.base import Store

UNREAD = "0-00000000"  # the revision of a store in which nothing is

# Questions about no node, of which the answer holds until something is told of the nodes that others are about: of runs
# that used these, of what people said, which is news of anything, and since when anything was heard.
TOLD = frozenset({"runs", "uses_of", "beats", "statements", "heard"})


MANY = 1_000  # rows of one facet: of fewer nothing is gained by keeping them
TICK = timedelta(microseconds=1)

# By question: the rows as they were answered, newest first, and from which event time on they may be others now.
Told = dict[tuple[NodeId, tuple[str, ...], datetime | None], tuple[list[FacetRecord], datetime | None]]


@dataclass(slots=True)
class _Known:
    """One SLO as it was last read and judged. *about* are the nodes of which the store was asked for it."""

    slo: DataSLO
    renewed_at: datetime
    read: Basis
    about: frozenset[NodeId]
    status: Status
    until: datetime | None = None  # from when on time alone may change the status of beats
    pulse: Pulse | None = None  # that follows its beats, where it has any
    standing: Standing | None = None  # that judges what time can change, where it has none
    stale_from: datetime | None = None  # the least event time of what was told since, of which nothing was read yet


class Watch:
    """SLOs over *store*, at instants that ascend: `turn` to each, then ask. One caller at a time.

    Every answer is what `evaluate` says of the same instant. For a day nothing is read twice of which nothing new was
    told, to the store's own word (`Store.news`); and nothing is judged twice while no due time, no end of a window and
    no other instant that was ever compared with now has passed (`Lasting`).
    """

    def __init__(self, store: Store, grace: timedelta = GRACE) -> None:
        self._store = store
        self._grace = grace
        self._known: dict[str, _Known] = {}
        self._told: dict[str, Told] = {}
        self._revision = UNREAD
        self._first: datetime | None = None  # when anything was heard: what was due before it is history
        self.at: datetime | None = None

    def turn(self, now: datetime) -> None:
        """Hear what is new by *now*, which is not before the instant that was turned to last. Raises StoreUnavailable.

        The news come first and the reading after: what is merged in between is read, and then is news once more.
        """
        assert self.at is None or self.at <= now, "instants ascend"
        news = self._store.news(self._revision, self.at or now)
        first = self._store.heard(now) if news.of or news.of is None else self._first
        if news.of is None or self.at is None or first != self._first:
            self._known.clear()
            self._told.clear()
        elif news.of:
            self._known = {name: known for name, known in self._known.items() if _holds(known, news.of)}
            self._told = {name: _still(told, news.of) for name, told in self._told.items()}
        self._revision, self.at, self._first = news.revision, now, first

    def status(self, slo: DataSLO) -> Status:
        """How *slo* stands at the instant that was turned to. Raises StoreUnavailable."""
        assert self.at is not None, "turn first"
        now, known = self.at, self._known.get(slo.name)
        if known is not None and (known.renewed_at != renewal(slo, now) or not _same(known.slo, slo)):
            known = None
        if known is not None and known.pulse is not None:
            known = self._follow(known, known.pulse, now)
        if known is None:
            asked = _Asking(self._store, self._told.get(slo.name, {}))
            read = basis(slo, cast(Store, asked), now)  # it passes every question on
            if asked.noted.widely or not read.evidence.observed:  # then any event of anybody may change that
                return judged(slo, read, now, self._grace)
            self._told[slo.name] = asked.noted.told
            known = self._keep(slo, read, frozenset(asked.noted.about), now)
        elif known.standing is not None:
            known.standing.turn(now)
            known.status = known.standing.status
        elif known.pulse is None and known.until is not None and known.until <= now:
            known = self._keep(slo, known.read, known.about, now)
        return known.status if known.status.at == now else later(slo, known.status, now)

    def _keep(self, slo: DataSLO, read: Basis, about: frozenset[NodeId], now: datetime) -> _Known:
        beats = heartbeat(slo)
        if beats is None:
            standing = Standing(slo, read, now, self._grace)
            known = _Known(slo, renewal(slo, now), read, about, standing.status, standing=standing)
        else:
            lasting = Lasting(now)
            pulse = Pulse(slo, beats, read, lasting, self._grace)
            steady = pulse if pulse.steady else None
            known = _Known(slo, renewal(slo, now), read, about, pulse.status, lasting.lasts_until, steady)
        self._known[slo.name] = known
        return known

    def _follow(self, known: _Known, pulse: Pulse, now: datetime) -> _Known | None:
        """*known* as of *now*; None where all is to be read and judged anew."""
        read, since = None, known.stale_from
        if since is None and (known.until is None or known.until > now):
            return known
        if since is not None:
            asked = _Asking(self._store, {})
            read = basis(known.slo, cast(Store, asked), now, beats_since=since - TICK)
            if asked.noted.widely:
                return None
            known.about |= asked.noted.about
        lasting = Lasting(now)
        if not pulse.follow(read, since, lasting):
            return None
        known.status, known.until, known.stale_from = pulse.status, lasting.lasts_until, None
        return known


@dataclass(slots=True)
class _Noted:
    """Of which nodes a store was asked; *widely* where a question is about none, and so about any."""

    told: Told = field(default_factory=dict)
    about: set[NodeId] = field(default_factory=set)
    widely: bool = False


class _Asking:
    """A store that notes what it is asked."""

    def __init__(self, store: Store, told: Told, noted: _Noted | None = None) -> None:
        self._store = store
        self._before = told
        self.noted = noted or _Noted()

    def without_ahead(self) -> _Asking:
        """As the store has it, with the same notes."""
        return _Asking(self._store.without_ahead(), self._before, self.noted)

    def facet_history(
        self, of: NodeId, names: Iterable[str] | None = None, *, since: datetime | None = None, **more: Any
    ) -> list[FacetRecord]:
        """As the store has it; of many rows only those are asked for again that may be others now."""
        self.noted.about.add(of)
        question = (of, tuple(names or ()), since)
        rows, stale_from = self._before.get(question, ([], None))
        if since is None or not rows or stale_from is None:
            found = rows or self._store.facet_history(of, question[1] or None, since=since, **more)
        else:
            newer = self._store.facet_history(of, question[1] or None, since=max(since, stale_from - TICK), **more)
            found = newer + [row for row in rows if row.at < stale_from]
        if len(found) > MANY:
            self.noted.told[question] = found, None
        return found

    def __getattr__(self, question: str) -> Any:  # the store's own promise
        ask = getattr(self._store, question)

        def noted(*given: Any, **also: Any) -> Any:
            whole, kept = [_whole(each) for each in given], {name: _whole(each) for name, each in also.items()}
            named = {node for each in (*whole, *kept.values()) for node in _nodes(each)}
            self.noted.about |= named
            of_none = bool(whole) and not whole[0]  # a list of nodes that happens to be empty
            self.noted.widely |= not named and not of_none and question not in TOLD
            return ask(*whole, **kept)

        return noted


def _same(before: DataSLO, now: DataSLO) -> bool:
    return before is now or before == now


def _holds(known: _Known, new: Mapping[NodeId, datetime | None]) -> bool:
    """Whether *known* is worth keeping after what is *new*; it notes from when on beats are to be read."""
    touched = [new[node] for node in known.about & new.keys()]
    if not touched:
        return True
    since = [at for at in touched if at is not None]
    if known.pulse is None or len(since) < len(touched):
        return False
    known.stale_from = min(since if known.stale_from is None else [*since, known.stale_from])
    return True


def _still(told: Told, new: Mapping[NodeId, datetime | None]) -> Told:
    """What of *told* is worth keeping after what is *new*."""
    found: Told = {}
    for question, (rows, stale_from) in told.items():
        if question[0] not in new:
            found[question] = rows, stale_from
        elif (since := new[question[0]]) is not None:
            found[question] = rows, since if stale_from is None else min(since, stale_from)
    return found


def _whole(given: Any) -> Any:
    return given if isinstance(given, str | bytes) or not isinstance(given, Iterator) else list(given)


def _nodes(given: Any) -> Iterator[NodeId]:
    if isinstance(given, NodeId):
        yield given
    elif isinstance(given, FieldId):
        yield given.dataset
    elif isinstance(given, Iterable) and not isinstance(given, str | bytes):
        for each in given:
            yield from _nodes(each)
