"""`/namespaces/{ns}/jobs/{name}/hierarchy`: what a job runs in, what runs in it, and what waits for what."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from lineage.api._answers import Asking, At
from lineage.api._shapes import name_of
from lineage.api.jobs import known_job
from lineage.hierarchy import place
from lineage.web import needs

router = APIRouter(prefix="/api/v1", tags=["jobs"], dependencies=[Depends(needs("read"))])


@router.get("/namespaces/{namespace:word}/jobs/{name:word}/hierarchy")
def hierarchy(asking: Asking, namespace: str, name: str, at: At) -> Response:
    """Where a job stands: `above` from its parent to the root, `below` the jobs that ran in its newest runs.

    `before` are the jobs it waits for, `after` those that wait for it: control flow, which need not move data.
    """
    node = known_job(asking.store, namespace, name)
    found = place(asking.store, node.id, as_of=at.as_of, known_at=at.known_at)
    return asking.answer(
        {"job": name_of(node.id)} | {way: [name_of(job) for job in jobs] for way, jobs in found._asdict().items()}
    )
