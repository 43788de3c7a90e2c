"""OpenSLO v1: our definitions as its SLOs and back without loss, and its SLOs of other sources refused with a reason.

What OpenSLO has a word for stands there; the rest is the `spec` of a metric source of type OpenLineage (SLO.md c.3).
The rules are those of OpenSLO's own Go SDK, `pkg/openslo/v1`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from lineage.errors import InvalidDefinition
from lineage.slo.documents import Document, Loc
from lineage.slo.formats.base import Assumed, Imported, named
from lineage.slo.reading import message
from lineage.slo.spec import DataSLO, define
from lineage.slo.terms import DNS_LABEL, Ratio, Strict, Zone
from lineage.slo.written import body_of

VERSION = "openslo/v1"
SOURCE = "OpenLineage"
NATIVE = ("description", "timeWindow", "budgetingMethod", "objectives")  # of our spec, what OpenSLO has a word for
OTHERS = ("Service", "DataSource", "AlertPolicy", "AlertCondition", "AlertNotificationTarget")  # OpenSLO's other kinds
MOST_NAME = 63
WRAPPED: Loc = ("spec", "indicator", "spec", "ratioMetric", "raw", "metricSource", "spec")
WINDOW = re.compile(r"^[1-9]\d*[mhdwMQY]$")


def _duration(text: str) -> str:
    if not WINDOW.match(text):
        raise ValueError(f"{text!r} is not a duration; write a whole number and one of m h d w M Q Y, as in 28d")
    return text


def _start(text: object) -> object:
    if isinstance(text, datetime):
        return text
    try:
        return datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - the zone stands beside it
    except ValueError:
        raise ValueError(f"{text!r} is no start; write it as 2026-01-01 00:00:00") from None


Name = Annotated[str, Field(pattern=DNS_LABEL, max_length=MOST_NAME)]
Labels = dict[str, str | list[str]]
Span = Annotated[str, AfterValidator(_duration)]


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
    """A share; the other words are those of thresholds, slices and composites."""

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
    alert_policies: list[Any] = Field([])

    @model_validator(mode="after")
    def _whole(self) -> Self:
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


_Known = dict[str, tuple[Document, IndicatorSpec]]
Model = TypeVar("Model", SLO, SLI)


def recognises(document: Document) -> bool:
    """Whether it says that it is of OpenSLO, in whichever version."""
    version = document.body.get("apiVersion") if isinstance(document.body, Mapping) else None
    return isinstance(version, str) and version.startswith("openslo")


def write(slo: DataSLO) -> dict[str, Any]:
    """*slo* as a document of OpenSLO v1, of which `read` makes the same definition."""
    body = body_of(slo, "python")
    own = {word: value for word, value in body["spec"].items() if word not in NATIVE}
    spec: dict[str, Any] = {"description": slo.spec.description} if slo.spec.description else {}
    spec["service"] = named(slo.metadata.labels.get("product", slo.spec.owner.team))
    source = {"metricSource": {"type": SOURCE, "spec": own}}
    metric = {"ratioMetric": {"rawType": "success", "raw": source}}
    spec["indicator"] = {"metadata": {"name": slo.name}, "spec": metric}
    spec |= {"timeWindow": body["spec"]["timeWindow"], "budgetingMethod": slo.spec.budgeting_method}
    spec["objectives"] = body["spec"]["objectives"]
    return {"apiVersion": VERSION, "kind": "SLO", "metadata": body["metadata"], "spec": spec}


def read(documents: Sequence[Document], assumed: Assumed) -> Imported:  # noqa: ARG001 - OpenSLO has all the words
    """The SLOs among *documents* that measure OpenLineage; the rest is told. Raises InvalidDefinition."""
    found, faults, known = Imported(), [], _Known()
    for document in documents:
        kind = document.body.get("kind")
        try:
            if kind == "SLI":
                sli = _model(document, SLI)
                known[sli.metadata.name] = document, sli.spec
            elif kind not in (*OTHERS, "SLO"):
                raise _refused(document, ("kind",), f"{kind!r} is no kind of OpenSLO; write SLO")
            elif kind != "SLO":
                found.note(document.at("kind"), f"{kind} is not taken over; owner and alerting of an SLO say it here")
        except InvalidDefinition as error:
            faults.append(str(error))
    for document in documents:
        try:
            if document.body.get("kind") == "SLO":
                found.slos.append(_define(document, known, found))
        except InvalidDefinition as error:
            faults.append(str(error))
    if faults:
        raise InvalidDefinition("\n".join(faults))
    return found


def _model(document: Document, model: type[Model]) -> Model:
    try:
        return model.model_validate(document.body)
    except ValidationError as error:
        raise document.refused(error, message) from None


def _define(document: Document, known: _Known, found: Imported) -> DataSLO:
    told = _model(document, SLO)
    measured, at = document, WRAPPED
    if told.spec.indicator is not None:
        metric = told.spec.indicator.spec
    elif told.spec.indicator_ref in known:
        (measured, metric), at = known[told.spec.indicator_ref], WRAPPED[2:]
    else:
        text = f"no SLI {told.spec.indicator_ref!r} in this file; write it beside the SLO"
        raise _refused(document, ("spec", "indicatorRef"), text)
    own = _own(measured, at, metric)
    _tell_of_indicator(found, measured, at, own)
    if told.spec.alert_policies:
        text = "alert policies are not taken over; write spec.alerting, whose windows come of the catalogue"
        found.note(document.at("spec", "alertPolicies"), text)
    spec = own | {
        "description": told.spec.description,
        "timeWindow": [_window(told.spec.time_window[0])],
        "budgetingMethod": told.spec.budgeting_method,
        "objectives": [_objective(document, place, each) for place, each in enumerate(told.spec.objectives)],
    }
    body = {"apiVersion": "headwater/v1", "kind": "DataSLO", "metadata": _metadata(told, own), "spec": spec}
    try:
        return define(body)
    except ValidationError as error:
        ours = [each for each in error.errors() if _is_own(each["loc"])]
        where = measured if ours else document
        raise where.refused(error, message, lambda loc: (*at, *loc[1:]) if _is_own(loc) else loc) from None


def _window(told: Window) -> dict[str, Any]:
    if told.calendar is None:
        return {"duration": told.duration, "isRolling": True}
    at = {"startTime": told.calendar.start_time, "timeZone": told.calendar.time_zone}
    return {"duration": told.duration, "isRolling": False, "calendar": at}


def _is_own(loc: Loc) -> bool:
    return len(loc) > 1 and loc[0] == "spec" and loc[1] not in NATIVE


def _own(document: Document, at: Loc, metric: IndicatorSpec) -> dict[str, Any]:
    """The words of ours that *metric* holds. Raises InvalidDefinition where it measures something else."""
    ratio = metric.ratio_metric
    if ratio is None:
        raise _refused(document, (*at[:-4], "thresholdMetric"), "a threshold over a series is not judged here")
    if ratio.raw is None:
        other = next((word for word in ("good", "bad", "total") if getattr(ratio, word) is not None), "counter")
        series = getattr(ratio, other)
        raise _refused(document, (*at[:-3], other), _elsewhere(series.metric_source.type if series else None))
    source = ratio.raw.metric_source
    if source.type != SOURCE:
        raise _refused(document, (*at[:-1], "type" if source.type else "metricSourceRef"), _elsewhere(source.type))
    if ratio.raw_type == "failure":
        raise _refused(document, (*at[:-3], "rawType"), "what is promised is the share that is good; write success")
    return dict(source.spec)


def _tell_of_indicator(found: Imported, measured: Document, at: Loc, own: dict[str, Any]) -> None:
    """Note what an indicator says of itself that has no place, and take out of *own* what its SLO says."""
    for place, word in ((at[:-4], "description"), (at[:-1], "metricSourceRef")):
        if _written(measured.body, (*place, word)):
            found.note(
                measured.at(*place, word), f"{word} of an indicator has no place; what the SLO says is taken over"
            )
    for word in NATIVE:
        if own.pop(word, None) is not None:
            found.note(measured.at(*at, word), f"{word} is not taken over, for it stands in the spec of the SLO")


def _written(body: Any, loc: Loc) -> bool:
    for step in loc:
        if not isinstance(body, Mapping) or step not in body:
            return False
        body = body[step]
    return True


def _elsewhere(kind: str | None) -> str:
    told = f"metrics of {kind}" if kind else "metrics of another source"
    return (
        f"{told} are not judged here, for data SLOs are judged from OpenLineage events; "
        f"write ratioMetric: {{rawType: success, raw: {{metricSource: {{type: {SOURCE}, spec: {{…}}}}}}}}"
    )


def _objective(document: Document, place: int, told: Objective) -> dict[str, Any]:
    for word in sorted(told.model_fields_set - {"display_name", "target", "target_percent"}):
        text = "is of thresholds, slices and composites, which are not judged here; remove it"
        raise _refused(document, ("spec", "objectives", place, to_camel(word)), text)
    target = told.target if told.target_percent is None else told.target_percent / 100
    return {"target": target} | ({"displayName": told.display_name} if told.display_name is not None else {})


def _metadata(told: SLO, own: Mapping[str, Any]) -> dict[str, Any]:
    """The envelope; the label `product` is the service, unless that is only how `write` spells the owner."""
    given = told.metadata
    labels = {key: ",".join(value) if isinstance(value, list) else value for key, value in given.labels.items()}
    owner = own.get("owner")
    team = owner.get("team") if isinstance(owner, Mapping) else None
    if "product" not in labels and told.spec.service != named(str(team)):
        labels["product"] = told.spec.service
    body = {"name": given.name, "displayName": given.display_name, "labels": labels, "annotations": given.annotations}
    return {key: value for key, value in body.items() if value}


def _refused(document: Document, at: Loc, text: str) -> InvalidDefinition:
    hint = "" if ";" in text else "; write an SLO of data"
    return InvalidDefinition(f"{document.at(*at)}: {'.'.join(map(str, at))}: {text}{hint}")
