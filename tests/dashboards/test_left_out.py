"""Whose events an SLO was not judged by, on its page."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from lineage.app import open_headwater
from lineage.auth import ANONYMOUS
from lineage.channels.base import sections
from lineage.settings import load
from tests.support.browsing import browser
from tests.support.promises import HOUR, NOON, document, event


def test_the_page_says_whose_clock_is_ahead(tmp_path: Path) -> None:
    """In the words of `explain`."""
    (tmp_path / "orders.yaml").write_text(json.dumps(document(window="6h")))
    settings = load(None, sections(), store=f"sqlite:///{tmp_path / 'h.db'}", slos=tmp_path)
    house = open_headwater(settings, lambda: NOON)
    house.intake.start()
    house.intake.take([json.dumps(event("COMPLETE", NOON + HOUR, "load")).encode()], ANONYMOUS)
    (left,) = house.slos.status("orders-freshness", NOON + timedelta(minutes=1)).left_out
    page = browser(house).get("/slos/orders-freshness").text
    house.close()

    assert (left.sentence in page, left.most) == (True, HOUR)
