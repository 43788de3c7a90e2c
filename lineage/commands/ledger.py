"""Look after a ledger in object storage: pack what is small, and let go of bodies that must not be kept any longer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from lineage.commands import _options
from lineage.commands._open import open_decisions, open_store

if TYPE_CHECKING:  # heavy; `headwater --help` imports this module
    from lineage.homes import Homes
    from lineage.ledger.objects import ObjectLedger

app = typer.Typer(
    no_args_is_help=True,
    help="""Look after a ledger in object storage: pack it, and let go of old bodies.

    $ headwater ledger compact
    """,
)

Because = Annotated[str, typer.Option("--because", metavar="WHY", help="Why; it stays on record.")]

LEASE = "ledger"  # one process at a time packs, or takes out
LEASE_S = 300.0


@app.command()
def compact(
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Make few large segments of many small ones, while serving goes on.

    What is younger than an hour stays as it is. Let cron do it every hour, or every day.

    $ headwater ledger compact
    """
    from lineage.ledger import compaction

    with open_store(store, config) as homes, _tended(homes) as (ledger, going_on), _proven():
        done = compaction.compact(ledger.shelf, datetime.now(UTC), going_on)
    if as_json:
        typer.echo(json.dumps(done._asdict()))
        return
    typer.echo(f"Segments packed: {done.segments} into {done.packed}.")
    if done.left:
        typer.echo(f"Segments of an earlier, interrupted packing taken away: {done.left}.")


@app.command()
def retain(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    before: Annotated[
        str, typer.Option("--before", metavar="TIME", help="Events received before this time need no body any more.")
    ],
    because: Because = "retention",
    dry: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Take out the bodies of events that are older than a date; it is for good.

    Whole segments at a time: pack them first. Lines and chain stay, what is under a hold stays, and so does the graph,
    until it is made anew: then it lacks what those events told.

    $ headwater ledger retain --before 2025-11-21 --dry-run
    """
    from lineage.errors import InvalidInput
    from lineage.ledger import retention
    from lineage.web import instant

    now, until = datetime.now(UTC), instant(before, "--before")
    if until is None or until > now:
        raise InvalidInput("--before: give a time that is over, as 2025-11-21", field="--before")
    with open_store(store, config) as homes, _tended(homes) as (ledger, going_on), _proven():
        if not dry:
            open_decisions(homes).keep([retention.retaining(until, _actor(), because, now)])
        done = retention.retain(ledger.shelf, ledger.acts(), until, going_on, dry=dry)
    if as_json:
        typer.echo(json.dumps({"dryRun": dry, **done._asdict()}))
        return
    verb = "would go" if dry else "went"
    typer.echo(f"The bodies of {done.events} events in {done.segments} segments {verb}; {done.held} segments are held.")


@app.command()
def hold(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    name: Annotated[str, typer.Argument(help="What to call it, as a case is called.")],
    since: Annotated[str, typer.Option("--from", metavar="TIME", help="What was received then or later stays.")],
    until: Annotated[str, typer.Option("--to", metavar="TIME", help="What was received before this time stays.")],
    because: Because,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Keep what was received within a time, whatever retention says, until released.

    A hold of the same name is replaced.

    $ headwater ledger hold case-7 --from 2026-01-01 --to 2026-04-01 --because 'Smith v. Shop'
    """
    from lineage.errors import InvalidInput
    from lineage.ledger import retention
    from lineage.web import instant

    begin, end = instant(since, "--from"), instant(until, "--to")
    if begin is None or end is None or begin >= end:
        raise InvalidInput("--from, --to: give a time, and a later one", field="--to")
    with open_store(store, config) as homes:
        _apart(homes)
        one = retention.Hold(name, begin, end, _actor(), because)
        open_decisions(homes).keep([retention.holding(one, datetime.now(UTC))])
    typer.echo(json.dumps({"held": name}) if as_json else f"{name}: held from {begin} to {end}.")


@app.command()
def release(
    name: Annotated[str, typer.Argument(help="A hold; `headwater ledger holds` shows them.")],
    because: Because,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """End a hold; retention may take again what it kept.

    $ headwater ledger release case-7 --because 'settled'
    """
    from lineage.errors import NotFound
    from lineage.ledger import retention

    with open_store(store, config) as homes:
        found = {one.name: one for one in _apart(homes).acts().holds}
        if name not in found:
            raise NotFound(f"no hold {name!r}; there are: {', '.join(found) or 'none'}")
        said = retention.releasing(found[name], _actor(), because, datetime.now(UTC))
        open_decisions(homes).keep([said])
    typer.echo(json.dumps({"released": name}) if as_json else f"{name}: released.")


@app.command()
def holds(
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """List the holds that stand, and what has gone so far.

    $ headwater ledger holds
    """
    with open_store(store, config) as homes:
        acts = _apart(homes).acts()
    if as_json:
        listed = [
            {"name": one.name, "from": one.since.isoformat(), "to": one.until.isoformat(), "by": one.actor,
             "because": one.reason} for one in acts.holds
        ]  # fmt: skip
        typer.echo(json.dumps({"holds": listed, "retainedBefore": acts.before and acts.before.isoformat()}))
        return
    for one in acts.holds:
        typer.echo(f"{one.name}  {one.since} to {one.until}  by {one.actor}: {one.reason}")
    typer.echo(f"Bodies of events went that were received before {acts.before}." if acts.before else "No body went.")


@contextmanager
def _tended(homes: Homes) -> Iterator[tuple[ObjectLedger, Callable[[], None]]]:
    """The ledger, while nobody else packs it or takes out of it; the function says that this goes on."""
    import os
    from socket import gethostname

    from lineage.errors import Conflict

    ledger, holder = _apart(homes), f"{gethostname()}:{os.getpid()}"

    def going_on() -> None:
        if homes.store.lease(LEASE, holder, LEASE_S) is None:
            raise Conflict("another process packs this ledger or takes out of it; try again when it is done")

    going_on()
    try:
        yield ledger, going_on
    finally:
        if lease := homes.store.lease(LEASE, holder, LEASE_S):
            homes.store.release(lease)


@contextmanager
def _proven() -> Iterator[None]:
    from lineage.errors import StoreUnusable
    from lineage.ledger.segments import SegmentBroken

    try:
        yield
    except SegmentBroken as error:
        raise StoreUnusable(f"the ledger: {error}") from error


def _apart(homes: Homes) -> ObjectLedger:
    from lineage.errors import InvalidInput

    if not homes.apart:
        raise InvalidInput("this ledger is in the store's file; name one in object storage, as HEADWATER_LEDGER=s3://…")
    from lineage.ledger.objects import ObjectLedger

    assert isinstance(homes.ledger, ObjectLedger), "a ledger that stands apart is in an object store"
    return homes.ledger


def _actor() -> str:
    """Whoever calls the command: whoever may open the store may do all of this."""
    from lineage.auth import ANONYMOUS

    return ANONYMOUS.name
