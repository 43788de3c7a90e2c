"""How fast an incident was answered, beside what the SLOs that it hurts promise (SLO.md c.2, d.6). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from lineage.alerts.incidents import Incident, Member

Moments = tuple[datetime | None, datetime | None]


class Answer(NamedTuple):
    """One thing that *slo* promises: *within* how long, and how long it *took*; None: it has not come to it.

    `open` while there is still time.
    """

    slo: str
    what: str
    within: timedelta
    took: timedelta | None
    state: Literal["kept", "missed", "open"]


def answers(incident: Incident, now: datetime) -> list[Answer]:
    """What of the promises for *incident* was kept by *now*, by SLO and in the order in which it happens.

    What has not begun is left out, and so is what nobody had to do any more when all was good again. Of what was
    withdrawn nothing was promised.
    """
    hurt = (member for member in incident.members if not member.withdrawn)
    return [each for member in hurt for each in _of(incident, member, now)]


def _of(incident: Incident, member: Member, now: datetime) -> Iterator[Answer]:
    """Those of one SLO."""
    spans: dict[str, Moments] = {
        "detect": (member.since, member.detected_at),
        "notify": (member.detected_at, member.notified_at),
        "acknowledge": (member.notified_at, incident.acked_at),
        "repair": (member.hurt_since or member.since, member.restored_at),
    }
    over = incident.restored_at
    for what, within in member.promised.spans.items() if member.promised is not None else ():
        start, end = spans[what]
        if start is None:
            continue
        if end is not None:
            took = max(end - start, timedelta(0))
            yield Answer(member.slo, what, within, took, "kept" if took <= within else "missed")
        elif (now if over is None else over) - start > within:
            yield Answer(member.slo, what, within, None, "missed")
        elif over is None:
            yield Answer(member.slo, what, within, None, "open")
