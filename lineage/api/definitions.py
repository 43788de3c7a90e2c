"""Definitions of SLOs: what applying them would change, bringing them into force, and what tags ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from lineage.api._answers import Asking, as_json
from lineage.model import Principal
from lineage.settings import MIB
from lineage.slo.applying import Author, apply
from lineage.slo.planning import Step, Wanted, plan, shape_of
from lineage.slo.proposing import proposals
from lineage.slo.proposing import shape_of as proposed
from lineage.slo.reading import sources_of
from lineage.web import needs, services

router = APIRouter(prefix="/api/v1", tags=["slos"], dependencies=[Depends(needs("read"))])

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
    def wanted(self) -> Wanted:
        """The same, read. Raises InvalidDefinition, also for a name that is there twice."""
        return Wanted(sources_of((each.text, each.place) for each in self.slos), self.prune, self.adopt)


@router.get("/proposals")
def list_proposals(request: Request, asking: Asking) -> Response:
    """SLOs that tags ask for, as `slo:freshness=1h` of a job or dataset does, and nobody has promised yet.

    Each with the YAML to apply, where it can be written, and with what a person should see to first. None is in force.
    """
    found = proposals(asking.store, services(request).slos.definitions(), asking.now)
    return asking.answer({"proposals": list(map(proposed, found)), "totalCount": len(found)})


@router.post("/definitions/plan", max_body_size=MOST_BYTES)
def plan_slos(request: Request, promises: Promises) -> Response:
    """What applying definitions would change, field by field, with how each SLO stands before and after.

    `ownedBy` is the file of the server's own folder that alone changes the SLO, unless it is adopted.
    """
    house = services(request)
    return as_json(_steps(plan(house.store, promises.wanted, house.now())))


@router.post("/definitions/apply", max_body_size=MOST_BYTES)
def apply_slos(request: Request, admin: Admin, promises: Promises) -> Response:
    """Bring definitions into force from now on, all or none; who did it, and why, stays on the ledger.

    What a file of the server's own folder owns is left alone: 409.
    """
    house = services(request)
    author = Author(admin.name, house.now(), promises.because)
    steps = apply(house.store, house.decisions.keep, promises.wanted, author)
    house.slos.reread()
    return as_json(_steps(steps))


def _steps(steps: Sequence[Step]) -> dict[str, Any]:
    return {"steps": list(map(shape_of, steps))}
