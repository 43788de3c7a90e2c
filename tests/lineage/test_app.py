"""The program as a whole: every route is there and guarded, refusals have one form, a full disk passes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

import pytest
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from lineage.app import Headwater, build
from lineage.auth import COOKIE
from lineage.database import parse_url
from lineage.settings import Settings
from tests.support.posting import event

OPEN = {"/livez", "/readyz"}
PUBLIC_PAGES = {"/login", "/logout"}  # how a browser comes by its session, and ends it; they show nothing else


@pytest.fixture
def key(services: Headwater) -> str:
    """A key that may read; from now on the house is guarded."""
    return services.keys.create("ada", ["read"], services.now())


def routes(app: object) -> Iterator[tuple[str, str]]:
    """Every (method, path) of the application; path arguments are filled in."""
    for route in iter_route_contexts(app.routes):  # type: ignore[attr-defined]
        path = "/".join("0" * 64 if part.startswith("{") else part for part in route.path.split("/"))
        yield from ((method, path) for method in sorted(route.methods or ["GET"]))


def test_every_route_asks_for_a_key(client: TestClient, key: str) -> None:
    """Once a key exists a stranger sees the probes, the sign-in and its stylesheet, and nothing else."""
    asked = [
        (method, path)
        for method, path in routes(client.app)
        if path not in OPEN | PUBLIC_PAGES and not path.startswith("/static/")
    ]

    answers = {
        (method, path): client.request(method, path, headers={"Accept": "application/json"}, follow_redirects=False)
        for method, path in asked
    }

    let_in = [asked for asked, answer in answers.items() if answer.status_code not in (401, 303)]
    assert (len(asked) > 20, let_in) == (True, [])


@pytest.mark.parametrize("path", sorted(OPEN))
def test_probes_are_open(client: TestClient, key: str, path: str) -> None:
    """A kubelet has no key."""
    assert client.get(path).status_code == 200


def test_a_scope_is_held_to(client: TestClient, key: str) -> None:
    """A key that may read may not bring events, and is told what it lacks."""
    answer = client.post("/api/v1/lineage", content=event(1), headers={"Authorization": f"Bearer {key}"})

    assert (answer.status_code, "ingest" in answer.json()["detail"]) == (403, True)


def test_a_stranger_is_told_how(client: TestClient, key: str) -> None:
    """401 carries the challenge that clients look for."""
    answer = client.post("/api/v1/lineage", content=event(1))

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="headwater"')


def test_a_session_reads(client: TestClient, services: Headwater, key: str) -> None:
    """The cookie that a key was exchanged for opens what the key opens."""
    client.cookies.set(COOKIE, services.keys.sign_in(key, services.now()))

    assert client.get("/api/v1/namespaces").status_code == 200


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/api/v1/nothing", 404), ("PUT", "/livez", 405)])
def test_what_the_framework_refuses_has_the_same_form(client: TestClient, method: str, path: str, status: int) -> None:
    """Unknown paths and methods answer problem+json too."""
    answer = client.request(method, path)

    expected = (status, "application/problem+json", status)
    assert expected == (answer.status_code, answer.headers["content-type"], answer.json()["status"])


def test_a_fault_of_ours_tells_nothing_of_itself(settings: Settings, services: Headwater) -> None:
    """An error that nobody foresaw is 500 with the request's id; its text stays in the log."""
    app = build(settings, services)

    def fail() -> None:
        raise ZeroDivisionError("an inner secret")

    app.add_api_route("/api/v1/fault", fail)
    with TestClient(app, base_url="http://127.0.0.1:5000", raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/fault")

    assert (answer.status_code, "inner secret" in answer.text, "x-request-id" in answer.headers) == (500, False, True)


def test_an_application_alone_opens_and_closes_its_own_house(settings: Settings) -> None:
    """Built from settings only, it serves, and leaves the store as an orderly end does."""
    with TestClient(build(settings), base_url="http://127.0.0.1:5000") as client:
        ready = client.get("/readyz").status_code

    traces = list(parse_url(settings.store).parent.glob("*-open"))
    assert (ready, traces) == (200, [])


def test_readiness_counts_what_is_behind(client: TestClient) -> None:
    """/readyz tells that the store works, and how far the graph is behind the ledger."""
    client.post("/api/v1/lineage", content=event(1))

    counts = {"unprojected": 0, "lag": 0, "queue": 0}
    assert client.get("/readyz").json() == {"status": "ready", **counts, "slos": {"problem": None}}


def test_readiness_names_slo_files_that_cannot_be_used(client: TestClient, services: Headwater) -> None:
    """A broken file takes no server down, and /readyz says which one it is."""
    services.slos.problem = "orders.yaml:3:1: spec: missing"

    assert client.get("/readyz").json()["slos"] == {"problem": "orders.yaml:3:1: spec: missing"}


def test_metrics_count_events(client: TestClient) -> None:
    """/metrics has what came in, by its type."""
    client.post("/api/v1/lineage", content=event(1))

    text = client.get("/metrics").text

    assert 'headwater_events_received_total{collector="http",event_type="COMPLETE"}' in text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [("*/*", "text/plain"), ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text")],
)
def test_metrics_come_in_the_form_that_is_asked_for(client: TestClient, accept: str, kind: str) -> None:
    """Prometheus' own text, or OpenMetrics."""
    assert client.get("/metrics", headers={"Accept": accept}).headers["content-type"].startswith(kind)


def test_the_api_describes_itself(client: TestClient) -> None:
    """The OpenAPI document is served; its pages, which would load foreign scripts, are not."""
    described = client.get("/api/openapi.json").json()

    assert ("/api/v1/lineage" in described["paths"], client.get("/docs").status_code) == (True, 404)


def test_no_route_redirects(client: TestClient) -> None:
    """A redirected POST loses its event (OPENLINEAGE 5.1)."""
    answer = client.post("/api/v1/lineage/", content=event(1), follow_redirects=False)

    assert answer.status_code == 201


def test_a_full_disk_answers_503_and_passes(client: TestClient, services: Headwater) -> None:
    """While there is no room nothing is acknowledged, and when there is again the door opens by itself."""
    database = services._homes.database

    def room(pages: int) -> None:
        database.submit(lambda: database._connected().execute(f"PRAGMA max_page_count = {pages}")).result()

    dice = Random(7)
    noise = [event(number, noise={"text": dice.randbytes(20_000).hex()}) for number in range(9)]
    (used,) = database.submit(lambda: database._connected().execute("PRAGMA page_count").fetchone()).result()
    room(used)
    full = [client.post("/api/v1/lineage", content=one).status_code for one in noise]
    room(1_000_000)
    after = [client.post("/api/v1/lineage", content=one).status_code for one in noise]

    assert (503 in full, set(full) <= {201, 503}, set(after)) == (True, True, {201})
    assert json.loads(client.get("/readyz").text)["lag"] == 0
