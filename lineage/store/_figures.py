"""How the observations of one use add up: the newest word on each figure, or the sum over windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lineage.model import Statistics
from lineage.store._observations import Ref

Key = tuple[Ref, Ref, int]  # speaker, canonical dataset and side


class Figures(NamedTuple):
    """What was counted and named in one use; None where nobody said."""

    statistics: Statistics
    version: str | None
    schema_digest: str | None  # hex


class Count:
    """What the observations of one use come to, taken in oldest first.

    The last word on each figure, never their sum; but of windows that add up, the last word on each window, summed
    (DECISIONS 11).
    """

    __slots__ = ("_at", "_last", "_sums", "_window", "_windowed", "version")

    def __init__(self) -> None:
        self._at: int | None = None
        self._last: list[int | None] = [None, None, None]
        self._sums: list[int | None] = [None, None, None]
        self._window: list[int | None] = [None, None, None]  # the one at *_at*, not yet in *_sums*
        self._windowed: int | None = None
        self.version: str | None = None

    def take(self, at: int, counts: Sequence[int | None], version: str | None, windowed: int | None) -> None:
        """Take in the next observation: rows, bytes and files, and whether it says that windows add up."""
        if at != self._at:
            self._close(at)
        for figure, count in enumerate(counts):
            if count is not None:
                self._last[figure] = self._window[figure] = count
        self.version = version if version is not None else self.version
        self._windowed = windowed if windowed is not None else self._windowed

    def statistics(self) -> Statistics:
        """What was counted in all."""
        self._close(None)
        return Statistics(*(self._sums if self._windowed else self._last))

    def _close(self, at: int | None) -> None:
        for figure, count in enumerate(self._window):
            if count is not None:
                self._sums[figure] = count + (self._sums[figure] or 0)
                self._window[figure] = None
        self._at = at
