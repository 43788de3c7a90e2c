"""Start on SQLite with a living example estate: three domains, 28 days, one incident in progress."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lineage.commands import _options
from lineage.commands._open import read_settings

if TYPE_CHECKING:  # heavy; `headwater --help` imports this module
    from threading import Event

    from lineage.app import Headwater
    from lineage.estate.story import Story
    from lineage.settings import Settings

JUDGED_EVERY_S = 5.0
PATIENCE_S = 30.0


def run(
    store: _options.Store = None,
    config: _options.Config = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on; 0 takes a free one.")] = None,
    days: Annotated[int, typer.Option("--days", min=2, max=90, help="Days of history to load.")] = 28,
    live: Annotated[bool, typer.Option("--live/--still", help="Whether time goes on after the history.")] = True,
) -> None:
    """Start on SQLite with a living example estate and an incident in progress.

    Without --store everything is in a temporary folder and gone at the end. With it, the store must be empty.

    $ headwater demo --port 5001
    """
    import tempfile
    from threading import Event, Thread

    from lineage.app import utc_now
    from lineage.commands._serving import serve
    from lineage.commands._slack_stand_in import SlackStandIn
    from lineage.estate.story import Story

    with tempfile.TemporaryDirectory(prefix="headwater-demo-") as folder:
        slos = Path(folder) / "slos"
        slos.mkdir()
        settings = read_settings(config, store=store or f"sqlite:///{folder}/demo.db", slos=slos, port=port)
        slack = SlackStandIn()
        settings = _as_a_demo(settings, slack.url)
        story, stop = Story(utc_now().replace(microsecond=0), days), Event()
        feeder: list[Thread] = []

        def opened(address: str, headwater: Headwater) -> None:
            _refuse_a_used_store(headwater, settings.store)
            task = (address, story, slos, stop if live else None)
            feeder.append(Thread(target=_tell, args=task, name="demo", daemon=True))
            feeder[0].start()

        try:
            serve(settings, opened)
        finally:
            stop.set()
            for thread in feeder:
                thread.join(PATIENCE_S)
            slack.close()


def _as_a_demo(settings: Settings, slack_url: str) -> Settings:
    """Judged often, logged little, and told to a Slack that only listens, unless one was configured."""
    from lineage.channels import slack

    often = settings.slo.model_copy(update={"interval_s": JUDGED_EVERY_S})
    quiet = settings.log.model_copy(update={"level": "warning"})
    told = settings.section("slack", slack.Settings)
    if not slack.configured(told):
        told = slack.Settings.model_validate({"token": "demo", "api_url": slack_url})
    return settings.model_copy(update={"slo": often, "log": quiet, "slack": told})


def _refuse_a_used_store(headwater: Headwater, url: str) -> None:
    from lineage.errors import InvalidInput

    if headwater.store.stats()["events"]:
        raise InvalidInput(f"{url} holds events already; the demo wants a store of its own, give another --store")


def _tell(address: str, story: Story, slos: Path, stop: Event | None) -> None:
    """Send the history through the door at *address*, then the SLO files, then what happens live."""
    from datetime import timedelta
    from time import monotonic

    import httpx2

    from lineage.app import utc_now
    from lineage.commands import _feeder
    from lineage.errors import HeadwaterError
    from lineage.telemetry import logger

    with httpx2.Client(base_url=address, timeout=PATIENCE_S, trust_env=False) as client:
        print(f"Loading {story.days} days of an example estate into {address} …", flush=True)
        began = monotonic()
        try:
            count = _feeder.send_history(client, story)
        except HeadwaterError as error:
            logger("headwater.demo").error("history_refused", extra={"reason": str(error)})
            return
        # Promises that came before the history would judge an estate that is half there.
        _feeder.write_slos(slos, story.begin + timedelta(days=1, hours=8))
        print(_welcome(address, count, monotonic() - began), flush=True)
        if stop is not None:
            _feeder.send_live(client, story, utc_now, stop)


def _welcome(address: str, count: int, took_s: float) -> str:
    board = "/datasets/snowflake%3A%2F%2Facme-prod/analytics.mart.revenue_hourly"
    return f"""
  {count:,} events in {took_s:.0f} s. Headwater runs at {address}   (Ctrl-C ends it)

  Three things to try
  1. See what broke:     open {address}/ and follow the incident; its Slack message is at {address}/inbox
  2. See why:            {address}{board}
  3. Ask as a program:   curl '{address}/api/v1/lineage?nodeId=dataset:snowflake://acme-prod:analytics.mart.revenue_hourly&direction=up'

  Send your own: export OPENLINEAGE_URL={address}
"""
