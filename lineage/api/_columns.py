"""How a column, and what it was made of, reads in Marquez's shapes."""

from __future__ import annotations

from typing import Final

from lineage.api._shapes import Shape
from lineage.model import ColumnEdge, FieldId

EVERY_COLUMN: Final = "*"  # where a shape wants the name of a column, and all of a dataset's are meant


def column(field: FieldId) -> Shape:
    """Whose column it is; `*` for WHOLE."""
    return {
        "namespace": field.dataset.namespace,
        "dataset": field.dataset.name,
        "datasetVersion": None,
        "field": field.name or EVERY_COLUMN,
    }


def transformation(edge: ColumnEdge | None) -> Shape:
    """Of several, the first by name stands for all, as Marquez has room for one."""
    kind, subtype, _ = edge.transformations[0] if edge and edge.transformations else (None, None, False)
    return {"transformationDescription": subtype or None, "transformationType": kind or None}


def source(edge: ColumnEdge) -> Shape:
    """A column as an input of another, with `masking` where any of its transformations masks."""
    masked = any(masking for _, _, masking in edge.transformations)
    return column(edge.source) | transformation(edge) | ({"masking": True} if masked else {})
