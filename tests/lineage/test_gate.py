"""What stands before every route: requests have names, and foreign pages have no entry."""

from __future__ import annotations

import logging

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from lineage import telemetry
from lineage.gate import Gate, Named, is_loopback
from lineage.settings import Settings

METHODS = ["GET", "POST", "DELETE"]


def client(host: str = "127.0.0.1", public_url: str | None = None) -> TestClient:
    """A client of one route behind both, as a server that listens on *host* has them."""

    async def answer(_: object) -> PlainTextResponse:
        return PlainTextResponse(telemetry.request_id.get() or "")

    gate = Middleware(Gate, settings=Settings(host=host, public_url=public_url))
    app = Starlette(routes=[Route("/jobs/{name}", answer, methods=METHODS)], middleware=[Middleware(Named), gate])
    return TestClient(app, base_url="http://127.0.0.1:5000")


@pytest.mark.parametrize("host", ["127.0.0.1:5000", "localhost:5000", "[::1]:5000", "LOCALHOST", "127.1.2.3"])
def test_this_machine_is_known_by_all_its_names(host: str) -> None:
    """On a loopback address every loopback name is taken."""
    assert client().get("/jobs/a", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "", "[::1", "localhost.evil.example"]
)
def test_a_rebound_name_is_refused(host: str) -> None:
    """A foreign name that leads here is a foreign page's doing (DNS rebinding)."""
    answer = client().get("/jobs/a", headers={"Host": host})

    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")


def test_the_public_name_is_ours() -> None:
    """Behind a proxy the server is known by public_url."""
    ours = client(public_url="https://lineage.example/")

    assert ours.get("/jobs/a", headers={"Host": "lineage.example"}).status_code == 200


def test_elsewhere_keys_guard() -> None:
    """On an address that others reach keys exist, and a cluster's names are many."""
    assert client(host="0.0.0.0").get("/jobs/a", headers={"Host": "headwater.data.svc"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:5001"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://[x"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_foreign_page_changes_nothing(method: str, headers: dict[str, str]) -> None:
    """A browser says where a request comes from; from elsewhere nothing is changed."""
    assert client().request(method, "/jobs/a", headers=headers).status_code == 403


@pytest.mark.parametrize("origin", ["http://127.0.0.1:5000", "https://lineage.example", None])
def test_our_pages_and_programs_may(origin: str | None) -> None:
    """Our own pages, under either name, and programs, which name no origin, are welcome."""
    headers = {"Origin": origin} if origin else {}

    assert client(public_url="https://lineage.example").post("/jobs/a", headers=headers).status_code == 200


def test_reading_needs_no_origin() -> None:
    """A link from elsewhere may be followed."""
    assert client().get("/jobs/a", headers={"Origin": "https://evil.example"}).status_code == 200


def test_a_request_has_a_name_everywhere() -> None:
    """What is logged while a request is served carries the id that is answered."""
    answer = client().get("/jobs/a", headers={"X-Request-Id": "abc-1"})

    assert (answer.headers["x-request-id"], answer.text) == ("abc-1", "abc-1")


@pytest.mark.parametrize("sent", ["", "with space", "x" * 129, "<script>"])
def test_an_odd_name_is_replaced(sent: str) -> None:
    """An id that could harm a log is not taken."""
    answer = client().get("/jobs/a", headers={"X-Request-Id": sent})

    assert (answer.headers["x-request-id"] != sent, len(answer.text)) == (True, 16)


def test_a_log_line_names_the_route_and_no_data(caplog: pytest.LogCaptureFixture) -> None:
    """The log has the route's template, the method, the status and the time, not the names in the URL."""
    with caplog.at_level(logging.INFO, "headwater.access"):
        client().get("/jobs/secret-job")

    record = caplog.records[-1].__dict__
    assert (record["method"], record["route"], record["status"]) == ("GET", "/jobs/{name}", 200)


@pytest.mark.parametrize(
    ("host", "expected"), [("::1", True), ("127.9.9.9", True), ("0.0.0.0", False), ("lake", False)]
)
def test_loopback_is_told_from_the_rest(host: str, expected: object) -> None:
    """Only an address that nobody else can reach counts as loopback."""
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/api/v1/lineage", "DEBUG"),
        ("POST", "/api/v1/lineage/batch", "INFO"),
        ("GET", "/api/v1/lineage", "INFO"),
    ],
)
def test_an_event_taken_is_not_worth_a_line(
    method: str, path: str, expected: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What is counted in /metrics many times a second is logged at debug; everything else is a line."""

    async def taken() -> PlainTextResponse:
        return PlainTextResponse("taken")

    app = FastAPI(middleware=[Middleware(Named)])
    app.add_api_route(path, taken, methods=[method], response_model=None)
    caplog.set_level("DEBUG", "headwater.access")

    TestClient(app).request(method, path)

    assert [record.levelname for record in caplog.records if record.name == "headwater.access"] == [expected]
