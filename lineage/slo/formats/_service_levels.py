"""Service levels of a contract: how long their values are, when data comes, how soon people answer, when it ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lineage.slo.documents import Loc
from lineage.slo.formats._contract import Sla
from lineage.slo.formats._quality import Unsaid
from lineage.slo.terms import Instant, parse_duration

UNITS = {
    "m": "m",
    "min": "m",
    "minute": "m",
    "h": "h",
    "hr": "h",
    "hour": "h",
    "d": "d",
    "day": "d",
    "w": "w",
    "week": "w",
}
ANSWERS = {"timeToDetect": "detect", "timeToNotify": "notify", "timeToRepair": "repair"}  # `incidents` says them
TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::00)?(Z|[+-](?:0\d|1[0-2]):00)?")
DAILY = re.compile(r"(\d{1,2}) (\d{1,2}) ")  # at one minute of one hour
DAY = 24 * 60
ENDS = ("endOfSupport", "endOfLife")  # `lifecycle` says them

_instant = TypeAdapter(Instant)


def unit(sla: Sla) -> str | None:
    """The letter of a duration that the unit of *sla* means; None: none."""
    word = sla.unit or ""
    return UNITS.get(word.lower().removesuffix("s") if len(word) > 1 else word)


def span(sla: Sla) -> str:
    """The value of *sla* as a definition spells a duration. Raises Unsaid where it is none."""
    spelled = f"{sla.value}{unit(sla) or sla.unit or ''}"
    try:
        parse_duration(spelled)
    except ValueError:
        told = "nothing" if sla.value is None else f"'{sla.value}{sla.unit or ''}'"
        raise Unsaid(f"{told} is no duration here; write whole minutes, hours or days") from None
    return spelled


def cron(sla: Sla) -> str | None:
    """The intervals of a frequency, from the beginning of the hour, day or week; None: they are of no cron."""
    count, letter = sla.value, unit(sla)
    if not isinstance(count, int) or count < 1:
        return None
    if letter == "m" and 60 % count == 0:
        return f"*/{count} * * * *"
    if letter == "h" and 24 % count == 0:
        return "0 * * * *" if count == 1 else f"0 */{count} * * *"
    return {("d", 1): "0 0 * * *", ("w", 1): "0 0 * * 1"}.get((letter or "", count))


def available(value: Any, cron: str, zone: str, *, assumed: bool) -> tuple[str, str, str | None]:
    """How long after the ticks of *cron* in *zone* it is the time of day *value*; in which zone; a remark, if any.

    A cron that was *assumed* of a frequency is of the day of the offset, if *value* has one. Raises Unsaid.
    """
    told, tick = TIME.fullmatch(str(value)), DAILY.match(cron)
    if told is None:
        raise Unsaid(f"{str(value)!r} is no time that is taken over; write it in quotes, as '09:00-08:00'")
    if tick is None:
        raise Unsaid(f"is of a day, and data is expected {cron!r}; write a schedule with one hour and one minute")
    at, remark = 60 * int(told[1]) + int(told[2]), None
    if told[3] is not None:
        offset = 0 if told[3] == "Z" else int(told[3][:3])
        remark = "a fixed offset knows no summer time; write the zone into spec.schedule.timezone" if offset else None
        if assumed:
            zone = f"Etc/GMT{-offset:+d}" if offset else "UTC"
        elif zone == "UTC":
            at -= 60 * offset
        else:
            remark = f"is taken as the wall time of {zone}, where the schedule is"
    after = (at - 60 * int(tick[2]) - int(tick[1])) % DAY
    if not after:
        raise Unsaid("is when the interval ends, so that no time is left; write a later one")
    return f"{after}m", zone, remark


def instant(value: Any) -> datetime | None:
    """The instant that *value* names, a date at its beginning in UTC; None: it is none."""
    try:
        return _instant.validate_python(value)
    except ValidationError:
        return None


def beside(levels: Sequence[tuple[int, Sla]]) -> tuple[dict[str, Any], list[tuple[Loc, str]]]:
    """What *levels* say beside a promise, as words of a definition, and what of it has no place, by place."""
    answers: dict[str, Any] = {}
    ending: dict[str, Any] = {}
    unsaid: list[tuple[Loc, str]] = []
    for place, sla in levels:
        at: Loc = ("slaProperties", place, "value")
        if sla.property in ANSWERS:
            try:
                answers.setdefault(ANSWERS[sla.property], span(sla))
            except Unsaid as why:
                unsaid.append((at, str(why)))
        elif sla.property in ENDS and (at_end := instant(sla.value)) is not None:
            ending.setdefault(sla.property, at_end)
        elif sla.property in ENDS:
            unsaid.append((at, f"{str(sla.value)!r} is no date; write 2027-03-01"))
    if len(ending) == len(ENDS) and ending["endOfSupport"] > ending["endOfLife"]:
        last = max(place for place, sla in levels if sla.property == "endOfSupport")
        unsaid.append((("slaProperties", last, "value"), "support ends after the data does, and is not taken over"))
        del ending["endOfSupport"]
    words = {"incidents": answers, "lifecycle": ending}
    return {word: said for word, said in words.items() if said}, unsaid
