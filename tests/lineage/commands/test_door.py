"""The door of a server whose store may be away when it starts."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from lineage.commands import _door
from lineage.commands._door import Door
from lineage.errors import StoreUnavailable, StoreUnusable

INSIDE = Starlette(routes=[Route("/", lambda _: PlainTextResponse("inside"))])


class Opening:
    """Fails with each of *errors*, one a time, then answers what is inside; `done` is set at the end."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.done = Event()

    def __call__(self) -> ASGIApp:
        """The next failure, or what is inside."""
        if self.errors:
            raise self.errors.pop(0)
        self.done.set()
        return INSIDE


@pytest.fixture
def pause(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets how long it waits between two tries."""
    return lambda seconds: monkeypatch.setattr(_door, "PAUSE_S", seconds)


def test_while_the_store_is_away_everything_is_refused_with_the_reason(pause: Callable[[float], None]) -> None:
    """503 and Retry-After, as any request that finds it away; it lives all the same."""
    pause(60)
    door = Door(Opening(StoreUnavailable("db: cannot be reached")), lambda: None)
    door.open(patient=True)
    client = TestClient(door)
    refused, live = client.get("/readyz"), client.get("/livez")
    door.close()

    assert (503, "db: cannot be reached", True, 200) == (
        refused.status_code,
        refused.json()["detail"],
        "retry-after" in refused.headers,
        live.status_code,
    )


def test_once_the_store_is_there_requests_are_answered(pause: Callable[[float], None]) -> None:
    """Nobody has to start the server again."""
    pause(0)
    opening = Opening(StoreUnavailable("away"), StoreUnavailable("away"))
    door = Door(opening, lambda: None)
    door.open(patient=True)
    came = opening.done.wait(10)
    door.close()

    assert (True, "inside") == (came, TestClient(door).get("/").text)


def test_what_can_never_work_ends_the_trying(pause: Callable[[float], None]) -> None:
    """The server is told to end, and says why."""
    pause(0)
    told = Event()
    door = Door(Opening(StoreUnavailable("away"), StoreUnusable("wrong password")), told.set)
    door.open(patient=True)
    was_told = told.wait(10)

    with pytest.raises(StoreUnusable, match="wrong password"):
        door.close()
    assert was_told


def test_without_patience_it_fails_at_once() -> None:
    """A file that cannot be written will not come back by itself."""
    with pytest.raises(StoreUnavailable, match="disk full"):
        Door(Opening(StoreUnavailable("disk full")), lambda: None).open(patient=False)
