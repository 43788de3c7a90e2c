"""What SLO files would change, and bringing them into force."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lineage.commands import _options
from lineage.commands._open import open_decisions, open_store

if TYPE_CHECKING:  # heavy; `headwater --help` imports this module
    from lineage.slo.reading import Hint, Source
    from lineage.store.base import Store

DIFFERENT = 2
MARKS = {"add": "+", "change": "~", "remove": "-"}
PATIENCE_S = 120.0

Files = Annotated[list[Path], typer.Argument(help="SLO files, or folders of them.")]
Prune = Annotated[bool, typer.Option("--prune", help="Retire what was applied before and is not in these files.")]
Adopt = Annotated[bool, typer.Option("--adopt", help="Take over SLOs that a server's --slos folder owns.")]


def plan(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    files: Files,
    prune: Prune = False,
    adopt: Adopt = False,
    detailed: Annotated[
        bool, typer.Option("--detailed-exitcode", help="End with 0: no change, 1: an error, 2: changes.")
    ] = False,
    url: _options.Url = None,
    key: _options.ApiKey = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Say what `apply` would change, field by field, and what that does to the budget.

    Nothing is written. Against a store, or with --url against a running server.

    $ headwater slo plan slos/
    """
    from lineage.errors import HeadwaterError

    try:
        wanted = {"prune": prune, "adopt": adopt}
        steps = _asked("plan", _linted(files), url, key, wanted) if url else _planned(files, wanted, store, config)
    except (HeadwaterError, typer.Exit) as error:
        if not detailed:
            raise
        if isinstance(error, HeadwaterError):
            typer.echo(f"headwater: {error}", err=True)
        raise typer.Exit(1) from None
    _show(steps, as_json=as_json)
    if detailed and any(step["action"] != "keep" for step in steps):
        raise typer.Exit(DIFFERENT)


def apply(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    files: Files,
    prune: Prune = False,
    adopt: Adopt = False,
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why; it stays on record.")] = "",
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who applies; none: you, or the key at --url.")
    ] = None,
    url: _options.Url = None,
    key: _options.ApiKey = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Bring SLO files into force; author and time stay on the ledger.

    The same again is no change. What `lint` refuses is refused, and what a server's --slos folder owns is left to it.

    $ headwater slo apply slos/ --because 'agreed with finance'
    """
    from lineage.errors import InvalidInput

    if url and by is not None:
        raise InvalidInput("--by: at --url the key says who applies; leave it out", field="by")
    wanted = {"prune": prune, "adopt": adopt}
    if url:
        steps = _asked("apply", _linted(files), url, key, wanted | {"because": because})
    else:
        steps = _applied(files, wanted, (by or getpass.getuser(), because), store, config)
    _show(steps, as_json=as_json, done=True)


def hint(store: Store, now: datetime) -> Hint:
    """What *store* knows of when data came, in the zones that its SLOs use."""
    from lineage.slo.kept import definition, kept
    from lineage.slo.proposing import hint as known
    from lineage.slo.proposing import zones_of

    return known(store, zones_of(definition(each.record) for each in kept(store).values() if each.active), now)


def _linted(files: list[Path], store: Store | None = None) -> list[Source]:
    """What `lint` lets through, its warnings told. Ends with 2 where it finds a fault, each told."""
    from lineage.slo.kept import in_force
    from lineage.slo.lint import inspect

    now = datetime.now(UTC)
    known = (None, None) if store is None else (hint(store, now), in_force(store))
    found, faults = inspect(files, now, *known)
    for fault in faults:
        typer.echo(fault, err=True)
    if faults:
        raise typer.Exit(2)
    for source, told in found:
        for warning in told:
            typer.echo(f"{source.place}: warning: {source.slo.name}: {warning}", err=True)
    return [source for source, _ in found]


def _planned(files: list[Path], options: dict[str, bool], store: str | None, config: Path | None) -> list[Any]:
    from lineage.slo.planning import Wanted, shape_of
    from lineage.slo.planning import plan as planned

    with open_store(store, config) as homes:
        wanted = Wanted(_linted(files, homes.store), **options)
        return [shape_of(step) for step in planned(homes.store, wanted, datetime.now(UTC))]


def _applied(
    files: list[Path], options: dict[str, bool], who: tuple[str, str], store: str | None, config: Path | None
) -> list[Any]:
    from lineage.slo.applying import Author
    from lineage.slo.applying import apply as applied
    from lineage.slo.planning import Wanted, shape_of

    by, because = who
    with open_store(store, config) as homes:
        wanted, author = Wanted(_linted(files, homes.store), **options), Author(by, datetime.now(UTC), because)
        steps = applied(homes.store, open_decisions(homes).keep, wanted, author)
        return [shape_of(step) for step in steps]


def _asked(what: str, sources: list[Source], url: str, key: str | None, options: dict[str, Any]) -> list[Any]:
    """What the server at *url* answers. Raises InvalidInput where it refuses, Overloaded where it is not there."""
    from collectors.senders import ask

    slos = [{"place": source.place, "text": source.text} for source in sources]
    answer = ask(url, key, f"/api/v1/definitions/{what}", {"slos": slos, **options}, PATIENCE_S)
    steps: list[Any] = answer["steps"]
    return steps


def _show(steps: list[Any], *, as_json: bool, done: bool = False) -> None:
    if as_json:
        typer.echo(json.dumps({"steps": steps}, ensure_ascii=False))
        return
    counts = {action: sum(step["action"] == action for step in steps) for action in (*MARKS, "keep")}
    for step in steps:
        if step["action"] in MARKS:
            for line in _lines(step):
                typer.echo(line)
    words = ("added", "changed", "removed") if done else ("to add", "to change", "to remove")
    told = ", ".join(f"{counts[action]} {word}" for action, word in zip(MARKS, words, strict=True))
    typer.echo(f"{told}, {counts['keep']} as they are.")


def _lines(step: Any) -> Iterator[str]:
    yield f"{MARKS[step['action']]} {step['slo']}  ({step['place']})"
    for each in step["fields"]:
        yield f"    {each['field']}: {_value(each['before'])} -> {_value(each['after'])}"
        yield f"        {each['effect']}"
    if step["ownedBy"]:
        yield f"    owned by {step['ownedBy']}: change that file, or take it over with apply --adopt"
    before, after = step["before"], step["after"]
    if before and after:
        yield f"    now    {before['sentence']}"
        yield f"    then   {after['sentence']}"
    elif after:
        yield f"    then   {after['sentence']}"
    elif before:
        yield f"    now    {before['sentence']}; it is judged no more, its history stays"


def _value(value: object) -> str:
    return "(not written)" if value is None else value if isinstance(value, str) else json.dumps(value)
