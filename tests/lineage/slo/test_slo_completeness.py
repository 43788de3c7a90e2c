"""Completeness: how many rows came, and how many should have."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from lineage.model import Verdict
from lineage.slo.evidence import Delivery, Evidence
from lineage.slo.exclusions import Excluded
from lineage.slo.indicators._robust import median, z_score
from lineage.slo.indicators.completeness import describe, figures, measure, needs
from tests.support.promises import DAY, HOUR, NOON, delivery, promise, states

MINUTE = timedelta(minutes=1)
LAST = (NOON - HOUR, NOON)
DUE = NOON + 15 * MINUTE
LATER = DUE + 2 * MINUTE

WEEKLY = {"expected": {"mode": "seasonal"}, "robust": {}}


def one(*deliveries: Delivery, **sli: Any) -> Verdict:
    """The one verdict of an hourly promise of 1000 rows."""
    return measure(promise("completeness", sli=sli), Evidence(DUE - HOUR, deliveries, asked_from=NOON - DAY), LATER)[0]


def loaded(rows: int | None, at: datetime = NOON + MINUTE, run: str = "run", **fields: Any) -> Delivery:
    return delivery(at, run, nominal=fields.pop("nominal", LAST), rows=rows, **fields)


@pytest.mark.parametrize(("rows", "expected"), [(0, "B"), (799, "B"), (800, "B"), (801, "G"), (1000, "G"), (5000, "G")])
def test_exactly_minus_twenty_per_cent_is_bad(rows: int, expected: str) -> None:
    """Good iff 5x > 4B, in whole numbers; surplus is not completeness's to judge."""
    assert states([one(loaded(rows))]) == expected


def test_the_boundary_may_be_good() -> None:
    """`boundary: good` takes the ratio itself."""
    assert states([one(loaded(800), good={"boundary": "good"})]) == "G"


@pytest.mark.parametrize(("rows", "expected"), [(999, "B"), (1000, "G"), (1200, "G"), (1201, "B")])
def test_more_than_was_agreed_may_be_bad(rows: int, expected: str) -> None:
    """Where a contract names both ends, each is within; beyond either is as wrong."""
    agreed = {"mode": "contract", "rows": 1000, "most": 1200}

    assert states([one(loaded(rows), expected=agreed, good={"minRatio": 1, "boundary": "good"})]) == expected


def test_what_is_too_many_says_of_how_many() -> None:
    """The reason names both ends."""
    verdict = one(loaded(1300), expected={"mode": "contract", "rows": 1000, "most": 1200})

    assert verdict.reason == "1,300 rows against 1,000 (agreed, and at most 1,200), 300 too many"


@pytest.mark.parametrize(
    ("sli", "said"),
    [
        ({"expected": {"mode": "contract", "rows": 10, "most": 9}}, "most is less than rows; write the fewest as"),
        (
            {"expected": {"mode": "contract", "rows": 9, "most": 10}, "unit": "rows"},
            "a share of rows knows no row too many; write unit: occurrences",
        ),
    ],
)
def test_ends_that_cannot_be_are_refused(sli: dict[str, Any], said: str) -> None:
    """With what to write."""
    with pytest.raises(ValidationError) as caught:
        promise("completeness", sli=sli)

    assert said in str(caught.value)


def test_rows_cannot_pay_for_a_hole() -> None:
    """In rows: good = min(x, B), total = B."""
    verdict = one(loaded(5000), unit="rows")

    assert (verdict.good, verdict.total) == (1000, 1000)


def test_a_run_without_a_count_is_unknown() -> None:
    """Unknown is not good."""
    assert states([one(loaded(None))]) == "U"


def test_without_a_run_freshness_judges() -> None:
    """One cause burns one budget: no run is not counted here."""
    assert states([one()]) == "N"


def test_absence_may_be_zero() -> None:
    """`absenceIsZero` makes an undelivered occurrence an empty one."""
    verdict = one(absenceIsZero=True)

    assert (states([verdict]), verdict.value) == ("B", 0)


def test_runs_that_append_add_up() -> None:
    """The rows of an occurrence are the sum over its appending jobs."""
    other = delivery(NOON + MINUTE, "b", job=("job", "airflow", "orders.second"), nominal=LAST, rows=500)

    assert one(loaded(400, run="a"), other).value == 900


def test_a_retry_replaces_what_it_repeats() -> None:
    """The last COMPLETE for (job, interval) wins."""
    assert one(loaded(600, run="a"), loaded(900, NOON + 2 * MINUTE, "b")).value == 900


def test_an_overwrite_forgets_what_was_before() -> None:
    """The last COMPLETE of an overwritten dataset is what there is."""
    second = delivery(
        NOON + 3 * MINUTE, "b", job=("job", "airflow", "orders.second"), nominal=LAST, rows=850, overwrites=True
    )

    assert one(loaded(600, run="a"), second).value == 850


def test_rows_after_the_close_do_not_count() -> None:
    """The value of the first close stands: later rows are a restatement, which the reason tells."""
    more = delivery(DUE + MINUTE, "b", job=("job", "airflow", "orders.second"), nominal=LAST, rows=500, events=("b",))
    found = one(loaded(1000, DUE + MINUTE)), one(loaded(700), more)

    assert [(states([each]), each.reason) for each in found] == [
        ("N", "no run by the close; lateness is freshness's to judge; restated as 1,000 rows at 2026-11-20 12:16 UTC"),
        ("B", "700 rows against 1,000 (agreed); restated as 1,200 rows at 2026-11-20 12:16 UTC"),
    ]


def test_a_restatement_is_proved() -> None:
    """The event that brought the later rows stands among the evidence."""
    more = delivery(DUE + MINUTE, "b", job=("job", "airflow", "orders.second"), nominal=LAST, rows=5, events=("b",))

    assert one(loaded(700, events=("a",)), more).evidence == ("a", "b")


def test_the_same_rows_again_restate_nothing() -> None:
    """A backfill that brings as many rows as there were changes nothing that was told."""
    assert "restated" not in one(loaded(1000), loaded(1000, DUE + MINUTE, "again")).reason


def test_surplus_is_told_and_is_no_fault() -> None:
    """More than (1 + surplusAbove) B is GOOD, and says how many rows are too many."""
    found = [one(loaded(rows), surplusAbove="0.5") for rows in (1500, 1501)]

    assert [(states([each]), each.reason) for each in found] == [
        ("G", "1,500 rows against 1,000 (agreed)"),
        ("G", "1,501 rows against 1,000 (agreed), 501 too many"),
    ]


def streamed(*counts: int | None, begun: datetime = NOON - HOUR, run: str = "s") -> list[Delivery]:
    """Reports of a stream that count from its start, ten minutes apart, from 11:10 on."""
    return [
        delivery(NOON - (50 - 10 * place) * MINUTE, run, window=timedelta(0), rows=rows, cumulative=True,
                 started_at=begun, events=(f"{run}{place}",))
        for place, rows in enumerate(counts)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "accumulative", "rows"),
    [
        ((300, 600, 900), "cumulative", 900),
        ((300, None, 900), "cumulative", 900),
        ((300, 900, 100), "cumulative", 1000),
        ((300, 600, 900), "delta", 1800),
    ],
)
def test_reports_that_accumulate_are_told_apart(counts: tuple[int | None, ...], accumulative: str, rows: int) -> None:
    """By their differences, a fall being a new beginning; or each by itself where the definition says so."""
    assert one(*streamed(*counts), accumulative=accumulative).value == rows


def test_what_a_stream_had_counted_before_is_not_known() -> None:
    """Of a run that began before anything was asked the first report cannot be told apart, and nothing is guessed."""
    before = NOON - 9 * DAY

    assert states([one(*streamed(300, 600, begun=before))]) == "U"


def test_figures_add_the_rows_up() -> None:
    """What came, what was expected, and what came beyond it: surplus pays for no hole."""
    slo = promise("completeness")
    found = [one(loaded(rows)) for rows in (700, 1300)]

    assert figures(slo, found) == {"rows": 2000, "rowsExpected": 2000, "rowsSurplus": 300}


def test_settle_moves_the_close() -> None:
    """Rows that come within `settle` of the deadline count, and until then the verdict waits."""
    slo = promise("completeness", sli={"settle": "1h"})
    late = loaded(1000, DUE + 30 * MINUTE)

    found = [measure(slo, Evidence(DUE - HOUR, [late]), DUE + wait)[0] for wait in (40 * MINUTE, 62 * MINUTE)]

    assert states(found) == "PG"


def weekly(*rows: int | None, excluded: tuple[Excluded, ...] = ()) -> Verdict:
    """The newest verdict of a daily promise whose loads of the same weekday brought *rows*, newest last."""
    slo = promise("completeness", sli=WEEKLY, schedule={"cron": "0 0 * * *"})
    midnight = NOON.replace(hour=0)
    loads = [
        delivery(
            end + MINUTE,
            f"run {weeks}",
            nominal=(end - DAY, end),
            rows=count,
        )
        for weeks, count in enumerate(reversed(rows))
        for end in [midnight - 7 * weeks * DAY]
    ]
    return measure(slo, Evidence(midnight - DAY, loads, excluded=excluded), NOON)[-1]


def test_the_season_expects_its_median() -> None:
    """The last occurrences of the same weekday, without the one in question."""
    assert weekly(1000, 1010, 990, 1005, 995, 1000, 2000, 1000, 801).expected == 1000


def test_what_was_excluded_is_no_history() -> None:
    """A week of maintenance tells nothing of a usual one: four others are left of five, and their median."""
    midnight = NOON.replace(hour=0)
    away = Excluded(midnight - 8 * DAY, midnight - 6 * DAY, "maintenance")

    expected = [weekly(900, 900, 1000, 1000, 5000, 900, excluded=spans).expected for spans in ((), (away,))]

    assert expected == [1000, 950]


def test_an_old_spike_does_not_hide_a_drop() -> None:
    """The published example: median 1000, MAD 5, x = 800 gives z = -26.98."""
    history = [Fraction(rows) for rows in (1000, 1010, 990, 1005, 995, 1000, 2000, 1000)]
    score = z_score(Fraction(800), history)

    assert (median(history), score) == (1000, Fraction(-2698, 100))


def test_what_is_ordinary_lies_within_three_and_a_half_deviations() -> None:
    """Of the example, 1000 -+ 3.5 * 5 / 0.6745; of an agreed number nothing is learnt."""
    verdict = weekly(1000, 1010, 990, 1005, 995, 1000, 2000, 1000, 800)
    reach = Fraction(35, 2) / Fraction("0.6745")

    assert (verdict.ordinary, one(loaded(1000)).ordinary) == ((1000 - reach, 1000 + reach), None)


def test_a_small_but_unusual_drop_is_bad() -> None:
    """More than -20 %, but 3.5 robust deviations and 5 % below: an investigation."""
    assert states([weekly(1000, 1010, 990, 1005, 995, 1000, 940)]) == "B"


def test_a_tiny_drop_is_not_bad_however_unusual() -> None:
    """Less than `minEffect` is left alone."""
    assert states([weekly(1000, 1010, 990, 1005, 995, 1000, 960)]) == "G"


def test_a_history_without_deviation_leaves_the_ratio_to_decide() -> None:
    """Both deviations 0: z is undefined, and never taken for 0 or for infinite."""
    assert (z_score(Fraction(1), [Fraction(5)] * 4), states([weekly(5, 5, 5, 5, 5)])) == (None, "G")


def test_mad_of_zero_falls_back_to_the_mean_deviation() -> None:
    """(x - B) / (1.253314 mean |x - B|) where more than half of the history is equal."""
    history = [Fraction(rows) for rows in (100, 100, 100, 140)]

    assert z_score(Fraction(50), history) == Fraction(-50) / (Fraction("1.253314") * 10)


def test_a_short_history_compares_with_the_one_before() -> None:
    """Less than minHistory: the previous occurrence, and the reason says that confidence is low."""
    verdict = weekly(1000, 1000, 700)

    assert (states([verdict]), "low confidence" in verdict.reason) == ("B", True)


def test_nothing_to_compare_with_is_unknown() -> None:
    """The first occurrence of all has no expectation."""
    assert states([weekly(1000)]) == "U"


def test_a_season_looks_as_far_back_as_it_remembers() -> None:
    """Eight weeks of history and one more for the week that is judged."""
    assert needs(promise("completeness", sli=WEEKLY)).history == 9 * 7 * DAY


def test_a_shortfall_is_told_in_rows() -> None:
    """How much is missing, of how much."""
    assert describe([one(loaded(680))], NOON) == "Short by 32 %: 680 of 1,000 rows, due 2026-11-20 12:15 UTC"
