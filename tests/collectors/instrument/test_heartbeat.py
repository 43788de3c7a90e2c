"""Beats as events: what a service tells that sends them, and one that sees them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openlineage.client.event_v2 import RunEvent
from openlineage.client.serde import Serde

from collectors.instrument.heartbeat import Beat, Emitter, Probe
from collectors.producers import understand
from lineage.events import parse_event
from lineage.homes import open_homes
from lineage.model import Draft
from lineage.slo.evaluate import evaluate
from tests.support.promises import promise

TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def said() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def emit(said: list[dict[str, Any]]) -> Callable[[RunEvent], None]:
    return lambda event: said.append(json.loads(Serde.to_json(event)))


def test_a_beat_survives_its_way() -> None:
    """What travels with the data is read as what was sent."""
    beat = Emitter("orders", "kafka://prod:9092", "orders").beat(TEN, partition="3")

    assert Beat.read(beat.written()) == beat


@pytest.mark.parametrize("text", ["", "{}", '{"source":"a","seq":"x","emittedAt":"2026-11-20T10:00:00Z"}', "[]"])
def test_what_is_no_beat_is_refused(text: str) -> None:
    """A record of somebody else is no beat."""
    with pytest.raises(ValueError, match="is no beat; put on the way what"):
        Beat.read(text)


def test_an_emitter_that_begins_again_goes_on_with_the_numbers() -> None:
    """Numbers count intervals since 1970: without a memory, and the same for two emitters."""
    first, again = (Emitter("orders", "kafka://prod:9092", "orders") for _ in range(2))

    assert again.beat(TEN + MINUTE).seq == first.beat(TEN).seq + 1


def test_what_cannot_be_told_now_is_told_with_the_next(said: list[dict[str, Any]]) -> None:
    """A transport that is away loses no beat; it raises, so that the service may say so."""
    away = [True]

    def emit(event: RunEvent) -> None:
        if away[0]:
            raise OSError("away")
        said.append(json.loads(Serde.to_json(event)))

    emitter = Emitter("orders", "kafka://prod:9092", "orders", emit=emit)
    with pytest.raises(OSError, match="away"):
        emitter.sent(emitter.beat(TEN))
    away[0] = False
    emitter.sent(emitter.beat(TEN + MINUTE))

    assert [event["eventType"] for event in said] == ["START", "RUNNING", "RUNNING"]


def test_a_run_that_told_nothing_has_no_end(said: list[dict[str, Any]], emit: Callable[[RunEvent], None]) -> None:
    """To close an emitter that never sent says nothing."""
    Emitter("orders", "kafka://prod:9092", "orders", emit=emit).close()

    assert said == []


def test_the_server_judges_what_services_tell(
    tmp_path: Path, said: list[dict[str, Any]], emit: Callable[[RunEvent], None]
) -> None:
    """From the emitter's and the probe's own events to the ratio: of ten beats one was seen too late."""
    emitter = Emitter("orders", "kafka://prod:9092", "orders", emit=emit)
    probe = Probe("orders", "lake", "orders", emit=emit)
    for place in range(10):
        beat = emitter.beat(TEN + place * MINUTE)
        emitter.sent(beat)
        probe.saw(Beat.read(beat.written()), beat.emitted_at + (7 if place == 4 else 1) * MINUTE)
    block = {"emitter": "heartbeat/orders", "interval": "1m", "threshold": "5m"}
    slo = promise(sli={"method": "heartbeat", "heartbeat": block}, window="10m")

    with open_homes(f"sqlite:///{tmp_path / 'lake.db'}") as homes:
        for event in said:
            raw = json.dumps(event).encode()
            digest = hashlib.sha256(raw).digest()
            entries = homes.ledger.append([Draft("event", raw, digest, "test")], parse_event(raw).at)
            homes.store.merge(entries, [understand(parse_event(raw), digest)])
        status = evaluate(slo, homes.store, TEN + 14 * MINUTE)

    assert (status.counts["good"], status.counts["bad"], status.counts["unknown"]) == (9, 1, 0)
