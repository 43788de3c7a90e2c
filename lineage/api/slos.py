"""SLOs for machines: which there are and how each of them stands, now or at another time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from lineage.api._answers import TIME, Asking, as_json, json
from lineage.api._paging import Paging, by_name
from lineage.model import Principal
from lineage.settings import MIB
from lineage.slo.applying import Author, apply
from lineage.slo.planning import Step, Wish, plan, shape_of
from lineage.slo.proposing import proposals
from lineage.slo.proposing import shape_of as proposed
from lineage.slo.reading import sources_of
from lineage.slo.shape import shape
from lineage.slo.status import Status
from lineage.web import Slos, instant, needs, services

router = APIRouter(prefix="/api/v1/slos", tags=["slos"], dependencies=[Depends(needs("read"))])

At = Annotated[
    str | None,
    Query(
        description="The time to answer for, ISO 8601; it sets both clocks. Default: now.",
        min_length=1,
        json_schema_extra=TIME,
    ),
]

LISTED, MOST_LISTED = 1_000, 10_000  # a beat a minute makes 40 320 occurrences in 28 days
Occurrences = Annotated[
    int, Query(ge=0, le=MOST_LISTED, description="How many occurrences are listed: the newest ones.")
]
Before = Annotated[
    str | None,
    Query(
        description="List only occurrences due before then, ISO 8601: the due time of the oldest one listed goes on.",
        min_length=1,
        json_schema_extra=TIME,
    ),
]
MOST_BYTES = 32 * MIB  # ten thousand definitions of 3 KB
Admin = Annotated[Principal, Depends(needs("admin"))]


class Written(BaseModel):
    """One definition."""

    model_config = ConfigDict(strict=True, extra="forbid")

    place: str = Field(min_length=1, description="Where its author keeps it, as slos/orders.yaml:1.")
    text: str = Field(min_length=1, description="Its YAML: one document of kind DataSLO.")


class Promises(BaseModel):
    """Definitions to be brought into force."""

    model_config = ConfigDict(strict=True, extra="forbid")

    slos: list[Written] = Field(max_length=10_000, description="The definitions.")
    prune: bool = Field(False, description="True: what was applied before and is not among them is retired.")
    adopt: bool = Field(False, description="True: take over what a folder of SLO files owns.")
    because: str = Field("", description="Why; it stays on record with the name of the key.")

    @property
    def wish(self) -> Wish:
        """The same, read. Raises InvalidDefinition, also for a name that is there twice."""
        return Wish(sources_of((each.text, each.place) for each in self.slos), self.prune, self.adopt)


@router.get("")
def list_slos(request: Request, asking: Asking, paging: Paging, at: At = None) -> Response:
    """The SLOs in force with their status, by name; without their occurrences."""
    book, when = services(request).slos, instant(at, "at")
    now = {status.slo: status for status in book.statuses(asking.now)} if when is None else {}
    names = now if when is None else book.names()
    page, following = by_name(names, paging)
    statuses = [now[name] if when is None else book.status(name, when) for name in page]
    found = [_brief(status, book) for status in statuses]
    changing = json([{**one, "at": None} for one in found])
    return asking.answer({"slos": found, "totalCount": len(names), "next": following}, changing)


@router.get("/proposals")
def list_proposals(request: Request, asking: Asking) -> Response:
    """SLOs that tags ask for, as `slo:freshness=1h` of a job or dataset does, and nobody has promised yet.

    Each with the YAML to apply, where it can be written, and with what a person should see to first. None is in force.
    """
    found = proposals(asking.store, services(request).slos.definitions(), asking.now)
    return asking.answer({"proposals": list(map(proposed, found)), "totalCount": len(found)})


@router.get("/{name:word}")
def one_slo(
    request: Request, name: str, at: At = None, occurrences: Occurrences = LISTED, before: Before = None
) -> Response:
    """One SLO's status with the newest occurrences of its window, oldest first. 404 when there is none of that name.

    `occurrenceCount` is how many there are in the window; all counts and ratios are of all of them.
    """
    house = services(request)
    when, until = instant(at, "at") or house.now(), instant(before, "before")
    status = house.slos.status(name, when)
    found = [verdict for verdict in status.occurrences if until is None or verdict.due < until]
    return as_json(shape(status, house.slos.definition(name), found[max(0, len(found) - occurrences) :]))


@router.post("/plan", max_body_size=MOST_BYTES)
def plan_slos(request: Request, promises: Promises) -> Response:
    """What applying definitions would change, field by field, with how each SLO stands before and after."""
    house = services(request)
    return as_json(_steps(plan(house.store, promises.wish, house.now())))


@router.post("/apply", max_body_size=MOST_BYTES)
def apply_slos(request: Request, admin: Admin, promises: Promises) -> Response:
    """Bring definitions into force from now on, all or none; who did it, and why, stays on the ledger.

    What a file of the server's own folder owns is left alone: 409.
    """
    house = services(request)
    author = Author(admin.name, house.now(), promises.because)
    steps = apply(house.store, house.decisions.keep, promises.wish, author)
    house.slos.reread()
    return as_json(_steps(steps))


def _steps(steps: Sequence[Step]) -> dict[str, Any]:
    return {"steps": list(map(shape_of, steps))}


def _brief(status: Status, book: Slos) -> dict[str, Any]:
    found = shape(status, book.definition(status.slo), ())
    return {key: value for key, value in found.items() if key != "occurrences"}
