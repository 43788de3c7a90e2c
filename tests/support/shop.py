"""The example estate, told to a house whose clock stands still: what the pages are looked at with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lineage.app import Headwater, open_headwater
from lineage.channels.base import sections
from lineage.commands._feeder import write_slos
from lineage.estate.history import history
from lineage.estate.story import Story
from lineage.model import Principal
from lineage.scheduler import Scheduler
from lineage.settings import Settings, load

NOW = datetime(2026, 11, 20, 9, 52, tzinfo=UTC)
TELLER = Principal("test", frozenset({"ingest"}))
BATCH = 500

WAREHOUSE = "snowflake%3A%2F%2Facme-prod"
REVENUE = f"/datasets/{WAREHOUSE}/analytics.mart.revenue_hourly"
JOB = "/jobs/airflow-prod/settlements.load_settlements"


@dataclass(frozen=True, slots=True)
class Shop:
    """A house that holds the estate's last days, an incident in progress, and its messages."""

    house: Headwater
    settings: Settings
    now: datetime = NOW

    def tell(self, *bodies: bytes) -> None:
        """Put events through the door."""
        for start in range(0, len(bodies), BATCH):
            receipts = self.house.intake.submit_many(bodies[start : start + BATCH], TELLER).result(60)
            refused = [receipt.reason for receipt in receipts if receipt.status == "dead-lettered"]
            assert refused == [], "the estate tells valid events"


@contextmanager
def shop(folder: Path, days: int = 5) -> Iterator[Shop]:
    """The estate after *days*, its SLOs judged twice, so that what went wrong has been told."""
    slos = folder / "slos"
    slos.mkdir()
    settings = load(None, sections(), store=f"sqlite:///{folder / 'shop.db'}", slos=slos)
    clock = [NOW - timedelta(minutes=2)]  # the history arrives a little before it is looked at
    house = open_headwater(settings, lambda: clock[0])
    try:
        house.intake.start()
        made = Shop(house, settings)
        story = Story(NOW, days)
        made.tell(*history(story))
        write_slos(slos, story.begin + timedelta(days=1, hours=8))
        scheduler = Scheduler(house)
        for back in (60, 30, 0):
            clock[0] = NOW - timedelta(seconds=back)
            scheduler.tick(clock[0])
        yield made
    finally:
        house.close()
