"""A Slack message as its reader sees it: the blocks that were sent, as rows and runs of text for a template."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

# What our messages use of Slack's mrkdwn: <url|label>, <!date^…|label>, <!subteam^…>, *bold*, `code`, line breaks.
SPAN = re.compile(r"<(?P<target>[^>|]+)(?:\|(?P<label>[^>]*))?>|\*(?P<bold>[^*\n]+)\*|`(?P<code>[^`\n]+)`|(?P<line>\n)")
KINDS = ("header", "section", "actions", "context")


class Run(NamedTuple):
    """A run of text in one style; *href* where it is a link."""

    style: Literal["text", "bold", "code", "line"]
    text: str
    href: str | None = None


class Row(NamedTuple):
    """One block: its kind, its text or its fields or its buttons."""

    kind: str
    cells: tuple[tuple[Run, ...], ...]


def rows(payload: Mapping[str, Any]) -> list[Row]:
    """The blocks of *payload* that have something to show; none where the channel knows no blocks."""
    return [Row(block["type"], tuple(_cells(block))) for block in payload.get("blocks", ()) if block["type"] in KINDS]


def _cells(block: Mapping[str, Any]) -> Iterator[tuple[Run, ...]]:
    if "text" in block:
        yield runs(block["text"]["text"])
    for field in block.get("fields", ()):
        yield runs(field["text"])
    for element in block.get("elements", ()):
        text = element["text"]
        yield runs(text) if isinstance(text, str) else (Run("text", text["text"], _ours(element.get("url"))),)


def runs(text: str) -> tuple[Run, ...]:
    """Mrkdwn as runs of text, in order; a link that is not http(s) is only its label."""
    found: list[Run] = []
    place = 0
    for span in SPAN.finditer(text):
        if span.start() > place:
            found.append(Run("text", html.unescape(text[place : span.start()])))
        found.extend(_run(span))
        place = span.end()
    if place < len(text):
        found.append(Run("text", html.unescape(text[place:])))
    return tuple(found)


def _run(span: re.Match[str]) -> Iterator[Run]:
    if span["line"]:
        yield Run("line", "")
    elif span["bold"]:
        yield Run("bold", html.unescape(span["bold"]))
    elif span["code"]:
        yield Run("code", html.unescape(span["code"]))
    else:
        label = span["label"] or span["target"]
        style: Literal["code", "text"] = "code" if label.startswith("`") else "text"
        yield Run(style, html.unescape(label.strip("`")), _ours(html.unescape(span["target"])))


def _ours(url: str | None) -> str | None:
    return url if url is not None and url.startswith(("http://", "https://")) else None
