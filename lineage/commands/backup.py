"""Copy ledger, graph and records into one file, while serving goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from lineage.commands import _options
from lineage.commands._open import read_settings


def run(
    file: Annotated[Path, typer.Argument(help="The file to write; one that is there is replaced.", metavar="FILE")],
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Copy ledger, graph and records into one file, while serving goes on.

    The copy holds all that was acknowledged before the command began, API keys (as digests) and secrets too. A ledger
    in object storage is not in it, as its last line says: keep versions of the bucket, or copy that as well.

    $ headwater backup /backup/headwater.db
    """
    from lineage.database import Database
    from lineage.errors import StoreUnusable
    from lineage.homes import file_of

    settings = read_settings(config, store=store)
    path = file_of(settings)
    if not path.exists():
        raise StoreUnusable(f"{path}: no such file, nothing to back up; give another --store")
    database = Database(path)
    try:
        database.backup(file)
    finally:
        database.close()
    size_bytes = file.stat().st_size
    if as_json:
        typer.echo(json.dumps({"file": str(file), "bytes": size_bytes, "without_ledger": settings.ledger}))
        return
    typer.echo(f"{file}: {size_bytes} bytes.")
    if settings.ledger is not None:
        typer.echo(f"The ledger is not in it; keep a copy of {settings.ledger} as well.")
