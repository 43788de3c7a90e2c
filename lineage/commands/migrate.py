"""Bring the schema of the store up to date, before or beside servers that would do it themselves."""

from __future__ import annotations

import json

import typer

from lineage.commands import _options
from lineage.commands._open import read_settings


def run(
    store: _options.Store = None,
    ledger: _options.Ledger = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Bring the schema of the store up to date, and say from which version to which.

    A server does so too when it starts. Done again it changes nothing; two at once come to the same. In a SQLite file
    the graph of an earlier layout is forgotten by it: the next server makes it anew, or `headwater rebuild`.

    $ headwater migrate --store neo4j://db:7687 --ledger s3://bucket/ledger
    """
    from lineage.homes import migrate

    steps = migrate(read_settings(config, store=store, ledger=ledger))
    if as_json:
        typer.echo(json.dumps([{"room": step.room, "from": step.before, "to": step.after} for step in steps]))
        return
    for room, before, after in steps:
        typer.echo(f"{room}: {f'from {before} to {after}' if before != after else f'{after}, up to date'}.")
