"""Send events from files through the door, into a store or to a running server."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Self

import typer

from lineage.commands import _options
from lineage.commands._open import open_intake, open_store

if TYPE_CHECKING:  # heavy; `headwater --help` imports this module
    from pathlib import Path

    from collectors.senders import Outcome

REASONS_SHOWN = 5


def run(  # noqa: PLR0913, PLR0917 - a command has this many options
    sources: Annotated[
        list[str],
        typer.Argument(metavar="FILE|DIR|-", help="Files of events, folders of such files, or - for standard input."),
    ],
    url: _options.Url = None,
    key: _options.ApiKey = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Send events from files (JSON lines, JSON, gzip) through the same door.

    What was sent before is counted as duplicate and changes nothing. Ends with 1 when an event was refused; it is then
    among the dead letters. Ends with 2 when the server is not there.

    $ headwater replay events/ --url http://127.0.0.1:5000
    """
    accepted = duplicate = refused = 0
    with _Progress() as progress:
        for outcome in _to_server(sources, url, key) if url else _into_store(sources, store, config):
            accepted += outcome.accepted
            duplicate += outcome.duplicate
            for reason in outcome.reasons[: max(0, REASONS_SHOWN - refused)]:
                typer.echo(f"refused: {reason}", err=True)
            refused += len(outcome.reasons)
            progress.show(accepted + duplicate + refused)
    if as_json:
        typer.echo(json.dumps({"accepted": accepted, "duplicate": duplicate, "refused": refused}))
    else:
        typer.echo(f"{accepted} accepted, {duplicate} duplicate, {refused} refused")
    if refused:
        raise typer.Exit(1)


def _to_server(sources: list[str], url: str, key: str | None) -> Iterator[Outcome]:
    from collectors.senders import to_server
    from collectors.transports import file

    return to_server(url, key, file.read(sources), lambda words: typer.echo(f"waiting: {words}", err=True))


def _into_store(sources: list[str], store: str | None, config: Path | None) -> Iterator[Outcome]:
    from collectors.senders import through
    from collectors.transports import file
    from lineage.auth import ANONYMOUS

    with open_store(store, config) as homes, open_intake(homes, config, "file") as intake:
        yield from through(intake, file.read(sources), ANONYMOUS)


class _Progress:
    """A count that moves, on a terminal; nothing elsewhere."""

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.completed:.0f} events"), TimeElapsedColumn())
        console = Console(stderr=True)
        self._bar = Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty())
        self._bar.start()
        self._task = self._bar.add_task("", total=None)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, events: int) -> None:
        self._bar.update(self._task, completed=events)
