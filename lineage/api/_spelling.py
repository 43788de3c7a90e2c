"""A parameter that nobody knows is passed over, as Marquez does; one that is nearly ours is a slip, and is named.

An `asof` that said nothing would answer for now, and nobody would notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from lineage.errors import InvalidInput

ALIKE = 0.8  # of 1: `asof`, `known_at` and `dept` are slips, `format` or `state` are not


def well_spelled(request: Request) -> None:
    """Return when no parameter of *request* is nearly one that its route takes. Raises InvalidInput naming it."""
    if not request.query_params:
        return
    route = request.scope["route"]
    assert isinstance(route, APIRoute), "all routes of the API are"
    known = _known(route)
    for given in request.query_params.keys() - known.values():
        for meant in get_close_matches(_folded(given), known, n=1, cutoff=ALIKE):
            raise InvalidInput(f"{given}: not a parameter here; write {known[meant]}", field=given)


def _known(route: APIRoute) -> dict[str, str]:
    """The parameters of *route* by their folded names."""
    return {_folded(name): name for name in _names(route.dependant)}


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for beneath in dependant.dependencies:
        yield from _names(beneath)


def _folded(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
