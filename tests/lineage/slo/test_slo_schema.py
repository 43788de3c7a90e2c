"""The JSON Schema that editors read: what it takes and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from typer.testing import CliRunner

from lineage.cli import build
from lineage.parts import words
from lineage.slo.schema import schema
from lineage.slo.spec import INDICATORS
from tests.support.promises import document

EXAMPLES = sorted((Path(__file__).parents[3] / "examples" / "slos").glob("*.yaml"))


def as_json(given: Any) -> Any:
    """YAML's dates as JSON has them."""
    return json.loads(json.dumps(given, default=str))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_fit(example: Path) -> None:
    """What we show is what editors take."""
    validator = jsonschema_rs.validator_for(schema())

    documents = yaml.safe_load_all(example.read_text())

    assert [error.message for each in documents for error in validator.iter_errors(as_json(each))] == []


ANCHOR = {"startTime": "2026-01-01 00:00:00", "timeZone": "UTC"}
PAGE = {"severity": "page", "long": "1h", "short": "5m"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": None},
        {"window": "28 days"},
        {"sli": {"type": "freshness", "metod": "age"}},
        {"sli": {"type": "punctuality"}},
        {"schedule": {"deadlin": "5h"}},
        {"exclusions": [{"ref": "No Name"}]},
        {"owner": "data"},
        {"target": 1},
        {"lifecycle": {"notice": "1w"}},
        {"incidents": {}},
        {"exclusions": [{"start": "2026-12-24T20:00:00Z"}]},
        {"exclusions": [{"ref": "moves", "start": "2026-12-24T20:00:00Z", "duration": "2h"}]},
        {"objectives": [{"target": 0.9}, {"target": 0.99}]},
        {"timeWindow": []},
        {"timeWindow": [{"duration": "1M", "isRolling": False}]},
        {"timeWindow": [{"duration": "1M", "isRolling": True, "calendar": ANCHOR}]},
        {"alerting": {"windows": [PAGE]}},
        {"alerting": {"windows": [PAGE | {"budget": 0.02, "burnRate": 14.4}]}},
    ],
)
def test_what_is_wrong_is_refused(wrong: dict[str, Any]) -> None:
    """Words that are not of the format, missing ones, and values of another form."""
    validator = jsonschema_rs.validator_for(schema())

    assert (validator.is_valid(document()), validator.is_valid(document(**wrong))) == (True, False)


@pytest.mark.parametrize(
    "right",
    [
        {"lifecycle": {"endOfLife": "2027-03-01"}},
        {"timeWindow": [{"duration": "1M", "isRolling": False, "calendar": ANCHOR}]},
        {"alerting": {"windows": [PAGE | {"burnRate": 14.4}]}},
        {"exclusions": [{"ref": "moves"}, {"start": "2026-12-24T20:00:00Z", "duration": "2h"}]},
    ],
)
def test_what_is_right_fits(right: dict[str, Any]) -> None:
    """Also where formats are checked, as editors do: a date alone is an instant here."""
    validator = jsonschema_rs.validator_for(schema(), validate_formats=True)

    assert [error.message for error in validator.iter_errors(document(**right))] == []


def test_defaults_are_spelled_as_they_are_written() -> None:
    """An editor offers them."""
    assert schema()["$defs"]["Lifecycle"]["properties"]["notice"]["default"] == "30d"


@pytest.mark.parametrize("consumer", [{"team": "risk"}, [{"team": "risk"}, {"team": "web", "handle": "@web"}], []])
def test_consumers_are_one_or_several(consumer: object) -> None:
    """As a person writes them, and as they are exported."""
    assert jsonschema_rs.validator_for(schema()).is_valid(document(consumer=consumer))


def test_every_indicator_is_in_it() -> None:
    """A file in the folder of indicators is a choice, under its own name."""
    assert set(words(INDICATORS)) <= set(schema()["$defs"])


def test_the_command_prints_it() -> None:
    """As JSON, ready for a file."""
    assert json.loads(CliRunner().invoke(build(), ["slo", "schema"]).stdout) == schema()
