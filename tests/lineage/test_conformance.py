"""The official OpenLineage schema beside our door: where we differ, the policy of OPENLINEAGE 1.3 says so."""

import json
from copy import copy

import pytest

from lineage.errors import InvalidEvent
from lineage.events import parse_event
from lineage.strict import check
from tests.support.events import all_files, bodies
from tests.support.making import RUN, dataset, event, facet
from tests.support.rules import document
from tests.support.schemas import conformance, core

pytestmark = conformance

# OPENLINEAGE 1.3's table, row by row; tests/rules/test_acceptance.py holds the door to it.
ROWS = {row["case"]: row for row in document("acceptance")}


def is_accepted(sent):
    try:
        parse_event(json.dumps(sent).encode())
    except InvalidEvent:
        return False
    return True


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_we_differ_from_the_schema_only_where_the_policy_says_so(row):
    """Each row states what the schema says, what it says with formats, and what we do."""
    sent = row["event"]
    found = (core(formats=False).is_valid(sent), core(formats=True).is_valid(sent), is_accepted(sent))

    assert (row["plain"], row["formats"], row["lenient"]) == found


@pytest.mark.parametrize("name", all_files())
def test_every_event_we_test_with_is_openlineage(name):
    """Captured and hand-made events are valid by the official schema, so that they prove something."""
    assert all(core(formats=False).is_valid(json.loads(sent)) for sent in bodies(name))


def is_accepted_strictly(sent):
    body = json.dumps(sent).encode()
    try:
        check(body, parse_event(body).kind)
    except InvalidEvent:
        return False
    return True


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_strict_takes_what_the_schema_takes_and_we_can_read(row):
    """The strict door takes what the schema with its formats takes, unless the core is of no use to anybody."""
    assert row["strict"] == (row["formats"] and row["lenient"]) == is_accepted_strictly(row["event"])


@pytest.mark.parametrize("name", all_files())
def test_strict_agrees_with_the_schema_on_every_captured_event(name):
    """Real producers' events are judged by our rules as by the official schema with its formats."""
    sent = [json.loads(body) for body in bodies(name)]

    assert [core(formats=True).is_valid(one) for one in sent] == [is_accepted_strictly(one) for one in sent]


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
def test_strict_agrees_with_the_schema_whatever_stands_anywhere(whole):
    """Each part of an event taken away, or replaced by each odd value, is judged as the schema judges it."""
    variants = [changed(whole, path, new) for path in places(whole) for new in (..., *ODD)]
    variants += [changed(whole, (key,), new) for key in ("run", "job", "dataset") if key not in whole for new in ODD]

    apart = [
        sent
        for sent in variants
        if (core(formats=True).is_valid(sent) and is_accepted(sent)) != is_accepted_strictly(sent)
    ]

    assert [] == apart
