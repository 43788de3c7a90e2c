"""The lineage drawing as files: an SVG that opens alone, and the same nodes as JSON."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from dashboards.frame import stamp
from dashboards.panels.lineage import Panel, panel
from lineage.alerts.incidents import every
from lineage.errors import NotFound
from lineage.model import NodeId
from lineage.web import services

# A drawing that stands alone brings its stylesheet inside, and nothing else.
OWN_STYLE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def exported(request: Request, root: NodeId, ending: str) -> Response:
    """The lineage of *root* as the file that *ending* names. Raises NotFound for an ending that is none of ours."""
    if ending not in ("svg", "json"):
        raise NotFound(f"no lineage.{ending}; there are lineage.svg and lineage.json")
    shown = panel(request, root, every(services(request).store, "open"))
    if ending == "json":
        return JSONResponse(as_json(shown))
    headers = {"Content-Disposition": 'inline; filename="lineage.svg"', "Content-Security-Policy": OWN_STYLE}
    return Response(as_svg(shown), media_type="image/svg+xml", headers=headers)


def as_svg(panel: Panel) -> str:
    """The drawing with its stylesheet inside, in the light colours: what other programs can show."""
    head, _, rest = panel.drawing.svg.partition(">")
    seen = panel.controls.look
    told = f"<!-- Lineage of {str(panel.picture.root).replace('--', '- -')} as of {stamp(seen.at)} -->"
    return f"{head}>{told}<style>{_style()}</style>{rest}"


@cache
def _style() -> str:
    static = files("dashboards") / "static"
    tokens = (static / "tokens.css").read_text(encoding="utf-8").partition(":root[")[0]
    light = re.sub(r"light-dark\(((?:[^(),]|\([^()]*\))*),(?:[^(),]|\([^()]*\))*\)", r"\1", tokens)
    graph = (static / "lineage.css").read_text(encoding="utf-8").partition("/* Edges. */")[2]
    return f"{light.replace('light dark', 'light')}svg{{background:var(--sunken)}}{graph.partition('/* Where')[0]}"


def as_json(panel: Panel) -> dict[str, Any]:
    """Nodes, edges and what is left out, as they are drawn."""
    picture = panel.picture
    return {
        "root": str(picture.root),
        "asOf": stamp(panel.controls.look.at),
        "nodes": [
            {
                "id": str(node.id),
                "kind": node.id.kind,
                "namespace": node.id.namespace,
                "name": node.id.name,
                "hop": node.hop,
                "state": node.mark.word,
                "note": node.mark.note,
                "slos": node.mark.badge,
                "onCausePath": node.on_path,
            }
            for node in picture.nodes
        ],
        "edges": [
            {"source": str(line.source), "target": str(line.target), "kind": line.kind or "plain"}
            for line in picture.lines
        ],
        "hidden": picture.hidden,
        "truncated": picture.truncated,
    }
