"""An event of a clock that is ahead: kept, and marked wherever it is seen (SLO.md b.0)."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

from lineage.model import dataset_id
from tests.support.rules import House, bodies

RULE = "clock-ahead"
RUN = "01a1f0c0-0000-7000-8000-0000000000c1"
SENTENCE = "the producer's clock was 42 m ahead; no SLO is judged by it"
COUNTED = re.compile(r'^headwater_events_ahead_total\{collector="http",producer="spark"\} ([\d.]+)$', re.MULTILINE)


def test_what_it_says_is_lineage_like_all_other(house: House) -> None:
    """The edge that it alone tells of, and the state of the run."""
    house.tell(RULE)

    assert ([("raw", "orders.load")], "FAILED") == (
        [edge for edge in house.edges(dataset_id("s3://lake", "raw")) if edge[0] == "raw"],
        house.run(RUN)["state"],
    )


def test_the_event_says_by_how_much(house: House) -> None:
    """In a field and in its warnings; the others of the run say nothing."""
    house.tell(RULE)
    late = hashlib.sha256(bodies(RULE)[-1]).hexdigest()

    assert ([[], [], [SENTENCE]], 2520) == (house.warnings(RULE), house.get(f"/events/{late}")["aheadSeconds"])


def test_the_run_says_by_how_much(house: House) -> None:
    """In its answer and on its page."""
    house.tell(RULE)
    page = house.client.get(f"/runs/{RUN}", headers={"Accept": "text/html"}).text

    assert (2520, 2) == (
        house.run(RUN)["aheadSeconds"],
        page.count("producer&#39;s clock was") + page.count("producer's clock was"),
    )


def test_such_events_are_found_by_themselves(house: House) -> None:
    """As whoever looks for the machine asks."""
    house.tell(RULE)

    assert ["FAIL"] == [event["eventType"] for event in house.get("/events", ahead="true")["events"]]


def test_who_sends_them_is_counted(house: House) -> None:
    """By collector and producer."""

    def counted() -> float:
        found = COUNTED.search(house.client.get("/metrics").text)
        return float(found[1]) if found else 0

    before = counted()
    house.tell(RULE)

    assert before + 1 == counted()


def test_a_replay_keeps_the_receipt(house: House) -> None:
    """The same event once more, when its time has long come, is as far ahead as it was."""
    house.tell(RULE)
    house.now[0] += timedelta(days=1)
    house.tell(RULE)

    assert [[], [], [SENTENCE]] == house.warnings(RULE)
