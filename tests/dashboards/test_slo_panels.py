"""What an SLO's page draws beside its budget: arrivals, rows, rules, stages, contracts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboards.current import Judged
from dashboards.figures.arrivals import Arrival, arrivals, clock
from dashboards.figures.failures import Failed, failures
from dashboards.figures.volumes import Volume, volumes
from dashboards.panels.budget import figures
from dashboards.panels.contracts import matrix
from dashboards.panels.rules import MOST_RULES, rules
from dashboards.panels.slos import occurrences, row
from dashboards.panels.stages import way
from lineage.model import Restated, Rule, Stage, Verdict, VerdictState, job_id
from lineage.slo.budget import Budget
from lineage.slo.spec import define
from lineage.slo.status import BurnRate
from tests.support.graphs import AT, status
from tests.support.promises import document, promise

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
RECORDS = {"unit": "records"}
DAILY = {"cron": "0 0 * * *", "deadline": "5h"}
PATH = {"from": {"namespace": "lake", "name": "raw"}, "to": {"namespace": "lake", "name": "orders"}}
LOAD = job_id("etl", "load")


def verdict(days: float, state: str = "GOOD", *, of: int = 1, bad: int | None = None, **more: Any) -> Verdict:
    """A verdict that was due so many days before AT; of *of* things *bad* are so, by default all or none."""
    due = AT - days * DAY
    total = Fraction(of if state in {"GOOD", "BAD"} else 0)
    lost = total if state == "BAD" and bad is None else Fraction(bad or 0)
    return Verdict(due.isoformat(), due, VerdictState(state), good=total - lost, total=total, **more)


def judged(*verdicts: Verdict, indicator: str = "freshness", **changes: Any) -> Judged:
    return Judged(promise(indicator, **changes), status(*verdicts))


def drawn(one: Judged, name: str) -> Any:
    return json.loads(figures(one)[name])


# ── When deliveries came. ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        (datetime(2026, 10, 24, 3, tzinfo=UTC), 5),
        (datetime(2026, 10, 25, 4, tzinfo=UTC), 5),
        (datetime(2026, 10, 26, 0, tzinfo=UTC), 25),
    ],
)
def test_a_time_of_the_day_is_what_the_clock_shows(at: datetime, wanted: float) -> None:
    """Five in the morning stays five when the clocks change; what comes after midnight is hour 25 of its day."""
    due = datetime.combine(at.date() - DAY * (at.hour == 0), datetime.min.time(), BERLIN) + 5 * HOUR

    assert clock(at, due, BERLIN) == wanted


def test_what_never_came_is_a_cross_on_its_deadline() -> None:
    """It has no time of its own."""
    points = [Arrival(AT - DAY, AT - DAY - HOUR, bad=False, words=""), Arrival(AT, None, bad=True, words="")]

    marks = json.loads(arrivals(points, "UTC"))["data"][1]

    assert (marks["marker"]["symbol"], marks["y"]) == (["circle", "x"], [8.867, 9.867])


def test_hours_are_drawn_of_deadlines_that_are_a_day_apart() -> None:
    """Of hourly ones the clock says nothing: these are drawn against their deadline."""
    late = [verdict(days, value=Fraction(60), delivered_at=AT) for days in (2, 1, 0)]
    often = [verdict(hours / 24, value=Fraction(60), delivered_at=AT) for hours in (2, 1, 0)]

    names = [figures(judged(*each, schedule=DAILY)).keys() & {"arrivals", "measured"} for each in (late, often)]

    assert names == [{"arrivals"}, {"measured"}]


def test_what_takes_seconds_is_drawn_in_seconds() -> None:
    """Minutes begin where the longest is two of them."""
    units = [drawn(judged(verdict(0, value=Fraction(each))), "measured") for each in (90, 150)]

    assert [(each["data"][0]["y"], each["layout"]["yaxis"]["ticksuffix"]) for each in units] == [
        ([90], " s"),
        ([2.5], " min"),
    ]


def test_a_quiet_budget_draws_no_burn_rates() -> None:
    """A line along the floor would say what the tile says."""
    tier = BurnRate("page", 3_600, 300, Fraction(0), Fraction(0), Fraction(10), firing=False)
    looks = [status(verdict(1), verdict(0, how), burn_rates=(tier,), burn=(tier,)) for how in ("GOOD", "BAD")]

    assert ["rates" in figures(Judged(promise(), each)) for each in looks] == [False, True]


def test_noughts_are_not_drawn() -> None:
    """Of what is bad from the first on, a line along the axis says nothing; one against a deadline does."""
    age = {"type": "freshness", "method": "age", "threshold": "1h"}
    slos = [judged(verdict(0, value=Fraction(0), expected=Fraction(0)), **more) for more in ({"sli": age}, {})]

    assert ["measured" in figures(each) for each in slos] == [False, True]


def test_what_nobody_judged_is_not_green() -> None:
    """A budget of which nothing is known to be spent is whole, and grey (UI 4.3)."""
    left = Budget(Fraction(4), Fraction(0), Fraction(1))

    tones = [row(Judged(promise(), status(verdict(0, how), budget=left))).left_tone for how in ("UNKNOWN", "GOOD")]

    assert tones == ["unk", "ok"]


# ── How many rows they brought. ────────────────────────────────────────────────────────────────────────────────────


def test_rows_are_drawn_with_the_least_that_is_enough() -> None:
    """The share of the definition, below what was expected."""
    one = judged(verdict(0, value=Fraction(900), expected=Fraction(1000)), indicator="completeness")

    lines = {trace["name"]: trace["y"] for trace in drawn(one, "rows")["data"]}

    assert lines == {"expected": [1000], "\u221220 %": [800], "delivered": [900]}


def test_what_was_restated_is_dashed_beside_what_counted() -> None:
    """From the number at the close to the one since."""
    later = Restated(Fraction(1000), AT)
    one = judged(
        verdict(0, "BAD", value=Fraction(700), expected=Fraction(1000), restated=later), indicator="completeness"
    )

    last = drawn(one, "rows")["data"][-1]

    assert (last["name"], last["y"], last["line"]["dash"]) == ("restated", [700, 1000, None], "dash")


def test_what_is_ordinary_is_a_band() -> None:
    """Its two edges come first, so that all else lies above."""
    traces = json.loads(volumes([Volume(AT, 1.0, 1.0, 0.8, (0.5, 1.5), None, bad=False)], "enough"))["data"]

    assert ([trace["y"] for trace in traces[:2]], traces[1]["fill"]) == ([[0.5], [1.5]], "tonexty")


# ── By which rules. ────────────────────────────────────────────────────────────────────────────────────────────────


def test_rules_add_up_over_the_window() -> None:
    """The one that most failed first, with the last time that it did; bounds where one record may have failed both."""
    found = rules(
        judged(
            verdict(2, "BAD", of=100, bad=8, rules=(Rule("a", 5), Rule("b", 3))),
            verdict(1, of=100, rules=(Rule("a", 0), Rule("b", 0))),
            indicator="correctness",
            sli=RECORDS,
        )
    )

    assert found is not None
    assert ([(row.name, row.failed, row.bad, row.seen, row.last) for row in found.rows], found.bounds) == (
        [("a", 5, 1, 2, AT - 2 * DAY), ("b", 3, 1, 2, AT - 2 * DAY)],
        "5 to 8 records failed, 8 are counted",
    )


def test_of_assertions_there_are_no_bounds() -> None:
    """Each is counted once, and no chart of shares is drawn."""
    one = judged(verdict(0, "BAD", of=2, bad=1, rules=(Rule("a", 1), Rule("b", 0))), indicator="correctness")

    found = rules(one)

    assert found is not None
    assert (found.bounds, "failures" in figures(one)) == ("", False)


def test_a_hundred_rules_are_not_all_listed() -> None:
    """The rest is counted."""
    told = tuple(Rule(f"rule {number}", number) for number in range(100))

    found = rules(judged(verdict(0, of=1, rules=told), indicator="correctness"))

    assert found is not None
    assert (found.rows[0].name, len(found.rows), found.more) == ("rule 99", MOST_RULES, 100 - MOST_RULES)


def test_without_rules_there_is_nothing_to_list() -> None:
    """As of a delivery."""
    assert rules(judged(verdict(0))) is None


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, 10),
        (
            {
                "budgetingMethod": "Timeslices",
                "objectives": [{"target": "0.9", "timeSliceTarget": "0.99", "timeSliceWindow": "1d"}],
            },
            1,
        ),
    ],
)
def test_the_share_that_may_fail_is_that_of_what_is_counted(changes: dict[str, Any], wanted: float) -> None:
    """Of all records what the target leaves; of each slice of time what a good slice may lose."""
    one = judged(verdict(0, of=100, rules=(Rule("a", 0),)), indicator="correctness", sli=RECORDS, **changes)

    assert drawn(one, "failures")["layout"]["shapes"][0]["y0"] == pytest.approx(wanted)


def test_what_is_known_exactly_has_no_band() -> None:
    """One line is enough; and of points that are alike those alone are kept at which it turns."""
    points = [Failed(AT - DAY * days, 0.0, 0.0, 0.0, bad=False) for days in (5, 4, 3, 2, 1)]

    figure = json.loads(failures([*points, Failed(AT, 0.1, 0.1, 0.1, bad=False)], 0.2))

    assert [trace["y"] for trace in figure["data"]] == [[0, 0, 10]]


def test_what_failed_lies_in_a_band_up_to_the_most() -> None:
    """In per cent, with the share that may fail as a line, and a square where that was too much."""
    figure = json.loads(failures([Failed(AT, 0.005, 0.012, 0.012, bad=True)], 0.01))

    assert ([trace["y"] for trace in figure["data"]], figure["layout"]["shapes"][0]["y0"]) == (
        [[0.5], [1.2], [1.2], [1.2]],
        1,
    )


# ── Where the time went. ───────────────────────────────────────────────────────────────────────────────────────────


def passed(days: float, waited: int) -> Verdict:
    """An arrival that waited so many seconds for LOAD, which ran for 60."""
    parts = (Stage("waiting for", LOAD, Fraction(waited)), Stage("running", LOAD, Fraction(60)))
    return verdict(days, value=Fraction(waited + 60), delivered_at=AT, stages=parts)


def test_a_stage_stands_beside_what_it_usually_takes() -> None:
    """The newest arrival by its stages; the one that took notably longer than usual is called slow."""
    slo = {"sli": {"type": "latency", "percentile": {"threshold": "10m"}}, "path": PATH, "dataset": PATH["to"]}

    found = way(judged(passed(2, 60), passed(1, 60), passed(0, 300), **slo))

    assert found is not None
    assert [(row.what, row.took, row.usual, row.slow) for row in found.rows] == [
        ("waiting for", 300, 60, True),
        ("running", 60, 60, False),
    ]


def test_a_composite_has_no_way_of_its_own() -> None:
    """Its members may be of different paths."""
    written = document(sli={"type": "composite", "of": ["orders", "payments"]})
    del written["spec"]["schedule"], written["spec"]["dataset"]

    assert way(Judged(define(written), status(passed(0, 60)))) is None


def test_what_did_not_arrive_has_no_stages() -> None:
    """Where nothing arrived there is nothing to show."""
    assert way(judged(verdict(0, "BAD"))) is None


# ── Who expects what. ──────────────────────────────────────────────────────────────────────────────────────────────


def test_contracts_are_datasets_by_consumers() -> None:
    """A cell for each pair, empty where nobody promised anything; other SLOs are in none."""
    slos = [
        judged(
            verdict(0),
            name=f"{of}-of-{on}",
            sli={"type": "contract", "consumer": of},
            dataset={**PATH["to"], "name": on},
        )
        for of, on in (("risk", "orders"), ("growth", "orders"), ("risk", "payments"))
    ]

    found = matrix([*slos, judged(verdict(0))])

    assert found is not None
    assert (found.consumers, [(of.name, [[met.slo for met in cell] for cell in row]) for of, row in found.rows]) == (
        ("growth", "risk"),
        [("orders", [["growth-of-orders"], ["risk-of-orders"]]), ("payments", [[], ["risk-of-payments"]])],
    )


def test_without_contracts_there_is_no_matrix() -> None:
    """Nothing is drawn for nobody."""
    assert matrix([judged(verdict(0))]) is None


# ── The strip, and what did not count. ─────────────────────────────────────────────────────────────────────────────


def test_the_later_the_taller() -> None:
    """And every bad one is taller than every good one; what never came is full."""
    shown = [verdict(3, value=Fraction(-600)), verdict(2, value=Fraction(0))]
    missed = [verdict(1, "BAD", value=Fraction(60)), verdict(0.5, "BAD", value=Fraction(120)), verdict(0, "BAD")]

    heights = [part.split('"')[0] for part in str(occurrences(judged(*shown, *missed))).split(' height="')[1:]]

    assert heights == ["6.8", "18.7", "22.1", "34.0", "34.0"]


@pytest.mark.parametrize("name", ["sli", "budget", "rows"])
def test_what_did_not_count_stands_behind_every_chart(name: str) -> None:
    """The same span in each of them."""
    one = judged(
        verdict(2, value=Fraction(1), expected=Fraction(1)),
        verdict(1, "EXCLUDED"),
        verdict(0, value=Fraction(1), expected=Fraction(1)),
        indicator="completeness",
    )

    shapes = [each for each in drawn(one, name)["layout"]["shapes"] if each["type"] == "rect"]

    assert [(each["x0"], each["x1"]) for each in shapes] == [("2026-11-18 09:52:00", "2026-11-19 09:52:00")]
