"""How a line of `Store.dump` is written, so that two stores that hold the same say the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from lineage.store._codes import OWN, SIDES, TYPES

TYPE: Final = (*TYPES, "STATED", "CLAIMED")
SIDE: Final = {**dict(enumerate(SIDES)), OWN: None}


def types(mask: int) -> list[str]:
    """The types that *mask* has bits for."""
    return [name for code, name in enumerate(TYPE) if mask >> code & 1]


def optional(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """*read*, which is not asked of None."""
    return lambda value: None if value is None else read(value)


def line(section: str, fields: Mapping[str, Any]) -> bytes:
    """One line of *section*."""
    return json.dumps({"is": section, **fields}, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
