"""What an SLO was not judged by, for the clock of who told it was ahead (SLO.md b.0)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from lineage.model import AHEAD, EventRecord, NodeId
from lineage.slo.phrases import moment, span
from lineage.store.base import Store

NOT_JUDGED = "no SLO is judged by it"
MOST = 1_000  # events that are looked at, the newest: who sends more is ahead all the same


class LeftOut(NamedTuple):
    """*events* of *job*, or of datasets alone, that were ahead by up to *most*; the last was received at *last*.

    Of each dataset or job the newest thousand are looked at.
    """

    job: NodeId | None
    events: int
    most: timedelta
    last: datetime

    @property
    def sentence(self) -> str:
        """For a person: how many of whom, and why."""
        told = "1 event" if self.events == 1 else f"{self.events:,} events"
        of = "that describe datasets alone" if self.job is None else f"of {self.job.name}"
        was = "was" if self.events == 1 else "were"
        return (
            f"{told} {of} {was} left out, the last received {moment(self.last)}: "
            f"the clock of who sent them is up to {span(self.most)} ahead"
        )


def left_out(store: Store, of: Iterable[NodeId], since: datetime, known_at: datetime) -> tuple[LeftOut, ...]:
    """By job, what was received in (*since*, *known_at*] of datasets and jobs *of* and is ahead by more than AHEAD.

    Whether its own time has come or not.
    """
    found: dict[str, EventRecord] = {}
    for node in sorted(set(of)):
        asked = {node.kind: node}
        page = store.events(**asked, since=since, known_at=known_at, ahead=AHEAD, limit=MOST)  # type: ignore[arg-type]
        found |= {event.digest: event for event in page.items if event.received_at > since}
    by_job: defaultdict[NodeId | None, list[EventRecord]] = defaultdict(list)
    for event in found.values():
        by_job[event.job].append(event)
    return tuple(sorted((_together(job, events) for job, events in by_job.items()), key=lambda each: each.sentence))


def warnings_of(event: EventRecord) -> list[str]:
    """What is not as it should be with *event*: what was noted as it came, and that its clock was ahead."""
    ahead = event.ahead
    return [
        *event.warnings,
        *([] if ahead is None else [f"the producer's clock was {span(ahead)} ahead; {NOT_JUDGED}"]),
    ]


def most_ahead(store: Store, run: str) -> timedelta | None:
    """By how much events of *run* were ahead at the most; None where none was by more than AHEAD."""
    found = store.events(run=run, ahead=AHEAD, limit=MOST).items
    return max((event.at - event.received_at for event in found), default=None)


def _together(job: NodeId | None, events: list[EventRecord]) -> LeftOut:
    most = max(event.at - event.received_at for event in events)
    return LeftOut(job, len(events), most, max(event.received_at for event in events))
