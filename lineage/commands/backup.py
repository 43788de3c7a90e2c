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
    in object storage is not in it: keep versions of the bucket, or copy that as well.

    $ headwater backup /backup/headwater.db
    """
    from lineage.database import Database
    from lineage.errors import StoreUnusable
    from lineage.homes import file_of

    path = file_of(read_settings(config, store=store))
    if not path.exists():
        raise StoreUnusable(f"{path}: no such file, nothing to back up; give another --store")
    database = Database(path)
    try:
        database.backup(file)
    finally:
        database.close()
    size_bytes = file.stat().st_size
    typer.echo(json.dumps({"file": str(file), "bytes": size_bytes}) if as_json else f"{file}: {size_bytes} bytes.")
