"""`/jobs/{name}/hierarchy` of a namespace, `/jobs/runs/{id}/children`: what runs in what, and what waits for what."""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from lineage.api import _shapes
from lineage.api._answers import Asking, At
from lineage.api._shapes import name_of
from lineage.api.jobs import known_job
from lineage.api.runs import known_run
from lineage.hierarchy import place, shares
from lineage.model import TERMINAL
from lineage.outcomes import outcomes
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


@router.get("/jobs/runs/{id:word}/children")
def children(asking: Asking, id: str) -> Response:  # noqa: A002 - the route's own word
    """What ran in a run, folded by job, the one that ran last first: a task's queries, a stream's batches.

    `outcomes` counts what its runs came to; `inputs` and `outputs` are what any of them read and wrote, and so did the
    run. Of very many children the newest thousand speak.
    """
    run = known_run(asking.store, id)
    found = shares(asking.store, run)
    came = outcomes(asking.store, (child for share in found for child in share.runs), asking.now)
    newest = [_shapes.run(share.runs[0], came=came[share.runs[0].id]) for share in found]
    body = [
        {
            "job": name_of(share.job),
            "runs": len(share.runs),
            "outcomes": Counter(_shapes.seen(came[child.id].state) for child in share.runs),
            "latestRun": latest,
            "inputs": [name_of(each) for each in share.reads],
            "outputs": [name_of(each) for each in share.writes],
        }
        for share, latest in zip(found, newest, strict=True)
    ]
    told = ",".join(f"{name} {each.state}" for name, each in came.items() if each.state not in TERMINAL or each.why)
    return asking.answer({"runId": run.id, "children": body}, told)
