"""Sends the example estate through the real door of a server: its history, then what happens as time goes on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from importlib import resources
from itertools import islice
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from lineage.errors import HeadwaterError
from lineage.telemetry import logger

if TYPE_CHECKING:  # heavy; `headwater --help` imports the commands
    from collections.abc import Callable

    import httpx2

    from lineage.estate.story import Story

BATCH = 500
BEAT_S = 10.0  # between two windows of the live services
DOOR = "/api/v1/lineage/batch"

log = logger("headwater.demo")


def write_slos(folder: Path, effective_from: datetime) -> None:
    """Put the estate's SLO files into *folder*, in force from *effective_from*."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in resources.files("lineage.estate").joinpath("slos").iterdir():
        text = source.read_text(encoding="utf-8").replace("{{effectiveFrom}}", effective_from.isoformat())
        (folder / source.name).write_text(text, encoding="utf-8")


def send_history(client: httpx2.Client, story: Story) -> int:
    """Send everything up to the story's now in batches; the number of events. Raises HeadwaterError when refused."""
    from lineage.estate.history import history

    events = history(story)
    for start in range(0, len(events), BATCH):
        _send(client, events[start : start + BATCH])
    return len(events)


def send_live(client: httpx2.Client, story: Story, clock: Callable[[], datetime], stop: Event) -> None:
    """Every 10 s send what has happened since, until *stop* is set; a server that is busy gets it the next time."""
    from lineage.estate.history import live

    sent_until = story.now
    while not stop.wait(BEAT_S):
        now = clock()
        try:
            _send(client, live(story, sent_until, now))
        except HeadwaterError as error:
            log.warning("trickle_refused", extra={"reason": str(error)})
        else:
            sent_until = now


def _send(client: httpx2.Client, events: Iterable[bytes]) -> None:
    from httpx2 import HTTPError

    body = b"[" + b",".join(events) + b"]"
    try:
        answer = client.post(DOOR, content=body, headers={"Content-Type": "application/json"})
    except HTTPError as error:
        raise HeadwaterError(f"the demo's own server does not answer: {error}") from error
    if answer.status_code != 200 or answer.json()["failed_events"]:  # noqa: PLR2004 - the reply of a taken batch
        reasons = "; ".join(islice((failed["reason"] for failed in answer.json().get("failed_events", ())), 3))
        raise HeadwaterError(f"the demo's own events were refused: {answer.status_code} {reasons}")
