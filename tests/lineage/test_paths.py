"""Names in URLs, through the test client and through a real server."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import unquote

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from lineage.paths import WholeSegments, quoted

NAMES = [
    "plain",
    "postgres://dw:5432",
    "a/b/c",
    "/leading and trailing/",
    "a b",
    "a+b",
    "100%",
    "%2F",
    "%252F",
    "a?b#c",
    "a&b=c;d",
    'it\'s "quoted"',
    "back\\slash",
    "naïve, Größe, 数据",
    "مجموعة البيانات",
    "🚰 headwater 🧪",
    "line\nbreak",
    "...",
    "x" * 300,
]


def app() -> FastAPI:
    application = FastAPI()

    @application.get("/of/{namespace:word}/named/{name:word}")
    def echo(namespace: str, name: str) -> list[str]:
        return [namespace, name]

    @application.get("/plain/{name}")
    def plain(name: str) -> str:
        return name

    @application.get("/where/{name:word}")
    def where(request: Request, name: str) -> str:
        return request.url.path

    application.add_middleware(WholeSegments)
    return application


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(app())


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A real server on loopback."""
    listening = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(app(), log_level="error", lifespan="off", loop="asyncio"))
    thread = threading.Thread(target=lambda: asyncio.run(running.serve([listening])))
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    running.should_exit = True
    thread.join()
    listening.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_name_arrives_as_it_was_sent(client: TestClient, name: str) -> None:
    """Slashes, per cent signs and Unicode stay inside their segment."""
    answer = client.get(f"/of/{quoted(name)}/named/{quoted(name)}")

    assert [name, name] == answer.json()


def test_a_real_server_keeps_every_name(server: str) -> None:
    """A server decodes the path before routes see it; names arrive all the same."""
    answers = [httpx2.get(f"{server}/of/{quoted(name)}/named/x").json() for name in NAMES]

    assert [[name, "x"] for name in NAMES] == answers


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_quoted_is_one_segment_that_reads_back(text: str) -> None:
    """Any text becomes one segment from which it can be read again."""
    segment = quoted(text)

    assert (text, False) == (unquote(segment), "/" in segment)


def test_an_unescaped_slash_still_divides(client: TestClient) -> None:
    """A slash that was sent raw separates segments, as the URL says."""
    assert client.get("/of/a/b/named/c").status_code == 404


def test_an_empty_segment_is_no_name(client: TestClient) -> None:
    """A route that wants a name does not match without one."""
    assert client.get("/of//named/c").status_code == 404


def test_encoded_dots_are_a_name_and_no_way_up(client: TestClient) -> None:
    """`%2E%2E` is a segment like any other: nothing is collapsed."""
    assert client.get("/of/%2E%2E/named/%2E").json() == ["..", "."]


def test_an_ordinary_parameter_sees_ordinary_names(client: TestClient) -> None:
    """Routes that do not ask for `word` see spaces and Unicode decoded, as they always did."""
    assert client.get("/plain/na%C3%AFve%20name").json() == "naïve name"


def test_bytes_that_are_no_text_do_no_harm(client: TestClient) -> None:
    """A segment that is not UTF-8 is a name that nobody has."""
    assert client.get("/plain/%FF").json() == "\ufffd"


def test_the_request_still_knows_its_url(client: TestClient) -> None:
    """A problem names the path that was asked for."""
    assert unquote(client.get("/where/a%2Fb%3Fc").json()) == "/where/a/b?c"
