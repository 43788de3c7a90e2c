"""Write docs/openapi.json anew, after the routes have changed: `make openapi`."""

from __future__ import annotations

import json
from pathlib import Path

from lineage.app import build
from lineage.channels.base import sections
from lineage.contract import contract
from lineage.settings import load

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"


def main() -> None:
    """Nothing is opened: the routes alone decide."""
    document = contract(build(load(None, sections())))
    DOCUMENT.write_text(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
