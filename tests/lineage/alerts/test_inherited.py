"""Own and inherited: what of a budget was lost to something upstream is told apart, exactly, and said."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from lineage.alerts import incidents
from lineage.alerts.incidents import Cause, Incident
from lineage.alerts.inherited import Span, booked, inherited, lies_above, share, spans, upstream
from lineage.alerts.metrics import AlertCollector
from lineage.alerts.phrases import told
from lineage.alerts.react import react
from lineage.slo.status import Budget, Status
from tests.support.alerting import BUILD, HOUR, NOW, ORDERS, REVENUE, MemoryStore, later, slo, status

BROKE = NOW.replace(hour=5, minute=54)
DEFINITIONS = {"orders": slo("orders", ORDERS), "revenue": slo("revenue", REVENUE)}


def missed(name: str, letters: str = "GBGBB", at: datetime = NOW) -> Status:
    """A status whose occurrences weigh one each, and whose misses are what is spent."""
    found = status(name, letters, at=at, ladder="ticket", state="breaching")
    weighed = (replace(each, good=Fraction(each.state == "GOOD"), total=Fraction(1)) for each in found.occurrences)
    budget = Budget(Fraction(1), Fraction(letters.count("B")), Fraction(-2))
    return replace(found, occurrences=tuple(weighed), budget=budget)


LATE = [missed("orders"), missed("revenue")]


@pytest.fixture
def broken() -> MemoryStore:
    """The job that writes orders has failed; revenue is made of orders."""
    store = MemoryStore()
    store.fail(BUILD, *(BROKE + n * timedelta(minutes=20) for n in range(3)))
    react(store.as_store(), DEFINITIONS, LATE, NOW)
    return store


def lost(store: MemoryStore) -> list[Fraction]:
    """What each of the two lost upstream."""
    hurt = spans(incidents.every(store.as_store()))
    return [booked(each, hurt).budget.inherited for each in LATE]


def newest(store: MemoryStore) -> Incident:
    """The one incident."""
    (case,) = incidents.every(store.as_store())
    return case


def test_what_an_upstream_failure_cost_is_inherited(broken: MemoryStore) -> None:
    """By who reads the dataset; who writes it lost it by itself, as it did what it missed before the incident."""
    assert [Fraction(0), Fraction(2)] == lost(broken)


def test_prometheus_is_shown_what_was_lost_upstream(broken: MemoryStore) -> None:
    """As a share of the whole budget, of those alone that lost any of it there."""
    collector, registry = AlertCollector(), CollectorRegistry()
    registry.register(collector)
    collector.show(broken.as_store(), LATE, DEFINITIONS)

    scraped = generate_latest(registry).decode().splitlines()

    assert [line for line in scraped if line.startswith("headwater_slo_error_budget_inherited_ratio")] == [
        'headwater_slo_error_budget_inherited_ratio{slo="revenue",window="period"} 2.0'
    ]


def test_it_stays_inherited_once_it_is_over(broken: MemoryStore) -> None:
    """Until it leaves the window."""
    good = [status(name, "GBGBBG", at=NOW + HOUR) for name in ("orders", "revenue")]
    react(broken.as_store(), DEFINITIONS, good, NOW + HOUR)

    assert ("resolved", [Fraction(0), Fraction(2)]) == (newest(broken).state, lost(broken))


def test_the_message_names_both(broken: MemoryStore) -> None:
    """How much of what is spent was lost upstream, where anything was."""
    case = newest(broken)
    own, above = (case.model_copy(update={"members": (each,)}) for each in sorted(case.members, key=lambda m: m.slo))

    assert ["upstream" in told(own, ""), "66.6 % of what is spent was lost upstream" in told(above, "")] == [
        False,
        True,
    ]


def test_a_cause_found_later_says_whose_it_was() -> None:
    """The event that tells of the failure came after the alert."""
    store = MemoryStore()
    react(store.as_store(), DEFINITIONS, LATE[1:], NOW)
    store.fail(BUILD, BROKE)
    react(store.as_store(), DEFINITIONS, [later(LATE[1], timedelta(minutes=5))], NOW + timedelta(minutes=5))

    assert (True, Fraction(2)) == (newest(store).members[0].above, lost(store)[1])


@pytest.mark.parametrize(
    ("path", "expected"), [(("job:a:load", "dataset:a:orders"), False), (("dataset:a:raw", "job", "dataset"), True)]
)
def test_the_own_job_is_not_upstream(path: tuple[str, ...], expected: bool) -> None:  # noqa: FBT001 - what is expected
    """A failure of the job that writes the dataset is the dataset's own."""
    assert expected == lies_above(Cause(path=path))


def test_nothing_is_inherited_without_a_span() -> None:
    """And of it nothing is said."""
    assert (Fraction(0), "") == (inherited(LATE[0], []), share(LATE[0], []))


HOURS = st.integers(-12, 2).map(lambda hours: NOW + hours * HOUR)


@given(st.lists(st.tuples(HOURS, st.none() | HOURS), max_size=4))
def test_spans_that_overlap_count_once(hurt: list[Span]) -> None:
    """The sum is that of each occurrence by itself, however often something upstream was broken when it fell due."""
    found = missed("orders", "BGBBGBBBGB")

    assert inherited(found, hurt) == sum(upstream(each, hurt) for each in found.occurrences)
