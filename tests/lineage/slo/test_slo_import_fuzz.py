"""Whatever stands in a file that is imported: it is taken, or refused where it is wrong; it is never a traceback."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lineage.cli import main
from lineage.errors import InvalidDefinition
from lineage.parts import words
from lineage.slo.formats.base import PACKAGE, Assumed
from lineage.slo.importing import imported
from lineage.slo.reading import read_text

ROOT = Path(__file__).parents[3]
CONTRACTS = ROOT / "tests" / "contracts"
FILES = sorted(file for file in CONTRACTS.rglob("*") if file.is_file())
EXAMPLES = sorted((ROOT / "examples" / "slos").glob("*.yaml"))
ASSUMED = Assumed("snowflake://acme", "data", "0 2 * * *", "Europe/Berlin", {"OnCallDataSlack": ("slack", "C0")}, True)
PLACED = re.compile(r"^[^\n]+?:\d+:\d+: .+", re.DOTALL)

strange = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "x", "0", "-1h", "28d", "1e999999999", "1/0", "{{", "openslo/v1", "SLI", "2026-13-45", "☃"]),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["spec", "kind", "name", "value", "x"]), st.integers(), max_size=2),
)


def places(body: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in *body*, the whole of it left out."""
    pairs = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    return [found for key, value in pairs for found in ((*at, key), *places(value, (*at, key)))]


@st.composite
def mutants(draw: st.DrawFn, files: list[Path]) -> tuple[str, str]:
    """A file's suffix and its text, a few values of which are others, gone, or under another name."""
    file = draw(st.sampled_from(files))
    bodies = [json.loads(json.dumps(body, default=str)) for body in yaml.safe_load_all(file.read_text())]
    for _ in range(draw(st.integers(1, 3))):
        body = draw(st.sampled_from(bodies))
        if not (found := places(body)):
            continue
        *above, last = draw(st.sampled_from(found))
        holder = body
        for step in above:
            holder = holder[step]
        match draw(st.sampled_from(["other", "gone", "renamed"])):
            case "other":
                holder[last] = draw(strange)
            case "gone":
                del holder[last]
            case _:
                value = holder.pop(last)
                if isinstance(holder, dict):
                    holder[draw(st.sampled_from(["x", "spec", "kind", "sli", "target", "value"]))] = value
    if file.suffix == ".json":
        return file.suffix, json.dumps(bodies[0])
    return file.suffix, "\n---\n".join(json.dumps(body, ensure_ascii=False) for body in bodies)


@st.composite
def scribbles(draw: st.DrawFn, files: list[Path]) -> tuple[str, str]:
    """A file's suffix and its text, with a piece gone and another in its place."""
    file = draw(st.sampled_from(files))
    text = file.read_text()
    at = draw(st.integers(0, len(text)))
    end = at + draw(st.integers(0, 40))
    return file.suffix, text[:at] + draw(st.text(st.characters(codec="utf-8"), max_size=6)) + text[end:]


def outcome(folder: Path, told: tuple[str, str], format_: str | None = None) -> list[str]:
    """Lines without a place that importing *told* ends with."""
    suffix, text = told
    file = folder / f"x{suffix}"
    file.write_text(text, encoding="utf-8")
    try:
        lines = imported([file], ASSUMED, format_).report
    except InvalidDefinition as error:
        lines = str(error).splitlines()
    return [line for line in lines if PLACED.match(line) is None]


@given(st.one_of(mutants(FILES), scribbles(FILES)), st.sampled_from([None, None, None, *words(PACKAGE)]))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_an_import_is_taken_or_refused_where_it_is_wrong(
    tmp_path: Path, told: tuple[str, str], format_: str | None
) -> None:
    """Each line begins with file:line:column, also where the file is said to be of another format."""
    assert outcome(tmp_path, told, format_) == []


@given(st.one_of(mutants(EXAMPLES), scribbles(EXAMPLES)))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example((".yaml", "apiVersion: headwater/v1"))
def test_a_definition_is_taken_or_refused_where_it_is_wrong(told: tuple[str, str]) -> None:
    """The same of our own files."""
    try:
        read_text(told[1], "x.yaml")
        lines = []
    except InvalidDefinition as error:
        lines = str(error).splitlines()

    assert [line for line in lines if PLACED.match(line) is None] == []


@pytest.mark.parametrize("command", ["import", "lint", "plan", "export"])
def test_what_is_refused_ends_with_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """As every command that was given something wrong."""
    file = tmp_path / "x.yaml"
    file.write_text("kind: DataSLO\nspec: 3\n")
    store = ["--store", f"sqlite:///{tmp_path / 'h.db'}"] if command == "plan" else []
    monkeypatch.setattr(sys, "argv", ["headwater", "slo", command, str(file), *store])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
