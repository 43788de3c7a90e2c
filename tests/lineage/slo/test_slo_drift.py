"""Drift: what changed between two schemas, and whom it breaks (SLO.md b.9)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lineage.slo.drift import Change, Weight, drift, fits, phrase, read_columns


def columns(*fields: Any) -> Any:
    """Columns of `name type` texts, or of fields as a facet has them."""
    told = [
        dict(zip(("name", "type"), one.split(" ", 1), strict=True)) if isinstance(one, str) else one for one in fields
    ]
    found = read_columns(json.dumps({"fields": told}).encode())
    assert found is not None
    return found


BEFORE = columns("id BIGINT", "name VARCHAR(20)", "at TIMESTAMP")
DRIFTS = {
    "the same": (BEFORE, []),
    "removed": (columns("id BIGINT", "name VARCHAR(20)"), [("at", "was removed", "breaking", True)]),
    "renamed": (
        columns("id BIGINT", "title VARCHAR(20)", "at TIMESTAMP"),
        [("name", "seems renamed to title", "breaking", True)],
    ),
    "replaced": (
        columns("id BIGINT", "at TIMESTAMP", "title INT"),
        [("name", "was removed", "breaking", True), ("title", "was added", "compatible", True)],
    ),
    "narrowed": (
        columns("id INT", "name VARCHAR(20)", "at TIMESTAMP"),
        [("id", "went from BIGINT to INT", "breaking", True)],
    ),
    "widened": (
        columns("id BIGINT", "name VARCHAR(40)", "at TIMESTAMP"),
        [("name", "went from VARCHAR(20) to VARCHAR(40)", "compatible", True)],
    ),
    "spelled otherwise": (columns("id bigint", "name varchar(20)", "at datetime"), []),
    "of a type that nobody knows": (
        columns("id BIGINT", "name GEOGRAPHY", "at TIMESTAMP"),
        [("name", "went from VARCHAR(20) to GEOGRAPHY", "breaking", False)],
    ),
    "added": (
        columns("id BIGINT", "name VARCHAR(20)", "at TIMESTAMP", "more INT"),
        [("more", "was added", "compatible", True)],
    ),
    "described": (
        columns({"name": "id", "type": "BIGINT", "description": "key"}, "name VARCHAR(20)", "at TIMESTAMP"),
        [("id", "is described otherwise", "info", True)],
    ),
}


@pytest.mark.parametrize(("after", "wanted"), DRIFTS.values(), ids=DRIFTS.keys())
def test_each_row_of_the_table(after: Any, wanted: list[tuple[str, str, str, bool]]) -> None:
    """What happened to a column, and what that weighs."""
    assert [(one.path, one.what, one.weight.value, one.sure) for one in drift(BEFORE, after)] == wanted


@pytest.mark.parametrize(("positional", "weight"), [(False, "compatible"), (True, "breaking")])
def test_another_order_breaks_who_reads_by_place(positional: bool, weight: str) -> None:  # noqa: FBT001 - a case
    """By name nothing happened."""
    found = drift(BEFORE, columns("name VARCHAR(20)", "id BIGINT", "at TIMESTAMP"), positional=positional)

    assert {(one.what, one.weight.value) for one in found} == {("was moved", weight)}


FITS = {
    ("INT", "BIGINT"): True,
    ("BIGINT", "INT"): False,
    ("INTEGER", "int32"): True,
    ("FLOAT", "DOUBLE"): True,
    ("DOUBLE", "FLOAT"): False,
    ("DECIMAL(10,2)", "DECIMAL(12,2)"): True,
    ("DECIMAL(10,2)", "DECIMAL(10,4)"): False,
    ("DECIMAL(10,2)", "NUMERIC"): True,
    ("INT", "NUMBER(10,0)"): True,
    ("BIGINT", "NUMBER(10,0)"): False,
    ("VARCHAR(10)", "STRING"): True,
    ("TEXT", "VARCHAR(10)"): False,
    ("TIMESTAMP", "DATE"): False,
    ("DATE", "TIMESTAMP"): True,
    ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"): False,
    ("timestamp(6) with time zone", "TIMESTAMPTZ"): True,
    ("STRUCT", "STRING"): False,
    ("INT", "STRING"): False,
    ("INT", "GEOGRAPHY"): None,
    ("array<int>", "array<bigint>"): None,
    ("INT", f"DECIMAL({'9' * 5_000})"): None,
    ("INT", f"INT{' ' * 50_000}!"): None,
}


@pytest.mark.parametrize(("types", "wanted"), FITS.items(), ids=[" to ".join(types)[:60] for types in FITS])
def test_the_lattice_of_types(types: tuple[str, str], *, wanted: bool | None) -> None:
    """A type fits another when every value of it does; of unknown types nothing is known."""
    assert fits(*types) is wanted


def test_a_column_is_renamed_to_by_one_alone() -> None:
    """Of two that went from one place, only the first can have come again as the one that is there now."""
    one, other, new = ({"name": name, "type": "INT", "ordinal_position": 1} for name in ("a", "b", "c"))

    found = drift(columns(one, other), columns(new))

    assert [(change.path, change.what) for change in found] == [("a", "seems renamed to c"), ("b", "was removed")]


ELSEWHERE = [
    ({"c": ["a"]}, [("a", "was renamed to c, as column lineage tells"), ("b", "was removed")]),
    ({"c": ["b"]}, [("a", "was removed"), ("b", "was renamed to c, as column lineage tells")]),
    ({"c": ["a", "b"]}, [("a", "seems renamed to c"), ("b", "was removed")]),
    ({"c": ["z"]}, [("a", "seems renamed to c"), ("b", "was removed")]),
]


@pytest.mark.parametrize(("origins", "wanted"), ELSEWHERE)
def test_what_column_lineage_tells_outweighs_place_and_type(origins: Any, wanted: list[tuple[str, str]]) -> None:
    """Unless the column may be either of two, or one that did not go."""
    one, other, new = ({"name": name, "type": "INT", "ordinal_position": 1} for name in ("a", "b", "c"))

    found = drift(columns(one, other), columns(new), origins=origins)

    assert [(change.path, change.what) for change in found] == wanted


def test_what_became_two_columns_was_renamed_to_none() -> None:
    """Which of them its readers are to read now, nobody can say."""
    one, *new = ({"name": name, "type": type_} for name, type_ in (("a", "INT"), ("b", "TEXT"), ("c", "TEXT")))

    found = drift(columns(one), columns(*new), origins={"b": ["a"], "c": ["a"]})

    assert found[0].what == "was removed"


def test_nested_columns_have_paths() -> None:
    """Structs by dots, what a list holds by brackets."""
    address = {"name": "address", "type": "STRUCT", "fields": [{"name": "city", "type": "STRING"}]}
    element = {"name": "_element", "type": "STRUCT", "fields": [{"name": "price", "type": "INT"}]}

    assert list(columns(address, {"name": "lines", "type": "ARRAY", "fields": [element]})) == [
        "address",
        "address.city",
        "lines",
        "lines[]",
        "lines[].price",
    ]


def test_of_a_struct_that_went_its_parts_are_not_told() -> None:
    """One change, not three."""
    address = {"name": "address", "type": "STRUCT", "fields": [{"name": "city", "type": "STRING"}]}

    assert [one.path for one in drift(columns("id INT", address), columns("id INT"))] == ["address"]


DEEP = b'{"fields": [' + b'{"name": "x", "fields": [' * 2_000 + b"]}" * 2_001
BODIES: dict[bytes, Any] = {
    b"": {},
    b"[": None,
    b"{}": None,
    b'{"fields": []}': {},
    b'{"fields": [{"name": 1}]}': None,
    DEEP: None,
}


@pytest.mark.parametrize(("body", "wanted"), BODIES.items(), ids=[body[:40] for body in BODIES])
def test_no_facet_is_not_no_columns(body: bytes, wanted: Any) -> None:
    """A deleted one says that there are none; one that lists no fields, or is something else, says nothing."""
    assert read_columns(body) == wanted


USERS = {
    (): "a was removed",
    ("x",): "a was removed, which x uses",
    ("x", "y"): "a was removed, which x and y use",
    ("x", "y", "z"): "a was removed, which x, y and 1 more use",
}


@pytest.mark.parametrize(("users", "wanted"), USERS.items(), ids=["nobody", "one", "two", "three"])
def test_a_change_names_the_first_of_whom_it_hurts(users: tuple[str, ...], wanted: str) -> None:
    """Two of them, and how many more there are."""
    assert phrase(Change("a", "was removed", Weight.BREAKING), users) == wanted
