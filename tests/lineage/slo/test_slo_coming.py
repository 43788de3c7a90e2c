"""What a window on a calendar expects is the same from its first instant to its last, as long as nothing is UNKNOWN."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.model import Verdict, VerdictState
from lineage.slo.budget import judge
from lineage.slo.calendar import occurrences
from lineage.slo.composites import join
from lineage.slo.exclusions import spans, without_excluded
from lineage.slo.periods import period_at, reach
from lineage.slo.spec import DataSLO
from tests.support.composites import composite, slices
from tests.support.promises import DAY, promise

TICK = timedelta(microseconds=1)
ZONES = ("UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia")
CRONS = ("0 * * * *", "*/20 8-17 * * 1-5", "30 2 * * *", "0 */6 * * *")

schedules = st.fixed_dictionaries(
    {
        "cron": st.sampled_from(CRONS),
        "timezone": st.sampled_from(ZONES),
        "deadline": st.sampled_from(("5m", "45m", "3h")),
        "calendar": st.sampled_from(({}, {"skip": ["weekends"]})),
    }
)


@st.composite
def promises(draw: st.DrawFn) -> DataSLO:
    """One, or a composite of two, on a calendar; in slices or not, with what is planned, in force at any time."""
    start, zone = draw(st.sampled_from(("01-01 00:00:00", "01-31 02:30:00"))), draw(st.sampled_from(ZONES))
    window = {"duration": draw(st.sampled_from(("3d", "1w", "1M"))), "isRolling": False}
    window |= {"calendar": {"startTime": f"2026-{start}", "timeZone": zone}}
    planned = {"start": draw(st.datetimes(datetime(2026, 10, 1), datetime(2026, 11, 30))), "reason": "planned"}  # noqa: DTZ001 - in UTC
    exclusions = draw(st.sampled_from(([], [planned | {"duration": "90m"}], [planned | {"duration": "2d"}])))
    cut = draw(st.sampled_from((None, "15m", "1h", "8h", "1d")))
    common: dict[str, Any] = {"timeWindow": [window], "exclusions": exclusions} | (slices(cut) if cut else {})
    begun = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(hours=draw(st.integers(0, 1400)))
    known = {name: promise(name=name, schedule=draw(schedules), **common) for name in ("eu", "us")}
    slo = known["eu"] if draw(st.booleans()) else join(composite("eu", "us", **common), known)
    return slo if draw(st.booleans()) else join(slo.since(begun), known)


def judged(slo: DataSLO, now: datetime) -> Iterator[Verdict]:
    """All that was due by *now* GOOD, but for what is not expected."""
    since = reach(slo, now) - 2 * DAY  # a slice may have begun a day earlier
    for each in slo.members or (slo,):
        assert each.spec.schedule is not None
        begun = since if each.spec.effective_from is None else max(since, each.spec.effective_from - TICK)
        found = [found for found in occurrences(each.spec.schedule, begun, now) if found.due <= now]
        made = [
            Verdict(
                f"{each.name}/{one.name}",
                one.due,
                VerdictState.GOOD if one.expected else VerdictState.NOT_EXPECTED,
                good=Fraction(one.expected),
                total=Fraction(one.expected),
                reason="as the test says",
            )
            for one in found
        ]
        yield from without_excluded(made, spans((*slo.spec.exclusions, *each.spec.exclusions), since, now))


@given(promises(), st.integers(0, 60 * 1440), st.lists(st.floats(0, 1), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_a_window_expects_as_much_whenever_it_is_asked_for(slo: DataSLO, minute: int, shares: list[float]) -> None:
    """On days of 23 and 25 hours, in zones that skip half an hour, in force since the middle of it or not yet."""
    period = period_at(slo, datetime(2026, 10, 1, tzinfo=UTC) + timedelta(minutes=minute))
    assert period is not None
    moments = [period.start, *(period.start + (period.length - TICK) * share for share in shares), period.end - TICK]
    found = {judge(slo, list(judged(slo, now)), now).budget.allowed for now in moments}

    assert len(found) == 1
