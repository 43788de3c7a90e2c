"""Prove what is kept: that nothing was changed since, and what made a version."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from lineage.commands import _options
from lineage.commands._open import open_store

app = typer.Typer(
    no_args_is_help=True,
    help="""Prove what is kept: that nothing was changed since, and what made a version.

    $ headwater audit verify
    """,
)


@app.command()
def verify(
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Read the whole ledger and name every place that was changed since.

    Exits with 1 if there is one. The printed head, kept elsewhere, also proves later that no end was cut off.

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


@app.command()
def trace(  # noqa: PLR0913, PLR0917 - a question has this many sides
    root: Annotated[
        str, typer.Argument(metavar="ROOT", help="A run's id, or dataset:NAMESPACE:NAME for its version in force.")
    ],
    depth: Annotated[int, typer.Option("--depth", min=0, help="How many datasets away to look.")] = 10,
    as_of: _options.AsOf = None,
    known_at: _options.KnownAt = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Print the runs and versions that a figure was made of, with their proof.

    $ headwater audit trace dataset:postgres://dw:5432:shop.public.orders --as-of 2026-11-21T08:30:00Z
    """
    import msgspec

    from lineage.api._answers import named, wanted
    from lineage.api.audit import shape
    from lineage.audit import trace as tracing
    from lineage.names import run_key
    from lineage.web import instant

    seen, received, run = instant(as_of, "--as-of"), instant(known_at, "--known-at"), run_key(root)
    with open_store(store, config) as homes:
        if run is not None:
            found = tracing.trace(homes.store, run, known_at=received, depth=depth)
        else:
            asked = wanted(named(root))
            dataset = asked.among(homes.store.get(asked.candidates))
            found = tracing.trace_dataset(homes.store, dataset, as_of=seen, known_at=received, depth=depth)
    if as_json:
        typer.echo(msgspec.json.encode(shape(found)))
        return
    for each in sorted(found.runs.values(), key=lambda each: (each.hop, each.run.id)):
        typer.echo(f"{each.hop:3d}  run:{each.run.id}  {each.run.job}  {each.run.state}  {each.events} events")
    for link in found.links:
        proof = ", ".join(digest[:12] for digest in link.evidence[:3])
        typer.echo(f"     run:{link.run} {_VERBS[link.side]} {link.version} ({link.level}) by {proof}")
    if found.truncated:
        typer.echo(f"Cut; go on from run {found.frontier[0]}.")


_VERBS = {"input": "read", "output": "wrote"}
