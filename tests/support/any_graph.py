"""Any set of entries, for property tests: few names and few times, so that all that can meet does meet."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from lineage.model import WHOLE, Delta, EventType, FacetSeen, FieldId, NodeId, SameAs, Side, Touch
from lineage.statements import Statement, Subject, Word, of
from lineage.store.base import Store
from tests.support.deltas import (
    STREAMING,
    Said,
    at,
    columns,
    dataset,
    decided,
    described,
    facet,
    job,
    kept,
    made_of,
    merge,
    ran,
    received,
    run,
    stated,
)

QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

DATASETS = ("a", "b", "c", "d")
SPELLINGS = ("a", "b", "A", "normal")  # what rules speak of; no event names the last two
JOBS = ("load", "test")
RUNS = ("r1", "r2", "r3")
WAITS = ((job("load"), job("test")), (job("test"), job("load")))
NODES = [*map(dataset, dict.fromkeys(DATASETS + SPELLINGS)), *map(job, JOBS)]
MINUTES = range(7)

names = st.sampled_from(DATASETS)
fields = st.sampled_from(("p", "q", WHOLE))
spellings = st.sampled_from(SPELLINGS)
types: st.SearchStrategy[EventType] = st.sampled_from(
    ("START", "START", "RUNNING", "OTHER", "COMPLETE", "COMPLETE", "FAIL", "ABORT")
)
sides: st.SearchStrategy[Side] = st.sampled_from(("input", "output"))
some = st.lists(names, max_size=2, unique=True)
minutes = st.sampled_from(MINUTES)
rulings: st.SearchStrategy[Literal["one", "apart"]] = st.sampled_from(("one", "apart", "apart"))
maybe_run = st.none() | st.sampled_from(RUNS).map(run)
maybe_job = st.none() | st.sampled_from(JOBS).map(job)
maybe_time = st.none() | minutes.map(at)


@st.composite
def facets(draw: st.DrawFn, of: NodeId) -> tuple[FacetSeen, ...]:
    """A few facets of *of*, deletions among them."""
    return tuple(
        facet(of, draw(st.sampled_from(("schema", "owner"))), draw(st.sampled_from(("", "x", "y"))))
        for _ in range(draw(st.integers(0, 2)))
    )


@st.composite
def declarations(draw: st.DrawFn, own: str = "") -> dict[str, Any]:
    """What any event, of the job *own*, may carry beside its touches."""
    aliases = draw(st.lists(st.tuples(names, names, st.sampled_from(("symlink", "rename"))), max_size=1))
    spelled = draw(st.lists(st.tuples(spellings, spellings, st.just("rule: case")), max_size=1))
    seen = draw(st.lists(st.tuples(names, fields, names, fields), max_size=1))
    speaks = draw(st.lists(st.tuples(st.sampled_from(JOBS), st.none() | names), max_size=2, unique=True))
    others = st.sampled_from([name for name in JOBS if name != own])
    told = draw(st.lists(st.tuples(others, names, sides), max_size=1))
    return {
        "made_of": tuple(
            made_of(by, to, *draw(some), takes_back=to is None or draw(st.sampled_from((True, False, False))))
            for by, to in speaks
        ),
        "others": tuple(Touch(job(by), dataset(name), side, told=True) for by, name, side in told),
        "aliases": tuple(
            SameAs(dataset(one), dataset(other), why) for one, other, why in aliases + spelled if one != other
        ),
        "columns": tuple(
            columns(dataset(to), *[(column, dataset(of), source)][: draw(st.integers(0, 3))])
            for to, column, of, source in seen
        ),
        "tombstones": tuple((dataset(of), draw(st.booleans())) for of in draw(st.lists(names, max_size=1))),
        "depends": tuple(draw(st.lists(st.sampled_from(WAITS), max_size=1))),
    }


@st.composite
def run_events(draw: st.DrawFn) -> Delta:
    """Any event of one of few runs."""
    name, by, writes = draw(st.sampled_from(RUNS)), draw(st.sampled_from(JOBS)), draw(some)
    of = [*map(dataset, writes), job(by), run(name)]
    streaming = draw(st.sampled_from((b"", STREAMING, b'{"processingType":"BATCH"}')))
    seen = tuple(each for node in of for each in draw(facets(node)))
    parent = draw(maybe_run.filter(lambda parent: parent != run(name)))
    declared = draw(declarations(by))
    declared["others"] += tuple(Touch(run(name), dataset(told), draw(sides), told=True) for told in draw(some))
    return ran(
        name,
        draw(types),
        draw(minutes),
        by=by,
        reads=draw(some),
        writes=writes,
        rows=draw(st.none() | st.integers(0, 3)),
        version=draw(st.none() | st.sampled_from(("v1", "v2"))),
        facets=(*seen, FacetSeen(job(by), "jobType", streaming)) if streaming else seen,
        parent_run=parent,
        parent_job=draw(maybe_job) if parent else None,
        root_run=draw(maybe_run) if parent else None,
        root_job=draw(maybe_job) if parent else None,
        nominal_start=draw(maybe_time),
        nominal_end=draw(maybe_time),
        **declared,
    )


@st.composite
def other_events(draw: st.DrawFn) -> Delta:
    """Any JobEvent or DatasetEvent."""
    if draw(st.booleans()):
        by = draw(st.sampled_from(JOBS))
        said = {"facets": draw(facets(job(by))), **draw(declarations(by))}
        return stated(by, draw(minutes), reads=draw(some), writes=draw(some), **said)
    name = draw(names)
    return described(name, draw(minutes), facets=draw(facets(dataset(name))), **draw(declarations()))


@st.composite
def decisions(draw: st.DrawFn) -> Statement:
    """Any word about one of few things, that it is hidden or no longer so among them."""
    if draw(st.booleans()):
        one, other = draw(spellings), draw(spellings)
        word = Word(draw(rulings), other=("lake", other), holds=draw(st.sampled_from((True, True, False))))
        return decided(draw(minutes), of(dataset(one)), word)
    subject = draw(st.sampled_from([*map(of, NODES), Subject("namespace", "lake"), Subject("tag", "pii")]))
    word = draw(
        st.sampled_from((Word("owner", "ada"), Word("tag", "pii"), Word("hidden"), Word("hidden", holds=False)))
    )
    return decided(draw(minutes), subject, word)


@st.composite
def entries(draw: st.DrawFn, most: int = 9) -> list[Said]:
    """Any set of entries; received times are free of event times, and an event may be received twice."""
    deltas = draw(st.lists(st.one_of(run_events(), run_events(), other_events()), min_size=1, max_size=most))
    said = draw(st.lists(decisions(), max_size=3))
    pairs: list[Said] = [(replace(entry, received_at=at(draw(minutes))), delta) for entry, delta in received(deltas)]
    pairs += [kept(statement, draw(minutes)) for statement in said]
    again = [(replace(entry, received_at=at(draw(minutes))), delta) for entry, delta in pairs if draw(st.booleans())]
    return pairs + again


def merged(store: Store, pairs: list[Said], batch: int) -> Store:
    """*store* with nothing but *pairs* in it, a batch at a time."""
    store.clear()
    for start in range(0, len(pairs), batch):
        merge(store, pairs[start : start + batch])
    return store


def answers(store: Store, as_of: datetime | None, known_at: datetime | None) -> dict[str, Any]:
    """All that *store* says, question by question; each of the two cuts is asked for where the promise takes it."""
    cut: dict[str, Any] = {"as_of": as_of, "known_at": known_at}
    found: dict[str, Any] = {"get": store.get(NODES, **cut)}
    for direction in ("up", "down", "both"):
        for node in NODES:
            found[f"{direction} {node}"] = store.neighbours([node], direction, **cut)
        found[f"{direction} all"] = store.neighbours(NODES, direction, **cut)
    subjects = [*map(of, NODES), Subject("namespace", "lake")]
    found["statements"] = [(kept.digest, kept.statement) for kept in store.statements(subjects, **cut)]
    found["dependencies"] = {node: store.dependencies([node], **cut) for node in map(job, JOBS)}
    if as_of is None:
        found["lately"] = store.neighbours(NODES, "both", known_at=known_at, lookback=timedelta(minutes=2))
    for way in ("up", "down", "both"):
        found[f"columns {way}"] = store.columns([node for node in NODES if node.kind == "dataset"], way, **cut)
        found[f"column {way}"] = [store.columns([FieldId(dataset("a"), name)], way, **cut) for name in ("p", WHOLE)]
    return found | happened(store, as_of, known_at)


def happened(store: Store, until: datetime | None, known_at: datetime | None) -> dict[str, Any]:
    """What *store* says of runs, uses, versions and facets, within the cut."""
    cut: dict[str, Any] = {"until": until, "known_at": known_at}
    found: dict[str, Any] = {}
    for name in DATASETS:
        found[f"versions {name}"] = store.versions(dataset(name), **cut)
        found[f"delivered {name}"] = store.versions(dataset(name), delivered=True, limit=1, **cut)
        found[f"writes {name}"] = store.writes(dataset(name), counts=True, **cut)
        found[f"uses {name}"] = store.uses(dataset=dataset(name), **cut)
        found[f"newest use {name}"] = store.uses(dataset=dataset(name), limit=1, **cut)
        found[f"writers {name}"] = store.uses(dataset=dataset(name), side="output", **cut)
        found |= {f"uses of {name} by {by}": store.uses(dataset=dataset(name), job=job(by), **cut) for by in JOBS}
    for name in JOBS:
        found[f"uses by {name}"] = store.uses(job=job(name), **cut)
        found[f"late uses by {name}"] = store.uses(job=job(name), since=at(3), **cut)
    for name in RUNS:
        found[f"uses by {name}"] = store.uses(run=run(name).name, **cut)
    known = [*map(job, JOBS), *map(run, RUNS)]
    found["facets of all"] = store.newest_facets(known, ("schema", "owner", "jobType"), **cut)
    found["beats"] = store.beats([run(name).name for name in RUNS], limit=3, **cut)
    found["uses of all"] = store.uses_of([run(name).name for name in RUNS], **cut)
    if until is None:
        found["newest"] = store.newest_runs(known, limit=2, known_at=known_at)
        found["newest done"] = store.newest_runs(known, states=("COMPLETE",), known_at=known_at)
        found |= {f"runs of {name}": store.runs(job=job(name), known_at=known_at) for name in JOBS}
        found |= {f"children of {name}": store.runs(parent=run(name).name, known_at=known_at) for name in RUNS}
        found["all runs"] = store.runs(known_at=known_at)
        found["second run"] = store.runs(known_at=known_at, limit=1, offset=1)
        found["done"] = store.runs(states=("COMPLETE",), since=at(1), until=at(5), known_at=known_at)
        found["these"] = store.runs(ids=[run(name).name for name in RUNS[:2]], known_at=known_at)
    return found
