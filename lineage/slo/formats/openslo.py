"""OpenSLO v1: our definitions as its SLOs and back without loss, and its SLOs of other sources refused with a reason.

What OpenSLO has a word for stands there; the rest is the `spec` of a metric source of type OpenLineage (SLO.md c.3).
The rules are those of OpenSLO's own Go SDK, `pkg/openslo/v1`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from lineage.errors import InvalidDefinition
from lineage.slo.documents import Document, Loc
from lineage.slo.formats._openslo import SLI, SLO, IndicatorSpec, Objective, Window
from lineage.slo.formats.base import Assumed, Imported, named
from lineage.slo.reading import message
from lineage.slo.spec import DataSLO, define
from lineage.slo.written import body_of

VERSION = "openslo/v1"
SOURCE = "OpenLineage"
NATIVE = ("description", "timeWindow", "budgetingMethod", "objectives")  # of our spec, what OpenSLO has a word for
OTHERS = ("Service", "DataSource", "AlertPolicy", "AlertCondition", "AlertNotificationTarget")  # OpenSLO's other kinds
WRAPPED: Loc = ("spec", "indicator", "spec", "ratioMetric", "raw", "metricSource", "spec")


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
