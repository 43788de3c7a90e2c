"""The names of a dataset on its page, and the forms by which an administrator splits them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from lineage.app import Headwater
from lineage.auth import ANONYMOUS
from lineage.model import dataset_id
from tests.support.reading import dataset, facet, whole_run

PATH, TABLE = dataset_id("file", "/lake/orders"), dataset_id("hive", "shop.orders")
PAGE = "/datasets/hive/shop.orders"
HTML = {"Accept": "text/html", "Origin": "http://127.0.0.1:5000"}


@pytest.fixture
def told(client: TestClient, services: Headwater) -> TestClient:
    """A client of a world in which path and table are one."""
    link = facet(identifiers=[{"namespace": TABLE.namespace, "name": TABLE.name, "type": "TABLE"}])
    services.intake.take(whole_run(1, "load", 0, [], [dataset(PATH.name, PATH.namespace, symlinks=link)]), ANONYMOUS)
    return client


def send(client: TestClient, **changed: str) -> Any:
    """Fill in the first form of the dataset's page."""
    form = client.get(PAGE, headers=HTML).text.partition('class="ask"')[2]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.partition("</form>")[0]))
    return client.post(
        f"{PAGE}/identity", data=fields | {"because": "two teams"} | changed, headers=HTML, follow_redirects=False
    )


def test_a_form_splits_a_name_off(told: TestClient, services: Headwater) -> None:
    """And leads back to the page, which shows who said so and why."""
    answer = send(told)

    assert (303, f"{PAGE}#names", PATH) == (
        answer.status_code,
        answer.headers["location"],
        services.store.get([PATH])[PATH].canonical,
    )
    assert "are apart, said anonymous: two teams" in told.get(PAGE, headers=HTML).text


def test_a_form_takes_a_split_back(told: TestClient, services: Headwater) -> None:
    """The next form on the page is the one that undoes it."""
    send(told)
    send(told)

    assert TABLE == services.store.get([PATH])[PATH].canonical


def test_the_page_counts_the_reasons(told: TestClient) -> None:
    """How many declarations of which kind made the names one."""
    assert "1 &times; symlink" in told.get(PAGE, headers=HTML).text


REFUSED = {"a token of somebody else": {"token": "x"}, "a word that is none": {"verdict": "burn"}}


@pytest.mark.parametrize(("case", "status"), [("a token of somebody else", 403), ("a word that is none", 400)])
def test_a_form_that_is_not_ours_changes_nothing(told: TestClient, services: Headwater, case: str, status: int) -> None:
    """Another site cannot split names in an administrator's browser."""
    answer = send(told, **REFUSED[case])

    assert (status, TABLE) == (answer.status_code, services.store.get([PATH])[PATH].canonical)


def test_who_may_not_decide_sees_no_form(told: TestClient, services: Headwater) -> None:
    """A reader sees the names and their reasons alone."""
    key = services.keys.create("reader", ["read"], services.now())

    page = told.get(PAGE, headers=HTML | {"Authorization": f"Bearer {key}"}).text

    assert (True, False) == ("/lake/orders" in page, 'class="ask"' in page)
