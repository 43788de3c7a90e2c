"""Parts: the partitions of which an occurrence consists, and which delivery brought which (SLO.md b.0, b.6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from lineage.model import Verdict, VerdictState
from lineage.slo.calendar import Occurrence
from lineage.slo.evidence import Delivery
from lineage.slo.partitions import Partition
from lineage.slo.schedules import Schedule
from lineage.slo.terms import Strict

NAMED = 3  # parts that are told one by one
IN_TIME = "partitions in time"
# What one part decides for the whole, the strongest first.
WEIGHT = (VerdictState.BAD, VerdictState.PENDING, VerdictState.UNKNOWN, VerdictState.NOT_EXPECTED, VerdictState.GOOD)

_TIME = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T _-]?(\d{2})(?::?(\d{2}))?(?::?\d{2})?)?")


def _several(given: object) -> object:
    return (given,) if isinstance(given, str) else given


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_several),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class Partitions(Strict):
    """What counts of the `subset` facet of a run's output.

    *time* is the dimension, or several as year, month and day, that names the interval by its local start; of
    *dimension* all *required* values must come. With *grain* `dataset` an occurrence is good when all its partitions
    are, with `partition` each is one.
    """

    time: Names = ()
    dimension: str | None = None
    required: tuple[str, ...] = Field((), max_length=1_000)
    grain: Literal["dataset", "partition"] = "dataset"

    @model_validator(mode="after")
    def _some(self) -> Self:
        if (self.dimension is None) != (not self.required):
            raise ValueError("a dimension and its values belong together; write dimension: region, required: [eu, us]")
        if not self.time and self.dimension is None:
            raise ValueError("nothing is said of partitions; write time: dt, or dimension: region, required: [eu, us]")
        return self


def placed(
    deliveries: Iterable[Delivery], by: Partitions | None, schedule: Schedule, expected: Sequence[Occurrence]
) -> list[Delivery]:
    """*deliveries*, those that name their partition by time as deliveries of that, one for each.

    One whose interval is exactly that of an occurrence stays what it is; of one that brought several intervals nobody
    knows how many rows were for which.
    """
    if by is None or not by.time:
        return list(deliveries)
    zone, exact = ZoneInfo(schedule.timezone), {(each.start, each.end) for each in expected}
    return [part for each in deliveries for part in _in_time(each, by, zone, exact)]


def _in_time(each: Delivery, by: Partitions, zone: ZoneInfo, exact: set[tuple[datetime, datetime]]) -> list[Delivery]:
    times: dict[datetime, list[Partition]] = {}
    for partition in each.partitions or ():
        if (start := _start(dict(partition), by.time, zone)) is not None:
            times.setdefault(start, []).append(partition)
    if not times or each.nominal in exact:
        return [each]
    rows = each.rows if len(times) == 1 else None
    return [
        each._replace(nominal=(start, None), partitions=tuple(of), rows=rows) for start, of in sorted(times.items())
    ]


def _start(dimensions: Mapping[str, str], names: Sequence[str], zone: ZoneInfo) -> datetime | None:
    """When the interval begins that *dimensions* name: 2026-11-21, 20261121, 2026-11-21T05, or its parts."""
    if any(name not in dimensions for name in names):
        return None
    match = _TIME.fullmatch("-".join(dimensions[name].zfill(2) for name in names))
    if match is None:
        return None
    year, month, day, hour, minute = (int(part or 0) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, tzinfo=zone)
    except ValueError:
        return None


def bringing(found: Sequence[Delivery], by: Partitions, value: str) -> tuple[list[Delivery], Delivery | None]:
    """Those of *found* that speak of the partition *value*; and the first refresh that does not say of which."""
    assert by.dimension is not None, "partitions are required by a dimension"
    named = [each for each in found if (by.dimension, value) in {pair for of in each.partitions or () for pair in of}]
    silent = (each for each in found if each.refresh and not _names(each, by.dimension))
    return named + [each for each in found if not each.refresh and each not in named], next(silent, None)


def _names(each: Delivery, dimension: str) -> bool:
    return any(name == dimension for partition in each.partitions or () for name, _ in partition)


def of_parts(verdict: Verdict) -> bool:
    """Whether *verdict* is one on a whole that consists of parts."""
    return IN_TIME in verdict.reason


def together(occurrence: Occurrence, parts: Mapping[str, Verdict]) -> Verdict:
    """The verdict on the whole: good when all *parts* are; what is late, or missing, is named."""
    state = next(state for state in WEIGHT if any(each.state is state for each in parts.values()))
    of = [(name, each) for name, each in parts.items() if each.state is state]
    worst = max(parts.values(), key=lambda each: (each.state is state, each.value is not None, each.value or 0))
    delivered = [each.delivered_at for each in parts.values()]
    at = None if None in delivered else max(each for each in delivered if each is not None)
    evidence = tuple(dict.fromkeys(event for each in parts.values() for event in each.evidence))
    return Verdict(
        occurrence.name,
        occurrence.due,
        state,
        good=min(each.good for each in parts.values()),
        total=worst.total,
        reason=_reason(state, of, parts),
        value=None if at is None else worst.value,
        expected=None if at is None else worst.expected,
        delivered_at=at,
        run=worst.run,
        evidence=evidence,
        imported=worst.imported,
    )


def _reason(state: VerdictState, of: Sequence[tuple[str, Verdict]], parts: Mapping[str, Verdict]) -> str:
    if state is VerdictState.NOT_EXPECTED:
        return of[0][1].reason
    good = sum(each.state is VerdictState.GOOD for each in parts.values())
    if state is VerdictState.GOOD:
        return f"all {good} {IN_TIME}"
    alike: dict[str, list[str]] = {}
    for name, each in of:
        alike.setdefault(each.reason, []).append(name)
    told = "; ".join(f"{_listed(names)}: {why}" for why, names in list(alike.items())[:NAMED])
    rest = sum(len(names) for names in list(alike.values())[NAMED:])
    return f"{good} of {len(parts)} {IN_TIME}; {told}{f'; and {rest} more' if rest else ''}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
