"""Charts: what they show, and that a page can carry them."""

import json
from datetime import timedelta
from fractions import Fraction

from dashboards.figures import charts
from tests.support.graphs import AT

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_a_figure_cannot_close_its_script_element():
    """A `<` in words becomes an escape that JSON understands."""
    text = charts.durations([charts.Bar(AT, 60, "ok", "</script><b>")])

    assert ("<" in text, "</script><b>") == (False, json.loads(text)["data"][0]["customdata"][0])


def test_numbers_are_plain_arrays():
    """No base64-typed arrays: every browser that reads JSON reads the figure."""
    points = [charts.Held(AT, 5.0, 6.0, bad=False), charts.Held(AT + HOUR, None, 6.0, bad=True)]
    text = charts.held(points, charts.Measure("rows"))

    assert ("bdata" in text, [5.0, None]) == (False, json.loads(text)["data"][-1]["y"])


def test_the_budget_projects_to_where_it_is_empty():
    """With an end in sight a dashed line runs from what is left to nothing, at that time."""
    text = charts.budget([charts.Spent(AT - HOUR, 0.4, 0.4)], AT - DAY, AT, AT + HOUR)

    projection = json.loads(text)["data"][2]
    assert ([40.0, 0], "2026-11-20 10:52:00") == (projection["y"], projection["x"][1])


def test_a_budget_without_an_end_in_sight_projects_nothing():
    """Only the even spend and what was left are drawn."""
    text = charts.budget([charts.Spent(AT - HOUR, 1.0, 1.0)], AT - DAY, AT, None)

    assert 2 == len(json.loads(text)["data"])


def test_an_overspent_budget_is_shown_below_nothing():
    """The axis reaches down to the overspend."""
    text = charts.budget([charts.Spent(AT - HOUR, -3.0, -3.0)], AT - DAY, AT, None)

    assert json.loads(text)["layout"]["yaxis"]["range"][0] < -300


def test_what_was_lost_upstream_is_a_band_above_what_is_left():
    """A dashed line says what would be left without it, from where that began; where nothing was, there is none."""

    def drawn(own: float) -> list[list[float]]:
        points = [charts.Spent(AT - HOUR * left, left / 4, left / 4) for left in (4, 3)]
        text = charts.budget([*points, charts.Spent(AT - HOUR, 0.4, own)], AT - DAY, AT, None)
        return [trace["y"] for trace in json.loads(text)["data"][1:]]

    assert ([[100, 75, 40], [75, 40], [75, 90]], [[100, 75, 40]]) == (drawn(0.9), drawn(0.4))


def test_what_did_not_count_and_what_began_stand_behind_the_budget():
    """A band for each excluded span, a line with its name for each incident, and the line of now."""
    beside = charts.Beside([(AT - 3 * HOUR, AT - HOUR)], [(AT - 2 * HOUR, "INC-7")])
    layout = json.loads(charts.budget([charts.Spent(AT - HOUR, 0.4, 0.4)], AT - DAY, AT, None, beside))["layout"]

    shapes = [(each["type"], each["x0"]) for each in layout["shapes"]]
    assert shapes[:3] == [
        ("rect", "2026-11-20 06:52:00"),
        ("line", "2026-11-20 07:52:00"),
        ("line", "2026-11-20 09:52:00"),
    ]
    assert "INC-7" in [each["text"] for each in layout["annotations"]]


def test_a_burn_rate_is_the_bad_share_over_the_allowed_share():
    """Two of four bad, one in ten allowed: five times too fast; and no rate where nothing was due (SLO.md b.7)."""
    events = [(AT - HOUR * hours, Fraction(hours % 2), Fraction(1)) for hours in (4, 3, 2, 1)]

    points = charts.burn_points(events, Fraction(9, 10), HOUR * 6, [AT, AT - DAY])

    assert [(AT, 5.0), (AT - DAY, None)] == [(at, rate and round(rate, 9)) for at, rate in points]


def test_an_occurrence_due_at_the_edge_of_a_window_is_outside():
    """The window is (now - w, now]."""
    events = [(AT - HOUR, Fraction(0), Fraction(1)), (AT, Fraction(1), Fraction(1))]

    points = charts.burn_points(events, Fraction(9, 10), HOUR, [AT])

    assert [(AT, 0.0)] == points


def test_points_below_the_objective_are_marked():
    """A marker stands where the indicator was below, and nowhere else."""
    text = charts.indicator([(AT - HOUR, 0.5, True), (AT, 1.0, False)], 0.9, (AT - DAY, AT))

    assert [50.0, None] == json.loads(text)["data"][1]["y"]


def test_each_burn_rate_has_its_threshold_in_its_colour():
    """As many dotted levels as lines that have a threshold."""
    series = [charts.Series("1 h", [(AT, 2.0)], 14.4), charts.Series("6 h", [(AT, None)], None)]

    figure = json.loads(charts.rates(series, AT - DAY, AT))

    assert [14.4] == [shape["y0"] for shape in figure["layout"]["shapes"]]


def test_what_is_dotted_has_a_name_and_the_axis_a_unit():
    """Who sees the chart first need not guess; and 0.05 min is no `50m`."""
    how = charts.Measure("min", bound="threshold")

    layout = json.loads(charts.held([charts.Held(AT, 0.05, 5.0, bad=False)], how))["layout"]

    found = layout["annotations"][0]["text"], layout["annotations"][0]["y"], layout["yaxis"].get("tickformat")
    assert (*found, layout["yaxis"]["ticksuffix"]) == ("threshold", 5.0, None, " min")


def test_durations_choose_a_unit_that_suits_the_longest():
    """Seconds below two minutes, minutes from there on."""
    texts = [charts.durations([charts.Bar(AT, seconds, "ok", "")]) for seconds in (90, 240)]

    assert [[90], [4.0]] == [json.loads(text)["data"][0]["y"] for text in texts]


def test_runs_that_took_no_time_stand_on_the_axis():
    """Durations are not negative: the axis begins at nothing, and time is told once below a lone run."""
    layout = json.loads(charts.durations([charts.Bar(AT, 0, "ok", "")]))["layout"]

    assert ("tozero", ["2026-11-20 09:52:00"]) == (layout["yaxis"]["rangemode"], layout["xaxis"]["tickvals"])


def test_runs_that_began_together_have_a_width():
    """None of their own, that is: Plotly gives them one."""
    trace = json.loads(charts.durations([charts.Bar(AT, 1, "ok", ""), charts.Bar(AT, 2, "ok", "")]))["data"][0]

    assert "width" not in trace


def test_an_axis_of_minutes_tells_seconds():
    """A label that repeats tells nothing."""
    bars = [charts.Bar(AT + timedelta(seconds=20 * step), 1, "ok", "") for step in range(4)]

    assert "%H:%M:%S" == json.loads(charts.durations(bars))["layout"]["xaxis"]["tickformat"]


def test_colours_are_tokens():
    """A figure names no colour: the page resolves them for its theme."""
    text = charts.durations([charts.Bar(AT, 60, "bad", "Failed")])

    assert ("#" in text, ["var(--bad-fill)"]) == (False, json.loads(text)["data"][0]["marker"]["color"])
