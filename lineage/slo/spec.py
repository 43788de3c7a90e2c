"""What a person promises: `kind: DataSLO`, in OpenSLO's envelope and words where it has them (SLO.md c)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cache
from types import ModuleType
from typing import Annotated, Any, Literal, Self, TypeVar

from croniter import CroniterBadDateError, croniter
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    InstanceOf,
    SerializeAsAny,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from lineage.errors import UnknownPart
from lineage.model import NodeId, dataset_id
from lineage.parts import part, words
from lineage.slo.exclusions import Exclusion
from lineage.slo.terms import DNS_LABEL, Duration, Instant, Ratio, Sli, Strict, Zone
from lineage.slo.time_window import TimeWindow, positive

INDICATORS = "lineage.slo.indicators"
SATURDAY = 5

Severity = Literal["page", "ticket"]

Entry = TypeVar("Entry")


def _cron(text: str) -> str:
    if len(text.split()) != 5 or not croniter.is_valid(text):  # noqa: PLR2004 - minute hour day month weekday
        raise ValueError(f"{text!r} is not a cron expression; write five fields, as in 0 2 * * *")
    try:
        croniter(text).get_next()
    except CroniterBadDateError:
        raise ValueError(f"{text!r} names a date that never comes; write one that does, as in 0 2 * * *") from None
    return text


def _skipped(day: object) -> object:
    if day == "holidays":
        raise ValueError("which days these are stands in a file beside an SLO's, and this text has none; write 12-25")
    if day == "weekends" or isinstance(day, date):
        return day
    if isinstance(day, str) and re.fullmatch(r"\d\d-\d\d", day):
        date.fromisoformat(f"2000-{day}")
        return day
    try:
        return date.fromisoformat(str(day))
    except ValueError:
        raise ValueError(f"{day!r} is no day; write 2026-12-25, 12-25 for every year, or weekends") from None


def _target(ratio: Fraction) -> Fraction:
    if not 0 < ratio < 1:
        raise ValueError("a target lies between 0 and 1, both left out, for 1 has no error budget; write 0.99")
    return ratio


def _share(ratio: Fraction) -> Fraction:
    if not 0 <= ratio <= 1:
        raise ValueError("a share lies between 0 and 1; write 0.9")
    return ratio


def _several(given: object) -> object:
    return [given] if isinstance(given, Mapping) else given


def _one(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    if len(entries) != 1:
        raise ValueError(f"{len(entries)} entries stand where one is understood; write one, and another SLO for others")
    return entries


Share = Annotated[Ratio, AfterValidator(_share)]


class Metadata(Strict):
    """The name and labels; the label `tier: critical` makes the ladder page at the first miss."""

    name: str = Field(pattern=DNS_LABEL, max_length=63)
    display_name: str | None = None
    labels: dict[str, str] = Field({})
    annotations: dict[str, str] = Field({})


class Dataset(Strict):
    """An OpenLineage identity."""

    namespace: str = Field(min_length=1)
    name: str = Field(min_length=1)


class Path(Strict):
    """The way that data goes: from one or several datasets to one, by any way or only *via* those listed."""

    sources: Annotated[tuple[Dataset, ...], BeforeValidator(_several), Field(alias="from", min_length=1)]
    to: Dataset
    via: Literal["any"] | tuple[Dataset, ...] = "any"


class Told(Strict):
    """Who is told: *handle* is what a message names (`<!subteam^S0>`; default @team), *channel* word to destination."""

    team: str = Field(min_length=1)
    channel: dict[str, str] = Field({})
    handle: str | None = None

    @property
    def mention(self) -> str:
        """The handle a message names."""
        return self.handle or f"@{self.team}"


class Owner(Told):
    """Whose the data is, and whom to call when nobody answers."""

    escalation: str | None = None


class Consumer(Told):
    """Who relies on the data and is told whatever its owner is."""


class Calendar(Strict):
    """Local dates whose occurrences are not expected: days, days of every year as `12-25`, and `weekends`."""

    skip: tuple[Annotated[date | str, BeforeValidator(_skipped)], ...] = ()

    def skips(self, day: date) -> bool:
        """Whether nothing is expected of *day*."""
        if day in self.skip or f"{day:%m-%d}" in self.skip:
            return True
        return day.weekday() >= SATURDAY and "weekends" in self.skip


class Pause(Strict):
    """From *start* on, for *duration*, the job was stopped on purpose: what falls due is not expected, and why."""

    start: Instant
    duration: Annotated[Duration, AfterValidator(positive)]
    reason: str = Field(min_length=1)


class Schedule(Strict):
    """When data is expected: intervals between two cron times in a zone, each due *deadline* after its end.

    In force from *valid_from*; until then what stands in *before* was. An occurrence keeps the schedule that made it.
    """

    cron: Annotated[str, AfterValidator(_cron)]
    timezone: Zone = "UTC"
    calendar: Calendar = Calendar()
    deadline: Duration
    paused: tuple[Pause, ...] = ()
    valid_from: Instant | None = None
    before: Schedule | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        earlier = self.before
        if earlier is None:
            return self
        if self.valid_from is None or (earlier.valid_from is not None and earlier.valid_from >= self.valid_from):
            raise ValueError(
                "a schedule with one before it says since when; write validFrom, later than that of before"
            )
        return self

    def after(self, earlier: Schedule, now: datetime | None) -> Schedule:
        """This schedule in force from *now*, *earlier* until then; one that says itself since when is left as it is.

        One that is like *earlier*, but for what was before that, has been in force since *earlier* was. Without *now* a
        new one is as if it had always been.
        """
        if self.valid_from is not None:
            return self
        if self == earlier.model_copy(update={"valid_from": None, "before": None}):
            return earlier
        if now is None:
            return self
        return self.model_copy(update={"valid_from": now, "before": earlier})


class Objective(Strict):
    """The share that must be good, exactly as written."""

    display_name: str | None = None
    target: Annotated[Ratio, AfterValidator(_target)]


class LateMetadata(Strict):
    """An event that comes later than *correction_horizon* after the deadline changes no verdict; a person may."""

    correction_horizon: Duration = timedelta(hours=24)


class NoData(Strict):
    """Below *min_coverage* nothing is decided: alerts freeze, neither firing nor resolving."""

    min_coverage: Share = Fraction(9, 10)
    on_insufficient: Literal["freeze"] = "freeze"


class Rung(Strict):
    """One step of the discrete ladder: *bad* misses in the window, or in a row, give this severity."""

    bad: int = Field(ge=1)
    consecutive: bool = False
    severity: Severity


class Floor(Strict):
    """A floor for the newest occurrence alone, on top of the burn rate."""

    below: Share
    severity: Severity = "ticket"


def _growth(given: object) -> object:
    """`+20%` as what it is; a ratio as it stands."""
    match = re.fullmatch(r"\+?(\d+)\s*%", given.strip()) if isinstance(given, str) else None
    return given if match is None else Fraction(int(match[1]), 100)


class Trend(Strict):
    """How much the figure of each day may grow in *window*, by the median slope, before a ticket tells of it."""

    estimator: Literal["theil-sen"] = "theil-sen"
    window: Annotated[Duration, AfterValidator(positive)] = timedelta(days=14)
    ticket_above: Annotated[Ratio, BeforeValidator(_growth), Field(gt=0)]


class AlertWindow(Strict):
    """Speak when *budget* of the error budget burns within *long*, and still does within *short*."""

    severity: Severity
    long: Annotated[Duration, AfterValidator(positive)]
    short: Annotated[Duration, AfterValidator(positive)]
    budget: Annotated[Share, Field(gt=0)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.short >= self.long:
            raise ValueError("the short window is not shorter than the long one; write long: 1h, short: 5m")
        return self


class Alerting(Strict):
    """When to speak (SLO.md b.7). `auto` takes burn rates where events are frequent enough, else the ladder.

    *windows* are those over which rates are taken; none: those of the catalogue for the SLO's own window.
    """

    policy: Literal["mwmb", "discrete", "auto"] = "auto"
    min_events: int = Field(1, ge=0)
    min_bad_events: int | None = Field(None, ge=1)
    ladder: tuple[Rung, ...] = ()
    windows: tuple[AlertWindow, ...] = ()
    instant: Floor | None = None
    trend: Trend | None = None
    runbook: str | None = None


class Spec(Strict):
    """The promise itself. Occurrences due before *effective_from* do not exist."""

    description: str = Field("", max_length=1050)
    dataset: Dataset
    path: Path | None = None
    owner: Owner
    consumer: Annotated[tuple[Consumer, ...], BeforeValidator(_several)] = ()
    schedule: Schedule | None = None
    sli: SerializeAsAny[InstanceOf[Sli]]
    budgeting_method: Literal["Occurrences"] = "Occurrences"
    time_window: Annotated[tuple[TimeWindow, ...], AfterValidator(_one)]
    objectives: Annotated[tuple[Objective, ...], AfterValidator(_one)]
    effective_from: Instant | None = None
    exclusions: tuple[Exclusion, ...] = ()
    late_metadata: LateMetadata = LateMetadata()
    no_data: NoData = NoData()
    alerting: Alerting = Alerting()

    @model_validator(mode="before")
    @classmethod
    def _at_the_end(cls, given: Any) -> Any:
        """A promise about a path is one about the dataset that it leads to."""
        path = given.get("path") if isinstance(given, Mapping) else None
        return {"dataset": path["to"], **given} if isinstance(path, Mapping) and "to" in path else given

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.path is not None and self.path.to != self.dataset:
            raise ValueError("dataset is not where the path leads to; write path alone")
        return self


class DataSLO(Strict):
    """One SLO, as a file says it. `define` makes one of what YAML or JSON gave."""

    api_version: Literal["headwater/v1"]
    kind: Literal["DataSLO"]
    metadata: Metadata
    spec: Spec

    @property
    def name(self) -> str:
        """The SLO's name, unique in a Headwater."""
        return self.metadata.name

    def scheduled(self, schedule: Schedule | None) -> DataSLO:
        """The same promise by *schedule*."""
        return self.model_copy(update={"spec": self.spec.model_copy(update={"schedule": schedule})})

    @property
    def dataset(self) -> NodeId:
        """The dataset it speaks of."""
        return dataset_id(self.spec.dataset.namespace, self.spec.dataset.name)

    @property
    def target(self) -> Fraction:
        """The share that must be good."""
        return self.spec.objectives[0].target

    @property
    def window(self) -> timedelta:
        """The length of the window; of one on a calendar about, for each has its own (`periods.length_at`)."""
        return self.spec.time_window[0].length

    @property
    def critical(self) -> bool:
        """Label `tier: critical`."""
        return self.metadata.labels.get("tier") == "critical"

    def since(self, effective_from: datetime) -> DataSLO:
        """The same promise, in force from *effective_from* unless the file itself says from when."""
        if self.spec.effective_from is not None:
            return self
        return self.model_copy(update={"spec": self.spec.model_copy(update={"effective_from": effective_from})})


@cache
def indicator(word: str) -> ModuleType:
    """The indicator that `sli.type` names. Raises UnknownPart."""
    return part(INDICATORS, word)


def define(document: Any) -> DataSLO:
    """A DataSLO of what YAML or JSON gave: the indicator reads `spec.sli`, this file the rest.

    Raises pydantic's ValidationError with the places of everything that is wrong.
    """
    spec = document.get("spec") if isinstance(document, Mapping) else None
    if not isinstance(spec, Mapping) or not isinstance(spec.get("sli"), Mapping):
        return DataSLO.model_validate(document)
    problems: list[InitErrorDetails] = []
    sli = _sli(spec["sli"], problems)
    try:
        slo = DataSLO.model_validate({**document, "spec": {**spec, "sli": sli or Sli(type="unknown")}})
    except ValidationError as error:
        raise _failure(problems + _details(error)) from None
    if sli is not None and sli.asks_schedule and slo.spec.schedule is None:
        wanted = 'missing; write schedule: {cron: "0 2 * * *", timezone: UTC, deadline: 5h}'
        problems.append(_problem(("spec", "schedule"), wanted, None))
    if sli is not None and sli.needs_path != (slo.spec.path is not None):
        wanted = (
            "missing; write path: {from: {…}, to: {…}}"
            if sli.needs_path
            else "for what runs along a path, as latency does; write dataset"
        )
        problems.append(_problem(("spec", "path"), wanted, None))
    if sli is not None and slo.spec.alerting.trend is not None and not sli.tells_trend:
        problems.append(
            _problem(("spec", "alerting", "trend"), "for latency, of which each day has one; remove it", None)
        )
    if problems:
        raise _failure(problems)
    return slo


def _sli(raw: Mapping[str, Any], problems: list[InitErrorDetails]) -> Sli | None:
    word = raw.get("type")
    try:
        return indicator(word if isinstance(word, str) else "").Spec.model_validate(raw)  # type: ignore[no-any-return]  # each part proves its own type
    except UnknownPart:
        options = " or ".join(words(INDICATORS))
        problems.append(_problem(("spec", "sli", "type"), f"{word!r} is no indicator here; write {options}", word))
    except ValidationError as error:
        problems.extend(_details(error, ("spec", "sli")))
    return None


def _problem(place: tuple[str | int, ...], message: str, given: object) -> InitErrorDetails:
    return {"type": PydanticCustomError("definition", "{message}", {"message": message}), "loc": place, "input": given}


def _details(error: ValidationError, prefix: tuple[str | int, ...] = ()) -> list[InitErrorDetails]:
    return [
        {
            "type": PydanticCustomError(found["type"], "{message}", {"message": found["msg"], **found.get("ctx", {})}),
            "loc": (*prefix, *found["loc"]),
            "input": found["input"],
        }
        for found in error.errors(include_url=False)
    ]


def _failure(problems: list[InitErrorDetails]) -> ValidationError:
    return ValidationError.from_exception_data("DataSLO", problems)
