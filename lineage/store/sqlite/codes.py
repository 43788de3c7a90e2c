"""How the words of the model are written in rows: kinds, types and sides as integers, transformations as JSON."""

from __future__ import annotations

import json
import zlib
from datetime import datetime
from functools import lru_cache
from typing import Final

from lineage.database.times import instant
from lineage.model import EventType, Kind, NodeId, Side

KINDS: Final[tuple[Kind, ...]] = ("dataset", "job", "run")
DATASET, JOB, RUN = range(3)
KIND: Final = {kind: code for code, kind in enumerate(KINDS)}

# The four that a conclusion wants one by one come first.
TYPES: Final[tuple[EventType, ...]] = ("START", "COMPLETE", "FAIL", "ABORT", "RUNNING", "OTHER")
TYPE: Final = {event_type: code for code, event_type in enumerate(TYPES)}
LAST_DECIDING: Final = TYPE["ABORT"]
STATED: Final = 6  # a JobEvent
CLAIMED: Final = 7  # an event of another run
TYPE_SETS: Final = tuple(
    frozenset(name for code, name in enumerate(TYPES) if mask >> code & 1) for mask in range(1 << len(TYPES))
)

SIDES: Final[tuple[Side, ...]] = ("input", "output")
INPUT, OUTPUT = range(2)
SIDE: Final = {"input": INPUT, "output": OUTPUT}
OWN: Final = 2  # a facet of the entity itself
EVERY: Final = 0  # instead of a target: all that a job ever said anything of

EVER: Final = 2**62  # later than all


# What nearly every facet says, the most frequent last. It is part of the file's format: another one cannot read it.
COMMON_WORDS: Final = (
    b'"processingType": "BATCH", "integration": "JobTypeJobFacet "job": {"namespace": "run": {"runId": "root": {'
    b"ParentRunFacet "
    b'"nominalStartTime": "2026-11-21T00:00:00.000Z", "nominalEndTime": "NominalTimeRunFacet ProcessingEngineRunFacet '
    b'"transformations": [{"type": "INDIRECT", "subtype": "IDENTITY", "description": "", "masking": false}]}], '
    b'{"inputFields": [{"namespace": "ColumnLineageDatasetFacet OwnershipJobFacet DocumentationDatasetFacet '
    b'"uri": "DatasourceDatasetFacet "identifiers": [{"type": "TABLE"}]} SymlinksDatasetFacet "rowCount": "size": '
    b'OutputStatisticsOutputDatasetFacet {"fields": [{"name": "type": "string"}, {"name": "type": "VARCHAR"}]} '
    b'SchemaDatasetFacet.json","$.json#/$defs/ {"_producer": "https://github.com/OpenLineage/OpenLineage/tree/1.54.0/'
    b'integration/spark", "_schemaURL": "https://openlineage.io/spec/facets/1-0-1/'
    b'{"_producer":"https://github.com/OpenLineage/OpenLineage/tree/1.54.0/integration/airflow",'
    b'"_schemaURL":"https://openlineage.io/spec/facets/1-0-0/'
)


def instant_or_none(at: int | None) -> datetime | None:
    """As `instant`; None stays None."""
    return None if at is None else instant(at)


def node_id(kind: int, namespace: str, name: str) -> NodeId:
    """The id that a row of `node` stands for."""
    return NodeId(KINDS[kind], namespace, name)


def pack(body: bytes) -> bytes:
    """*body*, a JSON value, in as few bytes as pays."""
    if len(body) <= len(COMMON_WORDS):  # a window of 1 KiB is enough then, and made in a tenth of the time
        packer = zlib.compressobj(6, zlib.DEFLATED, 10, 3, zlib.Z_DEFAULT_STRATEGY, COMMON_WORDS)
    else:
        packer = zlib.compressobj(6, zlib.DEFLATED, 15, 8, zlib.Z_DEFAULT_STRATEGY, COMMON_WORDS)
    packed = packer.compress(body) + packer.flush()
    return packed if len(packed) < len(body) else body


def unpack(data: bytes) -> bytes:
    """What `pack` was given. No JSON value begins as a zlib stream does, with `(` or `x` for its two windows."""
    return zlib.decompressobj(zdict=COMMON_WORDS).decompress(data) if data[:1] in {b"(", b"x"} else data


def spelled(transformations: tuple[tuple[str, str, bool], ...]) -> str:
    """A column edge's transformations as text."""
    return json.dumps(transformations, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=4096)  # a body of thousands of edges spells a handful
def read_transformations(text: str) -> tuple[tuple[str, str, bool], ...]:
    """What `spelled` was given."""
    return tuple((kind, subtype, masking) for kind, subtype, masking in json.loads(text))
