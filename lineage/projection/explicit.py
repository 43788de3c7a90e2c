"""What the `lineage` facets of one event say explicitly: of what each dataset was made, and by whom.

They beat what is inferred: every output from every input, and the columnLineage facet of the same event (OPENLINEAGE
2.2, 2.3). An entry of which any part cannot be read is left out whole, with a warning: half a statement would be false.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

from lineage.events import Dataset, Event, Facets
from lineage.model import (
    WHOLE,
    ColumnEdge,
    ColumnsSeen,
    FacetSeen,
    FieldId,
    MadeOf,
    NodeId,
    Side,
    Touch,
    dataset_id,
    job_id,
)
from lineage.projection.bodies import (
    DATASET_LINEAGE,
    JOB_LINEAGE,
    DatasetLineage,
    LineageEntry,
    LineageInput,
    is_deleted,
    view,
)

FACET: Final = "lineage"

# The mark of a job that stands for a dataset's own definition: it has no runs.
DEFINITION: Final = (
    b'{"_producer":"urn:headwater","_schemaURL":"https://openlineage.io/spec/facets/2-0-4/JobTypeJobFacet.json",'
    b'"processingType":"NONE","integration":"HEADWATER","jobType":"DEFINITION"}'
)


class Explicit(NamedTuple):
    """What follows from the facets, in the shapes of a Delta; *columns* are at most one for each target.

    Those without an edge take back what was said before, if the event says nothing else of the target's columns.
    """

    made_of: tuple[MadeOf, ...] = ()
    touches: tuple[Touch, ...] = ()
    columns: tuple[ColumnsSeen, ...] = ()
    depends: tuple[tuple[NodeId, NodeId], ...] = ()
    facets: tuple[FacetSeen, ...] = ()


def explicit(event: Event, warnings: list[str]) -> Explicit:
    """All that the `lineage` facets of *event* say.

    The facet of a job, and of an output, speaks of the event's own job: it makes the targets of their sources, writes
    the ones and reads the others. The facet of a dataset that tells of itself, in a DatasetEvent or as an input (who
    reads it did not make it), is its definition, as a view has one: a job of the dataset's own namespace and name
    stands for that, so that lineage goes through it as through any job.

    Where a source is a job, that job writes the target; where it is the target's own maker, the target comes of all
    that the maker reads. What feeds a job is read by it, or runs before it. A job's `runId` is not followed.
    """
    told = _Told(event, warnings)
    if event.job is not None and FACET in event.job.facets:
        told.by_job(event.job.id, event.job.facets)
    for dataset in event.outputs:
        if event.job is not None and FACET in dataset.facets:
            told.of_output(event.job.id, dataset)
    for dataset in (*event.inputs, *([event.dataset] if event.dataset else ())):
        if FACET in dataset.facets:
            told.of_itself(dataset)
    return told.whole()


class _Told:
    """What has been read so far of one event."""

    def __init__(self, event: Event, warnings: list[str]) -> None:
        speaker = event.run or event.job
        self._own = event.job.id if event.job else None
        self._by = speaker.id if speaker else None
        self._outputs = {dataset.id for dataset in event.outputs}
        self._warnings = warnings
        self._made_of: defaultdict[tuple[NodeId, NodeId | None], list[set[NodeId] | None]] = defaultdict(list)
        self._touches: dict[Touch, None] = {}
        self._columns: defaultdict[NodeId, dict[tuple[FieldId, FieldId], set[tuple[str, str, bool]]]]
        self._columns = defaultdict(dict)
        self._depends: dict[tuple[NodeId, NodeId], None] = {}
        self._facets: dict[FacetSeen, None] = {}

    def by_job(self, job: NodeId, facets: Facets) -> None:
        """Read LineageJobFacet; `_deleted` takes back what was said of every target, of columns only on an output."""
        if is_deleted(bytes(facets[FACET])):
            self._made_of[job, None].append(None)
            self._without_columns(*sorted(self._outputs))
        facet = view(facets, FACET, JOB_LINEAGE, self._warnings)
        for entry in facet.entries if facet else ():
            target = self._named(entry)
            if target is None or (sources := self._sources(entry)) is None:
                self._warnings.append(f"lineage: an entry left out, {_why(entry)}")
            elif target.kind == "dataset":
                self._made(job, target, entry, sources)
            else:
                self._fed(target, sources)

    def of_output(self, job: NodeId, dataset: Dataset) -> None:
        """Read LineageDatasetFacet as what *job* says."""
        if is_deleted(bytes(dataset.facets[FACET])):
            self._made_of[job, dataset.id].append(None)
            self._without_columns(dataset.id)
        self._of_dataset(job, dataset)

    def of_itself(self, dataset: Dataset) -> None:
        """Read LineageDatasetFacet as a definition; one that is taken back leaves a dataset that is made of nothing."""
        if dataset.id in self._outputs:
            return  # Among the outputs the same facet says what the event's job made.
        definition = job_id(dataset.id.namespace, dataset.id.name)
        if is_deleted(bytes(dataset.facets[FACET])):
            self._made_of[definition, dataset.id].append(set())
            self._without_columns(dataset.id)
        elif self._of_dataset(definition, dataset) and definition != self._own:
            self._facets[FacetSeen(definition, "jobType", DEFINITION)] = None

    def whole(self) -> Explicit:
        """All of it, each thing once."""
        if not (self._made_of or self._touches or self._depends):
            return NOTHING
        return Explicit(
            made_of=tuple(
                MadeOf(*key, None if None in said else tuple(sorted(set().union(*(each or () for each in said)))))
                for key, said in self._made_of.items()
            ),
            touches=tuple(self._touches),
            columns=tuple(_seen(target, edges) for target, edges in self._columns.items()),
            depends=tuple(self._depends),
            facets=tuple(self._facets),
        )

    def _of_dataset(self, maker: NodeId, dataset: Dataset) -> bool:
        """Read the facet of *dataset* as what *maker* says. Answers whether *maker* is among those who make it so."""
        said = view(dataset.facets, FACET, DATASET_LINEAGE, self._warnings)
        if said is None or not _speaks(said):
            return False
        sources = self._sources(said)
        if sources is None:
            self._warnings.append("lineage: left out, a source is neither a DATASET nor a JOB with a name")
            return False
        return self._made(maker, dataset.id, said, sources)

    def _made(self, maker: NodeId, target: NodeId, said: DatasetLineage, sources: Sources) -> bool:
        datasets = sorted(each for each in sources if each.kind == "dataset")
        writers = {each for each in sources if each.kind == "job"}
        if datasets or maker in writers or not writers:
            writers.add(maker)
        for job in sorted(writers):
            self._touch(job, target, "output")
        for source in datasets:
            self._touch(maker, source, "input")
        if _speaks(said) and (maker in writers or target in self._outputs):
            of_all = maker in {self._named(each) for each in said.inputs or ()}
            self._made_of[maker, target].append(None if of_all else set(datasets))
        for name, given in _column_inputs(said):
            of = self._named(given)
            if of is not None and of.kind == "dataset":
                key = FieldId(of, given.field or WHOLE), FieldId(target, name)
                how = ((each.type, each.subtype or "", each.masking is True) for each in given.transformations or ())
                self._columns[target].setdefault(key, set()).update(how)
        return maker in writers

    def _without_columns(self, *targets: NodeId) -> None:
        for target in targets:
            self._columns.setdefault(target, {})

    def _fed(self, job: NodeId, sources: Sources) -> None:
        for source in sources:
            if source.kind == "dataset":
                self._touch(job, source, "input")
            elif source != job:
                self._depends[source, job] = None

    def _touch(self, job: NodeId, dataset: NodeId, side: Side) -> None:
        self._touches[Touch(self._by if self._by and job == self._own else job, dataset, side, told=True)] = None

    def _sources(self, said: DatasetLineage) -> Sources | None:
        """All that feeds, of any level; None when one of them names nobody."""
        given = chain(said.inputs or (), *(column.inputs for column in (said.fields or {}).values()))
        named = dict.fromkeys(self._named(each) for each in given)
        sources = tuple(each for each in named if each is not None)
        return sources if len(sources) == len(named) else None

    def _named(self, given: LineageInput | LineageEntry) -> NodeId | None:
        if given.namespace and given.name:
            of_kind = {"DATASET": dataset_id, "JOB": job_id}.get(given.type)
            return of_kind(given.namespace, given.name) if of_kind else None
        return self._own if given.type == "JOB" and not given.namespace and not given.name else None


Sources = tuple[NodeId, ...]
NOTHING: Final = Explicit()


def _speaks(said: DatasetLineage) -> bool:
    return said.inputs is not None or bool(said.fields)


def _why(entry: LineageEntry) -> str:
    return f"{entry.type[:20]} {(entry.name or '')[:80]!r} or a source of it is neither a DATASET nor a JOB with a name"


def _column_inputs(said: DatasetLineage) -> Iterator[tuple[str, LineageInput]]:
    """What feeds columns, by the name of the column; a column that feeds the whole dataset under WHOLE."""
    yield from ((WHOLE, each) for each in said.inputs or () if each.field)
    for name, column in (said.fields or {}).items():
        if name:
            yield from ((name, each) for each in column.inputs)


def _seen(target: NodeId, columns: dict[tuple[FieldId, FieldId], set[tuple[str, str, bool]]]) -> ColumnsSeen:
    edges = tuple(sorted(ColumnEdge(*ends, tuple(sorted(how))) for ends, how in columns.items()))
    return ColumnsSeen(target, hashlib.sha256(json.dumps([FACET, target, edges]).encode()).digest(), edges)
