"""Move a grown installation: from a file to Neo4j and an object store, or the other way."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from lineage.commands import _options
from lineage.commands._open import read_settings

if TYPE_CHECKING:  # heavy; `headwater --help` imports this module
    from lineage.ledger.objects import ObjectLedger
    from lineage.settings import Settings

WIDTH = 30  # characters of the bar


def run(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    to: Annotated[str, typer.Option("--to", metavar="URL", help="The store to fill, as neo4j://db:7687.")],
    to_ledger: Annotated[
        str | None,
        typer.Option("--to-ledger", metavar="URL", help="The ledger to fill, as s3://bucket/ledger; none: the file's."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option("--from", "--store", metavar="URL", help="The store to read, as sqlite:///headwater.db."),
    ] = None,
    ledger: Annotated[
        str | None,
        typer.Option("--from-ledger", "--ledger", metavar="URL", help="Its ledger, unless that is in the file."),
    ] = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Copy ledger, statements and documents to other homes, and make the graph there.

    Both then give the same `headwater dump --digest`. Keys, SLOs, incidents, unsent messages and dead letters come
    along; verdicts are judged anew by the first server. What is there already is not copied again: copy while the old
    server serves, stop it, copy once more, start the new one.

    $ headwater copy --from sqlite:///headwater.db --to neo4j://db:7687 --to-ledger s3://bucket/ledger
    """
    from collectors.copying import copy
    from lineage.homes import homes_of
    from lineage.ledger.objects import open_ledger
    from lineage.normal import rules

    source = read_settings(config, store=store, ledger=ledger)
    target = source.model_copy(update={"store": to, "ledger": to_ledger})
    _require_source(source, target)

    def adopting(writer: str) -> ObjectLedger:
        found = open_ledger(to_ledger or "", writer)
        found.heads()  # it sees what an earlier copy brought
        return found

    shared = source.ledger is not None and source.ledger == target.ledger
    with homes_of(source) as old, homes_of(target) as new:
        show = _show if sys.stderr.isatty() else _keep_quiet
        done = copy(old, new, None if shared else adopting, show, rules(source.ingest))
    if as_json:
        typer.echo(json.dumps(done._asdict()))
        return
    typer.echo(f"Copied: {done.entries} entries, {done.documents} documents; merged: {done.merged} events.")
    if done.unprojected:
        typer.echo(f"Events left out of the graph: {done.unprojected}; the log says why, and the ledger keeps them.")


def _require_source(source: Settings, target: Settings) -> None:
    """A file that is not there would be made, and copied as nothing."""
    from lineage.errors import InvalidInput, StoreUnusable
    from lineage.homes import file_of, is_remote

    if source.store == target.store:
        raise InvalidInput("--to: names the store that is copied; name another", field="to")
    if not is_remote(source) and not (path := file_of(source)).exists():
        raise StoreUnusable(f"{path}: no such file, nothing to copy; give another --from")


def _show(what: str, done: int, everything: int) -> None:
    filled = WIDTH * done // max(everything, 1)
    bar = f"[{'#' * filled}{'.' * (WIDTH - filled)}]"
    typer.echo(f"\r{what:<12} {bar} {done} of {everything}", err=True, nl=done >= everything)


def _keep_quiet(_what: str, _done: int, _everything: int) -> None:
    pass
