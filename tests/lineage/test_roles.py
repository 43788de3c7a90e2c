"""What a process does that has some of the roles, and what it says of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from lineage.app import Headwater, build, open_headwater
from lineage.channels.base import sections
from lineage.errors import InvalidDefinition
from lineage.settings import ROLES, Role, load
from tests.support.posting import event


@contextmanager
def process(folder: Path, *roles: Role) -> Iterator[tuple[TestClient, Headwater]]:
    """A process with *roles*, started."""
    settings = load(None, sections(), store=f"sqlite:///{folder / 'headwater.db'}", roles=roles)
    house = open_headwater(settings)
    try:
        house.start()
        with TestClient(build(settings, house), base_url="http://127.0.0.1:5000") as client:
            yield client, house
    finally:
        house.close()


ASKED = {"api": "/api/v1/namespaces", "dashboards": "/slos", "collector": "/api/v1/lineage/batch"}


@pytest.mark.parametrize("role", ROLES)
def test_a_process_answers_for_its_role_alone(tmp_path: Path, role: Role) -> None:
    """Whoever asks for another role's is told which it is; health is always there."""
    with process(tmp_path, role) as (client, _):
        answers = {each: client.get(path) for each, path in ASKED.items()}
        health = [client.get(path).status_code for path in ("/livez", "/readyz", "/metrics")]

    said = {each: (answer.status_code, f"no role {each};" in answer.text) for each, answer in answers.items()}
    assert ({each: (200, False) if each == role else (404, True) for each in ASKED}, [200] * 3) == (said, health)


def test_a_path_that_two_roles_share_is_told_by_its_method(tmp_path: Path) -> None:
    """Events are brought to the path at which lineage is asked for."""
    with process(tmp_path, "api") as (client, _):
        answer = client.post("/api/v1/lineage", content=event(1))

    assert (404, "no role collector" in answer.json()["detail"]) == (answer.status_code, True)


def test_what_no_role_answers_is_not_found(tmp_path: Path) -> None:
    """A path that is none has no role."""
    with process(tmp_path, "api") as (client, _):
        answer = client.get("/api/v1/nothing")

    assert (404, "nothing is served at this path") == (answer.status_code, answer.json()["detail"].partition(";")[0])


def test_the_description_is_of_what_is_mounted(tmp_path: Path) -> None:
    """A process without a door describes none."""
    with process(tmp_path, "api") as (client, _):
        paths = client.get("/api/openapi.json").json()["paths"]

    assert ("/api/v1/lineage/batch" in paths, "/api/v1/namespaces" in paths) == (False, True)


def threads(house: Headwater) -> Sequence[bool]:
    return [house.intake._thread.is_alive(), house._scheduler._clock is not None]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("collector", [True, False]),
        ("scheduler", [False, True]),
        ("api", [True, True]),  # it keeps decisions, and takes up what others promise
        ("dashboards", [True, True]),
    ],
)
def test_a_process_starts_what_its_role_needs(tmp_path: Path, role: Role, expected: list[bool]) -> None:
    """A door, and a clock."""
    with process(tmp_path, role) as (_, house):
        found = threads(house)

    assert expected == found


def test_who_has_no_scheduler_leaves_the_lease_to_others(tmp_path: Path) -> None:
    """Its clock ticks, and judges nothing."""
    with process(tmp_path, "api") as (_, house):
        statuses = house._scheduler.tick(house.now())
        lease = house.store.lease("scheduler", "another", 60)

    assert ([], True) == (statuses, lease is not None)


def test_a_role_that_is_none_is_refused() -> None:
    """The sentence names those there are."""
    with pytest.raises(InvalidDefinition, match=r"roles\.0.*'api', 'collector', 'dashboards' or 'scheduler'"):
        load(None, sections(), roles=("judge",))
