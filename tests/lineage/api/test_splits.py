"""Names that are one are split by an administrator, joined, and left to the events again; all of it stays on record."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from collectors.rebuild import rebuild
from lineage.app import Headwater
from lineage.auth import ANONYMOUS
from lineage.model import dataset_id
from lineage.paths import quoted
from tests.support.reading import dataset, facet, whole_run

PATH = {"namespace": "file", "name": "/lake/orders"}
TABLE = {"namespace": "hive://meta:9083", "name": "shop.orders"}
WHY = {"because": "two teams, one name"}


def tell(services: Headwater, run: int) -> None:
    """A run writes the path, which says that the table is kept there."""
    link = facet(identifiers=[{**TABLE, "type": "TABLE"}])
    bodies = whole_run(run, "load", run * 5, [], [dataset(PATH["name"], PATH["namespace"], symlinks=link)])
    services.intake.take(bodies, ANONYMOUS)


def place(one: dict[str, str]) -> str:
    return f"/api/v1/namespaces/{quoted(one['namespace'])}/datasets/{quoted(one['name'])}/identity"


def say(client: TestClient, what: str, one: dict[str, str] = PATH, other: dict[str, str] = TABLE) -> Any:
    """What answers to a word on the two."""
    return client.post(f"{place(one)}/{what}", json=other | WHY)


@pytest.fixture
def told(client: TestClient, services: Headwater) -> TestClient:
    """A client of a world in which path and table are one."""
    tell(services, 1)
    return client


def test_a_split_says_who_and_why(told: TestClient) -> None:
    """The answer shows what is one now, which declaration was cut, and what somebody said."""
    answer = say(told, "split").json()

    assert (PATH, [(True, True)], [("apart", "anonymous", WHY["because"], True)]) == (
        answer["canonical"],
        [(each["counts"], each["cut"]) for each in answer["because"]],
        [(each["verdict"], each["by"], each["because"], each["counts"]) for each in answer["decisions"]],
    )


def test_a_symlink_that_comes_later_does_not_join_again(told: TestClient, services: Headwater) -> None:
    """Events go on to declare it; people's word stands."""
    say(told, "split")

    tell(services, 2)

    assert PATH == told.get(place(PATH)).json()["canonical"]


def test_a_split_is_taken_back(told: TestClient) -> None:
    """Then the symlink joins the two again, and both words stay on record."""
    say(told, "split", TABLE, PATH)
    answer = say(told, "undo").json()

    assert (TABLE, [(None, True), ("apart", False)]) == (
        answer["canonical"],
        [(each["verdict"], each["counts"]) for each in answer["decisions"]],
    )


def test_two_are_joined_by_a_word(told: TestClient, services: Headwater) -> None:
    """As from a suggestion, without any event that says so."""
    services.intake.take(whole_run(3, "copy", 9, ["orders"], []), ANONYMOUS)
    answer = say(told, "join", {"namespace": "pg", "name": "orders"}).json()

    assert [PATH, TABLE, {"namespace": "pg", "name": "orders"}] == [
        {"namespace": each["namespace"], "name": each["name"]} for each in answer["names"]
    ]


def test_before_a_split_they_were_one(told: TestClient, services: Headwater) -> None:
    """Questions about a time before it, on either clock, are answered as they were."""
    before = services.now()
    say(told, "split")
    path = dataset_id(**PATH)

    found = [services.store.get([path], **at)[path].canonical for at in ({"as_of": before}, {"known_at": before}, {})]

    assert [dataset_id(**TABLE), dataset_id(**TABLE), path] == found


def test_a_rebuild_keeps_splits(told: TestClient, services: Headwater) -> None:
    """They are statements on the ledger."""
    say(told, "split")
    before = b"".join(services.store.dump())

    rebuild(services.ledger, services.store)

    assert before == b"".join(services.store.dump())


REFUSED = {
    "nobody knows the other": ("split", PATH, {"namespace": "pg", "name": "none"}, 404),
    "there is nothing to take back": ("undo", PATH, TABLE, 404),
    "one name has no other side": ("split", PATH, PATH, 400),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_word_that_makes_no_sense_is_refused(told: TestClient, case: str) -> None:
    """With a reason, and nothing is kept."""
    what, one, other, status = REFUSED[case]

    assert (status, "application/problem+json", []) == (
        (answer := say(told, what, one, other)).status_code,
        answer.headers["content-type"],
        told.get(place(PATH)).json()["decisions"],
    )


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("ingest", 403), ("admin", 200)])
def test_who_may_split(told: TestClient, services: Headwater, scope: str, status: int) -> None:
    """Administrators alone."""
    key = services.keys.create("ops", (scope, "read"), services.now())

    answer = told.post(f"{place(PATH)}/split", json=TABLE | WHY, headers={"Authorization": f"Bearer {key}"})

    assert status == answer.status_code
