"""Say what a schema would change of a dataset, before it is merged."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from lineage.commands import _options
from lineage.commands._open import open_store

BREAKS = 1
FATAL = {"breaking", "breaking-unused"}


def run(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    node: Annotated[str, typer.Argument(metavar="NODE", help="As dataset:NAMESPACE:NAME.")],
    schema: Annotated[
        Path, typer.Option("--schema", metavar="FILE", help="The columns to come: a schema facet, or an ODCS contract.")
    ],
    positional: Annotated[bool, typer.Option("--positional", help="It is read by place, as a COPY of CSV is.")] = False,
    allow_unused: Annotated[
        bool, typer.Option("--allow-unused", help="End well where nobody is known to use what breaks.")
    ] = False,
    url: _options.Url = None,
    key: _options.ApiKey = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Say what a schema would change of a dataset; ends with 1 where that breaks.

    It is held against the last version that told of its columns.

    $ headwater drift dataset:postgres://dw:5432:shop.public.orders --schema orders.schema.json
    """
    from lineage.slo.schema_files import fields_of

    body = {"fields": fields_of(schema, node), "positional": positional}
    found = _asked(node, body, url, key) if url else _foretold(node, body, store, config)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        for line in _lines(found):
            typer.echo(line)
    fatal = FATAL - ({"breaking-unused"} if allow_unused else set())
    if any(change["class"] in fatal for change in found["changes"]):
        raise typer.Exit(BREAKS)


def _asked(node: str, body: dict[str, Any], url: str, key: str | None) -> Any:
    from collectors.senders import ask
    from lineage.paths import quoted

    return ask(url, key, f"/api/v1/drift?nodeId={quoted(node)}", body)


def _foretold(node: str, body: dict[str, Any], store: str | None, config: Path | None) -> Any:
    import msgspec

    from lineage.api._answers import named, wanted
    from lineage.api.drift import foretold
    from lineage.slo.drift import read_columns

    columns = read_columns(msgspec.json.encode(body))
    assert columns is not None, "the file was read"
    with open_store(store, config) as homes:
        return foretold(homes.store, wanted(named(node)), columns, datetime.now(UTC), positional=body["positional"])


def _lines(found: Any) -> list[str]:
    name, since = found["dataset"]["name"], found["comparedWith"]
    if since is None:
        return [f"Nobody told of the columns of {name} yet; there is nothing to hold these against."]
    teller = f"run {since['run']}" if since["run"] else "somebody"
    if not found["changes"]:
        return [f"The columns of {name} stay as {teller} told at {since['at']}."]
    return [
        f"{name}, since {teller} told of its columns at {since['at']}:",
        *(f"{change['class']}: {change['sentence']}" for change in found["changes"]),
    ]
