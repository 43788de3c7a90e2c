"""examples/monitoring: what its files name exists, and the dashboard is one that Grafana takes."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

import lineage.app  # noqa: F401 - imported whole, so that all that it measures is registered
from tests.support.monitoring import MONITORING, expressions

NAMED = re.compile(r"\b(headwater_\w+)")
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def scraped() -> set[str]:
    """Every series name that /metrics can hold: the registry that it encodes, families without a sample included."""
    families = [family for family in REGISTRY.collect() if family.name.startswith("headwater")]
    return {f"{family.name}{suffix}" for family in families for suffix in SUFFIXES[family.type]}


@pytest.mark.parametrize("file", ["rules.yaml", "sloth-names.yaml", "dashboard.json"])
def test_each_metric_that_is_named_exists(file: str) -> None:
    """A rule over a metric that nobody exposes never fires, and a panel over it stays empty."""
    named = {name for text in expressions(file) for name in NAMED.findall(text)}

    assert (bool(named), named - scraped()) == (True, set())


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text())
    return found


def test_grafana_finds_the_dashboard_again() -> None:
    """An identity of its own, a schema that Grafana 10 to 13 migrate, and a Prometheus that is chosen on import."""
    found = dashboard()

    variables = {each["name"]: each["type"] for each in found["templating"]["list"]}
    assert (found["uid"], found["schemaVersion"], variables["datasource"]) == ("headwater-slos", 39, "datasource")


def test_no_panel_asks_another_datasource() -> None:
    """Every panel, query and variable goes to the one that was chosen."""
    text = (MONITORING / "dashboard.json").read_text()

    assert set(re.findall(r'"uid": "(.*?)"', text)) == {"${datasource}", "headwater-slos"}


def test_panels_have_their_own_numbers_and_places() -> None:
    """Two panels under one id, or one over the other, is what Grafana silently mends by hiding one."""
    panels = dashboard()["panels"]
    places = [
        {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        for at in (panel["gridPos"] for panel in panels)
    ]

    overlaps = [one & other for one, other in combinations(places, 2) if one & other]
    ids = [panel["id"] for panel in panels]
    assert (overlaps, len(set(ids)), max(x for place in places for x, _ in place)) == ([], len(ids), 23)


@pytest.mark.parametrize(
    "title",
    [
        "Fleet: least budget first",
        "Budget burndown",
        "Age of the data",
        "Newest occurrence",
        "Arrival by the clock (UTC)",
        "Rows delivered and expected",
        "Records that failed",
        "End-to-end latency",
        "Budget spent: its own, and lost upstream",
        "Contracts: datasets by consumers",
        "Events received and refused",
        "Delay of events (p95)",
        "Rows that copies lack",
        "How long dead letters have waited",
        "Datasets that somebody answers for",
    ],
)
def test_the_panels_of_the_list_are_there(title: str) -> None:
    """1 to 9, 13 and 14 of SLO.md e, and of b.5: each with a query, and a sentence or a unit that says what is seen."""
    (panel,) = [panel for panel in dashboard()["panels"] if panel["title"] == title]

    assert panel["targets"]
    assert panel["description"] or panel["fieldConfig"]["defaults"]["unit"]


def test_every_alert_says_what_is_wrong_and_how_urgent_it_is() -> None:
    """A severity to route by and a sentence; a page outlives a scrape that is missed."""
    groups = yaml.safe_load((MONITORING / "rules.yaml").read_text())["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]

    assert [
        rule["alert"]
        for rule in alerts
        if rule["labels"]["severity"] not in {"page", "ticket"}
        or not rule["annotations"]["summary"]
        or (rule["labels"]["severity"] == "page") != ("keep_firing_for" in rule)
    ] == []
