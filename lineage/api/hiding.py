"""DELETE of namespaces, datasets and jobs: they are hidden, not forgotten, until an event names them again."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from lineage.api import datasets, jobs, namespaces
from lineage.api._answers import as_json
from lineage.api._saying import Says
from lineage.statements import Subject, Word, of
from lineage.web import needs

router = APIRouter(
    prefix="/api/v1/namespaces/{namespace:word}", tags=["hiding"], dependencies=[Depends(needs("admin"))]
)

HIDDEN: Final = (Word("hidden"),)


@router.delete("")
def hide_namespace(says: Says, namespace: str) -> Response:
    """Hide a namespace with all its datasets and jobs; PUT brings it back, an event what it names.

    Lists, search and lineage leave them out; with a knownAt from before they are as they were. Events, runs and traces
    stay, for they are evidence.
    """
    namespaces.known(says.store, namespace)
    says.decide((Subject("namespace", namespace), HIDDEN))
    return as_json(namespaces.known(says.store, namespace))


@router.delete("/datasets/{name:word}")
def hide_dataset(says: Says, namespace: str, name: str) -> Response:
    """Hide a dataset under all its names, as a namespace is hidden; an event that names one of them brings it back."""
    node = datasets.known_dataset(says.store, namespace, name)
    says.decide(*((of(each), HIDDEN) for each in (node.id, *node.aliases)))
    return as_json(datasets.shown(says.store, says.store.get([node.id])[node.id]))


@router.delete("/jobs/{name:word}")
def hide_job(says: Says, namespace: str, name: str) -> Response:
    """Hide a job, as a namespace is hidden; its next event brings it back."""
    node = jobs.known_job(says.store, namespace, name)
    says.decide((of(node.id), HIDDEN))
    return as_json(jobs.shown(says.store, says.store.get([node.id])[node.id], says.now))
