"""`/jobs/runs/{id}`: one run, what it read and wrote, and the facets that its events carried."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from lineage.api import _shapes
from lineage.api._answers import Asked, Asking, one_of
from lineage.api._shapes import Shape
from lineage.api._versions import version_id
from lineage.audit.trace import read_version
from lineage.errors import NotFound
from lineage.model import FacetRecord, NodeId, Run, Side, Use, run_id
from lineage.names import run_key
from lineage.outcomes import outcomes
from lineage.slo.ahead import most_ahead
from lineage.store.base import Store
from lineage.web import choice, needs

router = APIRouter(prefix="/api/v1/jobs/runs", tags=["runs"], dependencies=[Depends(needs("read"))])

_MOMENT = timedelta(microseconds=1)
_EVENTS = 1_000  # the newest ones of a run, in which a moment that was told twice is looked for


@router.get("/{id:word}")
def run(asking: Asking, id: str) -> Response:  # noqa: A002 - the route's own word
    """One run, with its facets and the dataset versions that it read and wrote."""
    shape = shown(asking.store, known_run(asking.store, id), asking.now)
    return asking.answer(shape, _shapes.changing([shape]))


def shown(store: Store, found: Run, now: datetime) -> Shape:
    """A run with its facets, the versions that it read and wrote, and what it comes to at *now*.

    `toldAgain` counts events of a type and time that another event has too, with other bytes (DECISIONS 2), of the
    newest thousand; left out where there is none. So is `aheadSeconds`, by how much the clock of who told of it was
    ahead where that is more than five minutes.
    """
    uses = [use for use in store.uses(run=found.id) if use.effective]
    shape = _shapes.run(
        found,
        _shapes.newest(store.facet_history(run_id(found.id))),
        inputs=[_used(store, found, use, _version_read(store, found, use)) for use in uses if use.side == "input"],
        outputs=[_used(store, found, use, use.version or found.id) for use in uses if use.side == "output"],
        version=version_id(found.job, uses) if uses else None,
        came=outcomes(store, [found], now)[found.id],
    )
    again = _told_again(store, found)
    ahead = most_ahead(store, found.id)
    return (
        shape
        | ({"toldAgain": again} if again else {})
        | ({} if ahead is None else {"aheadSeconds": ahead.total_seconds()})
    )


def _told_again(store: Store, run: Run) -> int:
    told = Counter((event.type, event.at) for event in store.events(run=run.id, limit=_EVENTS).items)
    return sum(count - 1 for count in told.values())


def _used(store: Store, run: Run, use: Use, version: str | None) -> Shape:
    return _shapes.used(use, version, _shapes.newest(_by(store, run, use.dataset, use.side)))


def _version_read(store: Store, run: Run, use: Use) -> str | None:
    version = read_version(store, run, use).version
    return use.version or (version.id if version else None)


@router.get("/{id:word}/facets")
def facets(
    asking: Asking,
    id: str,  # noqa: A002 - the route's own word
    type: Annotated[  # noqa: A002 - Marquez's word
        str, Query(description="Whose facets: run, job or dataset.", json_schema_extra=one_of("run", "job", "dataset"))
    ] = "run",
) -> Response:
    """The facets that the events of a run carried; those of datasets stand under the dataset's node id."""
    found = known_run(asking.store, id)
    of = choice(type.lower(), ("run", "job", "dataset"), "type")
    return asking.answer({"runId": found.id, "facets": _carried(asking, found, of)})


def known_run(store: Store, word: str) -> Run:
    """The run of this id, in any spelling of a UUID. Raises NotFound."""
    key = run_key(word)
    found: list[Run] = list(store.runs(ids=[key]).items) if key else []
    if not found:
        raise NotFound(f"no run {word!r}; the runs of a job are listed under /api/v1/namespaces/…/jobs/…/runs")
    return found[0]


def _carried(asking: Asked, run: Run, of: str) -> object:
    if of == "run":
        return _shapes.facets_of(_shapes.newest(asking.store.facet_history(run_id(run.id))))
    if of == "job":
        return _shapes.facets_of(_shapes.newest(_by(asking.store, run, run.job)))
    datasets = sorted({use.dataset for use in asking.store.uses(run=run.id)})
    return {str(dataset): _shapes.facets_of(_shapes.newest(_by(asking.store, run, dataset))) for dataset in datasets}


def _by(store: Store, run: Run, of: NodeId, side: Side | Literal["any"] = "any") -> list[FacetRecord]:
    """Facet rows of *of* from the events of *run*, the newest first."""
    began: datetime | None = run.started_at and run.started_at - _MOMENT
    rows = store.facet_history(of, side=side, since=began, until=run.last_at)
    return [record for record in rows if record.run == run.id]
