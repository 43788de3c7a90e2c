"""Keys from the command line: shown once, listed without the secret, revoked by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lineage.cli import build
from lineage.errors import NotFound


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'headwater.db'}"


def keys(*arguments: str, store: str) -> Result:
    return CliRunner().invoke(build(), ["keys", *arguments, "--store", store])


def test_a_key_is_printed_alone(store: str) -> None:
    """Stdout is the key and nothing else, so that a script can take it."""
    made = keys("create", "airflow", store=store)

    assert (made.exit_code, made.stdout.startswith("hw_"), made.stdout.count("\n")) == (0, True, 1)


def test_scopes_come_one_by_one_or_together(store: str) -> None:
    """`--scope ingest,read` and `--scope ingest --scope read` are the same."""
    keys("create", "a", "--scope", "ingest,read", store=store)
    keys("create", "b", "--scope", "ingest", "--scope", "read", store=store)

    listed = json.loads(keys("list", "--json", store=store).stdout)

    assert [key["scopes"] for key in listed] == [["ingest", "read"], ["ingest", "read"]]


def test_a_list_never_shows_a_key(store: str) -> None:
    """Keys are listed with name, scopes and fate, and cannot be used from there."""
    text = keys("create", "airflow", store=store).stdout.strip()

    listed = keys("list", store=store).stdout

    assert ("airflow" in listed, "in force" in listed, text.split("_", 2)[2] in listed) == (True, True, False)


def test_an_empty_list_says_what_that_means(store: str) -> None:
    """Without keys the house is open, and the list says so."""
    assert "may do everything" in keys("list", store=store).stdout


def test_a_key_may_be_bound_to_namespaces(store: str) -> None:
    """`--namespace` may be repeated, and the list shows it."""
    keys("create", "airflow", "--namespace", "airflow-*", "--namespace", "dbt", store=store)
    keys("create", "all", store=store)

    listed = json.loads(keys("list", "--json", store=store).stdout)
    said = keys("list", store=store).stdout

    assert ([["airflow-*", "dbt"], None], 1) == (
        [key["namespaces"] for key in listed],
        said.count("only airflow-*, dbt"),
    )


def test_a_revoked_key_is_listed_as_such(store: str) -> None:
    """Revoking keeps the trace."""
    keys("create", "airflow", store=store)
    revoked = keys("revoke", "airflow", store=store)

    listed = json.loads(keys("list", "--json", store=store).stdout)

    assert (revoked.exit_code, listed[0]["revokedAt"] is not None) == (0, True)


def test_an_unknown_key_cannot_be_revoked(store: str) -> None:
    """A wrong name is said in a sentence."""
    assert isinstance(keys("revoke", "nobody", store=store).exception, NotFound)
