"""Files of other formats into definitions: which format a document is of, and what came of all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from lineage.errors import InvalidDefinition
from lineage.parts import part, words
from lineage.slo.documents import Document, documents, machine_made, read
from lineage.slo.formats.base import PACKAGE, Assumed, Imported


def imported(paths: Sequence[Path], assumed: Assumed, word: str | None = None) -> Imported:
    """What the files come to, in the format *word*, or each in the one that it says itself; reports by place.

    Raises InvalidDefinition with file:line:column of each fault, UnknownPart where there is no such format.
    """
    found = Imported()
    told: dict[str, list[Document]] = {}
    for document in (each for path in paths for each in _documents(path)):
        told.setdefault(word or _format(document), []).append(document)
    for name, given in told.items():
        found.add(part(PACKAGE, name).read(given, assumed))
    found.report.sort(key=_by_place)
    names: set[str] = set()
    for slo in found.slos:
        if slo.name in names:
            raise InvalidDefinition(
                f"{paths[0]}:1:1: two things come to an SLO of the name {slo.name!r}; import them apart"
            )
        names.add(slo.name)
    return found


def _documents(path: Path) -> Iterable[Document]:
    text = read(path)
    return [machine_made(text, str(path))] if path.suffix == ".json" else documents(text, str(path))


def _format(document: Document) -> str:
    for word in words(PACKAGE):
        if part(PACKAGE, word).recognises(document):
            return word
    known = ", ".join(words(PACKAGE))
    raise InvalidDefinition(
        f"{document.at()}: of no format that is known here; there are: {known}; name it by --format"
    )


def _by_place(line: str) -> list[str | int]:
    place = line.split(": ", maxsplit=1)[0]
    return [int(each) if each.isdecimal() else each for each in re.split(r":(?=\d)", place)]
