"""The icons: one stroked path each, on a 16 px square."""

from __future__ import annotations

from markupsafe import Markup

PATHS = {
    "home": "M2.5 7 8 2.5 13.5 7M4 6v7.5h8V6",
    "search": "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7 14 14",
    "table": "M2 3h12v10H2zM2 6.3h12M6.5 6.3V13",
    "stream": "M2 4.5c2-1.6 4-1.6 6 0s4 1.6 6 0M2 8c2-1.6 4-1.6 6 0s4 1.6 6 0M2 11.5c2-1.6 4-1.6 6 0s4 1.6 6 0",
    "file": "M4 2h5l3 3v9H4zM9 2v3h3",
    "view": (
        "M1.5 8C3.2 5 5.4 3.5 8 3.5S12.8 5 14.5 8C12.8 11 10.6 12.5 8 12.5S3.2 11 1.5 8z"
        "M8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4z"
    ),
    "board": "M2 13.5h12M4 11V7M8 11V3M12 11V5.5",
    "model": "M8 2l5 2.8v6L8 14l-5-3.2v-6zM3.2 5 8 7.7 12.8 5M8 7.7V14",
    "job": (
        "M8 10.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4zM8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6 5 5M11 11l1.4 1.4"
        "M12.4 3.6 11 5M5 11l-1.4 1.4"
    ),
    "ok": "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM5.4 8.2 7.2 10l3.5-3.8",
    "warn": "M8 2.2 14.4 13.4H1.6zM8 6.5v3M8 11.5v.1",
    "bad": "M5.4 2h5.2L14 5.4v5.2L10.6 14H5.4L2 10.6V5.4zM6 6l4 4M10 6l-4 4",
    "run": "M14 8A6 6 0 1 1 8 2M8 2v6h6",
    "unk": (
        "M8 2a6 6 0 0 1 3 .8M13.2 5a6 6 0 0 1 .8 3M13.2 11a6 6 0 0 1-2.2 2.2M8 14a6 6 0 0 1-3-.8M2.8 11A6 6 0 0 1 2 8"
        "M2.8 5A6 6 0 0 1 5 2.8"
    ),
    "clock": "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM8 4.5V8l2.3 1.6",
    "bell": "M4 11V7a4 4 0 0 1 8 0v4l1.2 1.5H2.8zM6.8 14.3h2.4",
    "trail": (
        "M4 3.5a1.5 1.5 0 1 0 0 .1M12 12.5a1.5 1.5 0 1 0 0 .1M5.5 3.5H10a2.5 2.5 0 0 1 0 5H6a2.5 2.5 0 0 0 0 4.5h4.5"
    ),
    "inbox": "M2 9.5 4 3h8l2 6.5V13H2zM2 9.5h3.5l1 1.7h3l1-1.7H14",
    "letter": "M2 3.5h12v9H2zM2 4l6 5 6-5",
    "target": "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM10.6 8a2.6 2.6 0 1 1-5.2 0 2.6 2.6 0 0 1 5.2 0z",
    "users": (
        "M6 8a2.4 2.4 0 1 0 0-4.8A2.4 2.4 0 0 0 6 8zM1.8 13.2c.3-2.4 2-3.6 4.2-3.6s3.9 1.2 4.2 3.6"
        "M10.6 3.4a2.3 2.3 0 0 1 0 4.4M12 9.8c1.3.5 2.1 1.6 2.3 3.4"
    ),
    "sun": (
        "M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.5V3M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1"
        "M12.6 3.4l-1 1M4.4 11.6l-1 1"
    ),
    "link": ("M6.5 9.5l3-3M7 4.6l1.4-1.4a2.9 2.9 0 0 1 4.2 4.2L11.2 8.8M9 11.4l-1.4 1.4a2.9 2.9 0 0 1-4.2-4.2L4.8 7.2"),
    "export": "M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11",
    "plus": "M8 3v10M3 8h10",
    "minus": "M3 8h10",
    "fit": "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
    "zap": "M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z",
    "past": "M2.3 5A6 6 0 1 1 2 8M2 2.5V5.3h2.8M8 5v3.2l2 1.3",
    "down": "M4 6l4 4 4-4",
    "menu": "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
}


def icon(name: str, size: str = "") -> Markup:
    """The icon as inline SVG; *size* "s" is the small one. Hidden from assistive technology: words stand beside."""
    css = f"i {size}".strip()
    return Markup('<svg class="{}" viewBox="0 0 16 16" aria-hidden="true"><path d="{}"/></svg>').format(
        css, PATHS[name]
    )


def symbols(names: list[str], prefix: str) -> str:
    """The icons as SVG symbols, for drawings that repeat them: `<use href="#PREFIXNAME"/>`."""
    drawn = (f'<symbol id="{prefix}{name}" viewBox="0 0 16 16"><path d="{PATHS[name]}"/></symbol>' for name in names)
    return f"<defs>{''.join(drawn)}</defs>"
