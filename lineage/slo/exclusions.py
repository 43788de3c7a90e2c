"""What does not count: spans of time, once or as a recurrence rule says, agreed on before or after (SLO.md b.6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, NamedTuple, Self
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from pydantic import AfterValidator, Field, ValidationError, model_validator

from lineage.errors import InvalidInput
from lineage.model import Verdict, VerdictState
from lineage.slo.terms import DNS_LABEL, Duration, Instant, Strict, Zone

LONGEST = timedelta(days=366)
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")  # what repeats within the hour is no maintenance, but a schedule
LEFT_OUT = re.compile(r"\n|COUNT=|BYMINUTE=|BYSECOND=", re.IGNORECASE)  # minutes are those of the start
EXAMPLE = "FREQ=WEEKLY;BYDAY=SU"


def _rule(text: str) -> str:
    found = re.search(r"\bFREQ=(\w+)", text)
    if found is None or found[1] not in FREQUENCIES or LEFT_OUT.search(text):
        raise ValueError(f"{text!r} is not understood; write a rule of {', '.join(FREQUENCIES)}, as {EXAMPLE}")
    try:
        rrulestr(text, dtstart=datetime(2000, 1, 1))  # noqa: DTZ001 - wall time, as the rule repeats
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{text!r} is no recurrence rule: {error}; write one as {EXAMPLE}, UNTIL without Z") from None
    return text


def _span(length: timedelta) -> timedelta:
    if not timedelta(0) < length <= LONGEST:
        raise ValueError("an exclusion lasts longer than nothing and at most a year; write 2h")
    return length


class Excluded(NamedTuple):
    """[start, end) does not count, and why."""

    start: datetime
    end: datetime
    reason: str


class Exclusion(Strict):
    """[*start*, *start* + *duration*) does not count, nor what *rrule* makes of it in the wall time of *timezone*.

    Or, by *ref*, whatever people stated of that calendar with `headwater slo exclude`.
    """

    ref: str | None = Field(None, pattern=DNS_LABEL, max_length=63)
    start: Instant | None = None
    duration: Annotated[Duration, AfterValidator(_span)] | None = None
    rrule: Annotated[str, AfterValidator(_rule)] | None = None
    timezone: Zone = "UTC"
    reason: str = ""
    approved_by: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = self.start is not None and self.duration is not None
        if given == (self.ref is not None) or (self.start is None) != (self.duration is None):
            wanted = "{start: 2026-12-24T20:00:00Z, duration: 2h}"
            raise ValueError(f"an exclusion is a span of time or the ref of a calendar of them; write {wanted}")
        return self

    @property
    def because(self) -> str:
        """Why, and who agreed, for a person."""
        by = f", approved by {self.approved_by}" if self.approved_by else ""
        return f"{self.reason or 'excluded'}{by}"


def exclusion_of(given: Mapping[str, object]) -> Exclusion:
    """The exclusion that somebody asks for. Raises InvalidInput, which names the field."""
    try:
        return Exclusion.model_validate({word: value for word, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "start"
        raise InvalidInput(f"{field}: {str(first['msg']).removeprefix('Value error, ')}", field=field) from None


def spans(exclusions: Iterable[Exclusion], since: datetime, until: datetime) -> list[Excluded]:
    """What of *exclusions* touches [*since*, *until*], by start."""
    found = (each for exclusion in exclusions if exclusion.ref is None for each in _spans(exclusion, since, until))
    return sorted(set(found))


def _spans(exclusion: Exclusion, since: datetime, until: datetime) -> Iterator[Excluded]:
    assert exclusion.start is not None, "one without a reference has both"
    assert exclusion.duration is not None, "one without a reference has both"
    starts: Iterable[datetime] = (exclusion.start,)
    if exclusion.rrule is not None:
        years = range((since - exclusion.duration).year - 1, until.year + 2)  # wall time may be of another year
        starts = (
            start for year in years for start in _starts(exclusion.rrule, exclusion.start, exclusion.timezone, year)
        )
    for start in starts:
        if start <= until and start + exclusion.duration > since:
            yield Excluded(start, start + exclusion.duration, exclusion.because)


@lru_cache(maxsize=1024)
def _starts(rule: str, first: datetime, zone_name: str, year: int) -> tuple[datetime, ...]:
    """The starts of a local year, in UTC; a wall time that does not exist is shifted forward, of two the first is."""
    zone = ZoneInfo(zone_name)
    wall = first.astimezone(zone).replace(tzinfo=None)
    begin, end = datetime(year, 1, 1), datetime(year + 1, 1, 1)  # noqa: DTZ001 - wall time
    local = rrulestr(rule, dtstart=wall).between(begin, end, inc=True)
    return tuple(start.replace(tzinfo=zone).astimezone(UTC) for start in local if start < end)


def without_excluded(verdicts: Iterable[Verdict], excluded: Iterable[Excluded]) -> list[Verdict]:
    """*verdicts*, those due in what is *excluded* EXCLUDED: neither good nor bad, and of no budget.

    What was not expected anyway stays so.
    """
    taken = list(excluded)
    return [_excluded(verdict, taken) for verdict in verdicts] if taken else list(verdicts)


def _excluded(verdict: Verdict, taken: Iterable[Excluded]) -> Verdict:
    found = next((each for each in taken if each.start <= verdict.due < each.end), None)
    if found is None or verdict.state == VerdictState.NOT_EXPECTED:
        return verdict
    nothing = Fraction(0)
    return replace(verdict, state=VerdictState.EXCLUDED, good=nothing, total=nothing, reason=found.reason)
