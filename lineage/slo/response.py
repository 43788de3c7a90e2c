"""How fast people promise to answer when data goes wrong: seen, told, acknowledged and good again within a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from lineage.slo.terms import Duration, Strict


def _longer(span: timedelta) -> timedelta:
    if span <= timedelta(0):
        raise ValueError("nobody answers within nothing; write 10m")
    return span


Within = Annotated[Duration, AfterValidator(_longer)]


class Response(Strict):
    """What is promised of each incident that hurts the SLO (SLO.md c.2); a span that is left out is not promised.

    *detect* runs from the first bad occurrence until it was seen, *notify* from there until the owner was told,
    *acknowledge* from there until somebody took it up, and *repair* from the first bad occurrence until all was good.
    """

    detect: Within | None = None
    notify: Within | None = None
    acknowledge: Within | None = None
    repair: Within | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.spans == {}:
            raise ValueError("promises nothing; write detect, notify, acknowledge or repair, as in repair: 4h")
        return self

    @property
    def spans(self) -> dict[str, timedelta]:
        """What is promised, in the order in which it happens."""
        named = ("detect", "notify", "acknowledge", "repair")
        return {name: span for name in named if (span := getattr(self, name)) is not None}
