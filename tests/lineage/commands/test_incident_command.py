"""`headwater incident`: what people see of incidents and answer to them, without a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lineage.alerts import incidents
from lineage.alerts.incidents import Incident, Postmortem
from lineage.cli import build
from lineage.errors import Conflict, HeadwaterError, InvalidInput
from lineage.homes import open_homes
from lineage.statements import Subject
from tests.support.incidents import OPENED, RESOLVED

OVER = RESOLVED.model_copy(
    update={"id": "INC-6", "postmortem": Postmortem(required=True, because="spent 34 % of the budget of orders")}
)
WIKI = "https://wiki.example.com/INC-6"

Run = Callable[..., str]


@pytest.fixture
def store(tmp_path: Path) -> str:
    """One that is open, and one that is over and lacks its postmortem."""
    url = f"sqlite:///{tmp_path}/headwater.db"
    with open_homes(url) as homes:
        homes.store.put([incidents.kept(each) for each in (OPENED, OVER)])
    return url


@pytest.fixture
def run(store: str) -> Run:
    """What the command prints; a foreseen failure is raised."""

    def run(*words: str) -> str:
        result = CliRunner().invoke(build(), ["incident", *words, "--store", store])
        if isinstance(result.exception, HeadwaterError):
            raise result.exception
        return result.stdout

    return run


def kept(store: str, id_: str) -> Incident:
    """The record."""
    with open_homes(store) as homes:
        return incidents.one(homes.store, id_)


def test_incidents_are_listed_with_what_they_lack(run: Run) -> None:
    """One a line."""
    lacks = "a postmortem is required: spent 34 % of the budget of orders"

    assert run("list").splitlines() == [
        "INC-7  2026-11-21 10:30 UTC  open ticket  settlements.load_settlements failed",
        f"INC-6  2026-11-21 10:30 UTC  resolved ticket  settlements.load_settlements failed  {lacks}",
    ]


@pytest.mark.parametrize(
    ("flags", "expected"), [(["--state", "open"], ["INC-7"]), (["--without-postmortem"], ["INC-6"])]
)
def test_a_flag_filters(run: Run, flags: list[str], expected: list[str]) -> None:
    """By state, or by what is still to be written."""
    assert [json.loads(line)["id"] for line in run("list", *flags, "--json").splitlines()] == expected


def test_an_incident_is_taken_up(run: Run, store: str) -> None:
    """In the record and on the ledger, by who is named."""
    printed = run("ack", "INC-7", "--by", "ana")
    with open_homes(store) as homes:
        (said,) = homes.store.statements([Subject("incident", "INC-7")])

    assert (printed, kept(store, "INC-7").acked_by, said.statement.actor) == (
        "INC-7 was taken up by ana.\n",
        "ana",
        "ana",
    )


def test_what_is_over_is_not_taken_up(run: Run) -> None:
    """The command says so."""
    with pytest.raises(Conflict, match="INC-6 is over"):
        run("ack", "INC-6")


def test_a_postmortem_is_stated(run: Run, store: str) -> None:
    """From then on it is not missing."""
    printed = run("postmortem", "INC-6", "--url", WIKI)

    assert (printed, kept(store, "INC-6").postmortem.url, run("list", "--without-postmortem")) == (
        f"The postmortem of INC-6 is at {WIKI}.\n",
        WIKI,
        "",
    )


def test_what_is_no_page_is_refused(run: Run) -> None:
    """With what to write."""
    with pytest.raises(InvalidInput, match="write it whole, as https://"):
        run("postmortem", "INC-6", "--url", "wiki")
