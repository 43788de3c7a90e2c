"""OpenLineage to the letter, for `ingest.strict`: what the official core schema 2-0-2 says, its formats included.

Rules of our own, so that serving needs no schema and no validator; tests hold them to the official files. The body of a
facet is checked as far as the core goes: it names its producer and its schema.
"""

from __future__ import annotations

import re
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from lineage.errors import InvalidEvent
from lineage.events import read_instant

Checked = TypeVar("Checked")

_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
# RFC 3986, appendix A, its names in the same order.
_PLAIN: Final = r"[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2}"
_AUTHORITY: Final = rf"(?:(?:{_PLAIN}|:)*@)?(?:\[[0-9A-Fa-f:.]+\]|(?:{_PLAIN})*)(?::[0-9]*)?"
_PATH: Final = rf"(?:{_PLAIN}|[:@/])*"
_URI: Final = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.\-]*:(?://{_AUTHORITY}(?:/{_PATH})?|(?!//){_PATH})"
    rf"(?:\?(?:{_PLAIN}|[:@/?])*)?(?:\#(?:{_PLAIN}|[:@/?])*)?"
)


class _Time(str):
    """A date-time of RFC 3339."""

    __slots__ = ()


class _Uri(str):
    """A URI with its scheme."""

    __slots__ = ()


class _Uuid(str):
    """A UUID with its dashes, in letters of either case."""

    __slots__ = ()


class _Facet(msgspec.Struct):
    producer: _Uri = msgspec.field(name="_producer")
    schema_url: _Uri = msgspec.field(name="_schemaURL")


class _RevocableFacet(_Facet):
    deleted: bool | UnsetType = msgspec.field(default=UNSET, name="_deleted")


_Facets = dict[str, _Facet] | UnsetType
_RevocableFacets = dict[str, _RevocableFacet] | UnsetType


class _Run(msgspec.Struct, rename="camel"):
    run_id: _Uuid
    facets: _Facets = UNSET


class _Named(msgspec.Struct, rename="camel"):
    namespace: str
    name: str
    facets: _RevocableFacets = UNSET


class _Input(_Named, rename="camel"):
    input_facets: _Facets = UNSET


class _Output(_Named, rename="camel"):
    output_facets: _Facets = UNSET


class _Event(msgspec.Struct, rename="camel", kw_only=True):
    event_time: _Time
    producer: _Uri
    schema_url: _Uri = msgspec.field(name="schemaURL")


class _RunEvent(_Event, rename="camel", kw_only=True):
    event_type: Literal["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"] | UnsetType = UNSET
    run: _Run
    job: _Named
    inputs: list[_Input] | UnsetType = UNSET
    outputs: list[_Output] | UnsetType = UNSET


class _JobEvent(_Event, rename="camel", kw_only=True):
    run: Raw | UnsetType = UNSET
    job: _Named
    inputs: list[_Input] | UnsetType = UNSET
    outputs: list[_Output] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.run is not UNSET:
            raise ValueError("an event of a job has no run")


class _DatasetEvent(_Event, rename="camel", kw_only=True):
    run: Raw | UnsetType = UNSET
    job: Raw | UnsetType = UNSET
    dataset: _Named

    def __post_init__(self) -> None:
        if self.run is not UNSET and self.job is not UNSET:
            raise ValueError("an event of a dataset has not both a run and a job")


def _format(wanted: type[str], value: object) -> str:
    if not isinstance(value, str):
        found = "null" if value is None else type(value).__name__
        raise ValueError(f"a text is wanted, and this is {found}")  # noqa: TRY004 - msgspec makes its own error of it
    if wanted is _Time and not (_TIME.fullmatch(value) and _is_instant(value)):
        raise ValueError(f"{value[:80]!r} is no date-time of RFC 3339, as 2026-11-21T08:30:00Z")
    if wanted is _Uri and not _URI.fullmatch(value):
        raise ValueError(f"{value[:80]!r} is no URI")
    if wanted is _Uuid and not _UUID.fullmatch(value):
        raise ValueError(f"{value[:80]!r} is no UUID with dashes")
    return wanted(value)


def _is_instant(text: str) -> bool:
    at, _ = read_instant(text)
    # A leap second is the last of a day in UTC; `read_instant` gives the second after it.
    return at is not None and (text[17:19] != "60" or (at.hour, at.minute) == (0, 0))


_DECODERS: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    "run": msgspec.json.Decoder(_RunEvent, dec_hook=_format),
    "job": msgspec.json.Decoder(_JobEvent, dec_hook=_format),
    "dataset": msgspec.json.Decoder(_DatasetEvent, dec_hook=_format),
}


def check(body: bytes, kind: Literal["run", "job", "dataset"]) -> None:
    """Return when *body*, which `parse_event` read as an event of *kind*, is exactly one of the schema's three events.

    Raises InvalidEvent, which names the first place that is wrong for an event of *kind*.
    """
    wrong = {word: _complaint(decoder, body) for word, decoder in _DECODERS.items()}
    fitting = [word for word, complaint in wrong.items() if complaint is None]
    if len(fitting) == 1:
        return
    if fitting:
        raise InvalidEvent(f"strict: it is an event of a {' and of a '.join(fitting)} at once; send two")
    message, _, place = (wrong[kind] or "").rpartition(" - at ")
    field = place.strip("`").removeprefix("$").lstrip(".") or None
    raise InvalidEvent(f"strict: {field + ': ' if field else ''}{message or place}", field=field)


def _complaint(decoder: msgspec.json.Decoder[Any], body: bytes) -> str | None:
    try:
        decoder.decode(body)
    except msgspec.ValidationError as error:
        return str(error)
    return None
