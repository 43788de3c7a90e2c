"""Volume: how many rows came for an occurrence by its close, and what came after it (SLO.md b.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from lineage.slo.evidence import Delivery

NAMED = 3  # deliveries whose events prove a volume
ACCUMULATED = "its counts accumulate over the run, from before what is known of it"


class Volume(NamedTuple):
    """What an occurrence brought by its close; *rows* None: nobody said. *delivery* None: nothing came.

    *counted* are the deliveries that made the rows. *restated* is what there is now, where more came after the close,
    which was at *restated_at* for the first time.
    """

    rows: int | None = None
    delivery: Delivery | None = None
    counted: tuple[Delivery, ...] = ()
    restated: int | None = None
    restated_at: datetime | None = None
    after: tuple[Delivery, ...] = ()

    @property
    def events(self) -> tuple[str, ...]:
        """What proves it."""
        return tuple(event for each in (*self.counted[-NAMED:], *self.after[-1:]) for event in each.events)


def volume(found: Sequence[Delivery], close: datetime, untimely: Collection[Delivery] = ()) -> Volume:
    """What *found*, the deliveries that speak of one occurrence by time, come to at *close* and since.

    What was there at the close and told of too late, *untimely*, restates it, as what came after it does.
    """
    came = [delivery for delivery in found if delivery.state == "COMPLETE"]
    first = _come([delivery for delivery in came if delivery.at <= close and delivery not in untimely])
    after = tuple(delivery for delivery in came if delivery.at > close or delivery in untimely)
    if not after:
        return first
    now = _come(came)
    if now.rows == first.rows:
        return first
    return first._replace(restated=now.rows, restated_at=min(_known(each, close) for each in after), after=after)


def _known(later: Delivery, close: datetime) -> datetime:
    """Since when *later* restates what was there at *close*."""
    return later.at if later.at > close or later.told_at is None else later.told_at


def _come(ended: Sequence[Delivery]) -> Volume:
    """Appended runs add up; of an overwritten dataset, and of the tries of one (job, interval), the last counts."""
    if len(ended) == 1 and not ended[0].emptied:
        return Volume(ended[0].rows, ended[0], tuple(ended))  # nearly always: one run, which speaks for itself
    last_emptied = max((place for place, delivery in enumerate(ended) if delivery.emptied), default=-1)
    come = ended[last_emptied + 1 :]
    if not come:
        return Volume()
    last_overwrite = max((place for place, delivery in enumerate(come) if delivery.overwrites), default=0)
    speaking: dict[object, list[Delivery]] = {}
    for delivery in come[last_overwrite:]:
        if delivery.window is not None and delivery.rows is None and not delivery.cumulative:
            continue  # a report without a count takes nothing back
        key = (delivery.job, delivery.nominal) if delivery.nominal is not None else (delivery.job, delivery.run)
        alike = speaking.setdefault(key, [])
        if not delivery.sums:
            alike.clear()
        alike.append(delivery)
    counted = tuple(delivery for alike in speaking.values() for delivery in alike)
    counts = [delivery.rows for delivery in counted if delivery.rows is not None]
    total = sum(counts) if counts and len(counts) == len(counted) else None
    return Volume(total, come[-1], counted or tuple(come[-1:]))


def told_apart(deliveries: Iterable[Delivery], begin: datetime, *, cumulative: bool) -> list[Delivery]:
    """*deliveries* by time, with the rows of each accumulating report apart from those of the reports before it.

    Where counts are *cumulative* they begin with the run, and one that falls has begun anew; otherwise each report
    tells its own rows. The first known of a run that began before *begin* cannot be told apart, and stays so.
    """
    reached: dict[str, int] = {}
    found = []
    for each in sorted(deliveries, key=lambda each: (each.at, each.run, each.events)):
        rows = each.rows
        if each.cumulative and cumulative and rows is not None:
            began = each.started_at is not None and each.started_at > begin
            before = reached.get(each.run, 0 if began else None)
            reached[each.run] = rows
            rows = None if before is None else rows - before if rows >= before else rows
        unknown = rows is None and each.rows is not None
        found.append(each._replace(rows=rows, sums=True, cumulative=unknown) if each.cumulative else each)
    return found
