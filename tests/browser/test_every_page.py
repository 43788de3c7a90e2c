"""What holds for every page in both themes (UI 6.1 to 6.3 and 6.12)."""

import pytest

from tests.browser.conftest import THEMES, WIDTHS
from tests.support.shop import JOB, REVENUE, WAREHOUSE

pytestmark = pytest.mark.browser

PATHS = (
    "/",
    "/search?q=orders",
    "/datasets",
    REVENUE,
    f"{REVENUE}?view=list&asOf=2026-11-20T08:00:00Z",
    "/jobs",
    JOB,
    "/jobs/airflow-prod/settlements",  # a DAG, which moves no data itself
    "/slos",
    "/slos/revenue-freshness",
    "/slos/payments-correctness",
    "/slos/payments-records",
    "/slos/payments-latency",
    "/slos/orders-daily-freshness",
    "/slos/orders-daily-completeness",
    "/incidents",
    "/incidents/INC-1",
    f"/provenance/dataset/{WAREHOUSE}/analytics.mart.revenue_hourly",
    "/inbox",
    "/dead-letters",
    "/login",
)

each = pytest.mark.parametrize("path", PATHS)


@each
def test_the_console_stays_silent(visit, path):
    """No error, no exception, no word of the content security policy."""
    assert [] == visit(path).complaints


@each
def test_no_request_leaves_the_host(visit, path):
    """Everything a page needs comes from here."""
    assert [] == visit(path).foreign


@each
@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(visit, path, theme):
    """WCAG 2.2 A and AA, as far as a machine can tell."""
    assert [] == visit(path).violations[theme]


@each
def test_no_page_scrolls_sideways(visit, path):
    """Not on a phone, not on a tablet, not on a wide screen."""
    assert {width: width for width in WIDTHS} == visit(path).widths
