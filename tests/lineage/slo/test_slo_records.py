"""Correctness in records: counts by rule, their bounds, and the versions that they speak of (SLO.md b.2)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lineage.model import Verdict, job_id
from lineage.slo.budget import judge
from lineage.slo.evaluate import evaluate
from lineage.slo.evidence import Assertion, Check, ColumnCounts, Delivery, Evidence, Profile
from lineage.slo.indicators.correctness import bounds, describe, figures, measure
from tests.support.events import bodies
from tests.support.promises import DAY, HOUR, NOON, TEST, Lake, delivery, event, promise, states

MINUTE = timedelta(minutes=1)
RECORDS = {"unit": "records"}
QUARANTINE = {"quarantine": {"table": "orders_refused"}}
NOBODY = job_id("airflow", "orders.sweep")


def rule(name: str = "valid", *, passed: bool = False, **said: Any) -> Assertion:
    return Assertion(name, said.pop("column", None), "error", passed, **said)


def looked(*rules: Assertion, at: float = 30, profile: Profile | None = None, run: str = "check") -> Check:
    """A run that began *at* so many minutes before noon."""
    return Check(run, TEST, NOON - at * MINUTE, rules, profile=profile)


def measured(checks: list[Check], *loads: Delivery, beside: tuple[Delivery, ...] = (), **changes: Any) -> list[Verdict]:
    found = loads or (delivery(NOON - HOUR, rows=1000),)
    slo = promise("correctness", sli=RECORDS | changes.pop("sli", {}), **changes)
    return measure(slo, Evidence(NOON - DAY, found, checks, beside=beside), NOON)


def only(checks: list[Check], *loads: Delivery, **changes: Any) -> Verdict:
    (verdict,) = measured(checks, *loads, **changes)
    return verdict


def share(verdict: Verdict) -> tuple[int, int]:
    return int(verdict.total - verdict.good), int(verdict.total)


# ── Rules with a limit of their own. ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("limit", "nulls", "bad"),
    [
        ({"atMost": 3}, 3, 0),
        ({"atMost": 3}, 4, 4),
        ({"below": 3}, 2, 0),
        ({"below": 3}, 3, 3),
        ({"atMost": "1%"}, 5, 0),
        ({"atMost": "1%"}, 6, 6),
        ({"below": "0.5%"}, 2, 0),
        ({"below": "1 %"}, 5, 5),
        ({}, 1, 1),
    ],
)
def test_a_rule_within_its_limit_fails_for_no_record(limit: dict[str, Any], nulls: int, bad: int) -> None:
    """And beyond it for all that failed: 500 records, of which so many have no value."""
    profile = Profile(500, {"country": ColumnCounts(nulls=nulls)})
    rules = {"rules": {"notNull": [{"column": "country", **limit}]}}

    assert share(only([looked(profile=profile)], sli=rules)) == (bad, 500)


def test_a_limit_holds_for_what_asserts_the_same() -> None:
    """Whoever counts: an assertion of the same kind and column has the limit of the definition."""
    told = rule("country is set", kind="not_null", column="country", failed_rows=2, rows=500)
    other = rule("id is set", kind="not_null", column="id", failed_rows=2, rows=500)
    rules = {"rules": {"notNull": [{"column": "country", "atMost": 2}]}}

    verdict = only([looked(told, other)], sli=rules)

    assert (share(verdict), verdict.reason) == (
        (2, 500),
        "2 of 500 records failed: id is set 2; country is set 2, within its limit",
    )


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"atMost": 1, "below": 2}, "atMost and below are two limits; write one of them"),
        ({"atMost": "few"}, "'few' is no number of records and no share; write 10, or 1%"),
        ({"below": "101%"}, "'101%' is no number of records and no share"),
    ],
)
def test_a_limit_that_is_none_is_refused(limit: dict[str, Any], said: str) -> None:
    """With what to write."""
    with pytest.raises(ValidationError) as caught:
        promise("correctness", sli=RECORDS | {"rules": {"unique": [{"column": "id", **limit}]}})

    assert said in str(caught.value)


# ── Where the counts come from. ────────────────────────────────────────────────────────────────────────────────────

PROFILE = Profile(500, {"id": ColumnCounts(nulls=3, values=497, distinct=490)})
SOURCES = {
    "params": (rule(failed_rows=5, rows=200), {}, (5, 200)),
    "what an assertion counts that says nothing of rows": (rule(failed_rows=5), {}, (5, 500)),
    "actual of nulls": (rule(kind="not_null", column="id", actual=4), {}, (4, 500)),
    "actual of what was declared": (rule(kind="in_set", actual=6), {"actualIsRows": ["in_set"]}, (6, 500)),
    "nullCount": (rule(kind="not_null", column="id"), {}, (3, 500)),
    "surplus copies": (rule(kind="unique", column="id"), {}, (7, 500)),
    "nothing failed": (rule(passed=True), {}, (0, 500)),
    "metrics first": (
        rule(kind="not_null", column="id", failed_rows=9),
        {"sources": ["dataQualityMetrics", "dataQualityAssertions"]},
        (3, 500),
    ),
    "nobody profiled": (rule(failed_rows=5), {"sources": ["dataQualityAssertions"]}, (5, 1000)),
}


@pytest.mark.parametrize(("asserted", "sli", "wanted"), SOURCES.values(), ids=SOURCES.keys())
def test_counts_come_from_the_first_source_that_has_them(
    asserted: Assertion, sli: dict[str, Any], wanted: tuple[int, int]
) -> None:
    """Params, then `actual` with a declared meaning, then the metrics; rows alike, and else what was written."""
    assert share(only([looked(asserted, profile=PROFILE)], sli=sli)) == wanted


UNKNOWN = {
    "a failure without a count": [looked(rule("in_set", kind="in_set", actual=6))],
    "more failures than records": [looked(rule(failed_rows=1001))],
    "no rule": [looked(profile=PROFILE)],
}


@pytest.mark.parametrize("checks", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_nobody_counted_is_unknown(checks: list[Check]) -> None:
    """Never good, and never guessed: an `actual` may be a number of anything."""
    assert states(measured(checks)) == "U"


def test_a_version_that_nobody_checked_is_unknown() -> None:
    """PENDING for `settle`, then UNKNOWN."""
    assert (
        states(measured([], delivery(NOON - 3 * HOUR, "a"), delivery(NOON - HOUR, "b"), sli={"settle": "2h"})) == "UP"
    )


def test_rows_that_nobody_counted_are_unknown() -> None:
    """Of how many the failed ones are part must be said by somebody."""
    assert states(measured([looked(rule(failed_rows=1))], delivery(NOON - HOUR))) == "U"


def test_a_rule_of_the_definition_needs_no_assertion() -> None:
    """What was profiled is held to `rules`; a rule that was asserted as well counts once."""
    both = {"rules": {"notNull": ["id"], "unique": ["id"]}}
    asserted = looked(rule(kind="not_null", column="id", failed_rows=3), profile=PROFILE)

    assert [share(only([check], sli=both)) for check in (looked(profile=PROFILE), asserted)] == [(10, 500), (10, 500)]


def test_a_rule_whose_column_nobody_profiled_is_unknown() -> None:
    """A column that is not in the profile may be full of nulls."""
    assert states(measured([looked(profile=PROFILE)], sli={"rules": {"notNull": ["amount"]}})) == "U"


# ── How many failed. ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("overlap", "bad"), [("upper", 12), ("lower", 7)])
def test_failures_of_several_rules_have_bounds(overlap: str, bad: int) -> None:
    """Max f <= bad <= min(N, sum f), whichever counts; both stand in the reason (Frechet)."""
    verdict = only([looked(rule("a", failed_rows=7), rule("b", failed_rows=5))], sli={"overlap": overlap})

    assert (share(verdict), verdict.reason) == (
        (bad, 1000),
        f"{bad} of 1,000 records failed, between 7 and 12: a 7, b 5",
    )


def test_what_failed_each_rule_is_added_up_over_the_window() -> None:
    """By rule, with the bounds of each version added up; a rule that nobody failed is told with 0."""
    found = [only([looked(rule("a", failed_rows=a), rule("b", failed_rows=5), rule("c", passed=True))]) for a in (7, 1)]

    assert figures(promise("correctness", sli=RECORDS), found) == {
        "failedAtLeast": 12,
        "failedAtMost": 18,
        "rule.a.failed": 8,
        "rule.b.failed": 10,
        "rule.c.failed": 0,
    }


def test_what_was_put_aside_has_no_bounds() -> None:
    """Each bad record went there once."""
    aside = delivery(NOON - HOUR, rows=7)

    assert bounds(only([], beside=(aside,), sli=QUARANTINE)) == (7, 7)


def test_no_more_fail_than_there_are() -> None:
    """The upper bound ends at N."""
    assert share(only([looked(rule("a", failed_rows=900), rule("b", failed_rows=800))])) == (1000, 1000)


def test_a_batch_is_bad_below_the_target() -> None:
    """At the target it is good, exactly."""
    assert states(only([looked(rule(failed_rows=bad))], target="0.99") for bad in (10, 11)) == "GB"


def test_instant_is_a_floor_for_each_batch() -> None:
    """A batch below `instant` is BAD, and a ticket at once, though the target would let it pass."""
    slo = promise("correctness", sli=RECORDS, target="0.99", alerting={"instant": {"below": "0.999"}})
    evidence = Evidence(NOON - DAY, [delivery(NOON - HOUR, rows=1000)], [looked(rule(failed_rows=2))])

    status = judge(slo, measure(slo, evidence, NOON), NOON)

    assert (states(status.occurrences), status.sli, status.ladder) == ("B", Fraction(998, 1000), "ticket")


def test_no_records_are_nothing_to_expect() -> None:
    """0 of 0 is no ratio."""
    assert states(measured([looked(rule(failed_rows=0))], delivery(NOON - HOUR, rows=0))) == "N"


def test_a_failure_is_told_in_records() -> None:
    """How many of how many, by which rules."""
    streak = measured([looked(rule("not_null(id)", failed_rows=12))])

    assert describe(streak, NOON) == "12 of 1,000 records failed: not_null(id) 12, since 2026-11-20 11:00 UTC"


# ── Which version. ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_check_speaks_of_the_version_before_its_start() -> None:
    """What was delivered while it ran is not what it read."""
    loads = delivery(NOON - 2 * HOUR, "old", rows=1000), delivery(NOON - 20 * MINUTE, "new", rows=1000)

    assert states(measured([looked(rule(failed_rows=500))], *loads)) == "BP"


def test_a_check_that_is_repeated_replaces() -> None:
    """On the same version the last of a job counts; on a new one it is a verdict of its own."""
    twice = [looked(rule(failed_rows=500)), looked(rule(failed_rows=0), at=20, run="again")]
    newer = delivery(NOON - 10 * MINUTE, "new", rows=1000)
    third = looked(rule(failed_rows=400), at=5, run="third")

    assert [share(each) for each in measured([*twice, third], delivery(NOON - HOUR, rows=1000), newer)] == [
        (0, 1000),
        (400, 1000),
    ]


def test_what_is_told_beyond_the_horizon_changes_nothing() -> None:
    """A check that was received a day after the version was given up: only a person corrects it then."""
    slo = promise("correctness", sli=RECORDS | {"settle": "1h"})
    version, checked = delivery(NOON - 2 * HOUR, rows=1000), looked(rule(failed_rows=0), at=100)
    told = (NOON + DAY - HOUR, NOON + DAY - HOUR + MINUTE)

    found = [
        measure(slo, Evidence(NOON - DAY, [version], [checked._replace(told_at=at)], horizon=DAY), NOON + 2 * DAY)
        for at in told
    ]

    assert [states(each) for each in found] == ["G", "U"]


# ── Quarantine. ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("rows", "wanted"), [("moved", (10, 1010)), ("copied", (10, 1000))])
def test_a_quarantine_is_exact(rows: str, wanted: tuple[int, int]) -> None:
    """Each bad record is there once, whatever the rules say; moved ones are not among what was written."""
    aside = delivery(NOON - HOUR, rows=10)
    sli = {"quarantine": {"table": "orders_refused", "rows": rows}}

    verdict = only([looked(rule("a", failed_rows=700))], beside=(aside,), sli=sli)

    assert (share(verdict), verdict.reason) == (wanted, f"10 of {wanted[1]:,} records went to orders_refused")


def test_a_quarantine_that_says_nothing_is_empty_where_its_writer_spoke() -> None:
    """A job that never wrote there proves nothing by its silence; one that uses to, does."""
    before, now = delivery(NOON - 2 * HOUR, "a", rows=5), delivery(NOON - HOUR, "b", rows=1000)
    strange = delivery(NOON - 2 * HOUR, "x", job=NOBODY, rows=5)

    assert [states(measured([], now, beside=(aside,), sli=QUARANTINE)) for aside in (before, strange)] == ["G", "P"]


def test_a_sweep_speaks_of_the_version_before_it() -> None:
    """Another job that moves the bad ones afterwards is bound as a check is; a repeated one replaces."""
    loads = delivery(NOON - 2 * HOUR, "a", rows=90), delivery(NOON - 10 * MINUTE, "b", rows=90)
    sweeps = tuple(
        delivery(NOON - at * MINUTE, f"sweep {at}", job=NOBODY, rows=rows, started_at=NOON - (at + 5) * MINUTE)
        for at, rows in ((60, 4), (8, 10))
    )

    assert [share(each) for each in measured([], *loads, beside=sweeps, sli=QUARANTINE)[:1]] == [(10, 100)]


def test_a_quarantine_that_nobody_counted_is_unknown() -> None:
    """So is one that holds more than there was."""
    asides = delivery(NOON - HOUR), delivery(NOON - HOUR, rows=2000)
    sli = {"quarantine": {"table": "orders_refused", "rows": "copied"}}

    assert [states(measured([], delivery(NOON - HOUR, rows=9), beside=(each,), sli=sli)) for each in asides] == [
        "U",
        "U",
    ]


# ── The definition. ────────────────────────────────────────────────────────────────────────────────────────────────

MIXED = {
    "a bound of assertions": {"unit": "assertions", "overlap": "upper"},
    "a quarantine of assertions": {"unit": "assertions", **QUARANTINE},
    "metrics of assertions": {"unit": "assertions", "sources": ["dataQualityMetrics"]},
    "tests of records": {"unit": "records", "sources": ["test"]},
    "metrics without a rule": {"unit": "records", "sources": ["dataQualityMetrics"]},
    "rules without a rule": {"unit": "records", "rules": {}},
}


@pytest.mark.parametrize("sli", MIXED.values(), ids=MIXED.keys())
def test_units_are_never_mixed(sli: dict[str, Any]) -> None:
    """Words of one unit are refused in the other, with what to write instead."""
    with pytest.raises(ValidationError, match=r"; (write|leave)|or leave it out"):
        promise("correctness", sli=sli)


# ── From events. ───────────────────────────────────────────────────────────────────────────────────────────────────


def replayed(folder: Path, story: str, namespace: str, name: str, **sli: Any) -> Verdict:
    """The newest verdict on a dataset of a captured story, just after it."""
    folder.mkdir()
    lake, told = Lake(folder), [json.loads(body) for body in bodies(story)]
    lake.put(*told)
    ended = max(datetime.fromisoformat(body["eventTime"]) for body in told)
    slo = promise("correctness", sli=RECORDS | sli, dataset={"namespace": namespace, "name": name})
    found = evaluate(slo, lake.store, ended + timedelta(minutes=1)).occurrences[-1]
    lake.homes.close()
    return found


def test_the_sli_is_records_over_records(tmp_path: Path) -> None:
    """Sum of good over sum of N, never the mean of what each batch reached: 990 + 5 of 1,000, not 75 %."""
    lake = Lake(tmp_path)
    for hours, rows, failed in ((3, 990, 0), (2, 10, 5)):
        at = NOON - hours * HOUR
        test: dict[str, Any] = {"run": f"test {hours}", "job": "orders.test", "inputs": ["orders"]}
        counted = {"assertion": "valid", "success": not failed, "params": {"rows_failed": failed, "total_rows": rows}}
        lake.put(event("COMPLETE", at, f"load {hours}", rows=rows))
        lake.put(event("START", at + MINUTE, outputs=(), **test))
        lake.put(event("COMPLETE", at + 2 * MINUTE, outputs=(), assertions=[counted], **test))

    status = evaluate(promise("correctness", sli=RECORDS), lake.store, NOON)
    lake.homes.close()

    assert (status.sli, states(status.occurrences)) == (Fraction(995, 1000), "GB")


def test_great_expectations_profiles_what_it_asserts(tmp_path: Path) -> None:
    """Its assertions count nothing and its metrics do: 1 null in 4 rows. Of `status` it tells no count: UNKNOWN."""
    found = [
        replayed(tmp_path / column, "great-expectations/1.24.1", "memory://pandas", "dataframe", include=include)
        for column in ("amount", "status")
        for include in [{"columns": [column]}]
    ]

    assert [(states([each]), share(each)) for each in found] == [("B", (1, 4)), ("U", (0, 0))]
