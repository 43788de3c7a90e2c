"""What the documents say is what the program does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from lineage.commands._open import read_settings
from lineage.commands.settings import Knob, table
from lineage.parts import words

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def knobs(monkeypatch: pytest.MonkeyPatch) -> list[Knob]:
    for name in [name for name in os.environ if name.startswith("HEADWATER_")]:
        monkeypatch.delenv(name)
    return table(read_settings())


def test_every_knob_has_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting without help."""
    assert [knob.name for knob in knobs(monkeypatch) if not knob.help.endswith(".")] == []


def test_the_table_of_settings_is_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/settings.md has a row for each knob, in order, with its default and its sentence."""
    rows = [f"| `{k.name}` | `{k.variable}` | `{k.value}` | {k.help} |" for k in knobs(monkeypatch)]

    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").splitlines()

    assert [line for line in written if line.startswith("| `")] == rows


def test_every_part_is_in_a_document() -> None:
    """Each channel, indicator and command is named in the README or in docs/."""
    text = README + "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md")))
    parts = [*words("lineage.channels"), *words("lineage.slo.indicators")]
    commands = [f"headwater {word.replace('_', '-')}" for word in words("lineage.commands")]

    assert [word for word in [*parts, *commands] if word not in text] == []


def test_the_promise_in_the_readme_is_one() -> None:
    """The README's SLO has at most fifteen lines and is read without complaint."""
    from lineage.slo.spec import define

    example = re.search(r"<!-- slo-example -->\n```yaml\n(.*?)```", README, re.DOTALL)
    assert example is not None

    slo = define(yaml.safe_load(example[1]))

    assert (slo.name, example[1].count("\n") <= 15) == ("orders-daily-freshness", True)


def test_links_lead_somewhere() -> None:
    """Every relative link and picture of the README is there."""
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in t]

    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_make_test_needs_the_test_tools_alone() -> None:
    """What else there are extras for may be missing when tests are collected: `make test` does not install it."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    missing = [re.split("[>=<]", each)[0].replace("-", "_") for each in extras["browser"]]
    program = f"import sys, pytest; sys.modules.update(dict.fromkeys({missing})); sys.exit(pytest.main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "--collect-only", "-q", "tests/browser"]

    collected = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert (0, "") == (collected.returncode, collected.stderr), collected.stdout
