"""The house rules that no linter knows: sizes, names, floors, places that must not be named. `make check` runs it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
CODE = ("lineage", "collectors", "dashboards")
FILE_LINES, FUNCTION_LINES = 450, 70
VAGUE = re.compile(r"(^|/)(utils?|helpers?|common|misc|manager)\.py$|_v\d+\.py$|/.*_impl\.py$")
VAGUE_CLASS = re.compile(r"(Manager|Helper|Impl|Utils?)$")
# A place on somebody's machine, a package registry, or the shop talk of a workplace.
PLACES = re.compile(
    r"(?<![\w.])/(work|root|home/\w+|opt/wheels)/|pypi\.org|pythonhosted|registry\.npmjs|repo1?\.maven|proxy\.golang"
)
TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".sh", ".js", ".css", ".html", ".txt", ".tpl", ".json", ""}


def tracked() -> list[Path]:
    """The files git knows, or would know, below the root; captured events are not ours to tidy."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listing if not name.startswith("tests/events/") and (ROOT / name).is_file()]


def places(path: Path, text: str) -> Iterator[str]:
    """Lines that name a place which is not the reader's."""
    if path == Path(__file__):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if PLACES.search(line):
            yield f"{path.relative_to(ROOT)}:{number}: names a place that is not the reader's: {line.strip()[:80]}"


def sizes(path: Path, tree: ast.Module, text: str, lengths: list[int]) -> Iterator[str]:
    """Files and functions that have grown past the wall, and names that hide what is inside."""
    name = path.relative_to(ROOT)
    if VAGUE.search(str(name)):
        yield f"{name}: the name does not say what is inside"
    if (lines := text.count("\n")) > FILE_LINES:
        yield f"{name}: {lines} lines; {FILE_LINES} is the wall"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and VAGUE_CLASS.search(node.name):
            yield f"{name}:{node.lineno}: {node.name} does not say what it is"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = code_lines(node)
            lengths.append(length)
            if length > FUNCTION_LINES:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines; {FUNCTION_LINES} is the wall"


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How long a function is without its docstring."""
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node, clean=False) is not None:
        doc = node.body[0]
        length -= (doc.end_lineno or doc.lineno) - doc.lineno + 1
    return length


def floors(modules: list[str]) -> Iterator[str]:
    """Modules that stand on no floor of the import contract."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    floor = [room.strip() for layer in contracts[0]["layers"] for room in re.split(r"[|:]", layer)]
    for module in modules:
        if module not in CODE and not any(module == room or module.startswith(f"{room}.") for room in floor):
            yield f"{module}: stands on no floor; name it in pyproject.toml"


def hollow(path: Path, tree: ast.Module) -> Iterator[str]:
    """Tests that expect nothing, or that say no rule."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test_"):
            continue
        body = ast.dump(node)
        if not any(word in body for word in ("Assert(", "raises", "assert", "expect")):
            yield f"{path.relative_to(ROOT)}:{node.lineno}: {node.name} expects nothing"
        if ast.get_docstring(node) is None:
            yield f"{path.relative_to(ROOT)}:{node.lineno}: {node.name} does not say its rule"


def main() -> int:
    """Print every place to mend and the figures of the house; 1 when there is one."""
    found: list[str] = []
    lengths: list[int] = []
    files: list[int] = []
    modules: list[str] = []
    for path in tracked():
        if path.suffix not in TEXT:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += places(path, text)
        if path.suffix != ".py":
            continue
        tree, name = ast.parse(text), path.relative_to(ROOT)
        if name.parts[0] in CODE:
            found += sizes(path, tree, text, lengths)
            files.append(text.count("\n"))
            modules.append(".".join(name.with_suffix("").parts).removesuffix(".__init__"))
        if name.parts[0] == "tests":
            found += hollow(path, tree)
    found += floors(modules)
    print("\n".join(found))  # noqa: T201 - this is a command
    shape = (
        f"{len(files)} files, median {median(files):.0f} lines; {len(lengths)} functions, median {median(lengths):.0f}"
    )
    print(f"tidy: {shape}; {len(found)} places to mend")  # noqa: T201 - this is a command
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
