"""Counters: each occurrence once, when it closes; what is judged anew is a correction; nothing ever falls."""

from __future__ import annotations

from dataclasses import astuple, replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.model import Verdict
from lineage.slo.budget import judge
from lineage.slo.closed import Closed, Totals
from lineage.slo.spec import DataSLO, define
from tests.support.promises import HOUR, NOON, document, promise, verdicts

MINUTE = timedelta(minutes=1)


def looked(*looks: str | list[Verdict], slo: DataSLO | None = None) -> Totals:
    """The totals after these looks at occurrences that begin at the same time."""
    slo, closed = slo or promise(), Closed()
    for look in looks:
        found = verdicts(look, NOON + HOUR * len(look)) if isinstance(look, str) else look
        closed.look([judge(slo, found, NOON + 99 * HOUR)], {slo.name: slo})
    return closed.totals[slo.name]


def counted(*looks: str | list[Verdict]) -> tuple[Fraction | int, ...]:
    totals = looked(*looks)
    return totals.events, totals.bad, totals.unknown, totals.corrected


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        (("GGB",), (0, 0, 0, 0)),
        (("GGB", "GGBGBU"), (2, 1, 1, 0)),
        (("GP", "GB"), (1, 1, 0, 0)),
        (("GP", "GB", "GG"), (1, 1, 0, 1)),
        (("G", "GU", "GG"), (0, 0, 1, 1)),
        (("G", "GX", "GN"), (0, 0, 0, 0)),
    ],
)
def test_an_occurrence_is_counted_as_what_it_was_when_it_closed(
    looks: tuple[str, ...], expected: tuple[int, ...]
) -> None:
    """What the first look finds closed is in the window's figures alone; what closes later counts once."""
    assert counted(*looks) == expected


def test_what_a_new_definition_makes_of_the_past_is_not_counted() -> None:
    """A longer window, or another schedule: of what it lists only that closed which fell due since the last look."""
    closed, slo, later = Closed(), promise(), NOON + 2 * HOUR
    closed.look([judge(slo, verdicts("GG", NOON), NOON)], {slo.name: slo})
    longer = promise(timeWindow=[{"duration": "90d", "isRolling": True}])

    closed.look([judge(longer, verdicts("BBBGGGB", later), later)], {slo.name: longer})

    assert (closed.totals[slo.name].events, closed.totals[slo.name].bad) == (2, 1)


@settings(deadline=None)
@given(st.lists(st.text("GBUPNX", min_size=1, max_size=12), min_size=2, max_size=5))
def test_no_total_ever_falls(looks: list[str]) -> None:
    """Whatever becomes of verdicts: a counter that fell would be read as a restart."""
    totals = [counted(*looks[:count]) for count in range(1, len(looks) + 1)]

    columns = list(zip(*totals, strict=True))
    assert [sorted(column) for column in columns] == [list(column) for column in columns]


def arrived(seconds: int | None, due: datetime = NOON) -> Verdict:
    """A sample of latency; None: on its way for a quarter of an hour."""
    value = Fraction(900 if seconds is None else seconds)
    return replace(verdicts("B", due)[0], value=value, delivered_at=None if seconds is None else due)


def passing() -> DataSLO:
    """Orders reach analytics within ten minutes and ten seconds."""
    said = document(sli={"type": "latency", "percentile": {"p": "0.99", "threshold": "11m"}})
    del said["spec"]["dataset"], said["spec"]["schedule"]
    ends = {"from": {"namespace": "lake", "name": "orders"}, "to": {"namespace": "lake", "name": "analytics"}}
    return define(said | {"spec": said["spec"] | {"path": ends}})


def test_latency_counts_when_it_landed_with_an_edge_at_the_threshold() -> None:
    """On its way it has no length yet; on an edge it is within, and one edge is the promise itself."""
    first = arrived(5, NOON - HOUR)

    told = looked([first], [first, arrived(None)], [first, arrived(660)], slo=passing()).latencies

    assert told is not None
    assert [edge for edge, count in zip(told.edges, told.counts, strict=False) if count] == [660.0]
    assert told.sum == 660


def test_what_fell_due_while_nobody_judged_is_counted_on_return() -> None:
    """A process that begins anew counts what was due since the last one judged, and nothing from before."""
    slo, closed = promise(), Closed()

    closed.look([judge(slo, verdicts("BBGB"), NOON)], {slo.name: slo}, NOON - 2 * HOUR)

    totals = closed.totals[slo.name]
    assert (totals.events, totals.bad) == (2, 1)


def test_who_forgets_begins_at_nothing() -> None:
    """After another has judged, all counters begin anew, as those of a new process do."""
    slo, closed = promise(), Closed()
    for letters in ("G", "GB"):
        closed.look([judge(slo, verdicts(letters, NOON + HOUR * len(letters)), NOON + 9 * HOUR)], {slo.name: slo})

    closed.forget()
    closed.look([judge(slo, verdicts("GB"), NOON)], {slo.name: slo})

    assert astuple(closed.totals[slo.name]) == astuple(Totals())
