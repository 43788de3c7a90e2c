"""Files into definitions: YAML with line numbers, every fault as `file:line:column: what; what to write instead`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from lineage.errors import InvalidDefinition
from lineage.model import NodeId, dataset_id
from lineage.slo.alert_windows import catalogues, is_one, with_windows
from lineage.slo.documents import Document, Say, documents, read
from lineage.slo.formats.base import format_of
from lineage.slo.holidays import SUFFIXES as CALENDARS
from lineage.slo.holidays import resolved
from lineage.slo.spec import DataSLO, define
from lineage.slo.wording import message
from lineage.slo.written import written

SUFFIXES = (".yaml", ".yml")
OWN = "headwater"  # among the formats

SCHEDULE = ("spec", "schedule")
Hint = Callable[[NodeId], str | None]  # what is known of when data of a dataset comes, as advice


class Source(NamedTuple):
    """A definition and the place that it came from: `orders.yaml:1`, and YAML that says it all."""

    slo: DataSLO
    place: str
    text: str


def read_path(path: Path) -> list[Source]:
    """All definitions in a file, or in the YAML files of a folder and its subfolders, by file name.

    Raises InvalidDefinition with every fault of the first file that has one, or for a name that is there twice.
    """
    if not path.is_dir():
        return read_file(path)
    return _different([source for file in files_of(path) for source in read_file(file)])


def sources_of(texts: Iterable[tuple[str, str]]) -> list[Source]:
    """The definitions in (text, place) pairs. Raises InvalidDefinition, also for a name that is there twice."""
    found = ((source, place) for text, place in texts for source in read_text(text, place))
    return _different([source._replace(place=place) for source, place in found])


def _different(found: list[Source]) -> list[Source]:
    places: dict[str, str] = {}
    for source in found:
        if (first := places.get(source.slo.name)) is not None:
            raise InvalidDefinition(
                f"{source.place}: the SLO {source.slo.name!r} is already in {first}; give it another name"
            )
        places[source.slo.name] = source.place
    return found


def watched(folder: Path) -> list[Path]:
    """What the definitions in *folder* are made of: `files_of` it, and the calendars beside them; or the one file."""
    if not folder.is_dir():
        return [folder]
    calendars = (file for file in folder.rglob("*") if file.suffix in CALENDARS and file.is_file())
    return [*files_of(folder), *sorted(calendars)]


def files_of(folder: Path) -> list[Path]:
    """The YAML files below *folder*, by name; hidden ones left out, so that a ConfigMap's `..data` is read once."""
    below = (file for file in folder.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    return sorted(file for file in below if not any(p.startswith(".") for p in file.relative_to(folder).parts))


def read_file(path: Path, hint: Hint | None = None) -> list[Source]:
    """The definitions of one file. Raises InvalidDefinition; where a schedule is missing, *hint* may know one."""
    return read_text(read(path), str(path), path.parent, hint)


def read_text(text: str, origin: str, beside: Path | None = None, hint: Hint | None = None) -> list[Source]:
    """The definitions in *text*, YAML documents; *origin* begins every message. Calendars may name files *beside* it.

    Raises InvalidDefinition with the faults of all of them.
    """
    found: list[Source] = []
    faults: list[str] = []
    told = list(documents(text, origin))
    known = catalogues(told, message)
    for document in told:
        try:
            if not is_one(document):
                body = document.body if beside is None else resolved(document, beside)
                body = with_windows(document, body, known, beside, message)
                found.append(_source(document, body, hint))
        except InvalidDefinition as error:
            faults.append(str(error))
    if faults:
        raise InvalidDefinition("\n".join(faults))
    return found


def _source(document: Document, body: Any, hint: Hint | None) -> Source:
    """The definition in *body*, which is that of *document* with what it names elsewhere."""
    if (other := format_of(document)) not in {None, OWN}:
        raise InvalidDefinition(f"{document.at()}: is of {other}; `headwater slo import` makes SLOs of it")
    try:
        slo = define(body)
    except ValidationError as error:
        raise document.refused(error, _hinted(document.body, hint)) from None
    return Source(slo, document.place, document.text if body == document.body else written(slo))


def _hinted(body: Any, hint: Hint | None) -> Say:
    """`message`, with what *hint* knows of the dataset of *body* where its schedule is missing."""

    def say(found: Mapping[str, Any], unwritten: Sequence[str]) -> str:
        if (
            hint is not None
            and found["loc"] == SCHEDULE
            and isinstance(dataset := body["spec"].get("dataset"), Mapping)
        ):
            known = hint(dataset_id(str(dataset.get("namespace")), str(dataset.get("name"))))
            return message(found, unwritten) if known is None else f"is missing; {known}"
        return message(found, unwritten)

    return say
