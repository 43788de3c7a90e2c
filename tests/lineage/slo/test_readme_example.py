"""The promise that the README shows: extracted, linted, judged, and told alike by its page, /metrics and explain."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from lineage.app import Headwater, build, open_headwater
from lineage.auth import ANONYMOUS
from lineage.channels.base import sections
from lineage.settings import load
from lineage.slo.explain import explain, lines_of
from lineage.slo.lint import inspect
from lineage.slo.metrics import SLOS
from lineage.slo.phrases import percent
from tests.support.promises import DAY, HOUR, event

ROOT = Path(__file__).parents[3]
BERLIN = ZoneInfo("Europe/Berlin")
TODAY = datetime(2026, 11, 20, tzinfo=BERLIN)
NOW = TODAY + 6 * HOUR  # what was due at five has been judged
DAYS, LATE = 28, 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example of the README in it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- slo-example -->\n```yaml\n(.*?)```", readme, re.DOTALL)
    assert found is not None, "the README shows a promise"
    folder = tmp_path_factory.mktemp("slos")
    (folder / "orders.yaml").write_text(found[1], encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def house(folder: Path) -> Iterator[Headwater]:
    """A house with it, in which each day of four weeks was delivered, and two of them late."""
    settings = load(None, sections(), store=f"sqlite:///{folder / 'h.db'}", slos=folder)
    house = open_headwater(settings, lambda: NOW)
    house.intake.start()
    house.intake.take([json.dumps(told(place)).encode() for place in range(DAYS + 1)], ANONYMOUS)
    yield house
    SLOS.show((), {})
    house.close()


def told(place: int) -> dict[str, Any]:
    """The run for a day so many days ago, done two hours after it ends, or six."""
    end = (TODAY - place * DAY).astimezone(BERLIN)
    start = end - DAY
    done = end + (6 if place in {5, 9} else 2) * HOUR - timedelta(minutes=1)
    body = event("COMPLETE", done, f"load {place}", nominal=(start, end))
    return body | {"outputs": [{"namespace": "snowflake://acme-prod", "name": "analytics.mart.orders_daily"}]}


def test_it_is_well_formed(folder: Path) -> None:
    """Neither a fault nor a warning, in at most fifteen lines."""
    ((source, warnings),), faults = inspect([folder], NOW)

    assert (source.slo.name, warnings, faults) == ("orders-daily-freshness", [], [])
    assert (folder / "orders.yaml").read_text().count("\n") <= 15


def test_it_is_judged(house: Headwater) -> None:
    """26 of 28 days were in time, where 95 % allow 1.4 to be late."""
    status = house.slos.status("orders-daily-freshness", NOW)

    assert (status.good, status.total, status.budget.allowed, status.budget.remaining_ratio) == (
        Fraction(DAYS - LATE),
        Fraction(DAYS),
        Fraction(14, 10),
        1 - Fraction(LATE) / Fraction(14, 10),
    )


def test_page_metrics_and_explain_tell_the_same(house: Headwater) -> None:
    """The share that was good, its objective and what is left of the budget read alike wherever they stand."""
    name = "orders-daily-freshness"
    status = house.slos.status(name, NOW)
    app = build(house.settings, house)
    app.state.services = house
    client = TestClient(app, base_url="http://127.0.0.1:5000")
    SLOS.show([status], {name: house.slos.definition(name)})
    page = html.unescape(client.get(f"/slos/{name}", headers={"Accept": "text/html"}).text).replace("\u2212", "-")
    told = "\n".join(lines_of(explain(house.slos.definition(name), status, "newest", house.store)))
    line = re.compile(rf'^(\w+)\{{slo="{name}"(?:,window="period")?\}} (\S+)$', re.MULTILINE)
    scraped = {family: Fraction(value) for family, value in line.findall(client.get("/metrics").text)}
    figures = [
        percent(scraped["headwater_slo_sli_ratio"], 2),
        percent(scraped["headwater_slo_objective_ratio"], 2),
        percent(scraped["headwater_slo_error_budget_remaining_ratio"]),
        next(line.split("because")[1].strip() for line in told.splitlines() if "because" in line),
    ]

    assert [(figure in page, figure in told) for figure in figures] == [(True, True)] * 4, figures
    assert figures[:3] == ["92.85 %", "95 %", "-42.9 %"]
