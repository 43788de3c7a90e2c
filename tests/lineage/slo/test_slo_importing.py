"""Importing files: which format each is of, and what is wrong with any of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineage.errors import InvalidDefinition
from lineage.slo.formats.base import Assumed
from lineage.slo.importing import imported

CONTRACTS = Path(__file__).parents[2] / "contracts"
NIGHTLY = Assumed("snowflake://acme-prod", "data", "0 2 * * *", "Europe/Berlin")


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    """With those that there are."""
    file = tmp_path / "x.yaml"
    file.write_text("kind: Deployment")
    with pytest.raises(InvalidDefinition) as caught:
        imported([file], NIGHTLY)

    assert str(caught.value) == (
        f"{file}:1:1: of no format that is known here; there are: dbt, headwater, odcs, openslo; name it by --format"
    )


@pytest.mark.parametrize("format_", ["dbt", "headwater", "odcs", "openslo"])
def test_a_file_that_is_said_to_be_of_a_format_is_held_to_it(tmp_path: Path, format_: str) -> None:
    """Whatever it says itself."""
    file = tmp_path / "x.yaml"
    file.write_text("kind: Deployment\n")

    with pytest.raises(InvalidDefinition) as caught:
        imported([file], NIGHTLY, format_)

    assert str(caught.value).startswith(f"{file}:1:1: ")


@pytest.mark.parametrize("format_", ["dbt", "headwater", "odcs", "openslo"])
@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("list.yaml", "- a", "1:1: no `key: value` lines stand here"),
        ("number.json", "3", "1:1: no `key: value` lines stand here"),
        ("empty.yaml", "# nothing\n", "1:1: holds nothing"),
    ],
)
def test_what_holds_no_mapping_is_refused(tmp_path: Path, name: str, text: str, said: str, format_: str) -> None:
    """Whatever format it is said to be of."""
    file = tmp_path / name
    file.write_text(text)

    with pytest.raises(InvalidDefinition) as caught:
        imported([file], Assumed(), format_)

    assert str(caught.value) == f"{file}:{said}; name a file of OpenSLO, ODCS or dbt"


def test_every_fault_of_a_folder_is_told_at_once(tmp_path: Path) -> None:
    """File by file, whichever format each is of."""
    (tmp_path / "a.yaml").write_text("kind: Deployment")
    (tmp_path / "b.yaml").write_text("apiVersion: v3.1.0\nkind: DataContract\n")
    (tmp_path / "c.yaml").write_text("kind: DataSLO\napiVersion: headwater/v1\nmetadata: {name: x}\nspec: {}\n")
    (tmp_path / "d.yaml").write_text("apiVersion: openslo/v1\nkind: Slo\n")
    with pytest.raises(InvalidDefinition) as caught:
        imported([tmp_path], NIGHTLY)

    assert sorted({line.split("/")[-1].split(":")[0] for line in str(caught.value).splitlines()}) == [
        "a.yaml",
        "b.yaml",
        "c.yaml",
        "d.yaml",
    ]


def test_a_folder_is_imported_file_by_file(tmp_path: Path) -> None:
    """As SLO files are read."""
    (tmp_path / "orders.yaml").write_text((CONTRACTS / "orders.openslo.yaml").read_text())

    assert ["orders-daily-freshness"] == [slo.name for slo in imported([tmp_path], Assumed()).slos]


def test_two_things_of_one_name_are_refused(tmp_path: Path) -> None:
    """Nobody could say which one counts."""
    for file in ("a.yaml", "b.yaml"):
        (tmp_path / file).write_text((CONTRACTS / "orders.openslo.yaml").read_text())

    with pytest.raises(InvalidDefinition, match="two things come to an SLO of the name 'orders-daily-freshness'"):
        imported([tmp_path], Assumed())


def test_a_number_without_end_is_refused(tmp_path: Path) -> None:
    """Also in what a machine wrote."""
    file = tmp_path / "manifest.json"
    file.write_text(f'{{"count": {"1" * 5000}}}')

    with pytest.raises(InvalidDefinition) as caught:
        imported([file], Assumed())
    assert str(caught.value) == f"{file}:1:1: holds a number that is longer than any; write it anew"


def test_a_folder_without_a_file_is_refused(tmp_path: Path) -> None:
    """Somebody misspelled it, or wanted the manifest in it."""
    with pytest.raises(InvalidDefinition) as caught:
        imported([tmp_path], NIGHTLY)
    assert str(caught.value) == f"{tmp_path}:1:1: holds no YAML file; name a file of OpenSLO, ODCS or dbt"
