"""The part of every store that leaves out events whose own time is long after their receipt."""

from __future__ import annotations

from copy import copy
from datetime import timedelta
from typing import Self

from lineage.model import AHEAD
from lineage.store._codes import EVER
from lineage.store._cut import lead_of


class Ahead:
    """A store that asks of all events, until it is told otherwise; *_lead* is what its cuts are made with."""

    _lead: int = EVER

    def without_ahead(self, by: timedelta = AHEAD) -> Self:
        """The same store, which leaves out the events that are ahead of their receipt by more than *by*."""
        other = copy(self)
        other._lead = lead_of(by)  # noqa: SLF001 - its own kind
        return other
