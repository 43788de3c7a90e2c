"""OpenLineage on the wire: bytes to a typed event, or a sentence that says what is wrong and where.

Accepted and refused is what the policy of OPENLINEAGE 1.3 says: the core must be sound, everything else is kept or
dropped with a warning. Facets stay undecoded: most of an event's bytes are facets that nobody may ever read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, Final, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import UNSET, Raw

from lineage.errors import InvalidEvent
from lineage.model import EventType, NodeId, dataset_id, job_id, run_id
from lineage.names import run_key

Facets = Mapping[str, Raw]

WRITTEN: Final = 8192  # texts of facets that are not read again
WRITTEN_BYTES: Final = 4096  # longer ones are: 32 MB of text at the most are remembered

EVENT_TYPES: Final = ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")


class Written(dict[str, Raw]):
    """Facets and the text that they were read from, by which they hash: what follows from them can be remembered.

    Events share one that they all carry; nobody changes it.
    """

    __slots__ = ("_text",)

    def __init__(self, facets: Facets, text: bytes) -> None:
        super().__init__(facets)
        self._text = text

    def __hash__(self) -> int:  # type: ignore[override] # a dict has none, because it can change
        return hash(self._text)

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Written) else super().__eq__(other)


class Entity(NamedTuple):
    """A run or job with its facets."""

    id: NodeId
    facets: Facets


class Dataset(NamedTuple):
    """A dataset as one event shows it; *side_facets* are its inputFacets or outputFacets."""

    id: NodeId
    facets: Facets
    side_facets: Facets


class Event(NamedTuple):
    """One OpenLineage event whose core is sound. *type* is None unless it is a run event; *at* is aware and UTC."""

    kind: Literal["run", "dataset", "job"]
    type: EventType | None
    at: datetime
    producer: str
    run: Entity | None
    job: Entity | None
    dataset: Dataset | None
    inputs: tuple[Dataset, ...]
    outputs: tuple[Dataset, ...]
    warnings: tuple[str, ...]


_ABSENT: Final = Raw()


class _WireEvent(msgspec.Struct, rename="camel"):
    event_time: Any = UNSET
    event_type: Any = UNSET
    producer: Any = UNSET
    schema_url: Any = msgspec.field(default=UNSET, name="schemaURL")
    run: Raw = _ABSENT
    job: Raw = _ABSENT
    dataset: Raw = _ABSENT
    inputs: Raw = _ABSENT
    outputs: Raw = _ABSENT


class _WireRun(msgspec.Struct, rename="camel"):
    run_id: Any = UNSET
    facets: Raw = _ABSENT


class _WireNamed(msgspec.Struct, rename="camel"):
    namespace: Any = UNSET
    name: Any = UNSET
    facets: Raw = _ABSENT
    input_facets: Raw = _ABSENT
    output_facets: Raw = _ABSENT


class _FacetHead(msgspec.Struct):
    producer: Any = msgspec.field(default=UNSET, name="_producer")
    schema_url: Any = msgspec.field(default=UNSET, name="_schemaURL")


Wire = TypeVar("Wire")

_EVENT: Final = msgspec.json.Decoder(_WireEvent)
_RUN: Final = msgspec.json.Decoder(_WireRun)
_NAMED: Final = msgspec.json.Decoder(_WireNamed)
_HEAD: Final = msgspec.json.Decoder(_FacetHead)
_FACETS: Final = msgspec.json.Decoder(dict[str, Raw])
_ARRAY: Final = msgspec.json.Decoder(list[Raw])
_ANYTHING: Final = msgspec.json.Decoder()


def parse_event(body: bytes) -> Event:
    """Read one event. Raises InvalidEvent with a sentence and, where there is one, the field: `inputs[2].name`."""
    wire = _decode(body)
    warnings: list[str] = []
    facets = _FacetReader(warnings)
    at = _instant(wire.event_time, warnings)
    producer = _optional_text(wire.producer, "producer", warnings)
    _optional_text(wire.schema_url, "schemaURL", warnings)
    kind = _kind(wire, warnings)
    event = Event(
        kind=kind,
        type=_event_type(wire.event_type, warnings) if kind == "run" else None,
        at=at,
        producer=producer,
        run=_run(wire.run, facets) if kind == "run" else None,
        job=_job(wire.job, facets) if kind != "dataset" else None,
        dataset=_dataset(wire.dataset, "dataset", facets) if kind == "dataset" else None,
        inputs=() if kind == "dataset" else _datasets(wire.inputs, "inputs", facets),
        outputs=() if kind == "dataset" else _datasets(wire.outputs, "outputs", facets),
        warnings=(),
    )
    if body.count(b'"_producer"') > facets.count:  # Nested facets do that too; so does a facet that is there twice.
        warnings.extend(f"the key {key[:80]!r} stands twice; its last value counts" for key in _duplicate_keys(body))
    return event._replace(warnings=tuple(warnings)) if warnings else event


def _decode(body: bytes) -> _WireEvent:
    try:
        wire = _EVENT.decode(body)
        _ANYTHING.decode(body)  # A Raw is passed over: bad UTF-8, lone surrogates and 1e999 only show when it is read.
    except msgspec.ValidationError as error:
        raise InvalidEvent(_whole(str(error))) from None
    except msgspec.DecodeError as error:
        raise InvalidEvent(_not_json(body, str(error))) from None
    except UnicodeDecodeError:
        good = len(body.decode(errors="ignore").encode())
        raise InvalidEvent(f"not UTF-8, {len(body) - good} bytes of it; send the event as UTF-8 JSON") from None
    except RecursionError:
        raise InvalidEvent("nested too deeply; send facets of fewer levels") from None
    return wire


def _whole(message: str) -> str:
    if "object" in message:
        got = message.rpartition("got ")[2].strip("`")
        return f"an event is one JSON object, and this is of type {got}; send arrays to /api/v1/lineage/batch"
    return f"a number that no double can hold: {message}"


def _not_json(body: bytes, message: str) -> str:
    if not body.strip():
        return "an empty body; send one JSON object"
    if body.startswith(b"\xef\xbb\xbf"):
        return "a byte order mark before the event; send UTF-8 JSON without it"
    if body.startswith(b"\x1f\x8b"):
        return "gzip, which no Content-Encoding told; send Content-Encoding: gzip"
    place = re.search(r"byte (\d+)", message)
    nearby = body[max(0, int(place[1]) - 16) : int(place[1]) + 10] if place else b""
    if "invalid character" in message and re.search(rb"[:\[,]\s*-?(NaN|Infinity)", nearby):
        return "NaN or Infinity, which JSON does not have; send null instead"
    if "surrogate" in message or ("escape" in message and re.search(rb"\\u[dD][89a-fA-F]", nearby)):
        return f"half a surrogate pair, {place[0] if place else 'at its end'}; send whole characters"
    return f"not JSON: {message.removeprefix('JSON is malformed: ')}"


def _kind(wire: _WireEvent, warnings: list[str]) -> Literal["run", "dataset", "job"]:
    # OPENLINEAGE 1.1. What has a run and a dataset but no job is a DatasetEvent to the schema.
    if wire.job is _ABSENT:
        if wire.dataset is not _ABSENT:
            return "dataset"
        raise InvalidEvent("job: missing; an event has a run and a job, a job, or a dataset", field="job")
    if wire.run is not _ABSENT:
        return "run"
    if wire.dataset is not _ABSENT:
        warnings.append("dataset: ignored beside a job; send a DatasetEvent of its own")
    return "job"


def _run(raw: Raw, facets: _FacetReader) -> Entity:
    wire = _object(_RUN, raw, "run")
    if not isinstance(wire.run_id, str):
        raise InvalidEvent(f"run.runId: {_found(wire.run_id)}; it must be a UUID", field="run.runId")
    key = run_key(wire.run_id)
    if key is None:
        raise InvalidEvent(f"run.runId: {wire.run_id[:80]!r} is not a UUID", field="run.runId")
    return Entity(run_id(key), facets.read(wire.facets, "run.facets"))


def _job(raw: Raw, facets: _FacetReader) -> Entity:
    wire = _object(_NAMED, raw, "job")
    name = job_id(_name(wire.namespace, "job.namespace"), _name(wire.name, "job.name"))
    return Entity(name, facets.read(wire.facets, "job.facets"))


def _datasets(raw: Raw, side: Literal["inputs", "outputs"], facets: _FacetReader) -> tuple[Dataset, ...]:
    if raw is _ABSENT:
        return ()
    try:
        items = _ARRAY.decode(raw)
    except msgspec.ValidationError:
        raise InvalidEvent(f"{side}: it must be an array of datasets", field=side) from None
    return tuple(_dataset(item, f"{side}[{index}]", facets) for index, item in enumerate(items))


def _dataset(raw: Raw, place: str, facets: _FacetReader) -> Dataset:
    wire = _object(_NAMED, raw, place)
    found = dataset_id(_name(wire.namespace, f"{place}.namespace"), _name(wire.name, f"{place}.name"))
    is_input, is_output = place.startswith("inputs"), place.startswith("outputs")
    word = "inputFacets" if is_input else "outputFacets"
    side = wire.input_facets if is_input else wire.output_facets if is_output else _ABSENT
    return Dataset(found, facets.read(wire.facets, f"{place}.facets"), facets.read(side, f"{place}.{word}"))


def _object(decoder: msgspec.json.Decoder[Wire], raw: Raw, place: str) -> Wire:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        raise InvalidEvent(f"{place}: it must be an object", field=place) from None


def _name(value: object, place: str) -> str:
    if isinstance(value, str) and value:
        return value
    raise InvalidEvent(f"{place}: {_found(value)}; it must be a text that is not empty", field=place)


def _found(value: object) -> str:
    if value is UNSET:
        return "missing"
    return "empty" if value == "" else f"this is {'null' if value is None else type(value).__name__}"


def _optional_text(value: object, place: str, warnings: list[str]) -> str:
    if isinstance(value, str) and value:
        return value
    warnings.append(f"{place}: {_found(value)}")
    return ""


def _event_type(value: object, warnings: list[str]) -> EventType:
    if value is UNSET:
        warnings.append("eventType: missing, taken as OTHER")
        return "OTHER"
    if value in EVENT_TYPES:
        return value
    raise InvalidEvent(f"eventType: {repr(value)[:80]} is none of {', '.join(EVENT_TYPES)}", field="eventType")


_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*([Zz]|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)

_USUAL_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|\+00:00)", re.ASCII)

# Go's and .NET's zero time, and the last that can be written; a moment before or after would be out of reach.
_NEVER: Final = frozenset({MINYEAR, MAXYEAR})


def _instant(value: object, warnings: list[str]) -> datetime:
    if not isinstance(value, str):
        raise InvalidEvent(f"eventTime: {_found(value)}; write it as 2026-11-21T08:30:00Z", field="eventTime")
    at, naive = read_instant(value)
    if at is None:
        raise InvalidEvent(
            f"eventTime: {value[:80]!r} is not a time; write it as 2026-11-21T08:30:00Z", field="eventTime"
        )
    if naive:
        warnings.append("eventTime: without a time zone, taken as UTC")
    return at


def read_instant(text: str) -> tuple[datetime | None, bool]:
    """The instant that *text* names, aware and in UTC, and whether it lacked a zone; None when it names none.

    A time in the first or last year that a datetime holds is none: it is what a machine writes that knows no time.

    RFC 3339 and what producers make of it: a space or nothing for T, any number of fraction digits (cut to µs), no zone
    (UTC), a date alone (its midnight), a leap second (the second after :59).
    """
    at, naive = _read_time(text)
    return (None, False) if at is None or at.year in _NEVER else (at, naive)


def _read_time(text: str) -> tuple[datetime | None, bool]:
    if _USUAL_TIME.fullmatch(text):
        with suppress(ValueError):  # the 30th of February, or a leap second
            return datetime.fromisoformat(text), False
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None, False
    day, minute, second, fraction, zone = match.groups()
    leap = second == "60"
    # Rebuilt in the one spelling that Python 3.11 surely reads; a lower-case z is not it.
    spelled = f"{day}T{minute or '00:00'}:{'59' if leap else second or '00'}.{(fraction or '0')[:6]:0<6}"
    offset = "+00:00" if zone is None or zone in "Zz" else zone
    try:
        at = datetime.fromisoformat(spelled + offset).astimezone(UTC) + timedelta(seconds=leap)
    except (ValueError, OverflowError):
        return None, False
    return at, zone is None


class _FacetReader:
    """Reads facet maps, drops what is no facet with a warning, and counts what it saw."""

    def __init__(self, warnings: list[str]) -> None:
        self.count = 0
        self._warnings = warnings

    def read(self, raw: Raw, place: str) -> Facets:
        if raw is _ABSENT:
            return _NO_FACETS
        try:
            found, dropped = _remembered(text) if len(text := bytes(raw)) <= WRITTEN_BYTES else _read(text)
        except msgspec.ValidationError:
            self._warnings.append(f"{place}: not an object, taken as empty")
            return _NO_FACETS
        self.count += len(found) + len(dropped)
        for name in dropped:
            self._warnings.append(f"{place}.{name}: dropped, not an object with _producer and _schemaURL")
        return found


def _read(text: bytes) -> tuple[Written, tuple[str, ...]]:
    """The facets that *text* holds, and the names of those that are none."""
    found = _FACETS.decode(text)
    dropped = tuple(name for name, body in found.items() if not _is_facet(body))
    for name in dropped:
        del found[name]
    return Written(found, text), dropped


_remembered = lru_cache(WRITTEN)(_read)
_NO_FACETS: Final = Written({}, b"")


def _is_facet(body: Raw) -> bool:
    try:
        head = _HEAD.decode(body)
    except msgspec.ValidationError:
        return False
    return isinstance(head.producer, str) and isinstance(head.schema_url, str)


def _duplicate_keys(body: bytes) -> Iterator[str]:
    twice: dict[str, None] = {}

    def look(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                twice[key] = None
            seen.add(key)

    json.loads(body, object_pairs_hook=look)
    return iter(twice)


def split_array(body: bytes) -> list[bytes]:
    """The elements of a JSON array, each as its own slice of *body*. Raises InvalidEvent when it is not an array."""
    try:
        return [bytes(element) for element in _ARRAY.decode(body)]
    except msgspec.ValidationError:
        raise InvalidEvent("a batch is a JSON array of events; send one event to /api/v1/lineage") from None
    except msgspec.DecodeError as error:
        raise InvalidEvent(_not_json(body, str(error))) from None
    except RecursionError:
        raise InvalidEvent("nested too deeply; send facets of fewer levels") from None


_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[{]++|["\]},]', re.DOTALL)


def salvage_array(body: bytes, most: int | None = None) -> tuple[list[bytes], bytes]:
    """The elements of an array whose JSON is broken, as far as brackets tell them apart, and the rest (DECISIONS 14).

    An element may itself be broken: it is the caller's to parse each. The rest is empty when the array is closed and
    nothing but space follows. Whoever wants but *most* elements gets them early, and all else as the rest.
    """
    elements: list[bytes] = []
    depth, start = 0, body.find(b"[") + 1
    if start == 0:
        return [], body.strip()
    for token in _TOKEN.finditer(body, start):
        mark = token[0]
        if mark == b'"':  # A string without an end: from its element on nothing can be told apart.
            break
        if mark[:1] in (b"[", b"{"):
            depth += len(mark)
        elif depth == 0 and mark in (b",", b"]"):
            elements.append(body[start : token.start()].strip())
            start = token.end()
            if mark == b"]" or len(elements) == most:
                break
        elif mark in (b"]", b"}"):
            depth = max(depth - 1, 0)
    return [element for element in elements if element], body[start:].strip()


_LINE: Final = re.compile(rb"\S[^\n]*")


def split_lines(body: bytes, most: int | None = None) -> list[bytes]:
    """The lines of NDJSON, no more than *most*, each without the space round it; blank ones are left out."""
    return [line[0].rstrip() for line in islice(_LINE.finditer(body), most)]
