"""Service levels of a contract: how long their values are, when data comes, how soon people answer, when it ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lineage.slo.documents import Loc
from lineage.slo.formats._contract import Sla
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
ENDS = ("endOfSupport", "endOfLife")  # `lifecycle` says them

_instant = TypeAdapter(Instant)


def unit(sla: Sla) -> str | None:
    """The letter of a duration that the unit of *sla* means; None: none."""
    word = sla.unit or ""
    return UNITS.get(word.lower().removesuffix("s") if len(word) > 1 else word)


def span(sla: Sla) -> str:
    """The value of *sla* as a definition spells a duration, or as it stands where it is none."""
    letter = unit(sla)
    return f"{sla.value}{letter}" if letter and isinstance(sla.value, int) else f"{sla.value}{sla.unit or ''}"


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


def is_duration(text: str) -> bool:
    """Whether *text* is one that a definition knows."""
    try:
        parse_duration(text)
    except ValueError:
        return False
    return True


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
        if sla.property in ANSWERS and is_duration(span(sla)):
            answers.setdefault(ANSWERS[sla.property], span(sla))
        elif sla.property in ANSWERS:
            unsaid.append((at, f"{span(sla)!r} is no duration here; write whole minutes, hours or days"))
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
