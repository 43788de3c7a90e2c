"""Lists by the page."""

from __future__ import annotations

from fastapi import Request

SIZE = 100


def paging(request: Request) -> int:
    """The `offset` that the request asks for; 0 for anything that is none."""
    text = request.query_params.get("offset", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 - below 2**31
