"""Files of other formats into definitions: which format a document is of, and what came of all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lineage.errors import InvalidDefinition
from lineage.parts import part, words
from lineage.slo.documents import Document, documents, machine_made, read
from lineage.slo.formats.base import PACKAGE, Assumed, Imported, format_of
from lineage.slo.reading import files_of
from lineage.slo.spec import DataSLO

WANTED = "name a file of OpenSLO, ODCS or dbt"


def imported(paths: Sequence[Path], assumed: Assumed, word: str | None = None) -> Imported:
    """What files, or the YAML files of folders, come to, in the format *word*, or each in the one that it says itself.

    Reports are by place. Raises InvalidDefinition with file:line:column of each fault, UnknownPart where there is no
    such format.
    """
    found = Imported()
    told: dict[str, list[Document]] = {}
    faults = [f"{path}:1:1: holds no YAML file; {WANTED}" for path in paths if path.is_dir() and not files_of(path)]
    for file in (each for path in paths for each in (files_of(path) if path.is_dir() else [path])):
        try:
            for document in _documents(file):
                told.setdefault(word or _format(document), []).append(document)
        except InvalidDefinition as error:
            faults.append(str(error))
    for name, given in told.items():
        try:
            found.add(part(PACKAGE, name).read(given, assumed))
        except InvalidDefinition as error:
            faults.append(str(error))
    if not faults and (twice := _twice(found.slos)) is not None:
        faults.append(f"{paths[0]}:1:1: two things come to an SLO of the name {twice!r}; import them apart")
    if faults:
        raise InvalidDefinition("\n".join(sorted("\n".join(faults).splitlines(), key=_by_place)))
    found.report.sort(key=_by_place)
    return found


def _twice(slos: Sequence[DataSLO]) -> str | None:
    """The first name that two of *slos* have; None: each has its own."""
    names = Counter(slo.name for slo in slos)
    return next((name for name, times in names.items() if times > 1), None)


def _documents(file: Path) -> Iterator[Document]:
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
