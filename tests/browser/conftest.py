"""A real browser before a real server: the shop, served on the loopback, and what a visit of a page leaves behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from lineage.app import build
from tests.support.shop import shop

if TYPE_CHECKING:  # the extra `browser` is imported by who uses it: `make test` collects this folder without it
    from playwright.sync_api import Browser, Page

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
THEMES = ("light", "dark")
WIDTHS = (390, 768, 1440, 1920)


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the served shop."""
    with shop(tmp_path_factory.mktemp("browsed")) as made:
        app = build(made.settings, made.house)
        app.state.services = made.house
        server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="error"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            thread.join(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's chromium without a head."""
    from playwright.sync_api import sync_playwright

    if not Path(CHROMIUM).exists():
        pytest.skip("apt-get install -y --no-install-recommends chromium fonts-dejavu-core")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def ready(page: Page) -> None:
    """Wait until the scripts of a page have drawn what they draw."""
    page.wait_for_load_state("networkidle")
    if page.locator(".chart").count():
        page.wait_for_selector("html[data-charts=ready]", timeout=30_000)
    if page.locator(".cv").count():
        page.wait_for_selector("html[data-graph=ready]")


@dataclass
class Visit:
    """What a visit of a page left behind."""

    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    violations: dict[str, list[str]] = field(default_factory=dict)  # by theme
    widths: dict[int, int] = field(default_factory=dict)  # of the window, to that of the document


@pytest.fixture(scope="session")
def visit(address: str, chromium: Browser) -> Callable[[str], Visit]:
    """Visit a path, once: its complaints, its foreign requests, what axe finds in each theme, how wide it is."""
    import axe_playwright_python
    from playwright.sync_api import TimeoutError as Slow

    axe = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")

    @cache
    def visited(path: str) -> Visit:
        made = Visit()
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        page.on("console", lambda said: made.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: made.complaints.append(str(error)))
        page.on("request", lambda asked: made.foreign.append(asked.url) if foreign(asked.url) else None)
        page.goto(address + path)
        ready(page)
        page.evaluate(f"{axe};0")
        for theme in THEMES:
            page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
            page.evaluate("dispatchEvent(new Event('theme'))")
            found: dict[str, Any] = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
            made.violations[theme] = list(map(told, found["violations"]))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            made.widths[width] = settled(page, width)
        page.close()
        return made

    def foreign(url: str) -> bool:
        return not url.startswith((address, "data:", "blob:"))

    def told(violation: dict[str, Any]) -> str:
        node = violation["nodes"][0]
        return f"{violation['id']}: {node['target']} {node['html'][:160]} {node['failureSummary']}"

    def settled(page: Page, width: int) -> int:
        """The width of the document once the charts have followed the window, or after 3 s."""
        with suppress(Slow):
            page.wait_for_function("width => document.documentElement.scrollWidth === width", arg=width, timeout=3_000)
        found: int = page.evaluate("document.documentElement.scrollWidth")
        return found

    return visited


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh page of its own context: nothing stored."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()
