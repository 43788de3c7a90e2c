"""The lineage graph under a reader's hands (UI 6.4 to 6.8, 6.13, 6.14)."""

import pytest

from tests.browser.conftest import ready
from tests.support.shop import REVENUE

pytestmark = pytest.mark.browser

SCALE = "document.querySelector('.v').getCTM().a"
FOCUSED = "document.activeElement.dataset.id"
OVERLAPS = """(() => {
  const nodes = [...document.querySelectorAll('.v .n')];
  const boxes = nodes.map(n => n.querySelector('.box, .chip').getBoundingClientRect());
  const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return boxes.flatMap((a, i) => boxes.slice(0, i).filter(b => over(a, b))).length;
})()"""
SMALLEST_TEXT = """Math.min(...[...document.querySelectorAll('.n .sb')]
  .map(text => parseFloat(getComputedStyle(text).fontSize) * document.querySelector('.v').getCTM().a))"""


@pytest.fixture
def graph(page, address):
    """The dataset page with its graph ready, at a window that the whole graph fits into."""
    page.goto(f"{address}{REVENUE}?theme=light")
    ready(page)
    return page


def test_boxes_do_not_overlap(graph):
    """At the zoom the page opens with."""
    assert 0 == graph.evaluate(OVERLAPS)


def test_text_is_readable(graph):
    """The smallest words of a node are 9.8 px on the screen or more."""
    assert graph.evaluate(SMALLEST_TEXT) >= 9.8


def test_arrows_walk_the_graph(graph):
    """Left to the job that made it, left again to what that read, up to the next in the column."""
    graph.focus(".n.focus")
    walked = []
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp"):
        graph.keyboard.press(key)
        walked.append(graph.evaluate(FOCUSED).rsplit(":", 1)[1])

    assert ["revenue_hourly.append_data", "analytics.stg.payments", "analytics.stg.settlements"] == walked


def test_find_marks_exactly_the_hits(graph):
    """All nodes whose name holds the letters, and no other."""
    graph.fill(".gq", "settle")

    marked = graph.evaluate("[...document.querySelectorAll('.n.hit')].map(n => n.dataset.name).sort()")
    assert ["analytics.stg.settlements", "settlements", "settlements.load_settlements"] == marked


def test_slash_leads_to_the_search(graph):
    """From anywhere but a field."""
    graph.keyboard.press("/")

    assert "q" == graph.evaluate("document.activeElement.id")


def test_a_plain_wheel_scrolls_the_page(graph):
    """The graph does not catch it."""
    graph.hover(".cv")
    graph.mouse.wheel(0, 300)
    graph.wait_for_function("() => scrollY > 0")

    assert graph.evaluate("scrollY") > 0


def test_the_wheel_with_ctrl_zooms_and_fit_restores(graph):
    """In and back again; a minimap shows while the graph is larger than its frame."""
    before = graph.evaluate(SCALE)
    graph.hover(".cv")
    graph.keyboard.down("Control")
    graph.mouse.wheel(0, -300)
    graph.keyboard.up("Control")
    graph.wait_for_selector(".mini.on")
    zoomed = graph.evaluate(SCALE)
    graph.click("[data-zoom=fit]")

    assert (True, before, 0) == (zoomed > before, graph.evaluate(SCALE), graph.locator(".mini.on").count())


def test_hover_fades_what_is_not_up_or_downstream(graph):
    """What the hovered node neither came of nor leads to."""
    graph.hover('.n[data-name="analytics.stg.settlements"]')

    faded = graph.evaluate("[...document.querySelectorAll('.n.dim')].map(n => n.dataset.name)")
    assert ("analytics.stg.payments" in faded, "analytics.mart.revenue_hourly" in faded) == (True, False)


def test_more_hops_show_more_and_back_undoes_it(graph):
    """A control is a link: it loads the wider graph, and Back returns."""
    before = graph.locator(".v .n").count()
    graph.click('[aria-label="More hops upstream"]')
    ready(graph)
    wider = graph.locator(".v .n").count()
    graph.go_back()
    ready(graph)

    assert (True, before) == (wider > before, graph.locator(".v .n").count())


def test_the_exported_drawing_opens_alone(page, address):
    """With its colours, and without a word of the policy."""
    said = []
    page.on("console", lambda message: said.append(message.text) if "Content Security" in message.text else None)
    page.goto(f"{address}{REVENUE}/lineage.svg")

    filled = page.evaluate("getComputedStyle(document.querySelector('.n.bad .strip')).fill")
    assert ([], "rgb(216, 64, 47)") == (said, filled)


def test_a_phone_shows_the_list_unless_asked_otherwise(page, address):
    """The graph is there for who wants it."""
    page.set_viewport_size({"width": 390, "height": 850})
    page.goto(address + REVENUE)
    by_itself = (page.locator(".lst").is_visible(), page.locator(".cv").is_visible())
    page.goto(f"{address}{REVENUE}?view=graph")

    assert ((True, False), True) == (by_itself, page.locator(".cv").is_visible())


def test_without_a_script_the_page_can_be_read(chromium, address):
    """The diagnosis, the graph, the tables, the moment and the links are in the HTML."""
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(address + REVENUE)
    told = page.inner_text(".dx")
    page.click('.n[data-name="analytics.stg.settlements"]')
    arrived = page.inner_text("h1")
    context.close()

    assert (True, True) == ("Late by 3 h 7 m because" in told, "analytics.stg.settlements" in arrived)
