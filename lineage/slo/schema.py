"""The format of SLO files as JSON Schema, for editors: every indicator that is there, with its own words."""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import models_json_schema

from lineage.parts import part, words
from lineage.slo.spec import COMPOSITE, INDICATORS, DataSLO, Spec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/$defs/{model}"

FILES = {
    "country": "With `skip: [holidays]`: the days in holidays/COUNTRY.ics or .txt beside this file.",
    "file": "The days in that file, iCalendar or one a line, beside or below this one.",
}


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of one document of an SLO file.

    What it refuses `define` refuses too; what only a whole definition can tell wrong, as a schedule that is missing, is
    left to `headwater slo lint`.
    """
    specs = {word: part(INDICATORS, word).Spec for word in words(INDICATORS)}
    models = (DataSLO, Spec, *specs.values())
    references, found = models_json_schema([(model, "validation") for model in models], ref_template=REFERENCE)
    text = json.dumps(found["$defs"])
    for word, model in {"DataSLO": DataSLO, "Spec": Spec, **specs}.items():
        text = text.replace(json.dumps(_name(references[model, "validation"])), json.dumps(word))
        text = text.replace(
            json.dumps(references[model, "validation"]["$ref"]), json.dumps(REFERENCE.format(model=word))
        )
    definitions: dict[str, Any] = json.loads(text)
    definitions["Spec"]["properties"]["sli"] = {"oneOf": [{"$ref": REFERENCE.format(model=word)} for word in specs]}
    _as_written(definitions)
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


def _name(reference: dict[str, str]) -> str:
    return reference["$ref"].removeprefix(REFERENCE.format(model=""))
