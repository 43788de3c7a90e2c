"""headwater slo: lint and status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lineage.cli import build
from tests.support.promises import HOUR, NOON, Lake, document

AT = "2026-11-20T12:20:00Z"


@pytest.fixture
def store(tmp_path: Path) -> str:
    """The URL of a store with five of six deliveries."""
    lake = Lake(tmp_path)
    lake.runs(NOON - 6 * HOUR, 5)
    lake.homes.close()
    return f"sqlite:///{tmp_path / 'lake.db'}"


@pytest.fixture
def slos(tmp_path: Path) -> str:
    """A folder with one SLO over it."""
    folder = tmp_path / "slos"
    folder.mkdir()
    (folder / "orders.yaml").write_text(json.dumps(document(window="6h", target="0.9")))
    return str(folder)


def run(*words: str) -> str:
    result = CliRunner().invoke(build(), ["slo", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_lint_says_what_is_well_formed(slos: str) -> None:
    """A folder of sound files is counted."""
    assert run("lint", slos).splitlines()[-1] == "1 SLO is well-formed."


def test_lint_warns_with_the_place(slos: str) -> None:
    """A promise that cannot be kept is told beside its file and line."""
    assert f"{slos}/orders.yaml:1: warning: orders-freshness: this target forbids any miss" in run("lint", slos)


def test_lint_with_a_store_finds_a_misspelt_dataset(store: str, slos: str) -> None:
    """A promise about a dataset that no event has named is told."""
    promised = document(name="misspelt", dataset={"namespace": "lake", "name": "order"})
    (Path(slos) / "misspelt.yaml").write_text(json.dumps(promised))

    found = json.loads(run("lint", slos, "--store", store, "--json"))["slos"]

    assert [one["slo"] for one in found if "no event has named" in one["warnings"][-1]] == ["misspelt"]


def test_lint_of_nothing_is_refused(tmp_path: Path) -> None:
    """A folder without an SLO is a mistake, not a success."""
    result = CliRunner().invoke(build(), ["slo", "lint", str(tmp_path)])

    assert (result.exit_code, f"{tmp_path}:1:1: holds no SLO" in result.output) == (2, True)


def test_lint_tells_all_faults_of_all_files(tmp_path: Path) -> None:
    """Every fault is a line of its own that begins with its place, and ends with 2."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("kind: DataSLO")
    result = CliRunner().invoke(build(), ["slo", "lint", str(tmp_path)])
    files = {line.split(":")[0] for line in result.stderr.splitlines()}

    assert (result.exit_code, files) == (2, {f"{tmp_path}/a.yaml", f"{tmp_path}/b.yaml"})


def test_status_gives_exact_numbers(store: str, slos: str) -> None:
    """The JSON of the command is that of the API."""
    (found,) = json.loads(run("status", "--store", store, "--slos", slos, "--at", AT, "--json"))["slos"]

    assert (found["good"], found["bad"], found["unknown"], found["coverage"], found["state"]) == (
        5,
        1,
        0,
        1,
        "breaching",
    )


def test_status_is_a_table_for_people(store: str, slos: str) -> None:
    """State, name, SLI, target, what is left, and the sentence."""
    line = run("status", "orders-freshness", "--store", store, "--slos", slos, "--at", AT).splitlines()[1]

    assert line.split(maxsplit=9) == [
        *("breaching", "orders-freshness", "83.3", "%", "90", "%", "-66.7", "%"),
        "Late",
        "by 5 m, due 2026-11-20 12:15 UTC",
    ]


def test_status_without_an_slo_says_what_to_do(store: str) -> None:
    """An empty table is no answer."""
    assert run("status", "--store", store) == "No SLO yet; write one and start `headwater serve --slos DIR`.\n"


def test_explain_tells_why(store: str, slos: str) -> None:
    """Of the newest occurrence, unless another is named."""
    told = run("explain", "orders-freshness", "--store", store, "--slos", slos, "--at", AT).splitlines()

    assert told[:2] == [
        "orders-freshness  2026-11-20T11:00:00Z  BAD",
        "  because    not delivered, and no run tried",
    ]


def test_explain_as_json_is_one_object(store: str, slos: str) -> None:
    """With the digests of its events."""
    words = ("explain", "orders-freshness", "2026-11-20T10", "--store", store, "--slos", slos, "--at", AT, "--json")
    told = json.loads(run(*words))

    assert (told["state"], [len(event["digest"]) for event in told["events"]]) == ("GOOD", [64])


def test_backtest_says_how_often_it_would_have_paged(store: str, slos: str) -> None:
    """One line for a promise, and one for each alarm."""
    told = run("backtest", slos, "--days", "1", "--store", store, "--at", AT).splitlines()

    assert told == [
        "orders-freshness: would not have paged in 1 day, and opened 1 ticket",
        "  ticket  2026-11-20 12:16 UTC  still open  Late by 1 m, due 2026-11-20 12:15 UTC",
    ]


def test_backtest_as_json_counts_alarms(store: str, slos: str) -> None:
    """Exactly as the words say."""
    (told,) = json.loads(run("backtest", slos, "--days", "1", "--store", store, "--at", AT, "--json"))["slos"]

    assert (told["pages"], told["tickets"], len(told["alarms"])) == (0, 1, 1)


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "yesterday"])
def test_no_status_at_the_ends_of_the_calendar(at: str, tmp_path: Path) -> None:
    """A window would begin in no year; it is refused as what is no time at all."""
    asked = ["slo", "status", "--store", f"sqlite:///{tmp_path}/headwater.db", "--at", at]

    said = CliRunner().invoke(build(), asked).exception

    assert str(said) == f"--at: {at!r} is not a time; write it as 2026-11-21T08:30:00Z"
