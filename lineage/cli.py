"""The command line: finds the verbs in lineage/commands, and turns every foreseen failure into one sentence."""

from __future__ import annotations

import inspect
import sys

import typer

from lineage import __version__
from lineage.errors import HeadwaterError
from lineage.parts import part, words

VERBS = "lineage.commands"

HELP = """Data lineage and data SLOs from OpenLineage events.

Start with `headwater demo`, or `headwater serve` and point OPENLINEAGE_URL at it.
"""


def build() -> typer.Typer:
    """All verbs as one typer application: a module's `run` is a command, its `app` a group of commands."""
    app = typer.Typer(
        help=HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for word in words(VERBS):
        module, name = part(VERBS, word), word.replace("_", "-")
        if hasattr(module, "app"):
            for command in module.app.registered_commands:
                command.short_help = _summary(command.callback.__doc__)
            app.add_typer(module.app, name=name, short_help=_summary(module.app.info.help))
        else:
            app.command(name, short_help=_summary(module.run.__doc__))(module.run)
    return app


def _summary(text: str | None) -> str:
    """The first line of *text*, whole: a list of commands would else cut it at about 60 letters."""
    return inspect.cleandoc(text or "").partition("\n")[0]


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    if wanted:
        typer.echo(f"headwater {__version__}")
        raise typer.Exit


def _root(
    _version: bool = typer.Option(  # noqa: FBT001 - typer declares options as arguments
        False,
        "--version",
        callback=_show_version,
        is_eager=True,
        help="Print the version and end.",
    ),
) -> None:
    pass


def main() -> None:
    """Run the command line. A HeadwaterError becomes one sentence on stderr and its exit code, never a traceback."""
    try:
        build()()
    except HeadwaterError as error:
        sys.stderr.write(f"headwater: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone, as in `headwater dump | head`
        sys.exit(141)
