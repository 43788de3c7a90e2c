"""The rules and the dashboard by a real promtool, and over a real Prometheus that scrapes a real Headwater."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.engines.engine import Engine
from tests.engines.prometheus_server import program, prometheus
from tests.support.monitoring import MONITORING, expressions
from tests.support.posting import event
from tests.support.promises import document
from tests.support.server import Server
from tests.support.waiting import until


def promtool(*words: str, folder: Path = MONITORING) -> str:
    """What promtool says; it has nothing to complain of."""
    run = [str(program("promtool")), *words]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(("file", "rules"), [("rules.yaml", 14), ("sloth-names.yaml", 15)])
def test_the_rules_are_rules(file: str, rules: int) -> None:
    """`promtool check rules` finds them all, and no duplicate."""
    assert f"SUCCESS: {rules} rules found" in promtool("check", "rules", "--lint-fatal", file)


def test_the_rules_do_what_is_written_beside_them() -> None:
    """`promtool test rules` over the file that is shipped with them."""
    assert "SUCCESS" in promtool("test", "rules", "rules_test.yaml")


def test_the_example_configuration_is_one() -> None:
    """`promtool check config`, rules included."""
    assert "is valid prometheus config file syntax" in promtool("check", "config", "prometheus.yaml")


def test_every_expression_of_the_dashboard_is_an_expression(tmp_path: Path) -> None:
    """Each as a rule, with the dashboard's variables filled in: misspelt PromQL would show as an empty panel."""
    found = [text.replace("$slo", ".*").replace("$team", ".*") for text in expressions("dashboard.json")]
    rules = [{"record": f"dashboard:{place}", "expr": text} for place, text in enumerate(found)]
    (tmp_path / "dashboard.yaml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))

    said = promtool("check", "rules", "dashboard.yaml", folder=tmp_path)

    assert f"SUCCESS: {len(found)} rules found" in said


STANDS = {
    'headwater_slo_error_budget_remaining_ratio{slo="a",window="period"}': 0.25,
    'headwater_slo_error_budget_remaining_ratio{slo="b",window="period"}': -0.5,
    'headwater_slo_error_budget_inherited_ratio{slo="b",window="period"}': 1,
    'headwater_slo_occurrence_state{slo="a"}': 1,
    'headwater_slo_occurrence_state{slo="b"}': 0,
    'headwater_slo_info{slo="a",sli="contract",dataset="orders",consumer="risk"}': 1,
    'headwater_slo_info{slo="b",sli="freshness",dataset="orders",consumer="risk"}': 1,
    'headwater_slo_last_delivery_timestamp_seconds{slo="a"}': 1_795_172_400,
}
SHOWN = [
    ("Budget spent: its own, and lost upstream", 0, {'{slo="a"}': 0.75, '{slo="b"}': 0.5}),
    ("Budget spent: its own, and lost upstream", 1, {'{slo="b"}': 1}),
    ("Contracts: datasets by consumers", 0, {'{dataset="orders", consumer="risk"}': 1}),
    ("Arrival by the clock (UTC)", 0, {'{slo="a"}': 11}),
]


@pytest.mark.parametrize(("title", "place", "wanted"), SHOWN)
def test_a_panel_shows_what_its_title_says(tmp_path: Path, title: str, place: int, wanted: dict[str, float]) -> None:
    """Joined and subtracted as it is meant: what is shown of two SLOs, one of which lost budget upstream."""
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    (panel,) = [panel for panel in panels if panel["title"] == title]
    expected = [{"labels": labels, "value": value} for labels, value in wanted.items()]
    asked = {"expr": panel["targets"][place]["expr"].replace("$slo", ".*"), "eval_time": "1m", "exp_samples": expected}
    given = [{"series": series, "values": f"{value} {value}"} for series, value in STANDS.items()]
    case = {"interval": "1m", "input_series": given, "promql_expr_test": [asked]}
    (tmp_path / "panel.yaml").write_text(yaml.safe_dump({"rule_files": [], "tests": [case]}))

    assert "SUCCESS" in promtool("test", "rules", "panel.yaml", folder=tmp_path)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Headwater that judges one SLO every second, and was sent an event."""
    folder = tmp_path_factory.mktemp("watched")
    slos = folder / "slos"
    slos.mkdir()
    (slos / "orders.yaml").write_text(json.dumps(document(labels={"product": "shop"})))
    quick = {"HEADWATER_SLO__INTERVAL_S": "1"}
    with Server(folder / "headwater.db", "--slos", str(slos), environment=quick) as serving:
        httpx2.post(f"{serving.url}/api/v1/lineage", content=event(1)).raise_for_status()
        yield serving


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[Engine]:
    """A Prometheus with the example's configuration, quicker and at the server's own address."""
    folder = tmp_path_factory.mktemp("watching")
    config = yaml.safe_load((MONITORING / "prometheus.yaml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(MONITORING / name) for name in ("rules.yaml", "sloth-names.yaml")]
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [server.url.removeprefix("http://")]
    del config["alerting"]
    with prometheus(folder, yaml.safe_dump(config)) as engine:
        yield engine


def asked(engine: Engine, query: str) -> list[dict[str, Any]]:
    answer = httpx2.get(f"http://{engine.address}/api/v1/query", params={"query": query}).raise_for_status()
    found: list[dict[str, Any]] = answer.json()["data"]["result"]
    return found


def health(engine: Engine) -> dict[str, str]:
    """How the last evaluation of each rule went; unknown: there was none yet."""
    groups = httpx2.get(f"http://{engine.address}/api/v1/rules").raise_for_status().json()["data"]["groups"]
    return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}


def test_promtool_takes_every_metric(server: Server) -> None:
    """`promtool check metrics` has no remark about a name of ours."""
    text = httpx2.get(f"{server.url}/metrics").text
    run = [str(program("promtool")), "check", "metrics"]

    done = subprocess.run(run, input=text, capture_output=True, text=True, check=False)

    assert [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("headwater")] == []


def test_a_prometheus_scrapes_it_and_no_rule_fails(watching: Engine) -> None:
    """All rules are evaluated without an error over what a server really shows, under Sloth's names as well."""
    until(lambda: "unknown" not in health(watching).values() and bool(asked(watching, "slo:objective:ratio")))

    found = health(watching)
    assert (len(found), set(found.values())) == (29, {"ok"})


def test_the_objective_under_each_name_is_one_number(watching: Engine) -> None:
    """0.99, as the file promises it."""
    until(lambda: bool(asked(watching, 'slo:objective:ratio{sloth_service="shop"}')))

    values = [asked(watching, name)[0]["value"][1] for name in ("headwater_slo_objective_ratio", "slo:objective:ratio")]

    assert values == ["0.99", "0.99"]
