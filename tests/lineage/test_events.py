"""What the door accepts, refuses and warns of: the policy of OPENLINEAGE 1.3."""

from datetime import UTC, datetime

import pytest

from lineage.errors import InvalidEvent
from lineage.events import parse_event, read_instant, salvage_array, split_array, split_lines
from lineage.model import job_id, run_id
from tests.support.making import RUN, body, dataset, facet

REFUSED = {
    "no job": (body(job=...), "job"),
    "no event time": (body(eventTime=...), "eventTime"),
    "epoch time": (body(eventTime=1795251278001), "eventTime"),
    "words for a time": (body(eventTime="yesterday"), "eventTime"),
    "day 32": (body(eventTime="2026-11-32T00:00:00Z"), "eventTime"),
    "hour 24": (body(eventTime="2026-11-21T24:00:00Z"), "eventTime"),
    "before year 1": (body(eventTime="0001-01-01T00:00:00+14:00"), "eventTime"),
    "null type": (body(eventType=None), "eventType"),
    "lower-case type": (body(eventType="start"), "eventType"),
    "type of no hash": (body(eventType=["START"]), "eventType"),
    "no run id": (body(run={}), "run.runId"),
    "run id that is no UUID": (body(run={"runId": "run_id"}), "run.runId"),
    "run that is null": (body(run=None), "run"),
    "numeric job name": (body(job={"namespace": "etl", "name": 7}), "job.name"),
    "empty job namespace": (body(job={"namespace": "", "name": "load"}), "job.namespace"),
    "job that is a text": (body(job="load"), "job"),
    "inputs null": (body(inputs=None), "inputs"),
    "outputs an object": (body(outputs={}), "outputs"),
    "third input without a name": (
        body(inputs=[dataset("a"), dataset("b"), {"namespace": "lake"}]),
        "inputs[2].name",
    ),
    "output with an empty name": (body(outputs=[dataset("")]), "outputs[0].name"),
    "output that is a text": (body(outputs=["a"]), "outputs[0]"),
    "dataset without a namespace": (body(run=..., job=..., dataset={"name": "a"}), "dataset.namespace"),
}


@pytest.mark.parametrize(("sent", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_a_broken_core_is_refused_by_the_name_of_its_field(sent, field):
    """What has no identity, time or type is refused, and the refusal names the place."""
    with pytest.raises(InvalidEvent) as refusal:
        parse_event(sent)

    assert (field, True) == (refusal.value.field, str(refusal.value).startswith(f"{field}: "))


UNREADABLE = {
    "nothing": (b"", "empty body"),
    "an array": (b"[]", "one JSON object"),
    "a text": (b'"START"', "one JSON object"),
    "half an object": (body()[:-1], "not JSON"),
    "two objects": (body() * 2, "not JSON"),
    "NaN in a facet": (body(job={"namespace": "e", "name": "j", "facets": {"x": {"v": float("nan")}}}), "NaN"),
    "minus Infinity": (body(extra=float("-inf")), "NaN or Infinity"),
    "a number beyond a double": (body().replace(b"{", b'{"x": {"y": 1e999}, ', 1), "no double"),
    "a byte order mark": (b"\xef\xbb\xbf" + body(), "byte order mark"),
    "Latin-1": (body(extra="x").replace(b'"x"', b'"\xe4"'), "UTF-8"),
    "Latin-1 deep in a facet": (body(extra={"y": ["x"]}).replace(b'"x"', b'"\xe4"'), "UTF-8"),
    "a lone surrogate": (body(extra={"y": "\ud800 and more"}), "surrogate"),
    "too deep": (body().replace(b"{", b'{"x": ' + b"[" * 5000 + b"]" * 5000 + b", ", 1), "too deeply"),
}


@pytest.mark.parametrize(("sent", "why"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_not_json_is_refused_with_its_reason(sent, why):
    """A body that a strict JSON reader refuses is refused in words that name the cause, wherever in it the fault is."""
    with pytest.raises(InvalidEvent, match=why):
        parse_event(sent)


ACCEPTED = {
    "no producer": (body(producer=...), "producer: missing"),
    "producer null": (body(producer=None), "producer: this is null"),
    "no schemaURL": (body(schemaURL=...), "schemaURL: missing"),
    "no type": (body(eventType=...), "eventType: missing, taken as OTHER"),
    "naive time": (body(eventTime="2026-11-21T08:30:00"), "eventTime: without a time zone, taken as UTC"),
    "facets null": (
        body(job={"namespace": "etl", "name": "load", "facets": None}),
        "job.facets: not an object, taken as empty",
    ),
    "null facet": (
        body(run={"runId": RUN, "facets": {"x": None}}),
        "run.facets.x: dropped, not an object with _producer and _schemaURL",
    ),
    "facet without its producer": (
        body(inputs=[dataset("a", inputFacets={"x": {"_schemaURL": "https://example.com"}})]),
        "inputs[0].inputFacets.x: dropped, not an object with _producer and _schemaURL",
    ),
    "a dataset beside a job": (
        body(run=..., dataset=dataset("a")),
        "dataset: ignored beside a job; send a DatasetEvent of its own",
    ),
    "a facet that stands twice": (
        body(run={"runId": RUN, "facets": {"x": facet(), "y": facet()}}).replace(b'"y"', b'"x"'),
        "the key 'x' stands twice; its last value counts",
    ),
}


def test_a_refusal_stays_short():
    """However long what was sent is, the sentence about it is not."""
    with pytest.raises(InvalidEvent) as refused:
        parse_event(body(eventType="START" * 10_000))

    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(("sent", "warning"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_fault_outside_the_core_is_a_warning(sent, warning):
    """Everything that does not touch identity, time or type is accepted, and said."""
    assert (warning,) == parse_event(sent).warnings


@pytest.mark.parametrize(("sent", "warning"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_warning_is_given_each_time(sent, warning):
    """What was read once and is remembered is warned of again with the next event that carries it."""
    parse_event(sent)

    assert (warning,) == parse_event(sent.replace(RUN.encode(), RUN[:-1].encode() + b"2")).warnings


SILENT = {
    "an upper-case id": body(run={"runId": RUN.upper()}),
    "an id without dashes": body(run={"runId": RUN.replace("-", "")}),
    "unknown keys": body(extra={"a": [1, 2.5, 10**30]}),
    "an unknown facet of any content": body(run={"runId": RUN, "facets": {"x.y": facet(rowCount="12")}}),
    "a host-less schemaURL": body(schemaURL="file:/__w/1/s/OpenLineage.json#/$defs/RunEvent"),
    "an emoji as a pair of escapes": body(extra="\U0001f600"),
}


@pytest.mark.parametrize("sent", SILENT.values(), ids=SILENT.keys())
def test_what_is_only_unusual_is_accepted_in_silence(sent):
    """Unusual and allowed: no warning, and the run is the same run."""
    event = parse_event(sent)

    assert (run_id(RUN), job_id("etl", "load"), ()) == (event.run.id, event.job.id, event.warnings)


KINDS = {
    "run": body(),
    "job": body(run=..., eventType="START"),
    "dataset": body(run=..., job=..., dataset=dataset("a")),
}


@pytest.mark.parametrize(("kind", "sent"), KINDS.items())
def test_the_kind_follows_from_the_parts(kind, sent):
    """A run makes a RunEvent, a job alone a JobEvent, a dataset alone a DatasetEvent; only runs have a type."""
    event = parse_event(sent)

    assert (kind, "COMPLETE" if kind == "run" else None) == (event.kind, event.type)


def test_a_dataset_with_a_run_and_no_job_is_a_dataset_event():
    """The schema takes it for a DatasetEvent, and so do we."""
    assert parse_event(body(job=..., dataset=dataset("a"))).kind == "dataset"


def test_a_body_of_several_megabytes_is_read():
    """Size is the door's matter, not the parser's."""
    sent = body(run={"runId": RUN, "facets": {"big": facet(text="x" * 4_000_000)}})

    assert len(parse_event(sent).run.facets["big"]) > 4_000_000


TIMES = {
    "2026-11-21T08:30:00Z": (8, 30, 0, 0),
    "2026-11-21t08:30:00z": (8, 30, 0, 0),
    "2026-11-21 08:30:00Z": (8, 30, 0, 0),
    "2026-11-21T08:30:00.5Z": (8, 30, 0, 500_000),
    "2026-11-21T08:30:00.123456789Z": (8, 30, 0, 123_456),
    "2026-11-21T09:30:00+01:00": (8, 30, 0, 0),
    "2026-11-21T09:30:00+0100": (8, 30, 0, 0),
    "2026-11-21T09:30:00+01": (8, 30, 0, 0),
    "2026-11-21T08:30Z": (8, 30, 0, 0),
    "2026-11-21T08:29:60Z": (8, 30, 0, 0),
}


@pytest.mark.parametrize(("text", "clock"), TIMES.items())
def test_a_time_is_read_as_its_producer_meant_it(text, clock):
    """RFC 3339 and its relatives give one instant in UTC, cut to microseconds."""
    assert (datetime(2026, 11, 21, *clock, tzinfo=UTC), False) == read_instant(text)


@pytest.mark.parametrize("text", ["2026-11-21T00:00:00", "2026-11-21 00:00", "2026-11-21"])
def test_a_time_without_a_zone_is_utc(text):
    """A naive time is UTC, and the caller learns that it was naive."""
    assert (datetime(2026, 11, 21, tzinfo=UTC), True) == read_instant(text)


@pytest.mark.parametrize("text", ["", "now", "1795251278", "2026-13-01", "2026-11-21T08:61Z", "2026-11-21T08:30:00Z?"])
def test_what_names_no_time_is_none(text):
    """Nothing is guessed."""
    assert read_instant(text)[0] is None


def test_an_array_is_split_into_the_slices_that_were_sent():
    """The identity of an element is the hash of its own bytes, space inside it included."""
    assert split_array(b'[ {"a" : 1} ,\n{"b":\t"],["} ]') == [b'{"a" : 1}', b'{"b":\t"],["}']


@pytest.mark.parametrize(("sent", "why"), [(b"{}", "JSON array"), (b"[{}", "not JSON"), (b"", "empty")])
def test_what_is_no_array_is_refused(sent, why):
    """An object or a broken array is no batch."""
    with pytest.raises(InvalidEvent, match=why):
        split_array(sent)


BROKEN = {
    "cut inside an element": (b'[{"a":1},{"b":[2', [b'{"a":1}'], b'{"b":[2'),
    "cut inside a text": (b'[{"a":1},{"b":"x, {', [b'{"a":1}'], b'{"b":"x, {'),
    "cut behind a comma": (b'[{"a":1},', [b'{"a":1}'], b""),
    "not closed": (b'[{"a":1},{"b":2}', [b'{"a":1}'], b'{"b":2}'),
    "a bad neighbour": (b'[{"a":1},{"b":NaN},{"c":3}]', [b'{"a":1}', b'{"b":NaN}', b'{"c":3}'], b""),
    "a lost comma": (b'[{"a":1} {"b":2},{"c":3}]', [b'{"a":1} {"b":2}', b'{"c":3}'], b""),
    "more behind the end": (b'[{"a":1}] and {"b":2}', [b'{"a":1}'], b'and {"b":2}'),
    "no array at all": (b' {"a":1} ', [], b'{"a":1}'),
}


@pytest.mark.parametrize(("sent", "elements", "rest"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_array_is_split_as_far_as_it_goes(sent, elements, rest):
    """Neighbours of what is broken are saved; what cannot be told apart is one rest (DECISIONS 14)."""
    assert (elements, rest) == salvage_array(sent)


def test_lines_are_split_without_their_ends_and_blanks():
    """NDJSON from any platform: LF, CRLF, blank lines, no end on the last one."""
    assert split_lines(b'{"a":1}\r\n\n  {"b":2}\n{"c":3}') == [b'{"a":1}', b'{"b":2}', b'{"c":3}']
