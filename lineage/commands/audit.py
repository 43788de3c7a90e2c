"""Prove that nothing in the ledger was changed since it was written."""

from __future__ import annotations

import json

import typer

from lineage.commands import _options
from lineage.commands._open import open_store

app = typer.Typer(
    no_args_is_help=True,
    help="""Prove that nothing in the ledger was changed since it was written.

    $ headwater audit verify
    """,
)


@app.callback()
def _group() -> None:
    pass


@app.command()
def verify(
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Read the whole ledger and name every place that was changed; exit with 1 if there is one.

    $ headwater audit verify --store sqlite:///headwater.db
    """
    with open_store(store, config) as homes:
        heads = homes.ledger.heads()
        problems = list(homes.ledger.verify())
    if as_json:
        answer = {
            "entries": sum(head.seq for head in heads),
            "heads": [{"writer": head.writer, "seq": head.seq, "chain": head.chain.hex()} for head in heads],
            "problems": [{"writer": found.writer, "seq": found.seq, "what": found.what} for found in problems],
        }
        typer.echo(json.dumps(answer))
    else:
        for found in problems:
            typer.echo(f"{found.writer}:{found.seq}: {found.what}")
        for head in heads:
            typer.echo(f"{head.seq} entries by {head.writer}, head {head.chain.hex()}")
        typer.echo(f"{len(problems)} problems found." if problems else "All as it was written.")
    if problems:
        raise typer.Exit(1)
