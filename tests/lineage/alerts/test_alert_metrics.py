"""Metrics of alerts: the engine's own state, mirrored; incidents counted so that no counter falls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from lineage.alerts import incidents
from lineage.alerts.metrics import AlertCollector, alert_states
from lineage.alerts.policy import AlertState, decide
from lineage.alerts.react import react
from lineage.slo.budget import judge
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from tests.support.alerting import NOW
from tests.support.incidents import OPENED, RESOLVED
from tests.support.promises import NOON, Lake, promise, verdicts

FIVE: dict[str, Any] = {"schedule": {"cron": "*/5 * * * *"}, "alerting": {"policy": "mwmb"}}
MINUTE = timedelta(minutes=1)
BURNING = "G" * 288 + "B" * 12


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty store."""
    lake = Lake(tmp_path)
    yield lake
    lake.homes.close()


def told(slo: DataSLO, *looks: str) -> tuple[Status, AlertState | None]:
    """The newest status after these looks, five minutes apart, and what was last decided."""
    state = None
    for place, letters in enumerate(looks):
        now = NOON + 5 * MINUTE * place
        status = judge(slo, verdicts(letters, now, 5 * MINUTE), now)
        move = decide(state, status)
        state = state if move is None else move.after
    return status, state


def shown(slo: DataSLO, *looks: str) -> dict[tuple[str, str], int]:
    status, state = told(slo, *looks)
    return {(rule, severity): value for (_, rule, severity), value in alert_states(slo, status, state).items() if value}


def test_a_rule_that_was_told_is_firing() -> None:
    """2, and the tiers that do not burn are 0."""
    assert shown(promise(**FIVE), BURNING) == {
        ("burn-1h", "page"): 2,
        ("burn-6h", "page"): 2,
        ("burn-1d", "ticket"): 2,
        ("burn-3d", "ticket"): 2,
    }


def test_what_a_guard_holds_back_is_pending() -> None:
    """Both windows burn, and thirteen bad ones are wanted before anybody is told."""
    guarded = promise(schedule=FIVE["schedule"], alerting={"policy": "mwmb", "minBadEvents": 13})

    assert set(shown(guarded, BURNING).values()) == {1}


def test_what_was_told_stays_until_it_is_taken_back() -> None:
    """Quiet for the first time is no recovery yet, so that a mirrored alert does not end before ours."""
    found = shown(promise(**FIVE), BURNING, BURNING + "G" * 400)

    assert {rule for rule, value in found.items() if value == 2} == {("burn-1h", "page"), ("burn-6h", "page")}


def test_lost_coverage_freezes() -> None:
    """3 where nothing was told; what was told stays 2: frozen neither fires nor resolves."""
    quiet, firing = shown(promise(**FIVE), "GUUU"), shown(promise(**FIVE), BURNING, BURNING[:200] + "U" * 100)

    assert (set(quiet.values()), firing["burn-1h", "page"]) == ({3}, 2)


def test_warming_up_a_page_is_told_as_a_ticket() -> None:
    """The page is pending, the ticket fires."""
    young = promise(effectiveFrom=NOON - 15 * MINUTE, labels={"tier": "critical"}, alerting={"policy": "discrete"})

    assert shown(young, "GB") == {("ladder", "page"): 1, ("ladder", "ticket"): 2}


def lines(lake: Lake, *seen: tuple[DataSLO, Status]) -> list[str]:
    """What is scraped after each of *seen* was reacted to and shown, with one collector."""
    collector, registry = AlertCollector(), CollectorRegistry()
    registry.register(collector)
    for slo, status in seen:
        react(lake.store, {slo.name: slo}, [status], status.at)
        collector.show(lake.store, [status], {slo.name: slo})
    text = generate_latest(registry).decode()
    return [line for line in text.splitlines() if line.startswith("headwater_inc") and not line.endswith(" 0.0")]


def missed(letters: str, minutes: int = 0, **changes: Any) -> tuple[DataSLO, Status]:
    slo = promise(target="0.80", alerting={"policy": "discrete"}, **changes)
    now = NOON + minutes * MINUTE
    delivered: dict[str, Any] = {"delivered_at": now} if letters.endswith("G") else {}
    *before, newest = verdicts("G" * 27 + letters, now)
    return slo, judge(slo, [*before, replace(newest, **delivered)], now)


def test_incidents_are_counted_by_team_and_by_the_severity_they_began_with(lake: Lake) -> None:
    """It rises from ticket to page: open it is a page, counted it stays the ticket that it began as."""
    found = lines(lake, missed("B"), missed("BB", 60))

    assert [line for line in found if "_seconds" not in line] == [
        'headwater_incidents_open{severity="page",team="data-orders"} 1.0',
        'headwater_incidents_total{severity="ticket",team="data-orders"} 1.0',
    ]


def test_what_is_resolved_counts_on_and_tells_how_long_it_took(lake: Lake) -> None:
    """An hour from the first bad occurrence until all was good again."""
    found = lines(lake, missed("B"), missed("BG", 60))

    labels = 'severity="ticket",team="data-orders"'
    assert [line for line in found if "restore_seconds_sum" in line or "_total" in line] == [
        f"headwater_incidents_total{{{labels}}} 1.0",
        f"headwater_incident_restore_seconds_sum{{{labels}}} 3600.0",
    ]


def test_how_long_it_took_until_somebody_took_it_up(lake: Lake) -> None:
    """From when it was told; what nobody took up is in no bucket, nor a budget that runs low, nor an end of data."""
    told = OPENED.model_copy(update={"team": "web", "notified_at": NOW})
    acked = told.model_copy(update={"id": "INC-8", "acked_at": NOW + 20 * MINUTE})
    budget = acked.model_copy(update={"id": "INC-9", "kind": "budget"})
    ending = acked.model_copy(update={"id": "INC-10", "kind": "ending"})
    lake.store.put([incidents.kept(each) for each in (told, acked, budget, ending)])
    found = lines(lake, missed("G"))

    labels = 'severity="ticket",team="web"'
    assert [line for line in found if "ack_seconds_sum" in line or "ack_seconds_count" in line] == [
        f"headwater_incident_ack_seconds_count{{{labels}}} 1.0",
        f"headwater_incident_ack_seconds_sum{{{labels}}} 1200.0",
    ]


def test_what_was_withdrawn_was_not_mended(lake: Lake) -> None:
    """What tells of it came late, and nothing was wrong."""
    member = RESOLVED.members[0]
    late = RESOLVED.model_copy(update={"id": "INC-8", "members": (member.model_copy(update={"withdrawn": True}),)})
    lake.store.put([incidents.kept(each) for each in (RESOLVED, late)])

    assert [line for line in lines(lake, missed("G")) if "restore_seconds_count" in line] == [
        'headwater_incident_restore_seconds_count{severity="ticket",team=""} 1.0'
    ]
