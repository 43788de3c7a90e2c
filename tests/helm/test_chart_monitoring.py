"""The chart's monitoring: switched by values, and word for word what stands in examples/monitoring."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.helm.test_chart import CHART, KEY, helm, one, render, run
from tests.support.monitoring import MONITORING

__all__ = ["helm"]  # the fixture

pytestmark = pytest.mark.helm

RULES = "monitoring.rules.enabled=true"


def rules(program: str, *sets: str) -> list[dict[str, Any]]:
    """The groups of the rendered PrometheusRule."""
    objects = render(program, KEY, RULES, *sets)
    found: list[dict[str, Any]] = one(objects, "PrometheusRule", "r-headwater")["spec"]["groups"]
    return found


def example(name: str) -> Any:
    return yaml.safe_load((MONITORING / name).read_text())["groups"]


def alert(groups: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(rule for group in groups for rule in group["rules"] if rule.get("alert") == name)


def test_without_values_nothing_of_it_is_rendered(helm: str) -> None:
    """A cluster without the operator's kinds takes the chart as it is."""
    kinds = {each["kind"] for each in render(helm, KEY)}

    assert kinds.isdisjoint({"PrometheusRule", "ServiceMonitor"})


def test_the_rules_are_those_of_the_example(helm: str) -> None:
    """One source: what promtool has tested is what a cluster gets."""
    assert rules(helm) == example("rules.yaml")


def test_with_sloth_names_too(helm: str) -> None:
    """The second file follows, unchanged."""
    assert rules(helm, "monitoring.rules.slothNames=true") == example("rules.yaml") + example("sloth-names.yaml")


def test_the_dashboard_is_that_of_the_example(helm: str) -> None:
    """In a ConfigMap that Grafana's sidecar finds."""
    made = one(render(helm, KEY, "monitoring.dashboard.enabled=true"), "ConfigMap", "r-headwater-dashboard")

    shipped = json.loads((MONITORING / "dashboard.json").read_text())
    assert (json.loads(made["data"]["headwater.json"]), made["metadata"]["labels"]["grafana_dashboard"]) == (
        shipped,
        "1",
    )


def thresholds() -> list[str]:
    schema = json.loads((CHART / "values.schema.json").read_text())
    found = schema["properties"]["monitoring"]["properties"]["rules"]["properties"]["thresholds"]["properties"]
    return list(found)


@pytest.mark.parametrize("name", thresholds())
def test_a_threshold_changes_one_number_of_one_rule(helm: str, name: str) -> None:
    """The last of its expression; all else stays as it was."""
    before = alert(example("rules.yaml"), name)["expr"]

    after = alert(rules(helm, f"monitoring.rules.thresholds.{name}=77"), name)["expr"]

    head, _, _ = before.rpartition(" ")
    assert after == f"{head} 77"


def test_alerts_carry_labels_to_be_routed_by_and_the_address_of_the_pages(helm: str) -> None:
    """Pages and tickets each their own, and links to `publicUrl`."""
    groups = rules(
        helm,
        "monitoring.rules.pageLabels.route=phone",
        "monitoring.rules.ticketLabels.route=board",
        "publicUrl=https://hw.acme.example/",
    )

    page, ticket = (alert(groups, f"DataSLOBudgetBurn{word}") for word in ("Page", "Ticket"))
    assert (page["labels"]["route"], ticket["labels"]["route"], page["annotations"]["dashboard_url"]) == (
        "phone",
        "board",
        "https://hw.acme.example/slos/{{ $labels.slo }}",
    )


def test_a_scrape_selects_one_service_and_takes_the_key(helm: str) -> None:
    """Not the headless service too, which would count everything twice."""
    objects = render(helm, KEY, "monitoring.scrape.enabled=true")
    wanted = one(objects, "ServiceMonitor", "r-headwater")["spec"]

    labels = wanted["selector"]["matchLabels"].items()
    selected = [
        each["metadata"]["name"]
        for each in objects
        if each["kind"] == "Service" and labels <= each["metadata"]["labels"].items()
    ]
    key = wanted["endpoints"][0]["authorization"]["credentials"]
    assert (selected, key) == (["r-headwater"], {"name": "r-headwater", "key": "api-key"})


def test_an_alert_that_does_not_exist_has_no_threshold(helm: str) -> None:
    """A misspelt name is refused, not passed over."""
    sets = ["--set", KEY, "--set", RULES, "--set", "monitoring.rules.thresholds.SchedulerStale=1"]
    done = run(helm, "template", "r", str(CHART), "--kube-version", "1.34.0", *sets)

    assert done.returncode != 0
    assert "SchedulerStale" in done.stderr
