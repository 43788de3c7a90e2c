"""Themes, charts and tables under a reader's hands (UI 6.9, 6.10, 6.24)."""

import pytest

from tests.browser.conftest import ready
from tests.support.shop import JOB, REVENUE

pytestmark = pytest.mark.browser

DRAWN = "[...document.querySelectorAll('.chart .js-line')].map(line => getComputedStyle(line).stroke)"
ZOOM = "Plotly.relayout(document.querySelector('[data-sync]'), {'xaxis.range': ['2026-11-18', '2026-11-19']})"
ZOOMED = """[...document.querySelectorAll('[data-sync]')]
  .every(chart => String(chart.layout.xaxis.range[0]).startsWith('2026-11-18'))"""
PUSHED = """[...document.querySelectorAll('.scroll')]
  .filter(table => table.scrollWidth > table.clientWidth).map(table => table.textContent.trim().slice(0, 40))"""
LIGHT, DARK = "rgb(31, 87, 201)", "rgb(130, 173, 255)"


def lines(page):
    """The colours of the lines that are drawn."""
    return page.evaluate(DRAWN)


def test_the_theme_button_recolours_charts_and_is_remembered(page, address):
    """Without a reload; and after one the choice stands."""
    page.emulate_media(color_scheme="light")
    page.goto(f"{address}/slos/revenue-freshness")
    ready(page)
    before = LIGHT in lines(page)
    page.click("#theme")
    page.wait_for_function(f"() => {DRAWN}.includes('{DARK}')")
    page.reload()
    ready(page)

    assert (True, True) == (before, DARK in lines(page))


def test_the_systems_theme_is_followed(page, address):
    """Who chose nothing gets what the system has."""
    page.emulate_media(color_scheme="dark")
    page.goto(f"{address}/slos/revenue-freshness")
    ready(page)

    assert DARK in lines(page)


def test_sorting_compares_numbers_as_numbers(page, address):
    """A click on a heading sorts its column, and says so."""
    page.goto(f"{address}/slos")
    heading = page.locator("th", has_text="Budget left")
    heading.locator("button").click()

    values = page.evaluate("[...document.querySelectorAll('.sort tbody tr')].map(r => r.children[4].dataset.v)")
    known = [float(value) for value in values if value]
    assert ("ascending", sorted(known)) == (heading.get_attribute("aria-sort"), known)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/slos",
        "/slos/payments-records",
        "/slos/payments-latency",
        "/incidents",
        "/incidents/INC-1",
        "/datasets",
        JOB,
    ],
)
def test_tables_fit_on_a_phone(page, address, path):
    """Columns that it has no room for are left out, so that nothing must be pushed sideways to be read."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}{path}")
    ready(page)

    assert [] == page.evaluate(PUSHED)


def test_zooming_one_chart_zooms_those_beside_it(page, address):
    """Charts of one page share the axis of time."""
    page.goto(f"{address}/slos/revenue-freshness")
    ready(page)
    page.evaluate(ZOOM)
    page.wait_for_function(f"() => {ZOOMED}")

    assert page.locator("[data-sync]").count() > 1


def test_another_moment_is_chosen_without_a_script(chromium, address):
    """The top bar's form asks for it, and a band says so."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + REVENUE)
    page.click("summary:has-text('now')")
    page.fill("#asof", "2026-11-20T05:30")
    page.click("text=Go there")
    band = page.inner_text(".then")
    context.close()

    assert "Viewing 2026-11-20 05:30:00 UTC" in band


def test_on_a_phone_the_navigation_opens(page, address):
    """Behind the button with the three lines."""
    page.set_viewport_size({"width": 390, "height": 850})
    page.goto(address)
    page.click(".burger")
    page.click("#nav >> text=Datasets")

    assert "Datasets" == page.inner_text("h1")
