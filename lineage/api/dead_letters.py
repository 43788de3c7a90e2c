"""What the door refused, with the reason, as far as it was kept; to be looked at, replayed or discarded."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from lineage import letters
from lineage.api._answers import TIME, Asking, json
from lineage.api._paging import Paging, by_name
from lineage.letters import Letter, Wanted
from lineage.web import instant, needs, services

router = APIRouter(prefix="/api/v1/dead-letters", tags=["dead letters"], dependencies=[Depends(needs("read"))])
may_change = Depends(needs("admin"))


class Which(BaseModel):
    """Letters to be replayed or discarded: by their ids, or all that the other conditions let through."""

    model_config = ConfigDict(strict=True, extra="forbid")

    ids: list[str] | None = Field(None, max_length=10_000, description="Only these.")
    reason: str | None = Field(None, description="Only those whose reason has this text in it.")
    field: str | None = Field(None, description="Only those refused for this field, as eventTime.")
    principal: str | None = Field(None, description="Only those of this key.")
    dry_run: bool = Field(True, alias="dryRun", description="True: say what would happen, and change nothing.")

    @property
    def wanted(self) -> Wanted:
        """The same, as letters are asked for."""
        ids = None if self.ids is None else frozenset(self.ids)
        return Wanted(ids, self.reason, self.field, self.principal)


class Unwanted(Which):
    """Letters to be discarded, and why."""

    because: str = Field(min_length=1, description="Why; it stays on record with the name of the key.")


@router.get("")
def listed(  # noqa: PLR0913 - a filter has this many fields
    asking: Asking,
    *,
    reason: Annotated[str | None, Query(description="Only those whose reason has this text in it.")] = None,
    field: Annotated[str | None, Query(description="Only those refused for this field, as eventTime.")] = None,
    principal: Annotated[str | None, Query(description="Only those of this key.")] = None,
    since: Annotated[
        str | None, Query(description="Received then or later.", min_length=1, json_schema_extra=TIME)
    ] = None,
    until: Annotated[str | None, Query(description="Received before.", min_length=1, json_schema_extra=TIME)] = None,
    paging: Paging,
) -> Response:
    """Dead letters by id, without their bodies."""
    wanted = Wanted(None, reason, field, principal, instant(since, "since"), instant(until, "until"))
    found = {letter.id: letter for letter in letters.letters(asking.store, wanted)}
    page, following = by_name(found, paging)
    shapes = [_shown(found[id_]) for id_ in page]
    return asking.answer({"deadLetters": shapes, "totalCount": len(found), "next": following}, json(shapes))


@router.get("/{letter_id:digest}")
def one(request: Request, letter_id: str) -> dict[str, Any]:
    """One dead letter with the scrubbed body, up to 64 KiB of it. Unknown, or closed meanwhile: 404."""
    store = services(request).store
    found = _shown(letters.letter(store, letter_id))
    return found | {"body": letters.body(store, letter_id).decode("utf-8", "replace")}


@router.post("/replay", dependencies=[may_change])
def replay(request: Request, which: Which) -> dict[str, Any]:
    """Send letters through the door again, as it is now; a dry run unless `dryRun` is false.

    Those that are taken become events in the name of the caller and leave the list; the others stay, with the reason.
    """
    house = services(request)
    found = list(letters.letters(house.store, which.wanted))
    caller = house.caller(request)
    tried = letters.replay(house.store, house.intake, found, caller, house.now(), dry=which.dry_run)
    taken = sum(one.reason is None for one in tried)
    results = [{"id": one.letter.id, "event": one.event, "reason": one.reason} for one in tried]
    return {"dryRun": which.dry_run, "replayed": taken, "refused": len(tried) - taken, "results": results}


@router.post("/discard", dependencies=[may_change])
def discard(request: Request, which: Unwanted) -> dict[str, Any]:
    """Forget letters for good; a dry run unless `dryRun` is false. Who did it, and why, stays on the ledger."""
    house = services(request)
    found = list(letters.letters(house.store, which.wanted))
    if not which.dry_run:
        caller = house.caller(request).name
        letters.discard(house.store, house.decisions.keep, found, caller, which.because, house.now())
    return {"dryRun": which.dry_run, "discarded": len(found), "ids": [one.id for one in found]}


def _shown(letter: Letter) -> dict[str, Any]:
    """As JSON spells it elsewhere: camelCase."""
    return {
        "id": letter.id,
        "reason": letter.reason,
        "field": letter.field,
        "principal": letter.principal,
        "receivedAt": letter.received_at,
        "size": letter.size,
        "truncated": letter.truncated,
        "timesAgain": letter.times_again,
    }
