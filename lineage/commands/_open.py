"""What a command needs before it can work: the settings it was called with, and the homes they name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

if TYPE_CHECKING:  # heavy; `headwater --help` imports this module
    from collectors.decisions import Decisions
    from collectors.intake import Intake
    from lineage.homes import Homes
    from lineage.settings import Settings

NOT_WHOLE: Final = (
    "headwater: the graph is not whole, for it is to be made anew; "
    "wait for the server that does, start one, or run `headwater rebuild`"
)


def read_settings(config: Path | None = None, **flags: Any) -> Settings:
    """The settings with a section for every part that has one; *flags* win, None meaning: not given.

    Raises InvalidDefinition.
    """
    from collectors.transports import base as transports
    from lineage.channels import base as channels
    from lineage.settings import load

    return load(config, {**channels.sections(), **transports.sections()}, **flags)


def open_store(store: str | None = None, config: Path | None = None) -> Homes:
    """Ledger and store for a command, to be used in a `with` block. Raises as `read_settings` and `homes_of` do.

    A person is told where the graph is not whole: what a command says of it is then less than there is.
    """
    from lineage.homes import homes_of
    from lineage.store.making import unfinished

    homes = homes_of(read_settings(config, store=store))
    try:
        if unfinished(homes.store):
            typer.echo(NOT_WHOLE, err=True)
    except BaseException:
        homes.close()
        raise
    return homes


def open_decisions(homes: Homes) -> Decisions:
    """Where *homes* keep what a person decides by command."""
    from datetime import UTC, datetime

    from collectors.decisions import Decisions
    from collectors.rebuild import commits
    from lineage.auth import server_key

    secret = server_key(homes.store, "redaction")
    return Decisions(homes.ledger, homes.store, secret, lambda: datetime.now(UTC), commits(homes))


@contextmanager
def open_intake(homes: Homes, config: Path | None, collector: str) -> Iterator[Intake]:
    """The door of *homes* with the limits of *config*, open in the block; *collector* is its word in the metrics."""
    from datetime import UTC, datetime

    from collectors.intake import Intake
    from collectors.journal import Journal
    from collectors.rebuild import commits
    from lineage.auth import server_key
    from lineage.normal import rules

    limits = read_settings(config).ingest
    journal = Journal(homes.ledger, homes.store, limits.dead_letters_kept, commits(homes, rules(limits)))
    intake = Intake(journal, limits, server_key(homes.store, "redaction"), lambda: datetime.now(UTC), collector)
    intake.start()
    try:
        yield intake
    finally:
        intake.stop()
