"""Make, list and revoke API keys; once one exists every route but the probes asks for one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lineage.commands import _options
from lineage.commands._open import open_store

if TYPE_CHECKING:  # `headwater --help` imports this module
    from lineage.auth import Key

app = typer.Typer(
    no_args_is_help=True,
    help="""Make, list and revoke API keys; once one exists every route asks for one.

    $ headwater keys create airflow --scope ingest
    """,
)


@app.command()
def create(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    name: Annotated[str, typer.Argument(help="Whom the key is for; logs and the ledger show it.")],
    scope: Annotated[
        list[str], typer.Option("--scope", help="What it may do: ingest, read, admin; repeat or separate by commas.")
    ] = ["ingest"],  # noqa: B006 - typer copies it
    namespace: Annotated[
        list[str] | None,
        typer.Option(
            "--namespace", help="Take only events of jobs in it; repeat, or end with * for all that begin so."
        ),
    ] = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Make a key and print it, the only time that it is shown.

    $ headwater keys create airflow --scope ingest
    """
    from lineage.auth import Keys

    scopes = [word.strip() for words in scope for word in words.split(",")]
    with open_store(store, config) as homes:
        text = Keys(homes.store).create(name, scopes, datetime.now(UTC), namespace or None)
    if as_json:
        typer.echo(json.dumps({"name": name, "scopes": scopes, "namespaces": namespace or None, "key": text}))
        return
    typer.echo(text)
    typer.echo("Keep it: it is not shown again. Clients send it as `Authorization: Bearer KEY`.", err=True)


@app.command("list")
def list_keys(
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """List the keys, revoked ones too; never the keys themselves.

    $ headwater keys list
    """
    from lineage.auth import Keys

    with open_store(store, config) as homes:
        keys = Keys(homes.store).all()
    if as_json:
        typer.echo(json.dumps([_shown(key) for key in keys]))
        return
    for key in keys:
        fate = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "in force"
        bound = "" if key.namespaces is None else f"  only {', '.join(key.namespaces)}"
        typer.echo(
            f"{key.id}  {key.name:<24} {','.join(key.scopes):<18} {key.created_at:%Y-%m-%d %H:%M}  {fate}{bound}"
        )
    if not keys:
        typer.echo("No key was made yet: who can reach the server may do everything.")


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The name or the id of the key, as `headwater keys list` shows it.")],
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """End a key; a running server notices within two seconds.

    $ headwater keys revoke airflow
    """
    from lineage.auth import Keys

    with open_store(store, config) as homes:
        key = Keys(homes.store).revoke(name, datetime.now(UTC))
    typer.echo(json.dumps(_shown(key)) if as_json else f"The key {key.name!r} ({key.id}) is revoked.")


def _shown(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": key.scopes,
        "namespaces": key.namespaces,
        "createdAt": key.created_at.isoformat(),
        "revokedAt": key.revoked_at and key.revoked_at.isoformat(),
    }
