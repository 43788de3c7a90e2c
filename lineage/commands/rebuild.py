"""Make the graph anew from the ledger; the same comes out again."""

from __future__ import annotations

import json
import sys

import typer

from lineage.commands import _options
from lineage.commands._open import read_settings


def run(
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Make the graph anew from the ledger; the same comes out again.

    Readers see the old graph until the new one is complete; a server that takes events answers 503 as long. Verdicts
    are judged again at the server's next tick.

    $ headwater rebuild --store sqlite:///headwater.db
    """
    from collectors.rebuild import rebuild
    from lineage.homes import homes_of
    from lineage.normal import rules

    settings = read_settings(config, store=store)
    with homes_of(settings) as homes:
        progress = _show if sys.stderr.isatty() else _keep_quiet
        tally = rebuild(homes.ledger, homes.store, progress, rules(settings.ingest))
    if as_json:
        typer.echo(json.dumps({"merged": tally.merged, "unprojected": tally.unprojected}))
        return
    typer.echo(f"Events merged: {tally.merged}.")
    if tally.unprojected:
        typer.echo(f"Events left out: {tally.unprojected}; the log says why, and the ledger keeps them.")


def _show(done: int, everything: int) -> None:
    typer.echo(f"\r{done} of {everything} entries", err=True, nl=done >= everything)


def _keep_quiet(_done: int, _everything: int) -> None:
    pass
