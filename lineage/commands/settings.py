"""Show every knob: its name in the file and the environment, the value in force, one sentence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from lineage.commands import _options
from lineage.commands._open import read_settings

if TYPE_CHECKING:  # heavy; `headwater --help` imports this module
    from pydantic import BaseModel


class Knob(NamedTuple):
    """One setting: `slack.token`, what it is now, its sentence of help."""

    name: str
    value: str
    help: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "HEADWATER_" + self.name.upper().replace(".", "__")


def run(store: _options.Store = None, config: _options.Config = None, as_json: _options.Json = False) -> None:
    """Show every knob with the value in force; secrets stay hidden.

    $ headwater settings --config headwater.yaml
    """
    knobs = table(read_settings(config, store=store))
    if as_json:
        print(json.dumps([{**knob._asdict(), "variable": knob.variable} for knob in knobs], indent=2))
        return
    width = max(len(knob.name) for knob in knobs)
    for knob in knobs:
        print(f"{knob.name:<{width}}  {knob.value}\n{'':<{width}}  {knob.help}")


def table(settings: BaseModel, prefix: str = "") -> list[Knob]:
    """All knobs of *settings*, sections walked through; an unset one reads `unset`."""
    from pydantic import BaseModel

    from lineage.settings import without_password

    knobs: list[Knob] = []
    for name, field in type(settings).model_fields.items():
        value: Any = getattr(settings, name)  # whatever the field holds
        if isinstance(value, BaseModel):
            knobs += table(value, f"{prefix}{name}.")
        else:
            shown = "unset" if value in (None, ()) else without_password(str(value))
            knobs.append(Knob(f"{prefix}{name}", shown, field.description or ""))
    return knobs
