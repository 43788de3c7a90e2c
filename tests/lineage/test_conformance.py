"""The official OpenLineage schema beside our door: where we differ, the policy of OPENLINEAGE 1.3 says so."""

import json
from copy import copy
from pathlib import Path

import pytest
from jsonschema_rs import Draft202012Validator

from lineage.errors import InvalidEvent
from lineage.events import parse_event
from lineage.strict import check
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


def is_accepted_strictly(sent):
    body = json.dumps(sent).encode()
    try:
        check(body, parse_event(body).kind)
    except InvalidEvent:
        return False
    return True


@pytest.mark.parametrize(("sent", "fmt", "ours"), [(row[0], *row[2:]) for row in TABLE.values()], ids=TABLE.keys())
def test_strict_takes_what_the_schema_takes_and_we_can_read(sent, fmt, ours):
    """The strict door takes what the schema with its formats takes, unless the core is of no use to anybody."""
    assert (fmt and ours) == is_accepted_strictly(sent)


@pytest.mark.parametrize("name", all_files())
def test_strict_agrees_with_the_schema_on_every_captured_event(official, name):
    """Real producers' events are judged by our rules as by the official schema with its formats."""
    sent = [json.loads(body) for body in bodies(name)]

    assert [official["fmt"].is_valid(one) for one in sent] == [is_accepted_strictly(one) for one in sent]


WHOLE = event(
    run={"runId": RUN, "facets": {"nominalTime": facet(nominalStartTime="2026-11-21T00:00:00Z")}},
    job={"namespace": "etl", "name": "load", "facets": {"ownership": facet(_deleted=True)}},
    inputs=[dataset("a", facets={"x": facet(_deleted=False)}, inputFacets={"y": facet()})],
    outputs=[dataset("b", facets={}, outputFacets={"z": facet()})],
)
KINDS = [WHOLE, event(run=..., eventType=...), event(run=..., job=..., eventType=..., dataset=dataset("a"))]
ODD = [
    *(None, 5, 1.5, True, "", "x", [], {}, [None], [{}], {"a": {}}, {"a": facet()}, "START", "start", RUN, RUN.upper()),
    *(
        RUN.replace("-", ""),
        f"{{{RUN}}}",
        f" {RUN}",
        "https://example.com",
        "https://example.com/ä",
        "http://[::1]:80/",
    ),
    *(
        "urn:a:b",
        "a:",
        "://x",
        "file:/x#/$defs/y",
        "http://a b",
        "http://a/%zz",
        "http://a/%20",
        "1a:b",
        "http://a#b#c",
    ),
    *("http://u:p@h:/p?q=/?#f?", "http://a/[b]", "2026-11-21T08:30:00Z", "2026-11-21t08:30:00.5z", "2026-11-21"),
    *("2026-11-21T08:30:00", "2026-11-21 08:30:00Z", "2026-11-21T08:30Z", "2026-11-21T08:30:00+01:00"),
    *("2026-11-21T08:30:00+0100", "2026-11-21T08:30:00+24:00", "2026-11-21T24:00:00Z", "2026-02-29T08:30:00Z"),
    *("2016-12-31T23:59:60Z", "2026-11-21T08:30:60Z", "2017-01-01T00:59:60+01:00", "2026-11-21T08:30:00.Z"),
    *(
        "2026-11-21T08:30:00,5Z",
        "2026-11-21T08:30:00.123456789Z",
        "2026-11-21T08:30:00-00:00",
        "\uff12026-11-21T08:30:00Z",
    ),
]


def places(value, path=()):
    """The path of everything in *value*."""
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def changed(value, path, new):
    """*value* with *new* at *path*, or without what is there when *new* is `...`."""
    if not path:
        return {} if new is ... else new
    copied = copy(value)
    inner = changed(value[path[0]], path[1:], new) if len(path) > 1 else new
    if inner is ...:
        del copied[path[0]]
    else:
        copied[path[0]] = inner
    return copied


@pytest.mark.parametrize("whole", KINDS, ids=["run", "job", "dataset"])
def test_strict_agrees_with_the_schema_whatever_stands_anywhere(official, whole):
    """Each part of an event taken away, or replaced by each odd value, is judged as the schema judges it."""
    variants = [changed(whole, path, new) for path in places(whole) for new in (..., *ODD)]
    variants += [changed(whole, (key,), new) for key in ("run", "job", "dataset") if key not in whole for new in ODD]

    apart = [
        sent
        for sent in variants
        if (official["fmt"].is_valid(sent) and is_accepted(sent)) != is_accepted_strictly(sent)
    ]

    assert [] == apart
