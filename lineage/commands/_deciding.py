"""What a person decides about an SLO by command: what does not count, and what was judged wrongly."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lineage.commands import _options
from lineage.commands._open import open_decisions, open_store, read_settings

if TYPE_CHECKING:  # heavy; `headwater --help` imports this module
    from lineage.slo.exclusions import Exclusion
    from lineage.store.base import Store

Because = Annotated[str, typer.Option("--because", metavar="TEXT", help="Why; it stays on record.")]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who decides it; none: you.")]


class Judged(StrEnum):
    """What an occurrence may be corrected to."""

    GOOD = "GOOD"
    BAD = "BAD"


def exclude(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    name: Annotated[str, typer.Argument(help="An SLO, or with --calendar what SLOs name as `exclusions: [{ref: …}]`.")],
    start: Annotated[str, typer.Option("--start", metavar="TIME", help="When it begins, as 2026-12-24T20:00:00Z.")],
    duration: Annotated[str, typer.Option("--duration", metavar="SPAN", help="For how long, as 2h.")],
    because: Because,
    rrule: Annotated[
        str | None, typer.Option("--rrule", metavar="RULE", help="How it repeats, as FREQ=WEEKLY;BYDAY=SU.")
    ] = None,
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="ZONE", help="In whose wall time it repeats, as Europe/Berlin.")
    ] = "UTC",
    calendar: Annotated[bool, typer.Option("--calendar", help="NAME is a calendar that SLOs refer to.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back what was excluded with the same words.")] = False,
    by: By = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Let a span of time not count for an SLO, past or to come; who and why stay.

    What was known before is answered as it was: --known-at, and `knownAt` in the API, look behind it.

    $ headwater slo exclude orders-freshness --start 2026-12-24T20:00:00Z --duration 2h --because 'move of the lake'
    """
    from lineage.slo.decided import excluding, of
    from lineage.statements import Subject

    given = {"start": start, "duration": duration, "reason": because, "approvedBy": _who(by), "timezone": timezone}
    exclusion = _exclusion(given | ({} if rrule is None else {"rrule": rrule}))
    with open_store(store, config) as homes:
        if not calendar:
            _require_known(name, homes.store)
        subject = Subject("exclusions", name) if calendar else of(name)
        said = excluding(subject, exclusion, _who(by), datetime.now(UTC), holds=not undo)
        open_decisions(homes).keep([said])
    if as_json:
        typer.echo(json.dumps({"of": name, "excluded": not undo, "because": said.reason, "by": said.actor}))
    else:
        typer.echo(f"{start} for {duration} {'counts again' if undo else 'does not count'} for {name}.")


def correct(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    name: Annotated[str, typer.Argument(help="The SLO.")],
    occurrence: Annotated[str, typer.Argument(help="Its occurrence, as `headwater slo status --json` names it.")],
    state: Annotated[Judged, typer.Argument(help="What it was in truth.")],
    because: Because,
    by: By = None,
    slos: _options.Slos = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Judge an occurrence anew by hand, where events came too late; who and why stay.

    $ headwater slo correct orders-freshness 2026-11-20T11:00:00Z GOOD --because 'the file was there'
    """
    from lineage.homes import homes_of
    from lineage.slo.book import SloBook
    from lineage.slo.decided import Correction, correcting

    settings, now = read_settings(config, store=store, slos=slos), datetime.now(UTC)
    judged: Literal["GOOD", "BAD"] = "GOOD" if state == Judged.GOOD else "BAD"
    with homes_of(settings) as homes:
        book = SloBook(homes.store, settings)
        before = book.status(name, now).verdict(occurrence)
        said = correcting(book.definition(name), occurrence, Correction(judged, because, _who(by), now))
        open_decisions(homes).keep([said])
    if as_json:
        told = {"slo": name, "occurrence": occurrence, "was": before.state.value, "is": judged, "by": said.actor}
        typer.echo(json.dumps(told | {"because": said.reason}, ensure_ascii=False))
    else:
        typer.echo(f"{occurrence} of {name} was {before.state.value} and is {judged}.")


def silence(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    name: Annotated[str, typer.Argument(help="The SLO.")],
    because: Because,
    length: Annotated[str, typer.Option("--for", metavar="SPAN", help="For how long, up to 7d.")] = "2h",
    undo: Annotated[bool, typer.Option("--undo", help="End the silence now.")] = False,
    by: By = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Tell nobody of an SLO for a while; it is judged as ever, and its budget burns.

    Incidents are opened as ever too. What is still wrong when the silence ends is told then.

    $ headwater slo silence orders-freshness --for 2h --because 'the lake is being moved'
    """
    from lineage.errors import InvalidInput
    from lineage.slo.silences import silencing, unsilencing
    from lineage.slo.terms import parse_duration

    now = datetime.now(UTC)
    try:
        lasts = parse_duration(length)
    except ValueError as error:
        raise InvalidInput(f"--for: {error}", field="for") from None
    said = unsilencing(name, because, _who(by), now) if undo else silencing(name, lasts, because, _who(by), now)
    with open_store(store, config) as homes:
        _require_known(name, homes.store)
        open_decisions(homes).keep([said])
    until = None if undo else (now + lasts).isoformat(timespec="seconds")
    if as_json:
        told = {"slo": name, "silencedUntil": until, "because": said.reason, "by": said.actor}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        typer.echo(f"{name} speaks again." if until is None else f"{name} is silent until {until}.")


def amendments(
    name: Annotated[str, typer.Argument(help="The SLO.")],
    slos: _options.Slos = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """List the verdicts that changed: what they were, until when, and why or by whom.

    Those of the window, by the time of the change. The ledger keeps when each event and each decision was received, so
    that the list never forgets and is the same after a rebuild.

    $ headwater slo amendments orders-freshness
    """
    from lineage.homes import homes_of
    from lineage.slo.amending import log
    from lineage.slo.book import SloBook
    from lineage.slo.phrases import moment

    settings = read_settings(config, store=store, slos=slos)
    with homes_of(settings) as homes:
        changed = log(SloBook(homes.store, settings).status(name, datetime.now(UTC)).occurrences)
    for verdict, how in changed:
        told = {"occurrence": verdict.occurrence, "at": how.at.isoformat(), "was": how.was.value}
        told |= {"is": verdict.state.value, "by": how.by or "", "because": how.because}
        by = f"{how.by}: " if how.by else ""
        line = f"{moment(how.at)}  {verdict.occurrence}  {how.was.value} to {verdict.state.value}  {by}{how.because}"
        typer.echo(json.dumps(told, ensure_ascii=False) if as_json else line)


def _require_known(name: str, store: Store) -> None:
    """Raises NotFound for what no SLO was ever named here: what is decided of it would hold for none."""
    from lineage.errors import NotFound
    from lineage.slo.kept import kept

    if name not in (found := kept(store)):
        raise NotFound(f"no SLO is named {name!r}; there are: {', '.join(sorted(found)) or 'none yet'}")


def _exclusion(given: dict[str, str]) -> Exclusion:
    from lineage.errors import InvalidInput
    from lineage.slo.exclusions import exclusion_of

    try:
        return exclusion_of(given)
    except InvalidInput as error:
        raise InvalidInput(f"--{error}", field=error.field) from None


def _who(by: str | None) -> str:
    return by or getpass.getuser()
