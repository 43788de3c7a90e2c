"""The documents of OpenSLO v1, by the rules of its own Go SDK, `pkg/openslo/v1`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from lineage.slo.formats._openslo_alerts import PolicyOf
from lineage.slo.formats._openslo_words import Labels, Name, Span
from lineage.slo.terms import Ratio, Strict, Zone


def _start(text: object) -> object:
    if isinstance(text, datetime):
        return text
    try:
        return datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - the zone stands beside it
    except ValueError:
        raise ValueError(f"{text!r} is no start; write it as 2026-01-01 00:00:00") from None


class Metadata(Strict):
    """OpenSLO's envelope."""

    name: Name
    display_name: str | None = None
    labels: Labels = Field({})
    annotations: dict[str, str] = Field({})


class Calendar(Strict):
    """A window that begins on a date."""

    start_time: Annotated[Any, AfterValidator(_start)]
    time_zone: Zone


class Window(Strict):
    """Rolling, or on a calendar."""

    duration: Span
    is_rolling: bool | None = None
    calendar: Calendar | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if bool(self.is_rolling) == (self.calendar is not None):
            raise ValueError("a window is rolling or has a calendar; write isRolling: true or calendar: {…}")
        return self


class Objective(Strict):
    """A share, of slices where they are said; the other words are those of thresholds and composites."""

    display_name: str | None = None
    op: Literal["lte", "gte", "lt", "gt"] | None = None
    value: Ratio | None = None
    target: Ratio | None = None
    target_percent: Ratio | None = None
    time_slice_target: Ratio | None = None
    time_slice_window: Span | int | None = None
    indicator: Any = None
    indicator_ref: str | None = None
    composite_weight: Ratio | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.target is None) == (self.target_percent is None):
            raise ValueError("an objective has target or targetPercent; write one of them, as target: 0.99")
        if (self.target is not None and not 0 <= self.target < 1) or (
            self.target_percent is not None and not 0 <= self.target_percent < 100  # noqa: PLR2004 - per cent
        ):
            raise ValueError("a target is a share below 1, targetPercent one below 100; write target: 0.99")
        return self


class MetricSource(Strict):
    """Where figures come of, in the words of *type*."""

    metric_source_ref: str | None = None
    type: str | None = None
    spec: dict[str, Any] = Field({})


class Metric(Strict):
    """One series."""

    metric_source: MetricSource


class Ratio_(Strict):  # noqa: N801 - `Ratio` is a number
    """Good or bad of total, or the ratio itself."""

    counter: bool | None = None
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric | None = None
    raw: Metric | None = None
    raw_type: Literal["success", "failure"] | None = None


class IndicatorSpec(Strict):
    """A ratio or a threshold."""

    description: str | None = None
    ratio_metric: Ratio_ | None = None
    threshold_metric: Metric | None = None


class Indicator(Strict):
    """An SLI, in its SLO or a document of its own."""

    metadata: Metadata | None = None
    spec: IndicatorSpec


class Spec(Strict):
    """OpenSLO's promise."""

    description: str = Field("", max_length=1050)
    service: str = Field(min_length=1)
    indicator: Indicator | None = None
    indicator_ref: str | None = None
    time_window: list[Window] = Field(min_length=1, max_length=1)
    budgeting_method: Literal["Occurrences", "Timeslices", "RatioTimeslices"]
    objectives: list[Objective] = Field(min_length=1)
    alert_policies: list[PolicyOf] = Field([])

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if any(each.indicator is not None or each.indicator_ref is not None for each in self.objectives):
            raise ValueError("objectives with indicators of their own are not judged here; write an SLO for each")
        if (self.indicator is None) == (self.indicator_ref is None):
            raise ValueError("an SLO has indicator or indicatorRef; write one of them")
        slices = [each for each in self.objectives if each.time_slice_target is None or each.time_slice_window is None]
        if self.budgeting_method == "Timeslices" and slices:
            raise ValueError("Timeslices need timeSliceTarget and timeSliceWindow in each objective; write both")
        return self


class SLO(Strict):
    """One document of kind SLO."""

    api_version: Literal["openslo/v1"]
    kind: Literal["SLO"]
    metadata: Metadata
    spec: Spec


class SLI(Strict):
    """One document of kind SLI."""

    api_version: Literal["openslo/v1"]
    kind: Literal["SLI"]
    metadata: Metadata
    spec: IndicatorSpec


class DataSourceSpec(Strict):
    """Where series are kept."""

    description: str | None = None
    type: str = Field(min_length=1)
    connection_details: Any = None


class DataSource(Strict):
    """One document of kind DataSource."""

    api_version: Literal["openslo/v1"]
    kind: Literal["DataSource"]
    metadata: Metadata
    spec: DataSourceSpec
