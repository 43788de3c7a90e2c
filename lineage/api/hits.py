"""`/api/v2beta/search`: jobs or datasets by words, in the shape in which Marquez passes on OpenSearch's hits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from lineage.api import _shapes
from lineage.api._answers import Asked, Asking, Limit, Offset
from lineage.api._paging import Cursor, Part, by_node
from lineage.api._shapes import Shape
from lineage.api.search import Words
from lineage.model import Kind, Node, NodeId, Page, Run, RunState
from lineage.web import needs

router = APIRouter(prefix="/api/v2beta/search", tags=["search"], dependencies=[Depends(needs("read"))])

_SAID: Final[Mapping[RunState, str]] = {"NEW": "OTHER"}  # the event type that a state stands for; the others are one


def part(limit: Limit = 10, offset: Offset = 0, cursor: Cursor = None) -> Part:
    """A dependency that reads the part of the hits that is wanted."""
    return Part(limit, offset, cursor)


Paging = Annotated[Part, Depends(part)]


@router.get("/jobs")
def jobs(asking: Asking, q: Words, paging: Paging) -> Response:
    """Jobs whose namespace and name hold all the words, each with its newest run."""
    page, following = _found(asking, "job", q, paging)
    newest = asking.store.newest_runs([node.id for node in page.items])
    runs = {job: found[0] for job, found in newest.items()}
    return _answer(asking, q, page, runs, following)


@router.get("/datasets")
def datasets(asking: Asking, q: Words, paging: Paging) -> Response:
    """Datasets whose namespace and name hold all the words, each with the run that wrote it last."""
    page, following = _found(asking, "dataset", q, paging)
    newest = asking.store.newest_versions([node.id for node in page.items])
    runs = {dataset: version.run for dataset, version in newest.items()}
    return _answer(asking, q, page, runs, following)


def _found(asking: Asked, kind: Kind, words: str, part: Part) -> tuple[Page, str | None]:
    def ask(after: NodeId | None, passed: int, most: int) -> Page:
        return asking.store.find(words, kind=kind, after=after, limit=most, offset=passed)

    return by_node(ask, part)


def _answer(asking: Asked, words: str, page: Page, runs: Mapping[NodeId, Run], following: str | None) -> Response:
    known = asking.store.get(node.id for node in page.items)
    hits = [_hit(known[node.id], runs.get(node.id)) for node in page.items]
    highlights = [_highlight(node.id, words) for node in page.items]
    return asking.answer({"hits": hits, "highlights": highlights, "totalCount": page.total, "next": following})


def _hit(node: Node, run: Run | None) -> Shape:
    return {
        "run_id": run.id if run else None,
        "name": node.id.name,
        "namespace": node.id.namespace,
        "eventType": _SAID.get(run.state, run.state) if run else None,
        **({"type": _shapes.job_type(node.facets), "runFacets": {}} if node.id.kind == "job" else {}),
        "facets": _shapes.facets_of(node.facets),
    }


def _highlight(node: NodeId, words: str) -> dict[str, list[str]]:
    """Where the words are, by the part of the name that they are in."""
    wanted = re.compile("|".join(map(re.escape, words.split())) or "$^", re.IGNORECASE)
    parts = {"name": node.name, "namespace": node.namespace}
    marked = {key: wanted.sub(lambda found: f"<em>{found.group()}</em>", text) for key, text in parts.items()}
    return {key: [text] for key, text in marked.items() if text != parts[key]}
