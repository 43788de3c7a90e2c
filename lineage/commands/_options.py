"""The options that many commands share, each with its one sentence of help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Store = Annotated[
    str | None,
    typer.Option("--store", metavar="URL", help="Where ledger and graph live, as sqlite:///headwater.db."),
]
Ledger = Annotated[
    str | None, typer.Option("--ledger", metavar="URL", help="Where the ledger lives, as s3://bucket/folder.")
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="YAML file of settings; flags and HEADWATER_* win over it."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of words for people.")]
Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="A running server to talk to, instead of opening the store."),
]
ApiKey = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", envvar="HEADWATER_KEY", help="The API key to show to the server at --url."),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="TIME", help="Look back: what runs observed after this time says nothing."),
]
KnownAt = Annotated[
    str | None,
    typer.Option("--known-at", metavar="TIME", help="Look back: events received after this time say nothing."),
]
At = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="The time to answer for, as 2026-11-21T08:30:00Z.")
]
Slos = Annotated[
    Path | None, typer.Option("--slos", metavar="DIR", help="SLO files to judge by, instead of the store's own.")
]
