"""The command line explains itself, quickly."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from lineage import cli

Command = typer.core.TyperCommand | typer.core.TyperGroup


def commands() -> Iterator[tuple[str, typer.core.TyperCommand]]:
    """Every command with the words that call it, groups walked through."""

    def walk(words: str, command: Command) -> Iterator[tuple[str, typer.core.TyperCommand]]:
        if isinstance(command, typer.core.TyperGroup):
            for word, inner in command.commands.items():
                yield from walk(f"{words} {word}", inner)
        else:
            yield words, command

    return walk("headwater", typer.main.get_command(cli.build()))


ALL = dict(commands())


def test_help_imports_nothing_heavy() -> None:
    """`headwater --help` pulls in neither the server, nor a driver, nor a client, nor pydantic."""
    script = (
        "import sys; from typer.testing import CliRunner; from lineage import cli\n"
        "assert CliRunner().invoke(cli.build(), ['--help']).exit_code == 0\n"
        "print(sorted({'fastapi', 'neo4j', 'openlineage', 'pydantic', 'plotly', 'sqlite3'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("words", ALL)
def test_every_command_has_a_short_summary_and_an_example(words: str) -> None:
    """The first line says what it does in 80 characters; an example line shows how it is called."""
    text = ALL[words].help or ""
    summary = text.split("\n", 1)[0]

    assert 0 < len(summary) <= 80
    assert f"$ {words}" in text


@pytest.mark.parametrize("words", ALL)
def test_every_option_has_a_sentence(words: str) -> None:
    """No option without help, and the help ends as sentences do."""
    silent = [p.name for p in ALL[words].params if not (getattr(p, "help", None) or "").rstrip().endswith((".", "?"))]

    assert silent == []


@pytest.mark.parametrize("words", ALL)
def test_every_command_takes_a_store_and_a_configuration(words: str) -> None:
    """--store and --config mean the same everywhere; --json is there but for the servers, which print a log."""
    options = {option for param in ALL[words].params for option in param.opts}
    expected = {"--store", "--config"} | (set() if words in {"headwater serve", "headwater demo"} else {"--json"})

    assert expected - options == set()


def test_a_failure_is_one_sentence_and_exit_code_two(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A HeadwaterError never shows a traceback."""
    monkeypatch.setattr(sys, "argv", ["headwater", "dump", "--store", "sqlite:////nowhere/at/all.db"])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.startswith("headwater: ")
    assert said.count("\n") == 1


def test_the_version_is_printed() -> None:
    """`headwater --version` says which one it is."""
    from lineage import __version__

    assert CliRunner().invoke(cli.build(), ["--version"]).stdout == f"headwater {__version__}\n"


def test_the_table_of_commands_is_the_commands() -> None:
    """docs/commands.md has a row for each command with its summary and its example."""
    page = (Path(__file__).parents[3] / "docs" / "commands.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]

    expected = []
    for words, command in ALL.items():
        lines = [line.strip() for line in (command.help or "").splitlines()]
        example = next(line for line in lines if line.startswith("$")).removeprefix("$ ")
        expected.append(f"| `{words}` | {lines[0]} | `{example}` |")
    assert rows == expected


@pytest.mark.parametrize("words", [[], ["slo"]])
def test_a_list_of_commands_says_of_each_what_it_does(words: list[str]) -> None:
    """Its whole first line, however many lines that takes: a sentence that is cut says nothing."""
    said = CliRunner().invoke(cli.build(), [*words, "--help"]).stdout

    assert "..." not in said.partition("Commands:")[2]
