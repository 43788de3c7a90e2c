"""headwater slo plan and apply: what files would change, and bringing them into force."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from lineage.cli import build
from lineage.homes import open_homes
from lineage.settings import load
from lineage.slo.book import SloBook
from lineage.slo.decided import of
from tests.support.promises import HOUR, NOON, Lake, document
from tests.support.server import Server


@pytest.fixture
def store(tmp_path: Path) -> str:
    """The URL of a store with five deliveries."""
    lake = Lake(tmp_path)
    lake.runs(NOON - 6 * HOUR, 5)
    lake.homes.close()
    return f"sqlite:///{tmp_path / 'lake.db'}"


@pytest.fixture
def slos(tmp_path: Path) -> Path:
    """A folder with one SLO over it."""
    folder = tmp_path / "slos"
    folder.mkdir()
    return folder


def write(folder: Path, **changes: Any) -> str:
    (folder / "orders.yaml").write_text(json.dumps(document(window="28d", **changes)))
    return str(folder)


def run(*words: str) -> Result:
    return CliRunner().invoke(build(), ["slo", *words], catch_exceptions=False)


def steps(*words: str) -> list[tuple[str, str, list[str]]]:
    told = json.loads(run(*words, "--json").stdout)["steps"]
    return [(step["slo"], step["action"], [each["field"] for each in step["fields"]]) for step in told]


def test_a_new_file_is_added(store: str, slos: Path) -> None:
    """And nothing is written by looking."""
    words = ("plan", write(slos), "--store", store)

    assert [steps(*words), steps(*words)] == [[("orders-freshness", "add", [])]] * 2


def test_the_same_again_is_no_change(store: str, slos: Path) -> None:
    """Applying is idempotent, also in what the ledger keeps."""
    words = ("apply", write(slos), "--store", store)
    run(*words)
    again = steps(*words)
    with open_homes(store) as homes:
        said = homes.store.statements([of("orders-freshness")])

    assert (again, len(said)) == ([("orders-freshness", "keep", [])], 1)


def test_a_change_is_told_field_by_field(store: str, slos: Path) -> None:
    """With what each decides, and how it stands by either."""
    run("apply", write(slos), "--store", store)
    told = run("plan", write(slos, target="0.9", schedule={"deadline": "20m"}), "--store", store).stdout.splitlines()

    assert [line.strip() for line in told[1:5]] + told[-1:] == [
        "spec.objectives.0.target: 0.99 -> 0.9",
        "the budget is another share of the same occurrences",
        "spec.schedule.deadline: 15m -> 20m",
        "what falls due from now on; what fell due before keeps its schedule",
        "0 to add, 1 to change, 0 to remove, 0 as they are.",
    ]


def test_what_is_applied_is_in_force_with_its_author(store: str, slos: Path) -> None:
    """Kept in the store, and stated on the ledger with who and why."""
    run("apply", write(slos), "--store", store, "--by", "ana", "--because", "agreed")
    with open_homes(store) as homes:
        (said,) = homes.store.statements([of("orders-freshness")])
        names = SloBook(homes.store, load(None, {})).names()

    assert (names, said.statement.actor, said.statement.reason) == (["orders-freshness"], "ana", "agreed")


def test_pruning_retires_what_is_not_there(store: str, slos: Path, tmp_path: Path) -> None:
    """Only when it is asked for."""
    run("apply", write(slos), "--store", store)
    other = tmp_path / "other.yaml"
    other.write_text(json.dumps(document(name="other")))

    assert [steps("apply", str(other), "--store", store), steps("apply", str(other), "--prune", "--store", store)] == [
        [("other", "add", [])],
        [("orders-freshness", "remove", []), ("other", "keep", [])],
    ]


def test_apply_refuses_what_lint_refuses(store: str, slos: Path) -> None:
    """With the place of the fault, and nothing of the rest is applied."""
    (slos / "broken.yaml").write_text("kind: DataSLO")
    result = run("apply", write(slos), "--store", store)
    with open_homes(store) as homes:
        names = SloBook(homes.store, load(None, {})).names()

    assert (result.exit_code, f"{slos}/broken.yaml:1:1: apiVersion" in result.stderr, names) == (2, True, [])


def test_what_a_folder_owns_is_left_to_it(store: str, slos: Path, tmp_path: Path) -> None:
    """DECISIONS 29: a file of a server's folder is not overruled, unless it is adopted."""
    folder = write(slos)
    with open_homes(store) as homes:
        SloBook(homes.store, load(None, {}, slos=slos)).refresh(NOON)
    mine = tmp_path / "mine.yaml"
    mine.write_text(json.dumps(document(target="0.9")))
    refused = CliRunner().invoke(build(), ["slo", "apply", str(mine), "--store", store])
    adopted = steps("apply", str(mine), "--adopt", "--store", store)

    assert (str(refused.exception).split(" is owned by ")[0], adopted, folder) == (
        "orders-freshness",
        [("orders-freshness", "change", ["spec.objectives.0.target"])],
        str(slos),
    )


def test_what_a_change_of_the_folder_would_do_is_told(store: str, slos: Path, tmp_path: Path) -> None:
    """Before it is merged: the field, how it would stand, and which file owns it; nothing is written by it."""
    place = write(slos) + "/orders.yaml:1"
    with open_homes(store) as homes:
        SloBook(homes.store, load(None, {}, slos=slos)).refresh(NOON)
    mine = tmp_path / "mine.yaml"
    mine.write_text(json.dumps(document(window="28d", target="0.9")))
    told = run("plan", str(mine), "--store", store).stdout

    assert [line.strip() for line in told.splitlines() if "0.9" in line or "owned" in line] == [
        "spec.objectives.0.target: 0.99 -> 0.9",
        f"owned by {place}: change that file, or take it over with apply --adopt",
    ]


@pytest.mark.parametrize(("applied", "text", "expected"), [(True, None, 0), (False, None, 2), (False, "kind: [", 1)])
def test_the_exit_code_tells_as_terraform_does(
    store: str, slos: Path, *, applied: bool, text: str | None, expected: int
) -> None:
    """0: nothing to do, 1: an error, 2: there are changes."""
    folder = write(slos)
    if applied:
        run("apply", folder, "--store", store)
    if text is not None:
        (slos / "broken.yaml").write_text(text)

    assert run("plan", folder, "--store", store, "--detailed-exitcode").exit_code == expected


@pytest.mark.parametrize("command", ["lint", "plan", "apply"])
def test_a_missing_schedule_is_proposed_and_never_used(slos: Path, tmp_path: Path, command: str) -> None:
    """The fault tells how often data came, and what to write; nothing is taken for granted."""
    lake, now = Lake(tmp_path), datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    lake.runs(now - 30 * HOUR, 28)
    lake.homes.close()
    promised = document()
    del promised["spec"]["schedule"]
    (slos / "orders.yaml").write_text(json.dumps(promised))
    result = run(command, str(slos), "--store", f"sqlite:///{tmp_path / 'lake.db'}")

    assert (result.exit_code, result.stderr.split("spec.schedule: ")[1].strip()) == (
        2,
        'is missing; data comes about every hour; write schedule: {cron: "0 * * * *", timezone: UTC, deadline: 15m}',
    )


def test_a_running_server_is_planned_for_and_applied_to(slos: Path, tmp_path: Path) -> None:
    """With --url the same steps, and the server judges by them at once."""
    folder = write(slos)
    with Server(tmp_path / "headwater.db") as server:
        planned, applied, again = (steps(what, folder, "--url", server.url) for what in ("plan", "apply", "plan"))
        refused = CliRunner().invoke(build(), ["slo", "apply", folder, "--url", server.url, "--by", "ana"])
    with open_homes(f"sqlite:///{tmp_path / 'headwater.db'}") as homes:
        names = SloBook(homes.store, load(None, {})).names()

    assert (planned, applied, again, names) == (
        [("orders-freshness", "add", [])],
        [("orders-freshness", "add", [])],
        [("orders-freshness", "keep", [])],
        ["orders-freshness"],
    )
    assert str(refused.exception) == "--by: at --url the key says who applies; leave it out"


def test_a_server_that_is_not_there_is_told(slos: Path) -> None:
    """One sentence, and what to look at."""
    refused = CliRunner().invoke(build(), ["slo", "plan", write(slos), "--url", "http://127.0.0.1:1"])

    assert str(refused.exception).startswith("http://127.0.0.1:1 cannot be reached")
