"""What no SLI shows becomes an incident of its own: opened once, told to whom it concerns, over when it is over."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from lineage.alerts.incidents import Incident, every
from lineage.alerts.phrases import told
from lineage.alerts.react import react
from lineage.slo.findings import Finding, Kind
from lineage.slo.status import Status
from tests.support.alerting import HOUR, NOW, ORDERS, REVENUE, MemoryStore, later, slo, status

DEFINITIONS = {
    "orders": slo("orders", ORDERS),
    "rows": slo("rows", ORDERS, kind="completeness"),
    "report": slo("report", REVENUE, team="finance"),
}
DROPPED = Finding("dropped", NOW - HOUR, "orders was dropped by cleanup")
GONE = replace(status("orders"), findings=(DROPPED,))


def looked(*looks: list[Status]) -> list[Incident]:
    """All incidents after these looks, an hour apart."""
    store = MemoryStore()
    for place, look in enumerate(looks):
        statuses = [later(each, place * HOUR) for each in look]
        react(store.as_store(), DEFINITIONS, statuses, NOW + place * HOUR)
    return every(store.as_store())


def test_it_is_one_incident_however_often_it_is_seen() -> None:
    """One for the dataset, with all its SLOs, as long as it lasts."""
    both = [GONE, replace(status("rows"), findings=(DROPPED,))]

    (case,) = looked(both, both, [GONE])

    assert (case.kind, case.title, case.severity, {each.slo for each in case.members}) == (
        "dropped",
        f"{ORDERS.name} was dropped",
        "ticket",
        {"orders", "rows"},
    )


def test_it_is_over_when_it_is_found_no_more() -> None:
    """And opened anew only by something that came since."""
    again = replace(GONE, findings=(DROPPED._replace(at=NOW + HOUR),))

    found = looked([GONE], [status("orders")], [GONE], [again])

    assert [(case.id, case.state) for case in found] == [("INC-2", "open"), ("INC-1", "resolved")]


def test_what_could_not_be_judged_is_not_over() -> None:
    """An SLO of which nothing is said this time says nothing of its dataset."""
    (case,) = looked([GONE], [status("report")])

    assert case.state == "open"


def test_no_slo_that_is_missed_joins_it() -> None:
    """That it is late as well is another matter, with its own cause and severity."""
    late = status("orders", "GGB", ladder="page", state="breaching")

    found = looked([GONE], [replace(late, findings=GONE.findings)])

    assert sorted((case.kind, case.severity) for case in found) == [("dropped", "ticket"), ("slo", "page")]


def test_a_dropped_dataset_is_told_to_all_who_read_it() -> None:
    """The owners of the SLOs downstream are named, without the owner of the dataset itself."""
    (case,) = looked([GONE, status("report")])

    assert (case.consumers, "Consumers @finance." in told(case, "http://lineage")) == (("@finance",), True)


def test_data_that_ends_is_told_to_all_who_read_it() -> None:
    """In time to read something else; they hear of it as of a drop."""
    ending = Finding("ending", NOW - HOUR, "orders is there until 2027-03-01 00:00 UTC")

    (case,) = looked([replace(status("orders"), findings=(ending,)), status("report")])

    assert (case.title, case.consumers) == (f"{ORDERS.name} ends soon", ("@finance",))


def ends(at: str) -> Status:
    return replace(status("orders"), findings=(Finding("ending", NOW - 20 * HOUR, f"orders is there until {at}"),))


def test_an_end_that_is_put_off_or_brought_forward_is_told_anew() -> None:
    """What was told is true no more; who reads the data goes by the newest message."""
    found = looked([ends("2027-03-01")], [ends("2027-02-20")], [ends("2027-02-20")])

    assert [(case.state, case.members[0].sentence[-10:]) for case in found] == [
        ("open", "2027-02-20"),
        ("resolved", "2027-03-01"),
    ]


def test_nothing_was_bad_before_an_end() -> None:
    """It begins when it is told, and what it says when it is over is no recovery."""
    (case,) = looked([ends("2027-03-01")], [status("orders")])
    said = f"Resolved: {ORDERS.name} ends soon. The end lies ahead no more."

    assert (case.onset_at, told(case, "http://lineage")[: len(said)]) == (NOW, said)


def test_a_number_that_changed_concerns_its_owner_alone() -> None:
    """It breaks nobody's queries."""
    restated = Finding("restated", NOW - HOUR, "orders: 900 rows when it closed, 1000 now")

    (case,) = looked([replace(status("orders"), findings=(restated,)), status("report")])

    assert (case.kind, case.consumers) == ("restated", ())


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_of_finding_becomes_an_incident_and_ends(kind: Kind) -> None:
    """One that an incident could not hold would take every other reaction with it."""
    sick = replace(status("orders"), findings=(Finding(kind, NOW - HOUR, "so it is"),))

    (case,) = looked([sick], [status("orders")])

    assert (case.kind, case.state) == (kind, "resolved")
