"""A browser before a house: its pages, and their forms filled in."""

from __future__ import annotations

import re
from typing import Any

from starlette.testclient import TestClient

from lineage.app import Headwater, build

HTML = {"Accept": "text/html", "Origin": "http://127.0.0.1:5000"}


def browser(house: Headwater) -> TestClient:
    """A client that asks as a browser does, without redirects followed; *house* is open and keeps its clock."""
    app = build(house.settings, house)
    app.state.services = house
    return TestClient(app, base_url="http://127.0.0.1:5000", headers=HTML, follow_redirects=False)


def send(client: TestClient, page: str, what: str, to: str, /, **fields: str) -> Any:
    """Fill in the form on *page* that does *what*, and send it *to* its address below the page."""
    forms = client.get(page).text.split("<form ")[1:]
    form = next(each.partition("</form>")[0] for each in forms if f'value="{what}"' in each)
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    return client.post(f"{page}/{to}", data=hidden | fields)
