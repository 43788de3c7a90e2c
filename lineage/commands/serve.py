"""Run the server: events in; lineage, SLOs, alerts and pages out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lineage.commands import _options
from lineage.commands._open import read_settings


def run(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    store: _options.Store = None,
    config: _options.Config = None,
    ledger: _options.Ledger = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role", metavar="ROLE", help="api, collector, dashboards or scheduler; several may be; none: all."
        ),
    ] = None,
    slos: Annotated[
        Path | None, typer.Option("--slos", metavar="DIR", help="Folder of DataSLO files; watched while serving.")
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on; one that is not loopback needs an API key.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on; 0 takes a free one.")] = None,
) -> None:
    """Serve events in; lineage, SLOs, alerts and pages out, until SIGTERM.

    OpenLineage clients reach it by OPENLINEAGE_URL=http://127.0.0.1:5000. Processes with different --role share the
    work over one Neo4j and one ledger in an object store.

    $ headwater serve --store sqlite:///headwater.db --slos slos/
    """
    roles = tuple(role) if role else None
    settings = read_settings(config, store=store, ledger=ledger, roles=roles, slos=slos, host=host, port=port)

    from lineage.commands._serving import serve

    serve(settings)
