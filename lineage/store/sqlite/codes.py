"""How rows are written in one SQLite file: ids from columns, bodies packed."""

from __future__ import annotations

import zlib
from typing import Final

from lineage.model import NodeId
from lineage.store._codes import KINDS

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
