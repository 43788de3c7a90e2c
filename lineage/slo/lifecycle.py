"""How long data will be there: until when it is supported, and when it ends; and who is told in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, model_validator

from lineage.slo.terms import Duration, Instant, Strict


def _ahead(span: timedelta) -> timedelta:
    if span <= timedelta(0):
        raise ValueError("nobody prepares for an end within nothing; write 30d")
    return span


class Ending(NamedTuple):
    """That something *what* is so up to *at* only."""

    at: datetime
    what: str


class Lifecycle(Strict):
    """When support of the data ends and when the data itself does; *notice* before each, who relies on it is told."""

    end_of_support: Instant | None = None
    end_of_life: Instant | None = None
    notice: Annotated[Duration, AfterValidator(_ahead)] = timedelta(days=30)

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.end_of_support is None and self.end_of_life is None:
            raise ValueError("says no end; write endOfLife: 2027-03-01, endOfSupport, or both")
        if self.end_of_support and self.end_of_life and self.end_of_support > self.end_of_life:
            raise ValueError("support ends before the data does; write endOfSupport up to endOfLife")
        return self

    @property
    def endings(self) -> Iterator[Ending]:
        """What ends, in the order in which it does."""
        if self.end_of_support is not None:
            yield Ending(self.end_of_support, "is supported until")
        if self.end_of_life is not None:
            yield Ending(self.end_of_life, "is there until")

    def near(self, now: datetime) -> Ending | None:
        """What ends within the notice after *now*, the first of several; None: nothing does."""
        return next((each for each in self.endings if each.at - self.notice <= now < each.at), None)
