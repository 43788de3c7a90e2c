"""Versions of OpenSLO into the words of v1: the one before it, and the one that is not settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lineage.errors import InvalidDefinition
from lineage.slo.documents import Document, Loc, documents
from lineage.slo.formats._openslo_told import Told

V1, V1ALPHA, V2ALPHA = "openslo/v1", "openslo/v1alpha", "openslo.com/v2alpha"
SOURCE = "OpenLineage"  # the type of a metric source whose spec is ours


def in_v1(document: Document, *, allow_alpha: bool) -> Told:
    """*document* in the words of v1. Raises InvalidDefinition where its version is not known, or not allowed."""
    version = document.body.get("apiVersion")
    if version == V1:
        return Told(document, document.body)
    if version == V1ALPHA:
        return _from_v1alpha(document)
    if version == V2ALPHA and allow_alpha:
        return _from_v2alpha(document)
    if version == V2ALPHA:
        text = (
            "is not settled yet and may mean something else next month; write openslo/v1, or import with --allow-alpha"
        )
    else:
        text = f"is no version that is known here; write {V1}"
    raise Told(document, document.body).fault(("apiVersion",), f"{version!r} {text}")


# v1alpha: each objective has its metrics, a window its unit, and a metric is one query.

UNITS = {"Day": "d", "Week": "w", "Month": "M", "Quarter": "Q", "Year": "Y", "Hour": "h", "Minute": "m"}
MINUTE = 60
METRICS: Loc = ("spec", "objectives", 0, "ratioMetrics")
RATIO: Loc = ("spec", "indicator", "spec", "ratioMetric")
RAW: Loc = (*RATIO, "raw", "metricSource")


def _from_v1alpha(document: Document) -> Told:
    body = {**document.body, "apiVersion": V1}
    if (kind := body.get("kind")) not in ("SLO", "Service"):
        raise Told(document, body).fault(("kind",), f"{kind!r} is no kind of {V1ALPHA}; write SLO")
    if kind != "SLO" or not isinstance(body.get("spec"), Mapping):
        return Told(document, body)
    spec = dict(body["spec"])
    for word in ("timeWindow", "indicatorRef", "alertPolicies"):
        if word in spec:
            raise Told(document, body).fault(("spec", word), "is a word of v1; write apiVersion: openslo/v1")
    if "timeWindows" in spec:
        windows = spec.pop("timeWindows")
        spec["timeWindow"] = [_window(each) for each in windows] if isinstance(windows, list) else windows
    objectives = spec.get("objectives")
    if isinstance(objectives, list):
        spec["objectives"] = [_without(each, "ratioMetrics") for each in objectives]
        metrics = objectives[0].get("ratioMetrics") if objectives and isinstance(objectives[0], Mapping) else None
        if isinstance(metrics, Mapping) and "indicator" in spec:
            text = "an objective with ratioMetrics has no indicator beside it; keep one of them"
            raise Told(document, body).fault(("spec", "indicator"), text)
        if isinstance(metrics, Mapping):
            spec["indicator"] = {"spec": {"ratioMetric": _ratio(document, metrics)}}
        elif isinstance(spec.get("indicator"), Mapping):
            threshold = spec["indicator"].get("thresholdMetric")
            spec["indicator"] = {"spec": {"thresholdMetric": _queried(threshold)}}
    return Told(document, {**body, "spec": spec}, _back_to_v1alpha)


def _without(given: Any, word: str) -> Any:
    return {key: value for key, value in given.items() if key != word} if isinstance(given, Mapping) else given


def _window(given: Any) -> Any:
    if not isinstance(given, Mapping) or "unit" not in given:
        return given
    count, unit = given.get("count"), given["unit"]
    if unit == "Second" and isinstance(count, int) and count % MINUTE == 0:
        count, unit = count // MINUTE, "Minute"
    rest = {key: value for key, value in given.items() if key not in {"count", "unit"}}
    return {"duration": f"{count}{UNITS.get(str(unit), f' {unit}')}", **rest}


def _ratio(document: Document, metrics: Mapping[str, Any]) -> Any:
    """Good of total; where both are ours, they hold one text, and it the words that a spec holds in v1."""
    good, total = metrics.get("good"), metrics.get("total")
    ours = [query for query in map(_own_query, (good, total)) if query is not None]
    if not ours:
        rest = {word: value for word, value in metrics.items() if word != "incremental"}
        counter = {"counter": metrics["incremental"]} if "incremental" in metrics else {}
        return rest | counter | {word: _queried(each) for word, each in (("good", good), ("total", total)) if each}
    here = Told(document, document.body)
    if len(ours) == 1 or ours[0] != ours[1]:
        raise here.fault(METRICS, f"good and total of {SOURCE} are one promise; write the same query for both")
    try:
        (own,) = documents(ours[0], "query")
    except (InvalidDefinition, ValueError) as error:
        text = f"holds no YAML with the words of an SLO ({error}); write dataset, owner and sli into it"
        raise here.fault((*METRICS, "good", "query"), text) from None
    return {"rawType": "success", "raw": {"metricSource": {"type": SOURCE, "spec": own.body}}}


def _own_query(metric: Any) -> str | None:
    """What a metric of ours asks for; None: it is none."""
    ours = isinstance(metric, Mapping) and metric.get("source") == SOURCE
    return str(metric.get("query")) if ours else None


def _queried(metric: Any) -> Any:
    if not isinstance(metric, Mapping):
        return metric
    return {"metricSource": {"type": metric.get("source"), "spec": {"query": metric.get("query")}}}


def _back_to_v1alpha(loc: Loc) -> Loc:
    if loc[:2] == ("spec", "timeWindow"):
        return ("spec", "timeWindows", *("count" if step == "duration" else step for step in loc[2:]))
    if loc[: len(RAW)] == RAW:
        return (*METRICS, "good", "query" if loc[len(RAW) :][:1] == ("spec",) else "source", *loc[len(RAW) + 1 :])
    if loc[: len(RATIO)] == RATIO:
        rest = (step for step in loc[len(RATIO) :] if step != "metricSource")
        return (*METRICS, *("source" if step == "type" else step for step in rest))
    return ("spec", *(step for step in loc[1:] if step != "spec")) if loc[:2] == RATIO[:2] else loc


# v2alpha: an indicator is an sli, and a metric has a dataSource.

WORDS = {"sli": "indicator", "sliRef": "indicatorRef", "serviceRef": "service"}
METRIC_WORDS = frozenset({"good", "bad", "total", "raw", "thresholdMetric"})


def _from_v2alpha(document: Document) -> Told:
    body = {**document.body, "apiVersion": V1}
    if body.get("kind") in ("SLO", "SLI") and isinstance(body.get("spec"), Mapping):
        body["spec"] = _spec(body["spec"])
    return Told(document, body, _back_to_v2alpha)


def _spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for word, value in spec.items():
        if word in METRIC_WORDS:
            found[word] = _metric(value)
        elif word == "ratioMetric" and isinstance(value, Mapping):
            found[word] = _spec(value)
        elif word == "sli" and isinstance(value, Mapping) and isinstance(value.get("spec"), Mapping):
            found[WORDS[word]] = {**value, "spec": _spec(value["spec"])}
        elif word == "objectives" and isinstance(value, list):
            found[word] = [_spec(each) if isinstance(each, Mapping) else each for each in value]
        else:
            found[WORDS.get(word, word)] = value
    return found


def _metric(given: Any) -> Any:
    if not isinstance(given, Mapping):
        return given
    source, spec = given.get("dataSourceSpec"), given.get("spec", {})
    rest = {word: value for word, value in given.items() if word not in {"dataSourceRef", "dataSourceSpec", "spec"}}
    told_source = {"type": source.get("type")} if isinstance(source, Mapping) else {}
    reference = {"metricSourceRef": given["dataSourceRef"]} if "dataSourceRef" in given else {}
    return {**rest, "metricSource": {**reference, **told_source, "spec": spec}}


def _back_to_v2alpha(loc: Loc) -> Loc:
    words = {new: old for old, new in WORDS.items() if old != "serviceRef"}
    found: list[str | int] = []
    for place, step in enumerate(loc):
        if loc[place - 1 : place] == ("metricSource",) and step in {"type", "metricSourceRef"}:
            found += ["dataSourceSpec", "type"] if step == "type" else ["dataSourceRef"]
        elif step != "metricSource":
            found.append(words.get(str(step), step))
    return tuple(found)
