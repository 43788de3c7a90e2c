"""Print the whole graph in canonical order; equal graphs print equal bytes."""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from typing import Annotated

import typer

from lineage.commands import _options
from lineage.commands._open import open_store


def run(
    digest: Annotated[bool, typer.Option("--digest", help="Print only the SHA-256 of what would be printed.")] = False,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Print the whole graph in canonical order; equal graphs print equal bytes.

    A line is a JSON value, with or without --json, which matters to --digest only.

    $ headwater dump --digest
    """
    with open_store(store, config) as homes:
        if not digest:
            for line in homes.store.dump():
                sys.stdout.buffer.write(_ended(line))
            sys.stdout.buffer.flush()
            return
        hashed = sha256()
        for line in homes.store.dump():
            hashed.update(_ended(line))
    typer.echo(json.dumps({"sha256": hashed.hexdigest()}) if as_json else hashed.hexdigest())


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n"
