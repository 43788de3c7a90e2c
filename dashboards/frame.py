"""What all pages share: the shell, the moment they look at, the headers that guard them, and how they say no."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined

from dashboards import assets, say
from dashboards.current import current
from dashboards.figures.icons import icon
from dashboards.figures.picture import Tone
from dashboards.figures.strips import bar
from dashboards.states import SLO
from lineage import letters, telemetry
from lineage.alerts.incidents import every
from lineage.auth import COOKIE
from lineage.errors import HeadwaterError, InvalidInput, Overloaded, Unauthenticated
from lineage.model import NodeId
from lineage.parts import part, words
from lineage.paths import quoted
from lineage.slo.phrases import opened
from lineage.slo.status import SloState
from lineage.web import instant, services

PAGES = "dashboards.pages"
THEMES = ("light", "dark")
COUNTED = 100  # where the navigation stops counting

# plotly.js puts one empty style element into the page and fills it through the CSSOM: the hash is of the empty string.
POLICY = (
    "default-src 'none'; script-src 'self'; "
    "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Nav(NamedTuple):
    """A page's place in the navigation; *counter* names the count beside it."""

    label: str
    icon: str
    path: str
    order: int
    counter: str | None = None  # "slos", "incidents" or "dead_letters"


@dataclass(frozen=True, slots=True)
class Look:
    """What a reader looks at: from which present, at which moment, in which theme. Links keep it."""

    now: datetime
    as_of: datetime | None
    theme: str | None

    @property
    def at(self) -> datetime:
        """The moment that is asked about."""
        return self.as_of or self.now

    def link(self, *segments: str, **query: object) -> str:
        """A path of *segments*, each encoded whole, and a query without its empty values; as-of and theme go along."""
        kept: dict[str, object] = {"asOf": self.as_of and stamp(self.as_of), "theme": self.theme, **query}
        pairs: list[tuple[str, str]] = []
        for key, value in kept.items():
            if isinstance(value, tuple | list):
                pairs += [(key, str(one)) for one in value]
            elif value is not None and value != "":
                pairs.append((key, str(value)))
        path = "/" + "/".join(map(quoted, segments))
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def of(self, node: NodeId, **query: object) -> str:
        """The page of a dataset, job or run."""
        if node.kind == "run":
            return self.link("runs", node.name, **query)
        return self.link(f"{node.kind}s", node.namespace, node.name, **query)


def stamp(at: datetime) -> str:
    """*at* as a query says it: `2026-11-21T08:30:00Z`."""
    return at.isoformat().replace("+00:00", "Z")


def look(request: Request) -> Look:
    """How this request looks at the world. Raises InvalidInput for an asOf that is no time."""
    theme = request.query_params.get("theme")
    return Look(
        services(request).now(),
        instant(request.query_params.get("asOf"), "asOf"),
        theme if theme in THEMES else None,
    )


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("dashboards"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    templates.globals.update(
        bar=bar, icon=icon, asset=assets.url, plotly=assets.PLOTLY, plotly_styles=assets.plotly_styles, say=say
    )
    templates.filters.update(
        percent=say.percent,
        count=say.count,
        size=say.size,
        times=say.times,
        short=say.short,
        exact=say.exact,
        opened=opened,
    )
    return templates


@cache
def navigation() -> tuple[Nav, ...]:
    """The pages that have a place in the navigation, in its order."""
    found = (getattr(part(PAGES, word), "NAV", None) for word in words(PAGES))
    return tuple(sorted((nav for nav in found if nav is not None), key=lambda nav: nav.order))


def page(request: Request, template: str, /, code: int = 200, **values: object) -> Response:
    """The page that *template* makes of *values*, in the shell."""
    seen = look(request)
    counts = _counts(request, seen)
    html = _render(request, template, seen, counts, values)
    return HTMLResponse(html, code, headers={"Cache-Control": "private, no-cache"})


def _render(
    request: Request, template: str, seen: Look, counts: Mapping[str, tuple[int, Tone]], values: Mapping[str, object]
) -> str:
    return (
        _templates()
        .get_template(template)
        .render(
            **values,
            look=seen,
            link=seen.link,
            here=request.url.path,
            nav=navigation(),
            leaving=_leaving(request),
            counts=counts,
            counted=COUNTED,
            kept=[(key, value) for key, value in request.query_params.multi_items() if key not in ("asOf", "theme")],
        )
    )


def _leaving(request: Request) -> str:
    """The token of the form that signs a reader out; empty for whom no session speaks."""
    behind = services(request)
    return behind.keys.form_token(request.cookies, behind.now()) if COOKIE in request.cookies else ""


def _counts(request: Request, seen: Look) -> Mapping[str, tuple[int, Tone]]:
    """What the navigation counts: SLOs that need a person, dead letters, and the incidents that are open now."""
    states: list[SloState] = [one.status.state for one in current(request).judged(seen.at, past=bool(seen.as_of))]
    troubled = [state for state in states if SLO[state].tone in ("bad", "warn")]
    return {
        "slos": (len(troubled), "bad" if "breaching" in troubled else "warn"),
        "incidents": (0 if seen.as_of else len(every(services(request).store, "open")), "bad"),
        "dead_letters": (len(services(request).store.documents(letters.KIND, limit=COUNTED)), "unk"),
    }


def alone(request: Request, template: str, **values: object) -> str:
    """A page that asks the store nothing: for those who may not read, and for when it cannot be read."""
    theme = request.query_params.get("theme")
    seen = Look(services(request).now(), None, theme if theme in THEMES else None)
    return _render(request, template, seen, {}, values)


def refusal(request: Request, error: HeadwaterError) -> Response:
    """*error* as a page that says what failed and what to do; without a key, the way to the sign-in."""
    if isinstance(error, Unauthenticated) and request.method == "GET":
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?{urlencode({'next': wanted})}", 303)
    html = alone(
        request,
        "problem.html",
        title=error.title,
        message=str(error),
        status=error.status,
        request_id=telemetry.request_id.get(),
    )
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, Overloaded) else {}
    return HTMLResponse(html, error.status, headers=headers)


class Shown(APIRoute):
    """A route that people see: it answers failures as pages, and every answer carries the guarding headers."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler, guarded."""
        handler = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                response = await handler(request)
            except HeadwaterError as error:
                response = refusal(request, error)
            except RequestValidationError as error:
                first = error.errors()[0]
                field = str(first["loc"][-1])
                response = refusal(request, InvalidInput(f"{field}: {first['msg']}", field=field))
            for name, value in SECURITY.items():
                response.headers.setdefault(name, value)
            return response

        return shown
