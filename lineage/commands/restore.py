"""Put a backup in the place of the store, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from lineage.commands import _options
from lineage.commands._open import read_settings


def run(
    file: Annotated[Path, typer.Argument(help="A file that `headwater backup` wrote.", metavar="FILE")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace the store that is there; it is lost.")] = False,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Put a backup in the place of the store, whole or not at all.

    Refused while a server has the store open, and when a store is there, unless it may be replaced.

    $ headwater restore /backup/headwater.db --store sqlite:///headwater.db
    """
    from lineage.database.copies import restore
    from lineage.errors import Conflict
    from lineage.homes import file_of

    path = file_of(read_settings(config, store=store))
    if path.exists() and not replace:
        raise Conflict(f"{path}: exists; give --replace to lose it, or another --store")
    restore(file, path)
    typer.echo(json.dumps({"store": str(path), "from": str(file)}) if as_json else f"{path}: restored from {file}.")
