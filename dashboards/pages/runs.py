"""`/runs/{id}`: a run with what it read and wrote, how it went, what it said, and the events that prove it."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request, Response

from dashboards.frame import Shown, look, page
from dashboards.panels import facets
from dashboards.panels.facets import pretty, read
from dashboards.panels.runs import Came, began
from dashboards.panels.said import of_run
from dashboards.states import EVENT, RUN
from lineage.errors import InvalidInput, NotFound
from lineage.hierarchy import Share, shares
from lineage.model import FacetRecord, NodeId, Run, run_id
from lineage.outcomes import attempts, tasks_of
from lineage.slo.ahead import most_ahead, warnings_of
from lineage.store.base import Store
from lineage.views import incomplete, not_done
from lineage.web import Services, needs, services

router = APIRouter(route_class=Shown, include_in_schema=False, dependencies=[Depends(needs("read"))])

EVENTS = 100
LARGE = 4_000  # characters of a facet that are shown


@router.get("/runs/{run}")
def shown(request: Request, run: str) -> Response:
    """One run; `event` names the digest of an event to be shown raw."""
    seen, behind = look(request), services(request)
    found = behind.store.runs(ids=[run.lower()]).items
    if not found:
        raise NotFound(f"no run {run}; the runs of a job are listed on its page")
    one: Run = found[0]
    said = latest(behind.store.facet_history(run_id(one.id)))
    bodies = {name: record.body for name, record in said.items()}
    uses = behind.store.uses(run=one.id)
    wanted = request.query_params.get("event")
    ran = shares(behind.store, one, until=seen.as_of)
    success = _last_success(behind.store, one)
    tries = attempts(behind.store, one)
    came = Came(behind.store, [one, *tries, *(child for share in ran for child in share.runs)], seen.at)
    return page(
        request,
        "run.html",
        area="/jobs",
        run=one,
        began=began(one),
        came=came,
        own=RUN[one.state].word,
        tries=tries if len(tries) > 1 else (),
        error=read(said["errorMessage"].body if "errorMessage" in said else None, facets.ErrorMessage),
        incomplete=incomplete(bodies),
        told=of_run(bodies),
        ahead=most_ahead(behind.store, one.id),
        warnings_of=warnings_of,
        facets={name: _shown(record) for name, record in said.items()},
        inputs=[use for use in uses if use.side == "input"],
        outputs=[use for use in uses if use.side == "output"],
        events=behind.store.events(run=one.id, newest_first=False, limit=EVENTS),
        kinds=EVENT,
        shares=ran,
        through=_through(ran),
        undone=not_done(tasks_of(behind.store, one)),
        success=success,
        raw=_raw(behind, wanted) if wanted else None,
        wanted=wanted,
    )


def latest(history: list[FacetRecord]) -> dict[str, FacetRecord]:
    """The newest row of each facet, by name; *history* comes newest first."""
    found: dict[str, FacetRecord] = {}
    for record in history:
        found.setdefault(record.name, record)
    return dict(sorted(found.items()))


def _through(shares: Sequence[Share]) -> dict[str, list[tuple[NodeId, NodeId]]]:
    """The datasets that only jobs within the run read and wrote, each with the first such job."""
    read: dict[NodeId, NodeId] = {}
    wrote: dict[NodeId, NodeId] = {}
    for share in shares:
        for datasets, by in ((share.reads, read), (share.writes, wrote)):
            for dataset in datasets:
                by.setdefault(dataset, share.job)
    return {"Inputs": sorted(read.items()), "Outputs": sorted(wrote.items())}


def _shown(record: FacetRecord) -> str:
    text = pretty(record.body)
    return text if len(text) <= LARGE else f"{text[:LARGE]}\n… {len(text) - LARGE:,} more characters in the raw event"


def _raw(behind: Services, digest: str) -> str:
    try:
        name = bytes.fromhex(digest)
    except ValueError:
        raise InvalidInput("event: a digest of 64 hexadecimal digits is wanted", field="event") from None
    body = behind.ledger.raw(name)
    if body is None:
        raise NotFound(f"no event {digest} in the ledger")
    return pretty(body)


def _last_success(store: Store, run: Run) -> Run | None:
    """The last run of the job that succeeded before this one, to compare with."""
    found = store.runs(job=run.job, states=["COMPLETE"], until=began(run), limit=2).items
    return next((other for other in found if other.id != run.id), None)
