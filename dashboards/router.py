"""The pages in an application: they bring their own routes; what remains are the refusals that no page makes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import cast

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from dashboards.frame import SECURITY, refusal
from lineage.errors import HeadwaterError, NotFound

Handler = Callable[[Request, Exception], Response | Awaitable[Response]]


def mount(app: FastAPI) -> None:
    """Let *app* answer people in HTML where it refuses by itself: a path that is none, a method that is not taken.

    Programs, and everyone under /api, get what the handlers of *app* say. Call it after those are set.
    """
    for kind in (HTTPException, HeadwaterError):
        app.add_exception_handler(kind, _for_people(cast("Handler | None", app.exception_handlers.get(kind))))


def _for_people(otherwise: Handler | None) -> Handler:
    async def answer(request: Request, error: Exception) -> Response:
        if otherwise is not None and not wants_page(request):
            response = otherwise(request, error)
            return await response if isawaitable(response) else response
        response = refusal(request, _told(request, error))
        response.headers.update(SECURITY)
        return response

    return answer


def wants_page(request: Request) -> bool:
    """True for a browser that navigates, outside the API."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


def _told(request: Request, error: Exception) -> HeadwaterError:
    if isinstance(error, HeadwaterError):
        return error
    if isinstance(error, HTTPException) and error.status_code != NotFound.status:
        told = HeadwaterError(f"{request.method} {request.url.path}: {error.detail}")
        told.status, told.title = error.status_code, error.detail
        return told
    return NotFound(f"no page {request.url.path}; the search finds datasets and jobs by name")
