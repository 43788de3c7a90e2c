"""`/login`: an API key for a session cookie. The one page that needs no key."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from dashboards.forms import Form
from dashboards.frame import Shown, alone
from lineage.auth import COOKIE, SESSION_LASTS
from lineage.errors import Unauthenticated
from lineage.web import services

router = APIRouter(route_class=Shown, include_in_schema=False)


@router.get("/login")
def form(request: Request) -> Response:
    """The form."""
    return HTMLResponse(_form(request, request.query_params.get("next", "/")))


def _form(request: Request, wanted: str, refused: str = "") -> str:
    behind = services(request)
    token = behind.keys.form_token(request.cookies, behind.now())
    return alone(request, "login.html", wanted=_inside(wanted), token=token, refused=refused)


@router.post("/login")
def sign_in(request: Request, sent: Form) -> Response:
    """Take the key; back to the form with a word about it, or on to where the reader wanted to go."""
    behind = services(request)
    wanted = _inside(sent.get("next", "/"))
    try:
        cookie = behind.keys.sign_in(sent.get("key", ""), behind.now())
    except Unauthenticated as error:
        return HTMLResponse(_form(request, wanted, str(error)), Unauthenticated.status)
    response = RedirectResponse(wanted, 303)
    secure = request.url.scheme == "https" or (behind.settings.public_url or "").startswith("https:")
    lasts_s = int(SESSION_LASTS.total_seconds())
    response.set_cookie(COOKIE, cookie, max_age=lasts_s, httponly=True, samesite="strict", secure=secure)
    return response


@router.post("/logout")
def sign_out(sent: Form) -> Response:  # noqa: ARG001 - it is read for its token
    """Forget the session in this browser."""
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE)
    return response


def _inside(wanted: str) -> str:
    """*wanted* when it is a path of ours, else the overview: nobody is sent elsewhere after signing in."""
    # Browsers drop tabs and line breaks, so "/\t/evil.example" would be "//evil.example".
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if ours else "/"
