"""Look at what the door refused; replay it or discard it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lineage.commands import _options
from lineage.commands._open import open_decisions, open_intake, open_store

if TYPE_CHECKING:  # heavy; `headwater --help` imports this module
    from lineage.letters import Letter, Wanted

app = typer.Typer(
    no_args_is_help=True,
    help="""Look at what the door refused; replay it or discard it.

    $ headwater dead-letters list --reason eventTime
    """,
)

Ids = Annotated[list[str] | None, typer.Argument(help="Ids of letters, or their beginnings; none: all that fit.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Only those whose reason has this text in it.")]
Field = Annotated[str | None, typer.Option("--field", help="Only those refused for this field, as eventTime.")]
Key = Annotated[str | None, typer.Option("--from", metavar="KEY", help="Only those that came with this key.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would happen.")]

SHOWN = 12  # digits of an id
_DONE = {True: "were", False: "would be"}
_HINT = {True: "", False: " Nothing was done; add --yes."}


@app.command("list")
def list_letters(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    reason: Reason = None,
    field: Field = None,
    key: Key = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """List refused bodies with their reasons, oldest first.

    $ headwater dead-letters list --reason eventTime
    """
    with open_store(store, config) as homes:
        found = _found(homes.store, None, reason, field, key)
    if as_json:
        typer.echo(json.dumps([_shown(letter) for letter in found], ensure_ascii=False))
        return
    for letter in found:
        came = f"{letter.received_at:%Y-%m-%d %H:%M}  {letter.principal:<16}"
        typer.echo(f"{letter.id[:SHOWN]}  {came}  {letter.size:>9} bytes  {letter.reason}")
    if not found:
        typer.echo("No dead letter waits.")


@app.command()
def show(
    letter: Annotated[str, typer.Argument(help="The id of a letter, or its beginning.")],
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Print a refused body as far as it was kept, without its secrets.

    $ headwater dead-letters show 4f8a11c09d3e
    """
    from lineage import letters
    from lineage.errors import NotFound

    with open_store(store, config) as homes:
        found = _found(homes.store, [letter])
        if not found:
            raise NotFound(f"no dead letter {letter!r}; `headwater dead-letters list` shows them")
        body = letters.body(homes.store, found[0].id).decode("utf-8", "replace")
    typer.echo(json.dumps(_shown(found[0]) | {"body": body}, ensure_ascii=False) if as_json else body)


@app.command()
def replay(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    ids: Ids = None,
    reason: Reason = None,
    field: Field = None,
    key: Key = None,
    yes: Yes = False,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Send refused bodies through the door again; says what would happen first.

    $ headwater dead-letters replay --reason eventTime --yes
    """
    from lineage import letters
    from lineage.auth import ANONYMOUS

    with open_store(store, config) as homes, open_intake(homes, config, "file") as intake:
        found = _found(homes.store, ids, reason, field, key)
        tried = letters.replay(homes.store, intake, found, ANONYMOUS, datetime.now(UTC), dry=not yes)
    taken = sum(one.reason is None for one in tried)
    if as_json:
        results = [{"id": one.letter.id, "event": one.event, "reason": one.reason} for one in tried]
        counts = {"dryRun": not yes, "replayed": taken, "refused": len(tried) - taken}
        typer.echo(json.dumps(counts | {"results": results}, ensure_ascii=False))
        return
    for one in tried:
        typer.echo(f"{one.letter.id[:SHOWN]}  {f'stays: {one.reason}' if one.reason else f'event {one.event}'}")
    typer.echo(f"{taken} {_DONE[yes]} taken, {len(tried) - taken} stay.{_HINT[yes]}")


@app.command()
def discard(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    because: Annotated[str, typer.Option("--because", metavar="WHY", help="Why; it stays on record.")],
    ids: Ids = None,
    reason: Reason = None,
    field: Field = None,
    key: Key = None,
    yes: Yes = False,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Forget refused bodies for good; says which first.

    $ headwater dead-letters discard --reason 'not JSON' --because 'a port scan' --yes
    """
    from lineage import letters
    from lineage.auth import ANONYMOUS

    with open_store(store, config) as homes:
        found = _found(homes.store, ids, reason, field, key)
        if yes:
            keep = open_decisions(homes).keep
            letters.discard(homes.store, keep, found, ANONYMOUS.name, because, datetime.now(UTC))
    if as_json:
        done = {"dryRun": not yes, "discarded": len(found), "ids": [letter.id for letter in found]}
        typer.echo(json.dumps(done))
        return
    for letter in found:
        typer.echo(f"{letter.id[:SHOWN]}  {letter.reason}")
    typer.echo(f"{len(found)} {_DONE[yes]} discarded.{_HINT[yes]}")


def _found(
    store: Any, ids: list[str] | None, reason: str | None = None, field: str | None = None, key: str | None = None
) -> list[Letter]:
    from lineage import letters
    from lineage.letters import Wanted

    wanted: Wanted = Wanted(None, reason, field, key)
    found = [one for one in letters.letters(store, wanted) if not ids or one.id.startswith(tuple(ids))]
    return sorted(found, key=lambda one: (one.received_at, one.id))


def _shown(letter: Letter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "reason": letter.reason,
        "field": letter.field,
        "principal": letter.principal,
        "receivedAt": letter.received_at.isoformat(),
        "size": letter.size,
        "truncated": letter.truncated,
        "timesAgain": letter.times_again,
    }
