"""The format of SLO files as JSON Schema, for editors: every indicator that is there, with its own words."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from lineage.parts import part, words
from lineage.slo.spec import COMPOSITE, INDICATORS, DataSLO, Spec
from lineage.slo.terms import spell

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/$defs/{model}"

FILES = {
    "country": "With `skip: [holidays]`: the days in holidays/COUNTRY.ics or .txt beside this file.",
    "file": "The days in that file, iCalendar or one a line, beside or below this one.",
}


# By model: choices between words, of which just one is written, or at least one (`anyOf`).
CHOICES: dict[str, tuple[str, list[tuple[str, ...]]]] = {
    "AlertWindow": ("oneOf", [("budget",), ("burnRate",)]),
    "Exclusion": ("oneOf", [("ref",), ("start", "duration")]),
    "Lifecycle": ("anyOf", [("endOfSupport",), ("endOfLife",)]),
    "Response": ("anyOf", [("detect",), ("notify",), ("acknowledge",), ("repair",)]),
}


class _Generator(GenerateJsonSchema):
    """Defaults as a definition spells them: a month is `30d`, which pydantic would say is `P30D`."""

    def encode_default(self, dft: Any) -> Any:
        """*dft* as JSON."""
        return spell(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of one document of an SLO file.

    What it refuses `define` refuses too; what only a whole definition can tell wrong, as a schedule that is missing, is
    left to `headwater slo lint`.
    """
    specs = {word: part(INDICATORS, word).Spec for word in words(INDICATORS)}
    models = (DataSLO, Spec, *specs.values())
    references, found = models_json_schema(
        [(model, "validation") for model in models], ref_template=REFERENCE, schema_generator=_Generator
    )
    text = json.dumps(found["$defs"])
    for word, model in {"DataSLO": DataSLO, "Spec": Spec, **specs}.items():
        text = text.replace(json.dumps(_name(references[model, "validation"])), json.dumps(word))
        text = text.replace(
            json.dumps(references[model, "validation"]["$ref"]), json.dumps(REFERENCE.format(model=word))
        )
    definitions: dict[str, Any] = json.loads(text)
    definitions["Spec"]["properties"]["sli"] = {"oneOf": [{"$ref": REFERENCE.format(model=word)} for word in specs]}
    _as_written(definitions)
    _as_whole(definitions)
    return {"$schema": DIALECT, **definitions.pop("DataSLO"), "$defs": definitions}


def _as_written(definitions: dict[str, Any]) -> None:
    """What is understood before a model sees it: a path for a dataset, one of a list, files of days."""
    spec, source = definitions["Spec"], definitions["Path"]["properties"]
    several = spec["properties"]["consumer"]
    spec["properties"]["consumer"] = {"anyOf": [{"$ref": REFERENCE.format(model="Consumer")}, several]}
    spec["required"].remove("dataset")
    composite = {"properties": {"sli": {"properties": {"type": {"const": COMPOSITE}}}}}
    spec["anyOf"] = [{"required": ["dataset"]}, {"required": ["path"]}, composite]
    definitions["Calendar"]["properties"] |= {
        word: {"type": "string", "minLength": 1, "description": text} for word, text in FILES.items()
    }
    windows = definitions["Alerting"]["properties"]["windows"]
    windows["anyOf"] = [{"type": "array", "items": windows.pop("items")}, {"type": "string", "minLength": 1}]
    del windows["type"]
    source["from"] = {"anyOf": [{"$ref": REFERENCE.format(model="Dataset")}, source["from"]]}


def _as_whole(definitions: dict[str, Any]) -> None:
    """What a model checks of several words at once, as far as a schema can say it."""
    spec = definitions["Spec"]["properties"]
    for word in ("timeWindow", "objectives"):
        spec[word] |= {"minItems": 1, "maxItems": 1}
    definitions["Objective"]["properties"]["target"] |= {"exclusiveMinimum": 0, "exclusiveMaximum": 1}
    for model, (how, choices) in CHOICES.items():
        definitions[model][how] = [_written(choice) for choice in choices]
    rolls, anchored = ({"properties": {"isRolling": {"const": rolling}}} for rolling in (True, False))
    definitions["TimeWindow"]["oneOf"] = [
        {"allOf": [rolls, {"not": _written(("calendar",))}]},
        {"allOf": [anchored, _written(("calendar",))]},
    ]


def _written(words: tuple[str, ...]) -> dict[str, Any]:
    """That *words* stand there, and not as nothing."""
    return {"required": list(words), "properties": {word: {"not": {"type": "null"}} for word in words}}


def _name(reference: dict[str, str]) -> str:
    return reference["$ref"].removeprefix(REFERENCE.format(model=""))
