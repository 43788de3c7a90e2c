"""Job success: the last try of each job counts, by occurrence or by interval."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lineage.model import Verdict, job_id
from lineage.slo.evidence import Delivery, Evidence
from lineage.slo.indicators.job_success import describe, measure
from lineage.slo.spec import define
from tests.support.promises import HOUR, NOON, delivery, document, promise, states

MINUTE = timedelta(minutes=1)
DUE = NOON + 15 * MINUTE
LAST = (NOON - HOUR, NOON)
SPARK = job_id("spark", "append")


def measured(*tries: Delivery, now: Any = DUE + 2 * MINUTE) -> list[Verdict]:
    """Hourly, due at a quarter past; one occurrence is in the window."""
    return measure(promise(sli={"type": "job_success"}), Evidence(DUE - HOUR, tries), now)


def unscheduled(*tries: Delivery, now: Any = DUE) -> list[Verdict]:
    """Without a schedule."""
    said = document(sli={"type": "job_success"})
    del said["spec"]["schedule"]
    return measure(define(said), Evidence(DUE - HOUR, tries), now)


CASES = {
    "completed": (["COMPLETE"], "G"),
    "failed": (["FAIL"], "B"),
    "aborted": (["ABORT"], "B"),
    "failed, then completed": (["FAIL", "COMPLETE"], "G"),
    "completed, then failed": (["COMPLETE", "FAIL"], "B"),
    "nothing": ([], "N"),
}


@pytest.mark.parametrize(("ends", "wanted"), CASES.values(), ids=CASES.keys())
def test_retries_collapse_to_the_last(ends: list[Any], wanted: str) -> None:
    """COMPLETE of COMPLETE, FAIL and ABORT by occurrence; no run at all is freshness's to judge."""
    tries = [delivery(NOON + place * MINUTE, str(place), nominal=LAST, state=end) for place, end in enumerate(ends)]

    assert states(measured(*tries)) == wanted


@pytest.mark.parametrize(("ends", "wanted"), CASES.values(), ids=CASES.keys())
def test_without_a_schedule_an_interval_is_an_occurrence(ends: list[Any], wanted: str) -> None:
    """What was never tried is not there then."""
    tries = [delivery(NOON + place * MINUTE, str(place), nominal=LAST, state=end) for place, end in enumerate(ends)]

    assert states(unscheduled(*tries)) == wanted.replace("N", "")


def test_without_intervals_each_run_counts() -> None:
    """Nothing says which of them is a retry."""
    assert states(unscheduled(delivery(NOON, "a", state="FAIL"), delivery(NOON + MINUTE, "b"))) == "BG"


def test_a_retry_after_the_deadline_is_a_success_still() -> None:
    """How late it was is freshness's to judge."""
    tries = delivery(NOON, "a", nominal=LAST, state="FAIL"), delivery(DUE + HOUR / 2, "b", nominal=LAST)

    assert states(measured(*tries, now=DUE + HOUR / 2)) == "G"


def test_every_job_that_writes_it_must_succeed() -> None:
    """One that completed does not make up for another that failed."""
    tries = delivery(NOON + MINUTE, "a", nominal=LAST, state="FAIL"), delivery(NOON + 2 * MINUTE, "b", job=SPARK)

    assert states(measured(*tries)) == "B"


def test_after_a_failure_another_try_is_waited_for() -> None:
    """For as long as an event on its way has."""
    tries = (delivery(NOON, "a", nominal=LAST, state="FAIL"),)

    assert states(measured(*tries, now=DUE)) + states(measured(*tries, now=DUE + MINUTE)) == "PB"


def test_reports_of_a_stream_are_no_ends() -> None:
    """A service that runs has neither succeeded nor failed."""
    assert states(measured(delivery(NOON - MINUTE, window=timedelta(0)))) == "N"


def test_the_sentence_names_the_job_and_what_became_of_it() -> None:
    """And since when, where more than one failed."""
    found = measured(delivery(NOON, "a", nominal=LAST, state="ABORT"))

    assert describe(found, DUE) == "orders.load was aborted at 2026-11-20 12:00 UTC"


def test_a_verdict_names_what_proves_it() -> None:
    """The events of the try that decided."""
    tries = (
        delivery(NOON, "a", nominal=LAST, state="FAIL", events=("1",)),
        delivery(DUE, "b", nominal=LAST, events=("2",)),
    )

    assert [(one.run, one.evidence) for one in measured(*tries)] == [("b", ("2",))]
