"""`/datasets/…/identity`: where the forms go that keep two names apart, make them one, or take that back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from dashboards.forms import Form
from dashboards.frame import Shown, look
from lineage.errors import InvalidInput
from lineage.model import Principal, dataset_id
from lineage.rulings import Said, ruling
from lineage.statements import Verdict
from lineage.web import needs, services

router = APIRouter(route_class=Shown, include_in_schema=False)

VERDICTS: dict[str, Verdict] = {"split": "apart", "join": "one", "undo": None}


@router.post("/datasets/{namespace:word}/{name:word}/identity")
def decide(
    request: Request, admin: Annotated[Principal, Depends(needs("admin"))], namespace: str, name: str, form: Form
) -> Response:
    """Keep what an administrator says of this dataset and another name; back to its page."""
    house = services(request)
    if form.get("verdict") not in VERDICTS:
        raise InvalidInput(f"verdict: {form.get('verdict')!r} is none of {', '.join(VERDICTS)}", field="verdict")
    other = dataset_id(form.get("namespace", ""), form.get("name", ""))
    said = Said(dataset_id(namespace, name), other, VERDICTS[form["verdict"]], form.get("because", ""))
    house.decisions.keep([ruling(said, admin, house.store, house.now())])
    return RedirectResponse(f"{look(request).of(said.one)}#names", 303)
