"""Correctness: checks and the versions that they speak of."""

from __future__ import annotations

from datetime import timedelta

from lineage.model import Verdict, job_id
from lineage.slo.evidence import Assertion, Check, Delivery, Evidence
from lineage.slo.indicators.correctness import describe, figures, measure
from tests.support.promises import DAY, HOUR, NOON, TEST, check, delivery, promise, states

MINUTE = timedelta(minutes=1)


def measured(deliveries: list[Delivery], checks: list[Check], **sli: object) -> list[Verdict]:
    return measure(promise("correctness", sli=sli), Evidence(NOON - DAY, deliveries, checks), NOON)


def test_a_check_speaks_of_the_version_before_it() -> None:
    """Bound to what was last delivered when the check began, not to what came since."""
    loads = [delivery(NOON - 3 * HOUR, "old"), delivery(NOON - HOUR, "new")]
    found = measured(loads, [check(NOON - 2 * HOUR, True, False)])

    assert [(verdict.run, states([verdict])) for verdict in found] == [("old", "B"), ("new", "P")]


def test_good_and_total_are_assertions() -> None:
    """The unit is the assertion; an occurrence with a failed one is BAD."""
    verdict = measured([delivery(NOON - HOUR)], [check(NOON - MINUTE, True, True, False)])[0]

    assert (verdict.good, verdict.total, states([verdict])) == (2, 3, "B")


def test_each_rule_tells_how_often_it_failed() -> None:
    """In assertions, by the name of the rule."""
    loads = [delivery(NOON - 3 * HOUR, "old"), delivery(NOON - HOUR, "new")]
    found = measured(loads, [check(NOON - 2 * HOUR, True, False), check(NOON - MINUTE, True, False)])

    assert figures(promise("correctness"), found) == {"rule.rule_0.failed": 0, "rule.rule_1.failed": 2}


def test_a_repeated_check_replaces_what_it_found() -> None:
    """A check that a job runs again on the same version counts once, as it ended."""
    checks = [check(NOON - 30 * MINUTE, False, run="first"), check(NOON - 20 * MINUTE, True, run="second")]

    assert states(measured([delivery(NOON - HOUR)], checks)) == "G"


def test_checks_of_different_jobs_add_up() -> None:
    """Two jobs that test one version are both heard."""
    checks = [check(NOON - 30 * MINUTE, True), check(NOON - 20 * MINUTE, False, run="b", job=job_id("dbt", "t"))]

    assert measured([delivery(NOON - HOUR)], checks)[0].total == 2


def test_a_writer_may_check_its_own_output() -> None:
    """Assertions of the run that wrote speak of what it wrote, although it began before."""
    own = check(NOON - 2 * HOUR, True, run="writer")

    assert states(measured([delivery(NOON - HOUR, "writer")], [own])) == "G"


def test_a_version_that_nobody_checked_is_unknown_in_the_end() -> None:
    """No evaluation is PENDING for `settle`, then UNKNOWN; never good."""
    loads = [delivery(NOON - 3 * HOUR, "old"), delivery(NOON - HOUR, "new")]

    assert states(measured(loads, [], settle="2h")) == "UP"


def test_a_check_without_a_version_speaks_for_itself() -> None:
    """Where lineage knows no delivery, the checking run is the occurrence."""
    assert [verdict.occurrence for verdict in measured([], [check(NOON - HOUR, True)])] == ["check"]


def test_a_check_long_after_the_delivery_speaks_for_itself() -> None:
    """After `settle` a check is a new look, so that an old version's verdict does not change any more."""
    found = measured([delivery(NOON - 5 * HOUR, "old")], [check(NOON - HOUR, False)], settle="1h")

    assert [(verdict.run, states([verdict])) for verdict in found] == [("old", "U"), ("check", "B")]


def test_warnings_count_only_when_they_are_included() -> None:
    """severity=warn is left out unless the definition takes it in."""
    warned = Check(
        "check", TEST, NOON - HOUR, (Assertion("a", None, "warn", False), Assertion("b", None, "error", True))
    )
    found = [
        states(measured([], [warned], include={"severity": severity})) for severity in (["error"], ["error", "warn"])
    ]

    assert found == ["G", "B"]


def test_columns_may_be_chosen() -> None:
    """Assertions on other columns say nothing."""
    mixed = Check(
        "check", TEST, NOON - HOUR, (Assertion("a", "id", "error", True), Assertion("b", "x", "error", False))
    )

    assert states(measured([], [mixed], include={"columns": ["id"]})) == "G"


def test_reports_of_a_stream_wait_for_no_check() -> None:
    """A window of a streaming run is not a version that somebody tests."""
    assert measured([delivery(NOON - HOUR, window=timedelta(0))], []) == []


def test_failures_are_named() -> None:
    """The sentence says which rules failed."""
    streak = measured([delivery(NOON - HOUR)], [check(NOON - MINUTE, True, False)])

    assert describe(streak, NOON) == "1 of 2 checks failed: rule_1, since 2026-11-20 11:00 UTC"


def test_reports_under_one_run_id_are_verdicts_of_their_own() -> None:
    """Without a version each report of Great Expectations speaks for itself, and none replaces another."""
    reports = [check(NOON - hours * HOUR, passed)._replace(report=True) for hours, passed in ((3, True), (2, False))]
    found = measured([], reports)

    assert ("GB", 2) == (states(found), len({verdict.occurrence for verdict in found}))
