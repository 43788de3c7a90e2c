"""From the store to checks: what runs found when they tested the dataset, each finding once (OPENLINEAGE 4.6)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Final

import msgspec

from lineage.model import FacetRecord, Run, job_id, run_id
from lineage.slo.asking import ALL, Asked, read
from lineage.slo.evidence import Assertion, Check, ColumnCounts, Profile

EVENTS_NAMED = 3
ASSERTIONS: Final = "dataQualityAssertions"
METRICS: Final = "dataQualityMetrics"
CONTRACT: Final = "contract"
FAILED_ROWS = ("failed_rows", "rows_failed")  # of an assertion's `params`, as SLO.md b.2 names them
ROWS = ("total_rows", "rows_total", "evaluated_rows", "rows_evaluated")
EVALUATED = frozenset({"COMPLETE", "FAIL"})  # only a run that came to one of them has evaluated anything

_WHOLE = re.compile(r"(\d{1,18})(\.0+)?")


class _Found(msgspec.Struct):
    """One assertion as it was sent: nothing of it is certain to have its type (OPENLINEAGE 2)."""

    assertion: object = None
    success: object = None
    column: object = None
    severity: object = None
    name: object = None
    actual: object = None
    params: object = None


class _Assertions(msgspec.Struct):
    assertions: list[_Found] = msgspec.field(default_factory=list)


class _Contract(msgspec.Struct):
    """Our own facet: what one *consumer* expects of the dataset, each expectation told as an assertion is."""

    consumer: str
    expectations: list[_Found] = msgspec.field(default_factory=list)


class _Test(msgspec.Struct):
    """One of the `test` run facet; `skip`, and any other word, is no result."""

    name: object = None
    status: object = None
    severity: object = None
    actual: object = None


class _Tests(msgspec.Struct):
    tests: list[_Test] = msgspec.field(default_factory=list)


class _Column(msgspec.Struct, rename="camel"):
    null_count: object = None
    distinct_count: object = None
    count: object = None


class _Metrics(msgspec.Struct, rename="camel"):
    row_count: object = None
    column_metrics: dict[str, _Column] = msgspec.field(default_factory=dict)


def checks(asked: Asked, *, profiles: bool = False) -> Iterator[Check]:
    """Each run that told of checks of the dataset, with what it found; of one without START each report by itself.

    With *profiles* each that counted its rows or columns as well.
    """
    facets = asked.facets(ASSERTIONS, *([METRICS] if profiles else []))
    tests = _tests(asked)
    runs = asked.runs({*(facet.run for facet in facets if facet.run is not None), *tests})
    for check, state, told in _reports(facets, runs):
        found = _assertions(_bodies(told, ASSERTIONS), state)
        found += _tested(tests.pop(check.run, ()), state, {assertion.name for assertion in found})
        yield check._replace(assertions=tuple(found), profile=_profile(told, state))
    yield from _test_runs(asked, {runs[name]: found for name, found in tests.items() if name in runs})


def conformance(asked: Asked, consumer: str) -> Iterator[Check]:
    """Each run that told, in the facet `contract`, which of the expectations of *consumer* the dataset meets."""
    facets = asked.facets(CONTRACT)
    runs = asked.runs({facet.run for facet in facets if facet.run is not None})
    for check, state, told in _reports(facets, runs):
        read_ones = ((facet.at, read(facet.body, _Contract)) for facet in told)
        bodies = [(at, body.expectations) for at, body in read_ones if body is not None and body.consumer == consumer]
        if bodies:
            yield check._replace(assertions=tuple(_assertions(bodies, state)))


def _reports(
    facets: Iterable[FacetRecord], runs: Mapping[str, Run]
) -> Iterator[tuple[Check, str, Sequence[FacetRecord]]]:
    """What was told together, newest first, by whom, and how its run ended."""
    by_run: dict[str, list[FacetRecord]] = defaultdict(list)
    for facet in facets:
        by_run[facet.run or facet.digest].append(facet)
    for name, all_told in by_run.items():
        run = runs.get(name)
        job = job_id("", name) if run is None else run.job
        state = "COMPLETE" if run is None else run.state
        # Great Expectations sends no START, and all validations of one action under one run id.
        report = run is not None and run.started_at is None
        for told in _by_time(all_told) if report else [all_told]:
            begun = run.started_at if run is not None and run.started_at is not None else told[-1].at
            events = tuple(dict.fromkeys(facet.digest for facet in told))[:EVENTS_NAMED]
            heard = min(facet.received_at for facet in told if facet.at == told[0].at)
            yield Check(name, job, begun, (), events, report, told_at=heard), state, told


def _bodies(told: Iterable[FacetRecord], name: str) -> Iterator[tuple[datetime, Sequence[_Found]]]:
    for facet in told:
        body = read(facet.body, _Assertions) if facet.name == name else None
        if body is not None:
            yield facet.at, body.assertions


def _tests(asked: Asked) -> dict[str, list[_Test]]:
    """What each run that read the dataset said last of its tests; the facet itself names no dataset."""
    uses = asked.store.uses(
        dataset=asked.dataset, side="input", since=asked.since, until=asked.now, known_at=asked.known_at, limit=ALL
    )
    readers = {run_id(use.run) for use in uses if use.run is not None and use.effective}
    newest = asked.store.newest_facets(readers, ["test"], until=asked.now, known_at=asked.known_at) if readers else {}
    told = {run.name: read(found["test"], _Tests) for run, found in newest.items()}
    return {run: body.tests for run, body in told.items() if body is not None}


def _test_runs(asked: Asked, tests: Mapping[Run, Sequence[_Test]]) -> Iterator[Check]:
    """Runs that tell of tests in their own facet alone, as those of dbt's singular tests do."""
    events = asked.events({run.job for run in tests}) if tests else {}
    for run, told in tests.items():
        own = events.get(run.id, ())
        heard = min((event.received_at for event in own if event.type in EVALUATED), default=None)
        proofs = tuple(event.digest for event in own[:EVENTS_NAMED])
        found = tuple(_tested(told, run.state, ()))
        yield Check(run.id, run.job, run.started_at or run.last_at, found, proofs, told_at=heard)


def _tested(told: Iterable[_Test], state: str, known: Collection[str]) -> list[Assertion]:
    """What a run's own facet says of tests, each name once, without those that are *known* as assertions already.

    The rules are those of assertions: dbt reports a test that it skipped as `fail`, without an actual value.
    """
    if state not in EVALUATED:
        return []
    found: dict[str, Assertion] = {}
    for test in told:
        passed = {"pass": True, "fail": False}.get(str(test.status))
        one = _assertion(_Found(test.name, passed, None, test.severity, test.name, test.actual), state)
        if one is not None and one.name not in known and (one.name not in found or not one.passed):
            found[one.name] = one._replace(source="test")
    return list(found.values())


def _by_time(facets: Sequence[FacetRecord]) -> list[list[FacetRecord]]:
    return [list(together) for _, together in groupby(facets, key=attrgetter("at"))]


def _assertions(told: Iterable[tuple[datetime, Iterable[_Found]]], state: str) -> list[Assertion]:
    """What a run found, each assertion once: dbt sends all of them on START and end, in facets and in inputFacets.

    Only a run that came to COMPLETE or FAIL has evaluated anything (OPENLINEAGE 4). The newest event speaks; where one
    event says both, it failed.
    """
    if state not in EVALUATED:
        return []
    newest: dict[tuple[str, str | None, str], tuple[datetime, Assertion]] = {}
    for at, all_found in told:
        for found in all_found:
            assertion = _assertion(found, state)
            if assertion is None:
                continue
            key = (str(found.assertion), assertion.column, assertion.name)
            before = newest.get(key)
            if before is None or (at, not assertion.passed) > (before[0], not before[1].passed):
                newest[key] = (at, assertion)
    return [assertion for _, assertion in newest.values()]


def _assertion(found: _Found, state: str) -> Assertion | None:
    """*found* where it was evaluated: `"<<non-serializable: bool>>"` is no result, nor is what dbt skipped.

    A test skipped because its model failed comes as a failure without an actual value in a run that failed.
    """
    if not isinstance(found.success, bool):
        return None
    params = found.params if isinstance(found.params, dict) else {}
    failed, rows = (_count(params, names) for names in (FAILED_ROWS, ROWS))
    if not found.success and found.actual is None and failed is None and state == "FAIL":
        return None
    column = found.column if isinstance(found.column, str) else None
    name = found.name if isinstance(found.name, str) else f"{found.assertion}{f'({column})' if column else ''}"
    severity = found.severity if isinstance(found.severity, str) else "error"
    kind = found.assertion if isinstance(found.assertion, str) else ""
    return Assertion(name, column, severity, found.success, ASSERTIONS, kind, failed, rows, whole(found.actual))


def _count(params: Mapping[str, object], names: Iterable[str]) -> int | None:
    return next((count for name in names if (count := whole(params.get(name))) is not None), None)


def _profile(told: Iterable[FacetRecord], state: str) -> Profile | None:
    """What a run counted, by its newest word; None where it did not come to its end, or says nothing."""
    read_ones = (read(facet.body, _Metrics) for facet in told if facet.name == METRICS and state in EVALUATED)
    body = next((one for one in read_ones if one is not None), None)
    if body is None:
        return None
    columns = {
        name: ColumnCounts(whole(column.null_count), whole(column.count), whole(column.distinct_count))
        for name, column in body.column_metrics.items()
    }
    return Profile(whole(body.row_count), columns)


def whole(told: object) -> int | None:
    """*told* as a count, where it is one: a whole number that is not negative, also as text."""
    if isinstance(told, bool) or not isinstance(told, int | float | str):
        return None
    match = _WHOLE.fullmatch(str(told))
    return None if match is None else int(match[1])
