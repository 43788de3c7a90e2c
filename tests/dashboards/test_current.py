"""What pages of the same seconds share: the statuses of the SLOs that are in force, and of no others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dashboards.current import FRESH_FOR, Current
from lineage.app import Headwater, open_headwater
from lineage.channels.base import sections
from lineage.settings import load
from tests.support.promises import NOON

PROMISE = """apiVersion: headwater/v1
kind: DataSLO
metadata: {name: NAME}
spec:
  dataset: {namespace: lake, name: orders}
  owner: {team: shop}
  schedule: {cron: "0 * * * *", deadline: 1h}
  sli: {type: freshness}
  timeWindow: [{duration: 1d, isRolling: true}]
  objectives: [{target: 0.9}]
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Headwater]:
    """A house with an empty folder of SLOs."""
    (tmp_path / "slos").mkdir()
    settings = load(None, sections(), store=f"sqlite:///{tmp_path / 'headwater.db'}", slos=tmp_path / "slos")
    services = open_headwater(settings, lambda: NOON)
    try:
        yield services
    finally:
        services.close()


def promised(house: Headwater, *names: str) -> None:
    """Have exactly *names* in force."""
    folder = house.settings.slos
    assert folder is not None
    for file in folder.iterdir():
        file.unlink()
    for name in names:
        (folder / f"{name}.yaml").write_text(PROMISE.replace("NAME", name), encoding="utf-8")
    house.slos.refresh(NOON)


def test_what_is_promised_anew_is_seen_at_once(house: Headwater) -> None:
    """A page does not say for seconds that nothing is promised while another names the incident of a promise."""
    current = Current(house)
    current.judged(NOON)
    promised(house, "orders")

    found = current.judged(NOON + FRESH_FOR / 2)

    assert [one.status.slo for one in found] == ["orders"]


def test_what_is_promised_no_more_is_gone_at_once(house: Headwater) -> None:
    """A status without a definition is on no page."""
    promised(house, "bills", "orders")
    current = Current(house)
    current.judged(NOON)
    promised(house, "orders")

    found = current.judged(NOON + FRESH_FOR / 2)

    assert [one.status.slo for one in found] == ["orders"]


def test_pages_of_the_same_seconds_share_an_answer(house: Headwater) -> None:
    """While the same is promised, nothing is judged again for some seconds."""
    promised(house, "orders")
    current = Current(house)
    first = current.judged(NOON)

    found = [
        current.judged(NOON + FRESH_FOR - timedelta(seconds=1)) is first,
        current.judged(NOON + FRESH_FOR) is first,
    ]

    assert found == [True, False]
