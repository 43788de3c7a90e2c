"""How a process that uses the instrumented clients ends, and what of that is told: each in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from openlineage.client.serde import Serde

from collectors.instrument.service import IDLE_WINDOWS, UNSENT_MOST, Service
from tests.support.server import ROOT

SERVICE = """
import sys
import confluent_kafka
from collectors.instrument.confluent import Producer
from collectors.instrument.service import service

mock = confluent_kafka.Producer({"test.mock.num.brokers": 1, "log_level": 0})
(broker,) = mock.list_topics(timeout=10).brokers.values()
service(namespace="shop", job="enrich")
producer = Producer({"bootstrap.servers": f"{broker.host}:{broker.port}"})
producer.produce("orders.enriched", b"1")
producer.flush()
print("written", flush=True)
sys.stdin.readline()
raise RuntimeError("no more orders")
"""


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The service, once it has written a record and told of its START; its events are lines of `events`."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE],
        cwd=ROOT,
        env={
            "OPENLINEAGE__TRANSPORT__TYPE": "file",
            "OPENLINEAGE__TRANSPORT__LOG_FILE_PATH": str(folder / "events"),
            "OPENLINEAGE__TRANSPORT__APPEND": "true",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        while not (folder / "events").exists() or "\n" not in (folder / "events").read_text():
            assert process.poll() is None, "it waits for a line"
        yield process


def said(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "events").read_text().splitlines()]


def kinds(folder: Path) -> list[str]:
    return [event["eventType"] for event in said(folder)]


def test_sigterm_completes_the_run_and_ends_the_process_as_ever(tmp_path: Path) -> None:
    """A service that is told to stop has done its work; who waits for it still sees the signal."""
    with running(tmp_path) as process:
        process.terminate()
        process.wait(30)

    assert (["START", "COMPLETE"], -signal.SIGTERM) == (kinds(tmp_path), process.returncode)


def test_an_exception_that_nobody_catches_fails_the_run(tmp_path: Path) -> None:
    """The run says why; the traceback is printed as ever."""
    with running(tmp_path) as process:
        _, printed = process.communicate("\n", timeout=30)
    last = said(tmp_path)[-1]

    assert ("FAIL", "RuntimeError: no more orders", True) == (
        last["eventType"],
        last["run"]["facets"]["errorMessage"]["message"],
        "RuntimeError: no more orders" in printed,
    )


def test_sigkill_tells_nothing_more(tmp_path: Path) -> None:
    """What is killed cannot speak: its run stays open, and Headwater calls it lost."""
    with running(tmp_path) as process:
        process.kill()
        process.wait(30)

    assert ["START"] == kinds(tmp_path)


class Ticks:
    """A clock in the place of an Event: so many windows pass, at once, and then it is time to stop."""

    def __init__(self, windows: int) -> None:
        self._left = windows

    def wait(self, _seconds: float) -> bool:
        """Whether it is time to stop."""
        self._left -= 1
        return self._left < 0

    def set(self) -> None:
        """It stops by itself."""


class Client:
    """A client of no brokers."""

    def cluster_id(self, timeout: float) -> str | None:
        """Nobody answers within *timeout*."""

    def ends(self) -> Mapping[tuple[str, int], int]:
        """It reads nothing."""
        return {}


def test_of_idle_windows_every_fifth_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service to which nothing happens says so now and then, and no more."""
    events: list[str] = []
    ours = Service(emit=lambda event: events.append(json.loads(Serde.to_json(event))["eventType"]))
    monkeypatch.setattr(ours, "_stopping", Ticks(12))
    ours.meters.acknowledged("orders", 0, 0, 0, None, 1)
    ours.join(Client(), {}, ("none", ""))
    ours.finish()

    assert ["START", "RUNNING", "RUNNING", "COMPLETE"] == events


def test_what_cannot_be_sent_waits_until_there_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """While nobody answers, the oldest events beyond a bound are forgotten, and counted; the newest are kept."""
    answers: list[str] = []
    windows = UNSENT_MOST + 2

    def emit(event: object) -> None:
        if ours.dropped < 3:
            raise ConnectionError("nobody there")
        answers.append(json.loads(Serde.to_json(event))["eventType"])

    ours = Service(emit=emit)
    monkeypatch.setattr(ours, "_stopping", Ticks(windows * IDLE_WINDOWS))
    ours.meters.acknowledged("orders", 0, 0, 0, None, 1)
    ours.join(Client(), {}, ("none", ""))
    ours.finish()

    assert (3, [*["RUNNING"] * UNSENT_MOST, "COMPLETE"]) == (ours.dropped, answers)
