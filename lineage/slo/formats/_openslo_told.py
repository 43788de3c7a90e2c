"""A document of OpenSLO in the words of v1, whichever version it is written in, and where each of them is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pydantic import ValidationError

from lineage.errors import InvalidDefinition
from lineage.slo.documents import Document, Loc
from lineage.slo.wording import message


class Told(NamedTuple):
    """*body* says in v1 what *document* says; *back* tells of a place of v1 where it is written there."""

    document: Document
    body: Any
    back: Callable[[Loc], Loc] = tuple

    def at(self, *loc: str | int) -> str:
        """`orders.yaml:3:5`: where *loc* is written, or the nearest that is."""
        return self.document.at(*self.back(loc))

    def refused(self, error: ValidationError, inward: Callable[[Loc], Loc] = tuple) -> InvalidDefinition:
        """*error* as a line for each fault; *inward* says which place of v1 it speaks of."""
        return self.document.refused(error, message, lambda loc: self.back(inward(loc)))

    def fault(self, at: Loc, text: str) -> InvalidDefinition:
        """*text*, what is wrong at *at* and what to write."""
        where = self.back(at)
        return InvalidDefinition(f"{self.document.at(*where)}: {'.'.join(map(str, where))}: {text}")
