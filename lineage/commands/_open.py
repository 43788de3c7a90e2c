"""What a command needs before it can work: the settings it was called with, and the homes they name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # heavy; `headwater --help` imports this module
    from lineage.homes import Homes
    from lineage.settings import Settings


def read_settings(config: Path | None = None, **flags: Any) -> Settings:
    """The settings with a section for every part that has one; *flags* win, None meaning: not given.

    Raises InvalidDefinition.
    """
    from lineage.channels.base import sections
    from lineage.settings import load

    return load(config, sections(), **flags)


def open_store(store: str | None = None, config: Path | None = None) -> Homes:
    """Ledger and store for a command, to be used in a `with` block. Raises as `read_settings` and `open_homes` do."""
    from lineage.homes import open_homes

    return open_homes(read_settings(config, store=store).store)
