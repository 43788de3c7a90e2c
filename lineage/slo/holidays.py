"""Days that others write: the holidays of a country, or a company's own, in iCalendar or one a line.

Which days are holidays is nobody's to compute: a package that knows them says otherwise after an upgrade, and verdicts
that were given would change. So the days come of a file beside the SLO's, and are part of the definition from then on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from lineage.errors import InvalidDefinition
from lineage.slo.documents import Document, Loc, read

FOLDER = "holidays"
SUFFIXES = (".ics", ".txt")
HOLIDAYS = "holidays"
WORDS = frozenset({"calendar", "holidays"})  # where a calendar stands
DAY = timedelta(days=1)
LONGEST = 62  # days that one entry of a calendar may last


def resolved(document: Document, beside: Path) -> Any:
    """The body of *document*, of a file in the folder *beside*, with the days of the files that its calendars name.

    `country: DE` with `skip: [holidays]` means `holidays/DE.ics` or `holidays/DE.txt` there, `file: …` that one.
    Raises InvalidDefinition with the place of what cannot be found or read.
    """
    body = document.body
    if not isinstance(body, Mapping) or "spec" not in body:
        return body
    return {**body, "spec": _within(_Place(document, beside, ("spec",)), body["spec"])}


class _Place(NamedTuple):
    """Where a schedule stands: in *document*, whose file is in the folder *beside*, at *loc*."""

    document: Document
    beside: Path
    loc: Loc

    def below(self, word: str | int) -> _Place:
        return self._replace(loc=(*self.loc, word))

    def refused(self, text: str) -> InvalidDefinition:
        return InvalidDefinition(f"{self.document.at(*self.loc)}: {'.'.join(map(str, self.loc))}: {text}")


def _within(place: _Place, value: Any) -> Any:
    """*value* with its calendars resolved, wherever in it they stand."""
    if isinstance(value, Mapping):
        return {
            word: (_calendar if word in WORDS else _within)(place.below(word), each) for word, each in value.items()
        }
    if isinstance(value, list):
        return [_within(place.below(number), each) for number, each in enumerate(value)]
    return value


def _calendar(place: _Place, calendar: Any) -> Any:
    skip = calendar.get("skip", []) if isinstance(calendar, Mapping) else None
    if not isinstance(skip, list) or not ({"country", "file"} & calendar.keys() or HOLIDAYS in skip):
        return calendar
    days: list[Any] = [day for day in skip if day != HOLIDAYS]
    if (HOLIDAYS in skip) != isinstance(calendar.get("country"), str):
        text = "holidays are those of a country; write calendar: {country: DE, skip: [holidays]}"
        raise place.below("country" if "country" in calendar else "skip").refused(text)
    if HOLIDAYS in skip:
        days += days_of(_file(place.below("country"), f"{FOLDER}/{calendar['country']}", SUFFIXES))
    if "file" in calendar:
        days += days_of(_file(place.below("file"), str(calendar["file"]), ("",)))
    rest = {word: value for word, value in calendar.items() if word not in {"country", "file"}}
    return rest | {"skip": days}


def _file(place: _Place, name: str, suffixes: tuple[str, ...]) -> Path:
    """The file *name* with one of *suffixes*, which stands beside the SLO's own, or below."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise place.refused(f"{name} is not below the folder of the SLO; put it there")
    for suffix in suffixes:
        if (place.beside / f"{name}{suffix}").is_file():
            return place.beside / f"{name}{suffix}"
    wanted = " or ".join(f"{name}{suffix}" for suffix in suffixes)
    raise place.refused(f"there is no {wanted} beside the SLO; put it there, or write the days: skip: [12-25]")


def days_of(path: Path) -> list[date | str]:
    """The days in *path*: of iCalendar's events, `12-25` where one comes every year; or one a line, then a comment.

    Raises InvalidDefinition.
    """
    text = read(path)
    found = set(_of_calendar(text, path) if path.suffix == ".ics" else _of_lines(text, path))
    if not found:
        raise InvalidDefinition(f"{path}:1:1: holds no day; write one a line, as 2026-12-25")
    return sorted(found, key=str)


def _of_lines(text: str, path: Path) -> Iterator[date | str]:
    for number, line in enumerate(text.splitlines(), 1):
        word = line.split("#")[0].split()
        if word and re.fullmatch(r"\d\d-\d\d", word[0]):
            yield word[0]
        elif word:
            try:
                yield date.fromisoformat(word[0])
            except ValueError:
                raise InvalidDefinition(f"{path}:{number}:1: {word[0]!r} is no day; write it as 2026-12-25") from None


def _of_calendar(text: str, path: Path) -> Iterator[date | str]:
    event: dict[str, str] = {}
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():  # RFC 5545 3.1: a long line goes on after a space
        name, _, value = line.partition(":")
        word = name.split(";")[0].upper()
        if (word, value.strip()) == ("BEGIN", "VEVENT"):
            event = {}
        elif (word, value.strip()) == ("END", "VEVENT"):
            yield from _of_event(event, path)
        else:
            event.setdefault(word, value.strip())


def _of_event(event: Mapping[str, str], path: Path) -> Iterator[date | str]:
    if event.get("STATUS") == "CANCELLED":
        return
    try:
        first = date.fromisoformat(event["DTSTART"][:8])
        end = date.fromisoformat(event["DTEND"][:8]) if "DTEND" in event else first + DAY
    except (KeyError, ValueError):
        raise InvalidDefinition(f"{path}:1:1: an event has no date as DTSTART;VALUE=DATE:20261225; write one") from None
    for number in range(min(max((end - first).days, 1), LONGEST)):
        day = first + number * DAY
        yield f"{day:%m-%d}" if "FREQ=YEARLY" in event.get("RRULE", "") else day
