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
from lineage.slo.alerting import AlertWindow
from lineage.slo.documents import Document, Loc
from lineage.slo.formats._openslo import SLI, SLO, DataSource, IndicatorSpec, MetricSource, Objective, Window
from lineage.slo.formats._openslo_alerts import AlertCondition, AlertNotificationTarget, AlertPolicy
from lineage.slo.formats._openslo_policies import Known, Spoken, policies_of, spoken, target_name
from lineage.slo.formats._openslo_told import Told
from lineage.slo.formats._openslo_versions import SOURCE, V1, in_v1
from lineage.slo.formats.base import Assumed, Imported, named
from lineage.slo.spec import DataSLO, define
from lineage.slo.terms import Strict
from lineage.slo.tiers import tiers_of
from lineage.slo.written import body_of

NATIVE = ("description", "timeWindow", "budgetingMethod", "objectives")  # of our spec, what OpenSLO has a word for
TAKEN = frozenset({"display_name", "target", "target_percent", "time_slice_target", "time_slice_window"})
WRAPPED: Loc = ("spec", "indicator", "spec", "ratioMetric", "raw", "metricSource", "spec")


Model = TypeVar("Model", bound=Strict)


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
    spec |= {"alertPolicies": policies} if (policies := policies_of(slo)) else {}
    return {"apiVersion": V1, "kind": "SLO", "metadata": body["metadata"], "spec": spec}


def read(documents: Sequence[Document], assumed: Assumed) -> Imported:
    """The SLOs among *documents* that measure OpenLineage; the rest is told. Raises InvalidDefinition."""
    reading = _Reading(assumed)
    for document in documents:
        reading.hear(document)
    for told in reading.slos:
        reading.define(told)
    if reading.faults:
        raise InvalidDefinition("\n".join(reading.faults))
    reading.tell_of_the_rest()
    return reading.found


class _Reading:
    """The documents of one file on their way into SLOs: first what they name, then the SLOs that refer to it."""

    def __init__(self, assumed: Assumed) -> None:
        self.found, self.faults, self.slos = Imported(), list[str](), list[Told]()
        self._assumed = assumed
        self._indicators: dict[str, tuple[Told, IndicatorSpec]] = {}
        self._sources: dict[str, str] = {}
        self._alerts = Known({}, {}, set())
        self._named: list[tuple[str, Told]] = []

    def hear(self, document: Document) -> None:
        """Take in what *document* names, or note what has no place."""
        try:
            told = in_v1(document, allow_alpha=self._assumed.allow_alpha)
            self._hear(told, told.body.get("kind"))
        except InvalidDefinition as error:
            self.faults.append(str(error))

    def _hear(self, told: Told, kind: Any) -> None:
        name = ""
        if kind == "SLO":
            self.slos.append(told)
        elif kind == "SLI":
            sli = _model(told, SLI)
            name, self._indicators[sli.metadata.name] = sli.metadata.name, (told, sli.spec)
        elif kind == "AlertPolicy":
            policy = _model(told, AlertPolicy)
            name, self._alerts.policies[policy.metadata.name] = policy.metadata.name, (told, policy.spec)
        elif kind == "AlertCondition":
            condition = _model(told, AlertCondition)
            name, self._alerts.conditions[condition.metadata.name] = condition.metadata.name, (told, condition.spec)
        elif kind == "AlertNotificationTarget":
            name = _model(told, AlertNotificationTarget).metadata.name
        elif kind == "DataSource":
            source = _model(told, DataSource)
            self._sources[source.metadata.name] = source.spec.type
            self.found.note(told.at("kind"), "DataSource is not taken over, for events come to Headwater by themselves")
        elif kind == "Service":
            self.found.note(told.at("kind"), "Service is not taken over; an SLO names it in its label product")
        else:
            raise told.fault(("kind",), f"{kind!r} is no kind of OpenSLO; write SLO")
        if name:
            self._named.append((f"{kind} {name}", told))

    def tell_of_the_rest(self) -> None:
        """Note what no SLO here asked for by its name."""
        for name, told in self._named:
            if name not in self._alerts.used:
                self.found.note(told.at("kind"), f"{name} is named by no SLO here, so that it is not taken over")

    def define(self, told: Told) -> None:
        """Make the SLO of *told*, or note why not."""
        try:
            self.found.slos.append(self._define(told))
        except InvalidDefinition as error:
            self.faults.append(str(error))

    def _define(self, told: Told) -> DataSLO:
        slo = _model(told, SLO)
        measured, metric, at = self._indicator(told, slo)
        own = _own(measured, at, metric, self._sources)
        _tell_of_indicator(self.found, measured, at, own)
        said = spoken(told, slo.spec.alert_policies, self._alerts, self.found)
        stands = self._with_alerts(own, said)
        spec = own | {
            "description": slo.spec.description,
            "timeWindow": [_window(slo.spec.time_window[0])],
            "budgetingMethod": slo.spec.budgeting_method,
            "objectives": [_objective(told, place, each) for place, each in enumerate(slo.spec.objectives)],
        }
        body = {"apiVersion": "headwater/v1", "kind": "DataSLO", "metadata": _metadata(slo, own), "spec": spec}
        try:
            made = define(body)
        except ValidationError as error:
            ours = [each for each in error.errors() if _is_own(each["loc"])]
            where = measured if ours else told
            raise where.refused(error, lambda loc: (*at, *loc[1:]) if _is_own(loc) else loc) from None
        if stands:
            self._tell_of_windows(made, said)
        return made

    def _indicator(self, told: Told, slo: SLO) -> tuple[Told, IndicatorSpec, Loc]:
        """What is measured, the document that says it, and where in it our own words stand."""
        if slo.spec.indicator is not None:
            return told, slo.spec.indicator.spec, WRAPPED
        if slo.spec.indicator_ref not in self._indicators:
            text = f"no SLI {slo.spec.indicator_ref!r} in this file; write it beside the SLO"
            raise told.fault(("spec", "indicatorRef"), text)
        self._alerts.used.add(f"SLI {slo.spec.indicator_ref}")
        return *self._indicators[slo.spec.indicator_ref], WRAPPED[2:]

    def _with_alerts(self, own: dict[str, Any], said: Spoken) -> bool:
        """Let *own* say what policies do, unless it says so itself; whether it does."""
        alerting, owner = own.get("alerting", {}), own.get("owner")
        if isinstance(owner, dict):
            own["owner"] = self._told_in(owner, said.targets)
        stands = not isinstance(alerting, Mapping) or bool({"windows", "policy"} & alerting.keys())
        if not stands and said.windows:
            own["alerting"] = {**alerting, "policy": "mwmb", "windows": [window for _, window in said.windows]}
        return stands

    def _told_in(self, owner: dict[str, Any], targets: Mapping[str, str]) -> dict[str, Any]:
        """*owner* with the channels of *targets*; those that nobody knows are noted."""
        given = owner.get("channel", {})
        channel = dict(given) if isinstance(given, Mapping) else {}
        named_here = {target_name(str(word), str(destination)) for word, destination in channel.items()}
        for name, place in targets.items():
            if name in self._assumed.channels:
                word, destination = self._assumed.channels[name]
                if channel.setdefault(word, destination) != destination:
                    self.found.note(place, f"{name} is not taken over, for owner.channel says {word}: {channel[word]}")
            elif name not in named_here:
                self.found.note(place, f"who is {name} stands in no file; import with --channel {name}=slack:C0…")
        return owner | {"channel": channel} if channel else owner

    def _tell_of_windows(self, made: DataSLO, said: Spoken) -> None:
        """Note the policies that *made*, which speaks for itself, does not say."""
        ours = {(tier.severity, tier.long, tier.short, tier.factor(made.window)) for tier in tiers_of(made)}
        for place, window in said.windows:
            one = AlertWindow.model_validate(window)
            if (one.severity, one.long, one.short, one.burn_rate) not in ours:
                self.found.note(place, "is not taken over, for alerting stands in the indicator of the SLO")


def _model(told: Told, model: type[Model]) -> Model:
    try:
        return model.model_validate(told.body)
    except ValidationError as error:
        raise told.refused(error) from None


def _window(told: Window) -> dict[str, Any]:
    if told.calendar is None:
        return {"duration": told.duration, "isRolling": True}
    at = {"startTime": told.calendar.start_time, "timeZone": told.calendar.time_zone}
    return {"duration": told.duration, "isRolling": False, "calendar": at}


def _is_own(loc: Loc) -> bool:
    return len(loc) > 1 and loc[0] == "spec" and loc[1] not in NATIVE


def _own(told: Told, at: Loc, metric: IndicatorSpec, sources: Mapping[str, str]) -> dict[str, Any]:
    """The words of ours that *metric* holds. Raises InvalidDefinition where it measures something else."""
    ratio = metric.ratio_metric
    if ratio is None:
        raise told.fault((*at[:-4], "thresholdMetric"), _elsewhere("a threshold over a series is"))
    if ratio.raw is None:
        other = next((word for word in ("good", "bad", "total") if getattr(ratio, word) is not None), "counter")
        series = getattr(ratio, other)
        raise told.fault((*at[:-3], other), _elsewhere(_metrics_of(series and series.metric_source, sources)))
    source = ratio.raw.metric_source
    if (source.type or sources.get(source.metric_source_ref or "")) != SOURCE:
        where = (*at[:-1], "type" if source.type else "metricSourceRef")
        raise told.fault(where, _elsewhere(_metrics_of(source, sources)))
    if ratio.raw_type == "failure":
        raise told.fault((*at[:-3], "rawType"), "what is promised is the share that is good; write success")
    return dict(source.spec)


def _metrics_of(source: MetricSource | None, sources: Mapping[str, str]) -> str:
    kind = source and (source.type or sources.get(source.metric_source_ref or ""))
    return f"metrics of {kind or 'another source'} are"


def _tell_of_indicator(found: Imported, measured: Told, at: Loc, own: dict[str, Any]) -> None:
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


def _elsewhere(what: str) -> str:
    return (
        f"{what} not judged here, for data SLOs are judged from OpenLineage events; "
        f"write ratioMetric: {{rawType: success, raw: {{metricSource: {{type: {SOURCE}, spec: {{…}}}}}}}}"
    )


def _objective(told: Told, place: int, objective: Objective) -> dict[str, Any]:
    for word in sorted(objective.model_fields_set - TAKEN):
        text = "is of thresholds and weighted composites, which are not judged here; remove it"
        raise told.fault(("spec", "objectives", place, to_camel(word)), text)
    target = objective.target if objective.target_percent is None else objective.target_percent / 100
    told_too = {to_camel(word): getattr(objective, word) for word in TAKEN - {"target", "target_percent"}}
    return {"target": target} | {word: value for word, value in told_too.items() if value is not None}


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
