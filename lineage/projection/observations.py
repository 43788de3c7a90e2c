"""One event to a Delta: everything it says about the world, and nothing that only several events can say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final

from lineage.events import WRITTEN, Dataset, Entity, Event, Facets, Written, read_instant
from lineage.model import (
    ColumnsSeen,
    Delta,
    FacetSeen,
    NodeId,
    RunSeen,
    SameAs,
    Side,
    Statistics,
    Touch,
    dataset_id,
    job_id,
    run_id,
)
from lineage.names import run_key
from lineage.normal import PLAIN, Rules
from lineage.projection import bodies
from lineage.projection.bodies import view
from lineage.projection.columns import columns_seen
from lineage.projection.explicit import Explicit, explicit
from lineage.sameness import CLUSTER, RENAME, SYMLINK

Shown = tuple[Dataset, Side | None]

SILENT: Final = Statistics()


def project(event: Event, digest: bytes, rules: Rules = PLAIN) -> Delta:
    """What *event* observed, in an order that depends on the event alone. *digest* is the SHA-256 of its stored bytes.

    Beside the datasets that it lists, a run reads those that only its column lineage names (OPENLINEAGE 4.5: the source
    of a Delta MERGE stands nowhere else). Of every dataset that is named, *rules* declare what its name is another
    spelling of; that normal form is named only if the event itself does so.
    """
    warnings = list(event.warnings)
    shown = _shown(event)
    run = _run_seen(event, warnings)
    told = explicit(event, warnings)
    inferred = _columns(shown, told, warnings)
    otherwise = {seen.dataset for seen in inferred}
    columns = (*(seen for seen in told.columns if seen.dataset not in otherwise), *inferred)
    sources = _sources(inferred)
    touches = _touches(event, shown, sources, told, warnings)
    aliases = tuple(dict.fromkeys(chain.from_iterable(_aliases(dataset, warnings) for dataset, _ in shown)))
    called = tuple(end for same in aliases for end in (same.dataset, same.alias))
    depends = tuple(dict.fromkeys((*_depends(event, warnings), *told.depends)))
    nodes = tuple(
        dict.fromkeys(
            chain(
                _named(event, run, shown, touches, (*_sources(told.columns), *sources)),
                called,
                chain.from_iterable(depends),
            )
        )
    )
    elsewhere = {dataset.id for dataset, _ in shown}.union(_sources(told.columns), called)
    elsewhere.update(touch.dataset for touch in told.touches)
    ruled = dict.fromkeys(
        chain(
            chain.from_iterable(rules.same(node) for node in nodes if node.kind == "dataset"),
            chain.from_iterable(_catalogued(dataset, rules, warnings) for dataset, _ in shown),
        )
    )
    return Delta(
        digest=digest,
        kind=event.kind,
        type=event.type,
        at=event.at,
        producer=event.producer,
        nodes=nodes,
        run=run,
        facets=tuple(dict.fromkeys(chain(_facets(event, shown), told.facets))),
        touches=touches,
        columns=columns,
        only_columns=tuple(source for source in sources if source not in elsewhere),
        made_of=told.made_of,
        aliases=(*aliases, *ruled),
        depends=depends,
        tombstones=_tombstones(event, shown, warnings),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _shown(event: Event) -> list[Shown]:
    if event.dataset is not None:
        return [(event.dataset, None)]
    return [*((dataset, "input") for dataset in event.inputs), *((dataset, "output") for dataset in event.outputs)]


def _columns(shown: Sequence[Shown], told: Explicit, warnings: list[str]) -> tuple[ColumnsSeen, ...]:
    explicitly = {seen.dataset for seen in told.columns if seen.edges}
    facets = (columns_seen(dataset, warnings) for dataset, _ in shown if dataset.id not in explicitly)
    return tuple(seen for seen in facets if seen is not None)


def _sources(columns: Iterable[ColumnsSeen]) -> tuple[NodeId, ...]:
    return tuple(dict.fromkeys(edge.source.dataset for seen in columns for edge in seen.edges))


def _named(
    event: Event, run: RunSeen | None, shown: Sequence[Shown], touches: Sequence[Touch], sources: Iterable[NodeId]
) -> Iterator[NodeId]:
    if event.job is not None:
        yield event.job.id
    for dataset, _ in shown:
        yield dataset.id
    for touch in touches:
        if touch.by.kind == "job":
            yield touch.by
        yield touch.dataset
    yield from sources
    if run is not None:  # Parents may never speak for themselves; here they get their place.
        yield from (job for job in (run.parent_job, run.root_job) if job is not None)


def _run_seen(event: Event, warnings: list[str]) -> RunSeen | None:
    if event.run is None or event.job is None:
        return None
    run, facets = event.run.id, event.run.facets
    parent = view(facets, "parent", bodies.PARENT, warnings) or bodies.Parent()
    root = parent.root or bodies.Root()
    nominal = view(facets, "nominalTime", bodies.NOMINAL_TIME, warnings)
    parent_run = _run_id(parent.run, warnings)
    return RunSeen(
        run=run,
        job=event.job.id,
        parent_run=parent_run if parent_run != run else None,  # no run is its own parent
        parent_job=_job_id(parent.job),
        root_run=_run_id(root.run, warnings),
        root_job=_job_id(root.job),
        nominal_start=read_instant(nominal.nominal_start_time)[0] if nominal else None,
        nominal_end=read_instant(nominal.nominal_end_time)[0] if nominal and nominal.nominal_end_time else None,
    )


def _run_id(ref: bodies.RunRef | None, warnings: list[str]) -> NodeId | None:
    if ref is None:
        return None
    key = run_key(ref.run_id)
    if key is None:
        warnings.append(f"parent: {ref.run_id[:80]!r} is not a UUID")
        return None
    return run_id(key)


def _job_id(ref: bodies.Ref | None) -> NodeId | None:
    return job_id(ref.namespace, ref.name) if ref and ref.namespace and ref.name else None


def _facets(event: Event, shown: Sequence[Shown]) -> Iterator[FacetSeen]:
    if event.run is not None:  # `_deleted` means nothing on a run facet, nor on input and output facets.
        yield from _as_they_are(event.run.id, event.run.facets, None)
    if event.job is not None:
        yield from _of_its_own(event.job)
    for dataset, side in shown:
        yield from _of_its_own(dataset)
        yield from _as_they_are(dataset.id, dataset.side_facets, side)


def _as_they_are(of: NodeId, facets: Facets, side: Side | None) -> Iterator[FacetSeen]:
    return (FacetSeen(of, name, bytes(raw), side) for name, raw in facets.items())


def _of_its_own(entity: Entity | Dataset) -> Iterable[FacetSeen]:
    facets = entity.facets
    return _remembered(entity.id, facets) if isinstance(facets, Written) else _deletable(entity.id, facets)


def _deletable(of: NodeId, facets: Facets) -> tuple[FacetSeen, ...]:
    seen = (
        (name, body, bodies.is_deleted(body)) for name, body in ((name, bytes(raw)) for name, raw in facets.items())
    )
    return tuple(FacetSeen(of, name, b"" if deleted else body, None, deleted) for name, body, deleted in seen)


# What a job and a dataset say of themselves comes again with every event.
_remembered = lru_cache(WRITTEN)(_deletable)


def _touches(
    event: Event, shown: Sequence[Shown], sources: Iterable[NodeId], told: Explicit, warnings: list[str]
) -> tuple[Touch, ...]:
    by = event.run or event.job
    if by is None:
        return told.touches
    found: dict[tuple[NodeId, Side], Touch] = {}
    for dataset, side in shown:
        if side is None:
            continue
        touch = Touch(by.id, dataset.id, side, _statistics(dataset, side, warnings), _version(dataset, warnings))
        before = found.get((dataset.id, side))
        found[dataset.id, side] = touch if before is None else _both(before, touch)
    others = []
    for touch in told.touches:
        if touch.by != by.id:
            others.append(touch)
        else:
            key = (touch.dataset, touch.side)
            found[key] = found.get(key, touch)._replace(told=True)
    listed = {dataset for dataset, _ in found}
    for source in sources:
        if source not in listed:
            found.setdefault((source, "input"), Touch(by.id, source, "input"))
    return (*found.values(), *others)


def _both(first: Touch, second: Touch) -> Touch:
    # Airflow lists one dataset twice when two assets differ in a trailing slash (OPENLINEAGE 3.3).
    counts = (a if a is not None else b for a, b in zip(first.statistics, second.statistics, strict=True))
    return first._replace(statistics=Statistics(*counts), version=first.version or second.version)


def _version(dataset: Dataset, warnings: list[str]) -> str | None:
    found = view(dataset.facets, "version", bodies.DATASET_VERSION, warnings)
    return str(found.dataset_version) or None if found else None


def _statistics(dataset: Dataset, side: Side, warnings: list[str]) -> Statistics:
    own = "inputStatistics" if side == "input" else "outputStatistics"
    sources = [
        view(dataset.side_facets, own, bodies.COUNTS, warnings),
        view(dataset.side_facets, "dataQualityMetrics", bodies.COUNTS, warnings),
        view(dataset.facets, "dataQualityMetrics", bodies.COUNTS, warnings),
    ]
    counts = [source for source in sources if source is not None]
    if not counts:
        return SILENT
    return Statistics(
        rows=_first(counted.row_count for counted in counts),
        bytes=_first(number for counted in counts for number in (counted.size, counted.bytes)),
        files=_first(counted.file_count for counted in counts),
    )


def _first(numbers: Iterable[float | None]) -> int | None:
    # A negative count is how some engines say "unknown"; a store keeps 64 bits.
    whole = (int(number) for number in numbers if number is not None and 0 <= number < 2**63 and number % 1 == 0)
    return next(whole, None)


def _aliases(dataset: Dataset, warnings: list[str]) -> Iterator[SameAs]:
    symlinks = view(dataset.facets, "symlinks", bodies.SYMLINKS, warnings)
    for ref in symlinks.identifiers if symlinks else ():
        yield from _symlink(dataset.id, ref)
    lifecycle = view(dataset.facets, "lifecycleStateChange", bodies.LIFECYCLE, warnings)
    if lifecycle and lifecycle.lifecycle_state_change == "RENAME" and lifecycle.previous_identifier:
        previous = lifecycle.previous_identifier
        yield from _same(dataset.id, dataset_id(previous.namespace, previous.name), RENAME)


def _symlink(own: NodeId, ref: bodies.Identifier) -> Iterator[SameAs]:
    other = dataset_id(ref.namespace, ref.name)
    match ref.type:
        case "CLUSTER":  # Each broker is of the cluster that it named last.
            yield from _same(other, own, CLUSTER)
        case "LOCATION":  # Each table is where it was last, whichever of the two says so.
            yield from _same(other, own, SYMLINK)
        case "TABLE" if "/" in ref.name and ref.name.strip("/").endswith(own.name.strip("/")):
            return  # OPENLINEAGE 3.3, row 13: a path is no table's name
        case _:
            yield from _same(own, other, SYMLINK)


def _same(dataset: NodeId, alias: NodeId, why: str) -> Iterator[SameAs]:
    if alias != dataset and all((*alias, *dataset)):
        yield SameAs(dataset, alias, why)


def _catalogued(dataset: Dataset, rules: Rules, warnings: list[str]) -> tuple[SameAs, ...]:
    catalog = view(dataset.facets, "catalog", bodies.CATALOG, warnings)
    return rules.catalogued(dataset.id, catalog.framework, catalog.name) if catalog else ()


def _depends(event: Event, warnings: list[str]) -> tuple[tuple[NodeId, NodeId], ...]:
    if event.job is None:
        return ()
    own = event.job.id
    plan = view(event.job.facets, "headwater_control_flow", bodies.CONTROL_FLOW, warnings)
    within = ((job_id(own.namespace, up), job_id(own.namespace, down)) for up, down in (plan.waits if plan else ()))
    facets = event.run.facets if event.run is not None else {}
    facet = view(facets, "jobDependencies", bodies.JOB_DEPENDENCIES, warnings) or bodies.JobDependencies()
    before = ((other, own) for each in facet.upstream if (other := _job_id(each.job)))
    after = ((own, other) for each in facet.downstream if (other := _job_id(each.job)))
    return tuple(pair for pair in dict.fromkeys(chain(before, after, within)) if pair[0] != pair[1])


def _tombstones(event: Event, shown: Sequence[Shown], warnings: list[str]) -> tuple[tuple[NodeId, bool], ...]:
    if event.type in ("FAIL", "ABORT"):  # What a failed run meant to drop may well be there.
        return ()
    found: dict[NodeId, bool] = {}
    for dataset, _ in shown:
        lifecycle = view(dataset.facets, "lifecycleStateChange", bodies.LIFECYCLE, warnings)
        if lifecycle and lifecycle.lifecycle_state_change in ("DROP", "CREATE"):
            found[dataset.id] = lifecycle.lifecycle_state_change == "DROP"
    return tuple(found.items())
