"""See incidents, take one up, and say where its postmortem is."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from lineage.commands import _options
from lineage.commands._open import open_decisions, open_store

if TYPE_CHECKING:  # `headwater --help` imports this module
    from pathlib import Path

    from lineage.alerts.incidents import Incident
    from lineage.statements import Statement

app = typer.Typer(
    no_args_is_help=True,
    help="""See incidents, take one up, and say where its postmortem is.

    $ headwater incident list --state open
    """,
)

Id = Annotated[str, typer.Argument(metavar="ID", help="The incident, as INC-7.")]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who answers; none: you.")]


class State(StrEnum):
    """How an incident may stand."""

    OPEN = "open"
    RESOLVED = "resolved"


@app.command("list")
def list_(
    state: Annotated[State | None, typer.Option("--state", help="Only those in it; none: all.")] = None,
    lacking: Annotated[
        bool, typer.Option("--without-postmortem", help="Only those that require a postmortem and have none.")
    ] = False,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """List incidents, newest first, with who took each up and what it still lacks.

    $ headwater incident list --without-postmortem
    """
    from lineage.alerts.incidents import every, lacks_postmortem

    with open_store(store, config) as homes:
        found = every(homes.store, None if state is None else state.value)
    for each in found:
        if lacks_postmortem(each) or not lacking:
            typer.echo(_shape(each) if as_json else _line(each))


@app.command()
def ack(
    id_: Id,
    by: By = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Take up an open incident; its message says so from the next look on.

    Who took it up first counts.

    $ headwater incident ack INC-7
    """
    from lineage.alerts.answering import acknowledging

    found = _answered(id_, store, config, lambda case: acknowledging(case, by or getpass.getuser(), datetime.now(UTC)))
    typer.echo(_shape(found) if as_json else f"{found.id} was taken up by {found.acked_by}.")


@app.command()
def postmortem(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    id_: Id,
    url: Annotated[str, typer.Option("--url", metavar="URL", help="The page; a newer one takes its place.")],
    by: By = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Say where the postmortem of an incident is; who said it stays on record.

    $ headwater incident postmortem INC-7 --url https://wiki.example.com/INC-7
    """
    from lineage.alerts.answering import documenting

    who = by or getpass.getuser()
    found = _answered(id_, store, config, lambda case: documenting(case, url, who, datetime.now(UTC)))
    typer.echo(_shape(found) if as_json else f"The postmortem of {found.id} is at {found.postmortem.url}.")


def _answered(id_: str, store: str | None, config: Path | None, say: Callable[[Incident], Statement]) -> Incident:
    from lineage.alerts.answering import answer
    from lineage.alerts.incidents import one

    with open_store(store, config) as homes:
        return answer(homes.store, open_decisions(homes).keep, say(one(homes.store, id_)))


def _shape(found: Incident) -> str:
    told = {
        "id": found.id,
        "state": found.state,
        "severity": found.severity,
        "title": found.title,
        "onsetAt": found.onset_at.isoformat(),
        "ackedAt": None if found.acked_at is None else found.acked_at.isoformat(),
        "ackedBy": found.acked_by,
        "postmortem": found.postmortem.model_dump(),
    }
    return json.dumps(told, ensure_ascii=False)


def _line(found: Incident) -> str:
    """`INC-7  2026-11-21 10:30 UTC  open page  orders misses …  taken up by ana; a postmortem is required`."""
    from lineage.alerts.incidents import lacks_postmortem
    from lineage.slo.phrases import moment

    said = [f"taken up by {found.acked_by}"] if found.acked_by is not None else []
    if lacks_postmortem(found):
        said.append(f"a postmortem is required: {found.postmortem.because}")
    stands = f"{found.state} {found.severity}"
    return "  ".join([found.id, moment(found.onset_at), stands, found.title, "; ".join(said)]).rstrip()
