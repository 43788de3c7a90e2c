"""`/datasets/…/identity`: where the forms go that keep two names apart, make them one, or take that back."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from dashboards.frame import Shown, look
from lineage.errors import InvalidInput
from lineage.model import Principal, dataset_id
from lineage.rulings import Said, ruling
from lineage.statements import Verdict
from lineage.web import needs, services

router = APIRouter(route_class=Shown, include_in_schema=False)

VERDICTS: dict[str, Verdict] = {"split": "apart", "join": "one", "undo": None}


@router.post("/datasets/{namespace:word}/{name:word}/identity")
async def decide(
    request: Request, admin: Annotated[Principal, Depends(needs("admin"))], namespace: str, name: str
) -> Response:
    """Keep what an administrator says of this dataset and another name; back to its page."""
    sent = parse_qs((await request.body()).decode("utf-8", "replace"))
    form = {field: values[0] for field, values in sent.items()}
    return await run_in_threadpool(_answer, request, admin, (namespace, name), form)


def _answer(request: Request, admin: Principal, named: tuple[str, str], form: dict[str, str]) -> Response:
    house = services(request)
    house.keys.check_form_token(form.get("token", ""), request.cookies, house.now())
    if form.get("verdict") not in VERDICTS:
        raise InvalidInput(f"verdict: {form.get('verdict')!r} is none of {', '.join(VERDICTS)}", field="verdict")
    other = dataset_id(form.get("namespace", ""), form.get("name", ""))
    said = Said(dataset_id(*named), other, VERDICTS[form["verdict"]], form.get("because", ""))
    house.decisions.keep([ruling(said, admin, house.store, house.now())])
    return RedirectResponse(f"{look(request).of(said.one)}#names", 303)
