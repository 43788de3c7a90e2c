"""OpenSLO's other versions: the one before v1, and the one that is not settled."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineage.errors import InvalidDefinition
from lineage.slo.formats.base import Assumed
from lineage.slo.importing import imported
from lineage.slo.written import body_of

CONTRACTS = Path(__file__).parents[2] / "contracts"
SPEC = {
    "description": "Orders are there by five",
    "dataset": {"namespace": "snowflake://acme-prod", "name": "analytics.mart.orders_daily"},
    "owner": {"team": "data-orders"},
    "schedule": {"cron": "0 0 * * *", "timezone": "Europe/Berlin", "deadline": "5h"},
    "sli": {"type": "freshness"},
    "timeWindow": [{"duration": "28d", "isRolling": True}],
    "objectives": [{"displayName": "by-five", "target": "0.955"}],
}
ALPHA = Assumed(allow_alpha=True)


def refused(tmp_path: Path, name: str, old: str, new: str, assumed: Assumed) -> str:
    """Why the file *name* with *new* for *old* is refused, from its place on."""
    text = (CONTRACTS / name).read_text()
    assert old in text, "the change changes something"
    file = tmp_path / name
    file.write_text(text.replace(old, new))
    with pytest.raises(InvalidDefinition) as caught:
        imported([file], assumed)
    return str(caught.value).removeprefix(f"{file}:")


@pytest.mark.parametrize("version", ["v1alpha", "v2alpha"])
def test_another_version_comes_to_the_same(version: str) -> None:
    """What it promises is what v1 would."""
    (slo,) = imported([CONTRACTS / f"orders.{version}.openslo.yaml"], ALPHA).slos

    assert (slo.metadata.labels, body_of(slo)["spec"]) == ({"product": "orders"}, SPEC)


def test_what_is_not_settled_is_asked_for() -> None:
    """v2alpha is taken with --allow-alpha only."""
    with pytest.raises(
        InvalidDefinition, match=r"2:1: apiVersion: 'openslo.com/v2alpha' is not settled yet .* --allow"
    ):
        imported([CONTRACTS / "orders.v2alpha.openslo.yaml"], Assumed())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "openslo/v1alpha",
            "openslo/v3",
            "2:1: apiVersion: 'openslo/v3' is no version that is known here; write openslo/v1",
        ),
        ("kind: SLO", "kind: SLI", "3:1: kind: 'SLI' is no kind of openslo/v1alpha; write SLO"),
        ("unit: Day", "unit: Fortnight", "9:35: spec.timeWindows.0.count: '28 Fortnight' is not a duration; write"),
        ("timeWindows:", "timeWindow:", "9:3: spec.timeWindow: is a word of v1; write apiVersion: openslo/v1"),
        (
            "source: OpenLineage",
            "source: prometheus",
            "15:9: spec.objectives.0.ratioMetrics.good: metrics of prometheus are not judged here, for data SLOs",
        ),
        (
            "total: *ours",
            "total: {source: OpenLineage, queryType: x, query: x}",
            "13:7: spec.objectives.0.ratioMetrics: good and total of",
        ),
        (
            "deadline: 5h",
            "deadline: soon",
            "18:11: spec.objectives.0.ratioMetrics.good.query.schedule.deadline: 'soon' is not a duration",
        ),
        ("dataset: {", "dataset: {{", "18:11: spec.objectives.0.ratioMetrics.good.query: holds no YAML with the words"),
        ("target: 0.955", "target: 1.5", "11:7: spec.objectives.0: a target is a share below 1, targetPercent one"),
        (
            "  objectives",
            "  indicator: {}\n  objectives",
            "10:3: spec.indicator: an objective with ratioMetrics has no",
        ),
    ],
)
def test_faults_of_v1alpha_have_their_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    """In its own words, where they are written."""
    assert refused(tmp_path, "orders.v1alpha.openslo.yaml", old, new, Assumed())[: len(said)] == said


def test_a_threshold_of_v1alpha_is_refused(tmp_path: Path) -> None:
    """A series is no promise about data."""
    file = tmp_path / "x.yaml"
    file.write_text(
        "apiVersion: openslo/v1alpha\nkind: SLO\nmetadata: {name: up}\nspec:\n  service: web\n"
        "  indicator: {thresholdMetric: {source: prometheus, queryType: promql, query: up}}\n"
        "  budgetingMethod: Occurrences\n  timeWindows: [{unit: Second, count: 3600, isRolling: true}]\n"
        "  objectives: [{displayName: up, value: 1, op: gt, target: 0.9}]\n"
    )

    with pytest.raises(
        InvalidDefinition, match=r"6:15: spec.indicator.thresholdMetric: a threshold over a series is not"
    ):
        imported([file], Assumed())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "type: OpenLineage",
            "type: Prometheus",
            "19:11: spec.sli.spec.ratioMetric.raw.dataSourceRef: metrics of Prom",
        ),
        (
            "dataSourceRef: lineage",
            "dataSourceSpec: {type: Datadog, connectionDetails: {}}",
            "19:28: spec.sli.spec.ratioMetric.raw.dataSourceSpec.type: metrics of Datadog are not judged here",
        ),
        ("  sli:\n    meta", "  sly:\n    meta", "13:3: spec.sly: is not a word of the format; did you mean `sli`?"),
        ("deadline: 5h", "deadline: soon", "23:68: spec.sli.spec.ratioMetric.raw.spec.schedule.deadline: 'soon' is"),
    ],
)
def test_faults_of_v2alpha_have_their_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    """In its own words, where they are written."""
    assert refused(tmp_path, "orders.v2alpha.openslo.yaml", old, new, ALPHA)[: len(said)] == said
