"""README.md of this folder is held to the tests that it names."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NAMED = re.compile(r"`([\w./]+\.py)::(test_\w+)`")
TEST = re.compile(r"^def (test_\w+)\(", re.MULTILINE)


def named() -> set[tuple[Path, str]]:
    """The tests that the page names."""
    found = NAMED.findall((HERE / "README.md").read_text(encoding="utf-8"))
    return {((ROOT if "/" in path else HERE) / path, test) for path, test in found}


def held_by(path: Path) -> set[str]:
    return set(TEST.findall(path.read_text(encoding="utf-8")))


def test_what_the_map_names_exists() -> None:
    """A test that was renamed is renamed there too."""
    assert [] == sorted(f"{path.name}::{test}" for path, test in named() if test not in held_by(path))


def test_no_test_is_missing_in_the_map() -> None:
    """A rule that is held is told where."""
    held = {(path, test) for path in HERE.glob("test_*.py") for test in held_by(path)}

    assert [] == sorted(f"{path.name}::{test}" for path, test in held - named())
