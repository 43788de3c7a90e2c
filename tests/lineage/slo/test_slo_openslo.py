"""OpenSLO: there and back without loss, and what of others is not judged here."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.errors import InvalidDefinition
from lineage.slo.documents import documents
from lineage.slo.fitting import WEIGHED
from lineage.slo.formats import headwater, openslo
from lineage.slo.formats.base import Assumed, Imported
from lineage.slo.importing import imported
from lineage.slo.reading import read_path
from lineage.slo.spec import DataSLO, define
from lineage.slo.written import yaml_of
from tests.support.promises import promise

ROOT = Path(__file__).parents[3]
CONTRACTS = ROOT / "tests" / "contracts"
EXAMPLES = [source.slo for source in read_path(ROOT / "examples" / "slos")]  # each indicator has one

names = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
spans = st.builds("{}{}".format, st.integers(1, 90), st.sampled_from("mhdwMQY"))
shares = st.integers(1, 9_999_999).map(lambda number: f"0.{number:07d}")
instants = st.datetimes(datetime(1900, 1, 1), datetime(2999, 12, 31)).map(  # noqa: DTZ001 - UTC comes below
    lambda at: at.replace(microsecond=0).isoformat() + "Z"
)
severities = st.sampled_from(["page", "ticket"])
floors = st.fixed_dictionaries({"below": shares, "severity": severities})
rates = st.one_of(
    st.fixed_dictionaries({"budget": shares}), st.integers(1, 400).map(lambda tenths: {"burnRate": str(tenths / 10)})
)
tiers = st.builds(
    lambda severity, hours, rate: {"severity": severity, "long": f"{hours}h", "short": f"{hours * 5}m", **rate},
    severities,
    st.integers(1, 72),
    rates,
)
rungs = st.fixed_dictionaries({"bad": st.integers(1, 9), "consecutive": st.booleans(), "severity": severities})
exclusions = st.one_of(
    st.fixed_dictionaries({"ref": names}),
    st.fixed_dictionaries(
        {"start": instants, "duration": st.sampled_from(["2h", "90m"]), "reason": words, "approvedBy": words},
        optional={"rrule": st.just("FREQ=WEEKLY;BYDAY=SU"), "timezone": st.just("Europe/Berlin")},
    ),
)
days = st.one_of(st.dates(), st.sampled_from(["weekends", "12-25", "02-29"]))
schedules = st.fixed_dictionaries(
    {"cron": st.sampled_from(["0 2 * * *", "*/20 * * * *", "15 4 1 * *"]), "deadline": spans},
    optional={
        "timezone": st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
        "calendar": st.fixed_dictionaries({"skip": st.lists(days, max_size=3)}),
        "paused": st.lists(st.fixed_dictionaries({"start": instants, "duration": spans, "reason": words}), max_size=2),
    },
)
extras = st.fixed_dictionaries(
    {},
    optional={
        "description": st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=80),
        "effectiveFrom": instants,
        "exclusions": st.lists(exclusions, max_size=3),
        "lateMetadata": st.fixed_dictionaries({"correctionHorizon": spans}),
        "noData": st.fixed_dictionaries({"minCoverage": shares}),
        "owner": st.fixed_dictionaries(
            {"team": words}, optional={"channel": st.dictionaries(names, words), "handle": words, "escalation": words}
        ),
        "consumer": st.lists(
            st.fixed_dictionaries({"team": words}, optional={"channel": st.dictionaries(names, words)}), max_size=2
        ),
        "lifecycle": st.fixed_dictionaries({"endOfLife": instants}, optional={"notice": spans}),
        "incidents": st.fixed_dictionaries({"repair": spans}, optional={"detect": spans, "acknowledge": spans}),
        "alerting": st.fixed_dictionaries(
            {},
            optional={
                "policy": st.sampled_from(["mwmb", "discrete", "auto"]),
                "minEvents": st.integers(0, 50),
                "minBadEvents": st.integers(1, 9),
                "significance": shares.filter(lambda share: share < "0.5"),
                "ladder": st.lists(rungs, max_size=3),
                "windows": st.lists(tiers, max_size=3),
                "instant": floors,
                "runbook": words,
            },
        ),
    },
)
envelopes = st.fixed_dictionaries(
    {"name": names},
    optional={
        "displayName": words,
        "labels": st.dictionaries(st.one_of(words, st.just("product")), words, max_size=3),
        "annotations": st.dictionaries(words, words, max_size=3),
    },
)


anchors = st.fixed_dictionaries(
    {
        "startTime": st.dates(date(1990, 1, 1), date(2060, 1, 1)).map(lambda day: f"{day} 06:30:00"),
        "timeZone": st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Apia"]),
    }
)
windows = st.one_of(
    st.fixed_dictionaries({"duration": spans, "isRolling": st.just(True)}),
    st.fixed_dictionaries(
        {
            "duration": st.sampled_from(["1M", "3M", "1Q", "1Y", "2w", "30d"]),
            "isRolling": st.just(False),
            "calendar": anchors,
        }
    ),
)


lengths = st.sampled_from(["1m", "90m", "6h", "1d"])
methods = st.sampled_from(
    [
        ("Occurrences", st.just({})),
        ("Timeslices", st.fixed_dictionaries({"timeSliceTarget": shares, "timeSliceWindow": lengths})),
        ("RatioTimeslices", st.fixed_dictionaries({"timeSliceWindow": lengths})),
    ]
)


@st.composite
def promises(draw: st.DrawFn) -> DataSLO:
    """Any promise that can be made, around the indicators of the examples."""
    body: dict[str, Any] = draw(st.sampled_from(EXAMPLES)).model_dump(mode="json", by_alias=True, exclude_none=True)
    spec = body["spec"] | draw(extras)
    if "schedule" in spec:
        spec["schedule"] = draw(schedules)
    if spec["sli"].get("unit", "occurrences") in WEIGHED:
        spec.get("alerting", {}).pop("significance", None)
    spec["timeWindow"] = [draw(windows)]
    spec["budgetingMethod"], sliced = draw(methods)
    spec["objectives"] = [
        {"target": draw(shares)} | draw(sliced) | draw(st.fixed_dictionaries({}, optional={"displayName": words}))
    ]
    return define(body | {"metadata": draw(envelopes), "spec": spec})


def back(slo: DataSLO) -> Imported:
    return openslo.read(list(documents(yaml_of([openslo.write(slo)]), "x.yaml")), Assumed())


@given(promises())
@settings(max_examples=150, deadline=None)
def test_there_and_back_loses_nothing(slo: DataSLO) -> None:
    """import(export(slo)) == slo, through YAML, for whatever can be promised; and there is nothing to tell of."""
    found = back(slo)

    assert (found.slos, found.report) == ([slo], [])


@given(promises())
@settings(max_examples=50, deadline=None)
def test_our_own_format_loses_nothing(slo: DataSLO) -> None:
    """The same of what `--format headwater` writes."""
    assert headwater.read(list(documents(yaml_of([headwater.write(slo)]), "x.yaml")), Assumed()).slos == [slo]


@pytest.mark.parametrize("slo", EXAMPLES, ids=lambda slo: slo.name)
def test_every_indicator_goes_there_and_back(slo: DataSLO) -> None:
    """The examples have one of each kind."""
    assert back(slo).slos == [slo]


def test_what_is_exported_is_openslo() -> None:
    """Its schema of an SLO takes it: the words, one window, a target below one."""
    fits = {
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "apiVersion": {"const": "openslo/v1"},
            "kind": {"const": "SLO"},
            "spec": {
                "type": "object",
                "additionalProperties": False,
                "required": ["service", "indicator", "timeWindow", "budgetingMethod", "objectives"],
                "properties": {
                    "description": {"type": "string", "maxLength": 1050},
                    "service": {"type": "string"},
                    "indicator": {"type": "object", "required": ["metadata", "spec"]},
                    "timeWindow": {"type": "array", "minItems": 1, "maxItems": 1},
                    "budgetingMethod": {"enum": ["Occurrences", "Timeslices", "RatioTimeslices"]},
                    "objectives": {"items": {"properties": {"target": {"type": "number", "exclusiveMaximum": 1}}}},
                },
            },
        },
    }
    made = yaml.safe_load(yaml_of([openslo.write(promise())]))

    assert [error.message for error in jsonschema_rs.validator_for(fits).iter_errors(made)] == []


def test_a_file_by_hand_is_understood() -> None:
    """An indicator that is referred to, a percentage, the service as label; what has no place is told."""
    found = imported([CONTRACTS / "orders.openslo.yaml"], Assumed())
    (slo,) = found.slos
    told = [line.split("yaml:")[1] for line in found.report]

    assert (slo.target, slo.window, slo.metadata.labels, told) == (
        Fraction(955, 1000),
        timedelta(days=28),
        {"region": "eu,us", "product": "orders"},
        ["26:19: no AlertPolicy 'fast-burn' in this file, so that it is not taken over"],
    )


def test_other_sources_are_refused_with_the_reason() -> None:
    """A ratio of Prometheus metrics is no promise about data."""
    with pytest.raises(InvalidDefinition) as caught:
        imported([CONTRACTS / "prometheus.openslo.yaml"], Assumed())

    said = str(caught.value).removeprefix(f"{CONTRACTS}/prometheus.openslo.yaml:").split(";")[0]
    assert said == (
        "17:9: spec.indicator.spec.ratioMetric.good: metrics of Prometheus are not judged here, for data SLOs are "
        "judged from OpenLineage events"
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("targetPercent: 95.5", "targetPercent: 100", "25:16: spec.objectives.0: a target is a share below 1"),
        (
            "targetPercent: 95.5",
            "target: 0.9, targetPercent: 90",
            "25:16: spec.objectives.0: an objective has target",
        ),
        ("targetPercent: 95.5", "target: 0.9, op: lte", "25:52: spec.objectives.0.op: is of thresholds and"),
        ("4w, isRolling: true", "4w", "23:16: spec.timeWindow.0: a window is rolling or has a calendar; write"),
        (
            "4w, isRolling: true",
            "6h, calendar: {startTime: 2026-01-01 00:00:00, timeZone: UTC}",
            "23:16: spec.timeWindow.0: a calendar has no windows of 6h; write whole d, w, M, Q or Y, as in 1M",
        ),
        ("indicatorRef: orders-by-five", "indicatorRef: none", "22:3: spec.indicatorRef: no SLI 'none' in this file"),
        (
            "4w, isRolling: true",
            "1m, calendar: {startTime: 2026-01-01 00:00:00, timeZone: UTC}",
            "23:16: spec.timeWindow.0: a calendar has no windows of 1m (m is a minute, M a month); write whole d, w",
        ),
        (
            "4w, isRolling: true",
            "1M, calendar: {startTime: soon, timeZone: UTC}",
            "23:42: spec.timeWindow.0.calendar.startTime: 'soon' is no start; write it as 2026-01-01 00:00:00",
        ),
        (
            "targetPercent: 95.5",
            "target: 0.9, indicatorRef: orders-by-five",
            "20:1: spec: objectives with indicators of their own are not judged here; write an SLO for each",
        ),
        ("  indicatorRef: orders-by-five\n", "", "20:1: spec: an SLO has indicator or indicatorRef; write one of them"),
        ("Occurrences", "Timeslices", "20:1: spec: Timeslices need timeSliceTarget and timeSliceWindow"),
        ("name: orders-daily-freshness", "name: Orders", "19:12: metadata.name: 'Orders' is no name"),
        ("alertPolicies", "alertPolicis", "26:3: spec.alertPolicis: is not a word of the format"),
        (
            "deadline: 5h",
            "deadline: soon",
            "14:66: spec.ratioMetric.raw.metricSource.spec.schedule.deadline: 'soon'",
        ),
        ("kind: SLO", "kind: Slo", "18:1: kind: 'Slo' is no kind of OpenSLO; write SLO"),
        ("kind: SLO\n", "kind: [SLO]\n", "18:1: kind: ['SLO'] is no kind of OpenSLO; write SLO"),
        ("type: OpenLineage", "type: Datadog", "10:9: spec.ratioMetric.raw.metricSource.type: metrics of Datadog are"),
        (
            "rawType: success",
            "rawType: failure",
            "7:5: spec.ratioMetric.rawType: what is promised is the share",
        ),
    ],
)
def test_faults_have_their_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    """The rules of OpenSLO's own SDK, with line and column, and what to write."""
    file = tmp_path / "x.yaml"
    file.write_text((CONTRACTS / "orders.openslo.yaml").read_text().replace(old, new))
    with pytest.raises(InvalidDefinition) as caught:
        imported([file], Assumed())

    assert str(caught.value).removeprefix(f"{file}:")[: len(said)] == said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  ratioMetric", "  description: by five\n  ratioMetric", "6:3: description of an indicator has no place"),
        (
            "type: OpenLineage",
            "metricSourceRef: lake\n        type: OpenLineage",
            "10:9: metricSourceRef of an indicator",
        ),
        (
            "sli: {type: freshness}",
            "sli: {type: freshness}\n          budgetingMethod: x",
            "16:11: budgetingMethod is not",
        ),
    ],
)
def test_what_an_indicator_says_besides_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    """Nothing of a file is dropped in silence."""
    file = tmp_path / "x.yaml"
    file.write_text((CONTRACTS / "orders.openslo.yaml").read_text().replace(old, new))

    told = imported([file], Assumed()).report[0]

    assert told.removeprefix(f"{file}:")[: len(said)] == said
