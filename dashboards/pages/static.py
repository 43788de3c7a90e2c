"""`/static/VERSION/NAME`: stylesheets, scripts and the Plotly bundle. Open to all, for the sign-in needs them too."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from dashboards.assets import asset
from dashboards.frame import Shown
from lineage.errors import NotFound

router = APIRouter(route_class=Shown, include_in_schema=False)

FOREVER = "public, max-age=31536000, immutable"


@router.get("/static/{version}/{name}")
def static(request: Request, version: str, name: str) -> Response:  # noqa: ARG001 - the version is the cache's
    """The asset *name*, gzipped where the browser takes it."""
    found = asset(name)
    if found is None:
        raise NotFound(f"no asset {name!r}")
    headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=found.type)
    return Response(found.plain, headers=headers, media_type=found.type)
