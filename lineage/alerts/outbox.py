"""What waits to be told: kept with the incident it tells of, sent at least once, noted when it was."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from lineage.alerts import incidents
from lineage.alerts.incidents import Copy, Incident, Moment, Turn
from lineage.alerts.messages import Channel, Delivery, Message
from lineage.alerts.routing import FALLBACK, Route, route
from lineage.errors import ChannelFailed, Conflict, Overloaded
from lineage.settings import Alerts
from lineage.slo.silences import silenced
from lineage.store.base import Change, Document, Lease, Store
from lineage.telemetry import NOTIFICATIONS, NOTIFICATIONS_FAILED, OUTBOX_OLDEST_S, logger

KIND = "outbox"

BACKOFF_S = 5
BACKOFF_MOST_S = 600
NOTE_TRIES = 3
LOUDEST: tuple[Turn, ...] = ("resolved", "opened", "escalated", "warned", "changed")

log = logger(__name__)


class Notice(BaseModel):
    """One transition of an incident on its way to its reader; kept as a document of kind `outbox`.

    *wishes* are its reader's channels; *reader* is None for the owner, and *before* what those wish who are told first.
    Once sent, *channel*, *to*, *text* and *payload* hold what was said, where. The states: `pending`; `sent`; `failed`
    for good (then the log has it); `dropped`, for a later one said it all, or another in the same place did. *slos* are
    those that a consumer relies on, none where it does no more. From *begun_at* on it may be on the wire.
    """

    model_config = ConfigDict(frozen=True)

    id: str  # the idempotency key: incident, transition and reader
    incident: str
    transition: int
    change: Turn
    created_at: datetime
    wishes: dict[str, str] = {}
    reader: str | None = None
    before: tuple[dict[str, str], ...] = ()
    slos: tuple[str, ...] = ()
    state: Literal["pending", "sent", "failed", "dropped"] = "pending"
    attempts: int = 0
    begun_at: datetime | None = None
    sent_at: datetime | None = None
    channel: str | None = None
    to: str | None = None
    text: str = ""
    payload: dict[str, Any] = {}  # the channel's own JSON
    error: str | None = None


def notices(
    incident: Incident,
    owner: Mapping[str, str],
    consumers: Iterable[tuple[str | None, Mapping[str, str]]],
    now: datetime,
) -> list[Notice]:
    """The notices of the incident's newest transition: the *owner*'s, then one for each channel of its *consumers*.

    These are given as the SLO that each relies on, None where it does no more, and its channels.
    """
    first = Notice(
        id=f"{incident.id}:{incident.transition}",
        incident=incident.id,
        transition=incident.transition,
        change=incident.change,
        created_at=now,
        wishes=dict(owner),
    )
    made = [first]
    for reader, (wishes, slos) in _by_channels(consumers).items():
        before = tuple(note.wishes for note in made)
        of_reader = {
            "id": f"{first.id}:{len(made)}",
            "wishes": wishes,
            "reader": reader,
            "before": before,
            "slos": slos,
        }
        made.append(first.model_copy(update=of_reader))
    return made


def _by_channels(
    consumers: Iterable[tuple[str | None, Mapping[str, str]]],
) -> Mapping[str, tuple[dict[str, str], tuple[str, ...]]]:
    """The channels of each reader and the SLOs that it relies on."""
    found: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {}
    for slo, wishes in consumers:
        _, slos = found.get(reader_of(wishes), ({}, ()))
        found[reader_of(wishes)] = (dict(wishes), slos if slo is None else (*slos, slo))
    return found


def reader_of(wishes: Mapping[str, str]) -> str:
    """By what an incident knows a consumer: its channels, best first."""
    return " ".join(f"{channel}:{to}" for channel, to in wishes.items())


def kept(note: Notice, *, due: datetime | None = None, expects: int | None = None) -> Change:
    """The change that keeps *note* in the store."""
    return Change(KIND, note.id, note.model_dump_json().encode(), state=note.state, due=due, expects=expects)


def drain(  # noqa: PLR0913 - what to send, where, and the clock and chance it is judged by
    store: Store,
    channels: Mapping[str, Channel],
    base_url: str,
    now: datetime,
    *,
    alerts: Alerts | None = None,
    lease: Lease | None = None,
    jitter: Callable[[], float] = random.random,
) -> list[Notice]:
    """Send what is due and note it; answers the notices that were dealt with, as they stand now.

    The owner is tried before the consumers, and a consumer of the same channel is not told a second time. Of several
    notices of one incident to one reader only the newest is sent, as loudly as the loudest of them. A failure that
    may pass waits in the outbox, as long as the channel asks or twice as long each time, and holds back what else that
    channel has to carry; one that will not pass is noted and the message goes to the log. *channels* has `log`. A
    channel that breaks is logged, and its message tried again. While all SLOs of an incident are silenced its notices
    wait, and what began and ended meanwhile is told to nobody. *jitter* answers a number in [0, 1). Raises Conflict
    when *lease* is lost, StoreUnavailable.
    """
    post = _Post(store, channels, base_url, now, alerts or Alerts(), lease, jitter)
    queues = _by_reader(_pending(store))
    silent = [queue for queue in queues if post.silent(queue)]
    speaking = [queue for queue in queues if queue not in silent]
    waiting = (now - letter.note.created_at for queue in speaking for letter in queue)
    OUTBOX_OLDEST_S.set(max(waiting, default=timedelta(0)).total_seconds())
    dealt = [note for queue in silent for note in post.forget_if_over(queue)]
    blocked: set[str] = set()
    for queue in speaking:
        if any(letter.due > now for letter in queue):
            continue
        try:
            dealt += post.deal(queue, blocked)
        except (Conflict, Overloaded):
            raise
        except Exception:  # a channel is anybody's file: its fault must not keep the other messages
            log.exception("notice_not_sent", extra={"incident": queue[0].note.incident})
    return dealt


@dataclass(frozen=True, slots=True)
class _Letter:
    note: Notice
    due: datetime


def _pending(store: Store) -> list[_Letter]:
    letters: list[_Letter] = []
    after: str | None = None
    while page := store.documents(KIND, state="pending", after=after):
        letters += map(_opened, page)
        after = page[-1].id
    return letters


def _opened(document: Document) -> _Letter:
    note = Notice.model_validate_json(document.body)
    return _Letter(note, document.due or note.created_at)


def _by_reader(letters: Sequence[_Letter]) -> list[list[_Letter]]:
    """The letters of each incident to each reader, oldest transition first.

    The incident that waits longest comes first, and of one incident its owner.
    """
    queues: dict[str, dict[str | None, list[_Letter]]] = {}
    for letter in sorted(letters, key=lambda letter: (letter.note.created_at, letter.note.transition, letter.note.id)):
        queues.setdefault(letter.note.incident, {}).setdefault(letter.note.reader, []).append(letter)
    by_rank = (sorted(readers.items(), key=lambda item: item[0] is not None) for readers in queues.values())
    return [queue for readers in by_rank for _, queue in readers]


@dataclass(frozen=True, slots=True)
class _Post:
    """One round of the postman."""

    store: Store
    channels: Mapping[str, Channel]
    base_url: str
    now: datetime
    alerts: Alerts
    lease: Lease | None
    jitter: Callable[[], float]

    def deal(self, queue: Sequence[_Letter], blocked: set[str]) -> list[Notice]:
        """Send the newest of one reader's letters of an incident and drop the rest."""
        newest, older = queue[-1].note, [letter.note for letter in queue[:-1]]
        incident = self._seen(newest)
        way = route(newest.wishes, self.channels, self.alerts)
        if incident is None or _quiet(queue, incident) or self._told_before(newest, incident):
            return self._keep([_dropped(note) for note in (*older, newest)])
        if way.channel in blocked:
            return []
        begun = min((letter.note.begun_at for letter in queue if letter.note.begun_at is not None), default=None)
        message = replace(self._rendered(incident, queue, way), again=begun)
        newest = newest.model_copy(update={"begun_at": begun or self.now})
        # Who slept and lost the lease must not say it a second time, and who comes after a crash has to know.
        self.store.put([kept(newest, due=queue[-1].due)], lease=self.lease)
        sent = newest.model_copy(
            update={
                "attempts": newest.attempts + 1,
                "channel": way.channel,
                "to": message.to,
                "text": message.text,
                "payload": message.payload,
            }
        )
        try:
            delivery = self.channels[way.channel].send(message)
        except ChannelFailed as error:
            return self._failed(sent, older, incident, error, blocked)
        NOTIFICATIONS.labels(way.channel).inc()
        done = sent.model_copy(update={"state": "sent", "sent_at": self.now, "error": None})
        return self._note(done, older, way, delivery)

    def _told_before(self, note: Notice, incident: Incident) -> bool:
        """Whether the letter goes where one that is sent before it goes: a webhook has one channel for everybody.

        A message of its own is edited, wherever others are told by now.
        """
        if incident.receipt:
            return False
        return self._place(note.wishes, incident) in {self._place(wishes, incident) for wishes in note.before}

    def _place(self, wishes: Mapping[str, str], incident: Incident) -> Route:
        way = route(wishes, self.channels, self.alerts)
        addressed = incident.model_copy(update={"channel": way.channel, "to": way.to})
        return Route(way.channel, self.channels[way.channel].render(addressed, self.base_url).to)

    def silent(self, queue: Sequence[_Letter]) -> bool:
        """Whether all SLOs that the incident still hurts, of one that is over all its SLOs, are silenced.

        Of those that a consumer relies on, where it relies on any of them.
        """
        incident = self._seen(queue[-1].note)
        if incident is None:
            return False
        relied_on = {slo for letter in queue for slo in letter.note.slos}
        members = [each for each in incident.members if not relied_on or each.slo in relied_on]
        hurt = {member.slo for member in members if member.restored_at is None}
        names = hurt or {member.slo for member in members}
        return names <= silenced(names, self.store, self.now).keys()

    def forget_if_over(self, queue: Sequence[_Letter]) -> list[Notice]:
        """Drop the letters of an incident that their reader was not told of before it was over."""
        incident = self._seen(queue[-1].note)
        if incident is None or incident.state == "open" or incident.notified_at is not None:
            return []
        return self._keep([_dropped(letter.note) for letter in queue])

    def _rendered(self, incident: Incident, queue: Sequence[_Letter], way: Route) -> Message:
        """The message of the whole queue: never quieter than the loudest that it stands for."""
        changes = {letter.note.change for letter in queue}
        loudest = next(change for change in LOUDEST if change in changes)
        same = incident.channel in (None, way.channel)
        update = {
            "channel": way.channel,
            "to": way.to,
            "change": loudest,
            "receipt": incident.receipt if same else {},
        }
        return self.channels[way.channel].render(incident.model_copy(update=update), self.base_url)

    def _failed(
        self, sent: Notice, older: Sequence[Notice], incident: Incident, error: ChannelFailed, blocked: set[str]
    ) -> list[Notice]:
        assert sent.channel is not None, "it was just tried"
        NOTIFICATIONS_FAILED.labels(sent.channel, _reason(error)).inc()
        fields = {"incident": incident.id, "channel": sent.channel, "attempts": sent.attempts, "error": str(error)}
        if error.recoverable:
            blocked.add(sent.channel)
            wait_s = self._wait_s(sent.attempts, error.retry_after_s)
            log.warning("notification_postponed", extra={**fields, "wait_s": round(wait_s, 1)})
            begun = sent.begun_at if error.retry_after_s is None else None  # who asks to wait has taken nothing
            late = sent.model_copy(update={"error": str(error), "begun_at": begun})
            self.store.put([kept(late, due=self.now + timedelta(seconds=wait_s))], lease=self.lease)
            return [late]
        log.error("notification_refused", extra=fields)
        told = incident.model_copy(update={"channel": FALLBACK, "to": None})
        self.channels[FALLBACK].send(self.channels[FALLBACK].render(told, self.base_url))
        refused = sent.model_copy(update={"state": "failed", "error": str(error)})
        return self._note(refused, older, Route(FALLBACK, None), Delivery({}))

    def _wait_s(self, attempts: int, retry_after_s: int | None) -> float:
        """Full jitter on an exponential wait, so that many outboxes do not knock at once; never less than asked."""
        most = min(BACKOFF_MOST_S, BACKOFF_S * 2 ** (attempts - 1))
        wait_s = most / 2 + most / 2 * self.jitter()
        return wait_s if retry_after_s is None else retry_after_s + self.jitter()

    def _note(self, done: Notice, older: Sequence[Notice], way: Route, delivery: Delivery) -> list[Notice]:
        """Keep the receipt on the incident and the notice in one put, whoever else changes the incident meanwhile."""
        notes = [done, *map(_dropped, older)]
        for left in reversed(range(NOTE_TRIES)):
            document = self.store.document(incidents.KIND, done.incident)
            assert document is not None, "an incident that was told of stays"
            incident = _noted(Incident.model_validate_json(document.body), done, way, delivery, self.now)
            change = incidents.kept(incident, expects=document.revision)
            try:
                self.store.put([change, *map(kept, notes)], lease=self.lease)
            except Conflict:
                if not left:
                    raise
            else:
                break
        return notes

    def _keep(self, notes: list[Notice]) -> list[Notice]:
        self.store.put(list(map(kept, notes)), lease=self.lease)
        return notes

    def _seen(self, note: Notice) -> Incident | None:
        """The incident as the reader of *note* has been told of it."""
        document = self.store.document(incidents.KIND, note.incident)
        incident = None if document is None else Incident.model_validate_json(document.body)
        if incident is None or note.reader is None:
            return incident
        copy = incident.copies.get(note.reader, Copy())
        told = {"channel": copy.channel, "to": copy.to, "notified_at": copy.notified_at, "receipt": copy.receipt}
        return incident.model_copy(update=told)


def _quiet(queue: Sequence[_Letter], incident: Incident) -> bool:
    """True when nobody needs to hear.

    Details changed in a message that was told and cannot be edited, or all is over and the reader never had to hear:
    it was over at once, or whoever was to be told relied on it no more by the end.
    """
    details_only = all(letter.note.change == "changed" for letter in queue)
    if incident.notified_at is None:
        left_out = incident.state == "resolved" and queue[-1].note.change != "resolved"
        return left_out or queue[0].note.change == "resolved"
    return details_only and not incident.receipt


def _dropped(note: Notice) -> Notice:
    return note.model_copy(update={"state": "dropped"})


def _noted(incident: Incident, done: Notice, way: Route, delivery: Delivery, now: datetime) -> Incident:
    what = f"told by {way.channel}" if done.error is None else f"{done.channel} refused ({done.error}); told by the log"
    before = incident if done.reader is None else incident.copies.get(done.reader, Copy())
    told: dict[str, Any] = {
        "channel": way.channel,
        "to": done.to if done.error is None else None,
        "notified_at": before.notified_at or now,
        "receipt": delivery.receipt,
    }
    if done.reader is None:
        heard = (each.model_copy(update={"notified_at": each.notified_at or now}) for each in incident.members)
        told |= {"members": tuple(heard)}
    else:
        what = f"consumer: {what}"
        told = {"copies": {**incident.copies, done.reader: Copy(wishes=done.wishes, **told)}}
    timeline = (*incident.timeline, Moment(at=now, what=what))
    return incident.model_copy(update={**told, "timeline": timeline})


def _reason(error: ChannelFailed) -> str:
    """The word of Alertmanager 0.34 for it, as far as the error tells."""
    if error.retry_after_s is not None:
        return "rateLimited"
    if error.denied:
        return "authError"
    return "serverError" if error.recoverable else "clientError"
