"""Stylesheets, scripts and the Plotly bundle: compressed once, and cached for ever under their version."""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import NamedTuple

PLOTLY = "plotly.min.js"
TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


class Asset(NamedTuple):
    """A file as it is sent, plain and gzipped."""

    plain: bytes
    packed: bytes
    type: str


@cache
def asset(name: str) -> Asset | None:
    """The asset of that name, or None; the first question for one reads and compresses it."""
    source = files("plotly") / "package_data" / PLOTLY if name == PLOTLY else files("dashboards") / "static" / name
    suffix = name.rpartition(".")[2]
    if "/" in name or suffix not in TYPES or not source.is_file():
        return None
    plain = source.read_bytes()
    return Asset(plain, gzip.compress(plain, 6, mtime=0), TYPES[suffix])


@cache
def plotly_styles() -> tuple[str, ...]:
    """The ids of style elements that the bundle would fill with text, which the policy forbids (DECISIONS 32).

    A page that has empty ones of these ids is left alone.
    """
    bundle = asset(PLOTLY)
    assert bundle is not None, "the plotly package brings it"
    return tuple(re.findall(r'createElement\("style"\);\w+\.id="([0-9a-f]{64})"', bundle.plain.decode()))


@cache
def url(name: str) -> str:
    """Where a page finds the asset *name*: the version in it changes whenever the bytes do."""
    if name == PLOTLY:
        return f"/static/{version('plotly')}/{name}"
    found = asset(name)
    assert found is not None, f"a page asked for {name}, which is not in static/"
    return f"/static/{hashlib.sha256(found.plain).hexdigest()[:12]}/{name}"
