"""The demo tells its story: what broke, why, whom it hurts, and who is told."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from urllib.error import HTTPError

import pytest

BOARD = "/datasets/snowflake%3A%2F%2Facme-prod/analytics.mart.revenue_hourly"
pytestmark = pytest.mark.xdist_group("demo")  # one demo for all of them

WAREHOUSE = "dataset:snowflake://acme-prod"
PATIENCE_S = 240  # an incident wants two looks; on a busy machine each takes its time

CAUSE = "settlements.load_settlements has failed"  # found at the second look at the latest, and then told


class Demo:
    """A running `headwater demo`; `read` answers a page, once it says what is waited for."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.said = ""
        while "Send your own" not in self.said:
            line = process.stdout.readline()
            assert line, self.said
            self.said += line
        self.url = re.findall(r"http://127\.0\.0\.1:\d+", self.said)[0]

    def read(self, path: str, until: str) -> str:
        """The page at *path*, as soon as it holds *until*; when patience ends as it is."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                with urllib.request.urlopen(self.url + path) as answer:
                    page = str(answer.read().decode())
            except HTTPError as error:  # what the page is about may still be on its way
                page = str(error)
            if until in page or time.monotonic() > deadline:
                return page
            time.sleep(0.2)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    command = [sys.executable, "-m", "lineage", "demo", "--port", "0", "--days", "3", "--still"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield Demo(process)
        finally:
            process.terminate()
            process.communicate(timeout=30)


def test_it_prints_its_address_and_three_things_to_try(demo: Demo) -> None:
    """A newcomer knows where to go on."""
    assert re.findall(r"^  (\d)\. ", demo.said, re.MULTILINE) == ["1", "2", "3"]


def test_the_message_names_the_job_the_owner_and_the_budget(demo: Demo) -> None:
    """Slack's words on /inbox: the failing job, the owner's handle, what is left of the budget in per cent."""
    page = demo.read("/inbox", until=CAUSE)

    assert "by slack" in page
    assert "settlements.load_settlements has failed" in page
    assert "@data-payments" in page
    assert re.search(r"-?\d+(\.\d)? % left", page)


def test_the_overview_names_the_incident(demo: Demo) -> None:
    """The first page says what broke and leads to the incident."""
    page = demo.read("/", until=CAUSE)

    assert "load_settlements has failed" in page
    assert 'href="/incidents/INC-1' in page


def test_the_dataset_page_draws_the_path_to_the_failing_job(demo: Demo) -> None:
    """On the figure's own page the way leads back to the job, in red."""
    page = demo.read(BOARD, until=f"because {CAUSE}")

    assert "because settlements.load_settlements has failed" in page
    hot = set(re.findall(r'<path class="e hot" data-a="([^"]+)" data-b="([^"]+)"', page))
    assert hot == {
        ("job:airflow-prod:settlements.load_settlements", f"{WAREHOUSE}:analytics.stg.settlements"),
        (f"{WAREHOUSE}:analytics.stg.settlements", "job:spark-prod:revenue_hourly.append_data"),
        ("job:spark-prod:revenue_hourly.append_data", f"{WAREHOUSE}:analytics.mart.revenue_hourly"),
    }


def test_the_slo_page_shows_the_burn(demo: Demo) -> None:
    """How fast the budget goes is on the page, and above what is sustainable."""
    page = demo.read("/slos/settlements-freshness", until="Burn")

    rates = [
        float(rate) for rate in re.findall(r"(\d+(?:\.\d+)?)\s?\N{MULTIPLICATION SIGN}", re.sub(r"<[^>]+>", "", page))
    ]
    assert max(rates) > 1
