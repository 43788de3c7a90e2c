"""How pages say times, shares and counts."""

from datetime import timedelta
from fractions import Fraction

import pytest

from dashboards import say
from tests.support.graphs import AT


@pytest.mark.parametrize(
    ("back", "told"),
    [
        (timedelta(hours=1), "08:52"),
        (timedelta(days=1), "yesterday 09:52"),
        (timedelta(days=-1), "tomorrow 09:52"),
        (timedelta(days=9), "11 Nov 09:52"),
        (timedelta(days=400), "16 Oct 2025"),
    ],
)
def test_a_time_is_told_as_shortly_as_it_can_be(back, told):
    """Today without its day, this year without its year."""
    assert told == say.day_and_time(AT - back, AT)


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "now"), (840, "14 m ago"), (-7500, "in 2 h 5 m"), (90_000, "1 d ago")]
)
def test_how_long_ago(seconds, told):
    """Two units below a day, one from there on; forwards and backwards."""
    assert told == say.ago(AT - timedelta(seconds=seconds), AT)


@pytest.mark.parametrize(
    ("share", "places", "told"),
    [
        (Fraction(99999, 100000), 2, "99.99 %"),
        (Fraction(1), 2, "100 %"),
        (Fraction(995, 1000), 2, "99.5 %"),
        (Fraction(-1, 2), 0, "\u221250 %"),
        (None, 2, "\u2013"),
    ],
)
def test_a_share_never_flatters(share, places, told):
    """Cut, not rounded: what is not met never reads as met."""
    assert told == say.percent(share, places)


def test_a_time_carries_the_whole_of_it():
    """The element has the machine's time and a title with the exact one and its distance."""
    told = str(say.when(AT - timedelta(hours=2), AT))

    assert '<time datetime="2026-11-20T07:52:00+00:00" title="2026-11-20 07:52:00 UTC, 2 h ago">07:52</time>' == told


def test_a_long_name_may_break_behind_its_joints_and_is_escaped():
    """Breaks are offered, markup is not let through."""
    assert "mart.<wbr>a_<wbr>&lt;b&gt;" == str(say.soft("mart.a_<b>"))


@pytest.mark.parametrize(
    ("number", "told"), [(192441, "192,441"), (21_000_000, "21.0 M"), (Fraction(5, 2), "2.5"), (None, "\u2013")]
)
def test_counts(number, told):
    """With separators, millions shortened, fractions plain."""
    assert told == say.count(number)


@pytest.mark.parametrize(("octets", "told"), [(512, "512 B"), (4300, "4.2 KiB"), (None, "\u2013")])
def test_sizes(octets, told):
    """In binary units."""
    assert told == say.size(octets)
