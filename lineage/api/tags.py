"""`/tags`: words on datasets, columns and jobs, from people and producers; put there and taken away."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, Field

from lineage.api import datasets, jobs
from lineage.api._answers import Asking, as_json
from lineage.api._facets import Schema
from lineage.api._paging import Paging, by_name
from lineage.api._saying import Saying, Says, tagged
from lineage.api._shapes import Shape
from lineage.api._stated import stated, stated_all
from lineage.errors import NotFound
from lineage.facets import Tags, facet
from lineage.model import Kind, Node
from lineage.statements import Stated, Subject, Word, of
from lineage.store.base import Store
from lineage.web import needs

router = APIRouter(prefix="/api/v1", tags=["tags"])

_DATASET = "/namespaces/{namespace:word}/datasets/{name:word}"
_FIELD = f"{_DATASET}/fields/{{field:word}}"
_JOB = "/namespaces/{namespace:word}/jobs/{name:word}"
_KINDS: tuple[Kind, ...] = ("dataset", "job")


class TagBody(BaseModel):
    """What is stated of a tag."""

    description: Annotated[str | None, Field(description="What it means.")] = None


@router.get("/tags", dependencies=[Depends(needs("read"))])
def tags(asking: Asking, paging: Paging) -> Response:
    """All tags that somebody stated or a producer sends now, by name."""
    told = stated_all(asking.store, "tag")
    names = told.keys() | _carried(asking.store)
    page, following = by_name(names, paging)
    shapes = [_shape(name, told.get(name)) for name in page]
    return asking.answer({"tags": shapes, "totalCount": len(names), "next": following})


@router.put("/tags/{tag:word}")
def put_tag(says: Says, tag: str, body: TagBody) -> Response:
    """State that there is such a tag, and what it means."""
    words = () if body.description is None else (Word("description", body.description),)
    says.decide((Subject("tag", tag), words))
    return as_json(_shape(tag, stated(says.store, Subject("tag", tag))))


@router.post(f"{_DATASET}/tags/{{tag:word}}")
def tag_dataset(says: Says, namespace: str, name: str, tag: str) -> Response:
    """Put a tag on a dataset."""
    return _dataset(says, datasets.known_dataset(says.store, namespace, name), Word("tag", tag))


@router.delete(f"{_DATASET}/tags/{{tag:word}}")
def untag_dataset(says: Says, namespace: str, name: str, tag: str) -> Response:
    """Take a tag from a dataset, also one that its producer sends."""
    return _dataset(says, datasets.known_dataset(says.store, namespace, name), Word("tag", tag, holds=False))


@router.post(f"{_FIELD}/tags/{{tag:word}}")
def tag_field(says: Says, namespace: str, name: str, field: str, tag: str) -> Response:
    """Put a tag on a column."""
    node = _with_field(datasets.known_dataset(says.store, namespace, name), field)
    return _dataset(says, node, Word("tag", tag, field))


@router.delete(f"{_FIELD}/tags/{{tag:word}}")
def untag_field(says: Says, namespace: str, name: str, field: str, tag: str) -> Response:
    """Take a tag from a column, also one that its producer sends."""
    node = _with_field(datasets.known_dataset(says.store, namespace, name), field)
    return _dataset(says, node, Word("tag", tag, field, holds=False))


@router.post(f"{_JOB}/tags/{{tag:word}}")
def tag_job(says: Says, namespace: str, name: str, tag: str) -> Response:
    """Put a tag on a job."""
    return _job(says, jobs.known_job(says.store, namespace, name), Word("tag", tag))


@router.delete(f"{_JOB}/tags/{{tag:word}}")
def untag_job(says: Says, namespace: str, name: str, tag: str) -> Response:
    """Take a tag from a job, also one that its producer sends."""
    return _job(says, jobs.known_job(says.store, namespace, name), Word("tag", tag, holds=False))


def _dataset(says: Saying, node: Node, word: Word) -> Response:
    says.decide(*tagged(of(node.id), [word]))
    return as_json(datasets.shown(says.store, node))


def _job(says: Saying, node: Node, word: Word) -> Response:
    says.decide(*tagged(of(node.id), [word]))
    return as_json(jobs.shown(says.store, node, says.now))


def _with_field(node: Node, name: str) -> Node:
    if any(column.name == name for column in facet(node.facets, Schema).fields):
        return node
    raise NotFound(f"{node.id} has no column {name!r}; its columns are the fields of the dataset")


def _carried(store: Store) -> set[str]:
    bodies = [each.body for kind in _KINDS for each in store.carried("tags", kind) if each.body]
    return {str(tag) for body in bodies for tag in facet({"tags": body}, Tags).tags}


def _shape(name: str, told: Stated | None) -> Shape:
    return {"name": name, "description": told.value("description") if told else None}
