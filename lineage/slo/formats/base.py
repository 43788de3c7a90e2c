"""What every format's file offers: whether a document is of it, and what definitions it comes to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, Protocol

from lineage.model import NodeId
from lineage.parts import part, words
from lineage.slo.documents import Document
from lineage.slo.spec import DataSLO

PACKAGE = "lineage.slo.formats"
MOST_NAME, DIGITS = 63, 8  # letters of a name, and how many of a digest at the end of one that is cut


class Assumed(NamedTuple):
    """What a person says beside a file, where its format has no word for it or the file does not use it.

    *channels* are (word, destination) by the names under which a file notifies; *allow_alpha* takes formats, too, that
    are not settled yet.
    """

    namespace: str | None = None
    team: str | None = None
    cron: str | None = None
    timezone: str = "UTC"
    channels: Mapping[str, tuple[str, str]] = MappingProxyType({})
    allow_alpha: bool = False


@dataclass
class Imported:
    """What came of files: definitions in order, and a line of *report* for each thing that has no place in them.

    A line begins with the place of the thing, as `orders.yaml:12:5`.
    """

    slos: list[DataSLO] = field(default_factory=list)
    report: list[str] = field(default_factory=list)

    def note(self, place: str, text: str) -> None:
        """One thing that was not, or not wholly, taken over; it is told once, however many SLOs it is of."""
        if (line := f"{place}: {text}") not in self.report:
            self.report.append(line)

    def add(self, other: Imported) -> None:
        """What came of another."""
        self.slos += other.slos
        self.report += other.report


class Format(Protocol):
    """A module of this package."""

    def recognises(self, document: Document) -> bool:
        """Whether *document* is written in it."""

    def read(self, documents: Sequence[Document], assumed: Assumed) -> Imported:
        """What *documents*, all of one file, come to. Raises InvalidDefinition with file:line:column of each fault."""


def format_of(document: Document) -> str | None:
    """The word of the format that *document* says it is of; None: it says none that is known."""
    return next((word for word in words(PACKAGE) if part(PACKAGE, word).recognises(document)), None)


def named(*parts: str) -> str:
    """*parts* as the name of an SLO: lower case, digits and dashes, at most 63 of them.

    A longer one ends in a digest, so that what differs at its end has a name of its own.
    """
    text = "-".join(parts).lower()
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text)
    name = "-".join(part for part in kept.split("-") if part)
    if len(name) <= MOST_NAME:
        return name or "slo"
    digest = hashlib.sha256(name.encode()).hexdigest()[:DIGITS]
    return f"{name[: MOST_NAME - DIGITS - 1].rstrip('-')}-{digest}"


def identity(dataset: NodeId) -> dict[str, str]:
    """*dataset* as a definition names it."""
    return {"namespace": dataset.namespace, "name": dataset.name}
