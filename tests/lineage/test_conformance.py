"""The official OpenLineage schema beside our door: where we differ, the policy of OPENLINEAGE 1.3 says so."""

import json
from pathlib import Path

import pytest
from jsonschema_rs import Draft202012Validator

from lineage.errors import InvalidEvent
from lineage.events import parse_event
from tests.support.events import all_files, bodies
from tests.support.making import RUN, dataset, event, facet

SCHEMAS = Path(__file__).parents[3] / "shared" / "openlineage-schemas"

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the official schemas are not beside the checkout"),
]


@pytest.fixture(scope="module")
def official():
    """The core schema 2-0-2 without format assertions (`plain`) and with them (`fmt`)."""
    core = json.loads((SCHEMAS / "OpenLineage.json").read_text(encoding="utf-8"))
    return {
        "plain": Draft202012Validator(core, validate_formats=False),
        "fmt": Draft202012Validator(core, validate_formats=True),
    }


def run_facets(**facets):
    return {"run": {"runId": RUN, "facets": facets}}


# (event, plain schema, schema with formats, ours): OPENLINEAGE 1.3's table, row by row.
TABLE = {
    "a whole event": (event(), True, True, True),
    "no eventType": (event(eventType=...), True, True, True),
    "no inputs": (event(inputs=[]), True, True, True),
    "unknown keys": (event(extra=1), True, True, True),
    "malformed facet body": (event(**run_facets(nominalTime=facet(nominalStartTime=5))), True, True, True),
    "empty job name": (event(job={"namespace": "e", "name": ""}), True, True, False),
    "empty dataset name": (event(inputs=[dataset("")]), True, True, False),
    "run id of words": (event(run={"runId": "run_id"}), True, False, False),
    "run id without dashes": (event(run={"runId": RUN.replace("-", "")}), True, False, True),
    "run id in capitals": (event(run={"runId": RUN.upper()}), True, True, True),
    "time without a zone": (event(eventTime="2026-11-21T08:30:00"), True, False, True),
    "time with a space": (event(eventTime="2026-11-21 08:30:00Z"), True, False, True),
    "date alone": (event(eventTime="2026-11-21"), True, False, True),
    "zone without a colon": (event(eventTime="2026-11-21T08:30:00+0000"), True, False, True),
    "nine fraction digits": (event(eventTime="2026-11-21T08:30:00.123456789Z"), True, True, True),
    "lower-case time": (event(eventTime="2026-11-21t08:30:00z"), True, True, True),
    "time in words": (event(eventTime="yesterday"), True, False, False),
    "producer no URI": (event(producer="airflow"), True, False, True),
    "eventType null": (event(eventType=None), False, False, False),
    "eventType in lower case": (event(eventType="start"), False, False, False),
    "eventTime a number": (event(eventTime=1795251278), False, False, False),
    "inputs null": (event(inputs=None), False, False, False),
    "facets null": (event(run={"runId": RUN, "facets": None}), False, False, True),
    "facet null": (event(**run_facets(x=None)), False, False, True),
    "facet without its producer": (event(**run_facets(x={"_schemaURL": "https://e.com"})), False, False, True),
    "no eventTime": (event(eventTime=...), False, False, False),
    "no producer": (event(producer=...), False, False, True),
    "no schemaURL": (event(schemaURL=...), False, False, True),
    "no run id": (event(run={}), False, False, False),
    "no job": (event(job=...), False, False, False),
    "dataset and job": (event(run=..., eventType=..., dataset=dataset("a")), False, False, True),
    "dataset and run": (event(job=..., eventType=..., dataset=dataset("a")), True, True, True),
    "an array": ([event()], False, False, False),
}


def is_accepted(sent):
    try:
        parse_event(json.dumps(sent).encode())
    except InvalidEvent:
        return False
    return True


@pytest.mark.parametrize(("sent", "plain", "fmt", "ours"), TABLE.values(), ids=TABLE.keys())
def test_we_differ_from_the_schema_only_where_the_policy_says_so(official, sent, plain, fmt, ours):
    """Each row states what the schema says, what it says with formats, and what we do."""
    found = (official["plain"].is_valid(sent), official["fmt"].is_valid(sent), is_accepted(sent))

    assert (plain, fmt, ours) == found


@pytest.mark.parametrize("name", all_files())
def test_every_event_we_test_with_is_openlineage(official, name):
    """Captured and hand-made events are valid by the official schema, so that they prove something."""
    assert all(official["plain"].is_valid(json.loads(sent)) for sent in bodies(name))
