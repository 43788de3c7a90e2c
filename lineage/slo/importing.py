"""Files of other formats into definitions: which format a document is of, and what came of all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lineage.errors import InvalidDefinition
from lineage.parts import part, words
from lineage.slo.documents import Document, documents, machine_made, read
from lineage.slo.formats.base import PACKAGE, Assumed, Imported, format_of
from lineage.slo.reading import files_of

WANTED = "name a file of OpenSLO, ODCS or dbt"


def imported(paths: Sequence[Path], assumed: Assumed, word: str | None = None) -> Imported:
    """What files, or the YAML files of folders, come to, in the format *word*, or each in the one that it says itself.

    Reports are by place. Raises InvalidDefinition with file:line:column of each fault, UnknownPart where there is no
    such format.
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


def _documents(path: Path) -> Iterator[Document]:
    for file in files_of(path) if path.is_dir() else [path]:
        text, count = read(file), 0
        for document in [machine_made(text, str(file))] if file.suffix == ".json" else documents(text, str(file)):
            if not isinstance(document.body, Mapping):
                raise InvalidDefinition(f"{document.at()}: no `key: value` lines stand here; {WANTED}")
            yield document
            count += 1
        if not count:
            raise InvalidDefinition(f"{file}:1:1: holds nothing; {WANTED}")


def _format(document: Document) -> str:
    if (word := format_of(document)) is not None:
        return word
    known = ", ".join(words(PACKAGE))
    raise InvalidDefinition(
        f"{document.at()}: of no format that is known here; there are: {known}; name it by --format"
    )


def _by_place(line: str) -> list[str | int]:
    place = line.split(": ", maxsplit=1)[0]
    return [int(each) if each.isdecimal() else each for each in re.split(r":(?=\d)", place)]
