"""What a form of a page sent: its fields by name, once its token shows that it is one of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, Request

from lineage.web import services


async def _sent(request: Request) -> Mapping[str, str]:
    """The first value of each field; what is empty was not sent. Raises Forbidden."""
    sent = parse_qs((await request.body()).decode("utf-8", "replace"))
    form = {field: values[0] for field, values in sent.items()}
    house = services(request)
    house.keys.check_form_token(form.get("token", ""), request.cookies, house.now())
    return form


Form = Annotated[Mapping[str, str], Depends(_sent)]
