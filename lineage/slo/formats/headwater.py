"""Our own format: as a person would write it, only what differs from the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from lineage.errors import InvalidDefinition
from lineage.slo.documents import Document
from lineage.slo.formats.base import Assumed, Imported
from lineage.slo.spec import DataSLO, define
from lineage.slo.wording import message
from lineage.slo.written import body_of


def recognises(document: Document) -> bool:
    """Whether it says that it is a DataSLO."""
    return isinstance(document.body, Mapping) and document.body.get("kind") == "DataSLO"


def write(slo: DataSLO) -> dict[str, Any]:
    """*slo* as a document, of which `read` makes the same definition."""
    return body_of(slo, "python")


def read(documents: Sequence[Document], assumed: Assumed) -> Imported:  # noqa: ARG001 - nothing is left to assume
    """The definitions in *documents*. Raises InvalidDefinition."""
    found, faults = Imported(), list[str]()
    for document in documents:
        try:
            found.slos.append(define(document.body))
        except ValidationError as error:
            faults.append(str(document.refused(error, message)))
    if faults:
        raise InvalidDefinition("\n".join(faults))
    return found
