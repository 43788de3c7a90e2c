"""From statuses to incidents and notices: what is opened, joined, escalated, resolved, and how often it is written."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.alerts import incidents
from lineage.alerts.incidents import Incident
from lineage.alerts.react import react
from lineage.errors import Conflict
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.store.base import Lease
from tests.support.alerting import (
    BUILD,
    HOUR,
    LOAD,
    NOW,
    ORDERS,
    REVENUE,
    SETTLEMENTS,
    MemoryStore,
    later,
    slo,
    status,
)

BROKE = NOW.replace(hour=5, minute=54)
DEFINITIONS = {
    "orders": slo("orders", ORDERS),
    "revenue": slo("revenue", REVENUE, team="data-finance", channel={"slack": "C0FIN"}),
    "settlements": slo("settlements", SETTLEMENTS),
}
ORDERS_LATE = status("orders", "GGB", ladder="ticket", state="breaching")
REVENUE_LATE = status("revenue", "GGB", ladder="page", state="breaching")
ORDERS_GOOD = status("orders", "GGBG", at=NOW + HOUR)
REVENUE_GOOD = status("revenue", "GGBG", at=NOW + HOUR)


def reacted(store: MemoryStore, *statuses: Status, definitions: dict[str, DataSLO] | None = None) -> list[Incident]:
    """React at the time of the newest of *statuses*."""
    now = max((each.at for each in statuses), default=NOW + HOUR)
    return react(store.as_store(), DEFINITIONS if definitions is None else definitions, statuses, now)


def notices(store: MemoryStore) -> list[tuple[str, str]]:
    """The (id, change) of every notice."""
    return [(each.id, json.loads(each.body)["change"]) for each in store.documents("outbox")]


@pytest.fixture
def broken() -> MemoryStore:
    """The river, whose upper job has failed three times."""
    store = MemoryStore()
    store.fail(LOAD, *(BROKE + n * timedelta(minutes=20) for n in range(3)))
    return store


def test_a_breach_opens_one_incident_with_its_cause(broken: MemoryStore) -> None:
    """The incident names the job that broke first, the owner, and what lies downstream."""
    (incident,) = reacted(broken, ORDERS_LATE)
    expected = (
        "INC-1",
        "ticket",
        "@data-orders",
        (LOAD.namespace, LOAD.name),
        (str(SETTLEMENTS), str(ORDERS), str(REVENUE)),
    )

    cause = incident.cause and incident.cause.job
    assert expected == (incident.id, incident.severity, incident.owner, cause, incident.affected)


def test_a_breach_is_told_once(broken: MemoryStore) -> None:
    """The same statuses again, and later ones that say the same, write nothing."""
    reacted(broken, ORDERS_LATE)
    reacted(broken, ORDERS_LATE)
    reacted(broken, later(ORDERS_LATE, HOUR))

    assert (notices(broken), broken.puts) == ([("INC-1:1", "opened")], 1)


def test_slos_with_one_cause_share_one_incident(broken: MemoryStore) -> None:
    """Two SLOs downstream of one failing job are one incident, told once, as loud as the louder."""
    (incident,) = reacted(broken, ORDERS_LATE, REVENUE_LATE)
    expected = ({"orders", "revenue"}, "page", [("INC-1:1", "opened")])

    assert expected == ({member.slo for member in incident.members}, incident.severity, notices(broken))


def test_slos_with_different_causes_have_their_own() -> None:
    """Without a common cause each SLO has its own incident."""
    store = MemoryStore(graph=())

    assert [
        [member.slo for member in incident.members]
        for incident in sorted(reacted(store, ORDERS_LATE, REVENUE_LATE), key=lambda each: each.members[0].slo)
    ] == [["orders"], ["revenue"]]


def test_a_late_dataset_gathers_what_depends_on_it() -> None:
    """Without a failing job the dataset that was late first is the cause of what is late below it."""
    store = MemoryStore()
    reacted(store, ORDERS_LATE)
    (incident,) = reacted(store, later(ORDERS_LATE, HOUR), status("revenue", "GB", at=NOW + HOUR, ladder="ticket"))

    assert (incident.id, [member.slo for member in incident.members]) == ("INC-1", ["orders", "revenue"])


def test_an_slo_that_joins_is_a_detail_unless_it_is_louder(broken: MemoryStore) -> None:
    """A page that joins a ticket escalates the incident; a ticket that joins only changes it."""
    reacted(broken, ORDERS_LATE)
    reacted(broken, later(REVENUE_LATE, HOUR, ladder="ticket"))
    reacted(broken, status("settlements", "GB", at=NOW + 2 * HOUR, ladder="page"))

    assert notices(broken) == [("INC-1:1", "opened"), ("INC-1:2", "changed"), ("INC-1:3", "escalated")]


def test_an_incident_is_resolved_with_its_last_member(broken: MemoryStore) -> None:
    """One SLO of two that is met again changes the incident; the second resolves it, and both are told."""
    reacted(broken, ORDERS_LATE, REVENUE_LATE)
    (changed,) = reacted(broken, ORDERS_GOOD, later(REVENUE_LATE, HOUR))
    (resolved,) = reacted(broken, later(REVENUE_GOOD, HOUR))
    expected = (("open", "changed"), ("resolved", "resolved"), 3)

    assert expected == (
        (changed.state, changed.change),
        (resolved.state, resolved.change),
        len(notices(broken)),
    )


def test_trouble_after_a_recovery_is_a_new_incident(broken: MemoryStore) -> None:
    """A resolved incident stays resolved; the next episode has the next number."""
    reacted(broken, ORDERS_LATE)
    reacted(broken, ORDERS_GOOD)
    reacted(broken, status("orders", "GBGB", at=NOW + 2 * HOUR, ladder="ticket"))

    assert [(each.id, each.state) for each in incidents.every(broken.as_store())] == [
        ("INC-2", "open"),
        ("INC-1", "resolved"),
    ]


def test_imported_history_that_is_over_is_not_told(broken: MemoryStore) -> None:
    """Episodes that ended before they were first seen leave no trace."""
    assert reacted(broken, status("orders", "BBBBGG", state="at_risk", ladder="page")) == []


def test_a_cause_that_comes_later_is_added_quietly() -> None:
    """An incident opened before its job's failure was known names the job once it is."""
    store = MemoryStore()
    reacted(store, ORDERS_LATE)
    store.fail(BUILD, BROKE)
    (incident,) = reacted(store, later(ORDERS_LATE, HOUR))

    assert ((BUILD.namespace, BUILD.name), "changed") == (incident.cause and incident.cause.job, incident.change)


def test_a_job_that_comes_to_light_explains_what_a_late_dataset_did() -> None:
    """The dataset that was late first was as far as lineage showed; the job that failed is further up."""
    store = MemoryStore()
    reacted(store, ORDERS_LATE, REVENUE_LATE)
    store.fail(BUILD, BROKE)
    (incident,) = reacted(store, later(ORDERS_LATE, HOUR), later(REVENUE_LATE, HOUR))

    assert ((BUILD.namespace, BUILD.name), "changed") == (incident.cause and incident.cause.job, incident.change)


def test_what_fires_with_a_cause_that_has_just_come_to_light_joins() -> None:
    """The failure that explains an open incident and a new breach at once makes one incident of both."""
    store = MemoryStore()
    reacted(store, ORDERS_LATE)
    store.fail(BUILD, BROKE)
    told = reacted(store, later(ORDERS_LATE, HOUR), status("revenue", "GB", at=NOW + HOUR, ladder="ticket"))

    assert [incident.id for incident in told] == ["INC-1"]


def test_a_retired_slo_leaves_its_incident(broken: MemoryStore) -> None:
    """An SLO without a definition resolves what it had opened."""
    reacted(broken, ORDERS_LATE)
    (incident,) = reacted(broken, definitions={})

    assert (incident.state, incident.timeline[-1].what) == ("resolved", "orders was retired")


def test_everything_is_written_in_one_put(broken: MemoryStore) -> None:
    """Incident, alert states, notice and counter are kept together or not at all."""
    reacted(broken, ORDERS_LATE, REVENUE_LATE)

    assert (1, {"alert", "counter", "incident", "outbox"}) == (broken.puts, {kind for kind, _ in broken.kept})


def test_a_conflict_is_read_again_once(broken: MemoryStore) -> None:
    """When another writer was faster the reaction starts over; the outcome is the same."""
    broken.fail_puts = 1

    assert [incident.id for incident in reacted(broken, ORDERS_LATE)] == ["INC-1"]


def test_a_lost_lease_writes_nothing(broken: MemoryStore) -> None:
    """A scheduler whose lease went to another gets Conflict and leaves the store as it was."""
    broken.epoch = 2
    lost = Lease("scheduler", "old", epoch=1, expires_at=NOW)

    with pytest.raises(Conflict):
        react(broken.as_store(), DEFINITIONS, [ORDERS_LATE], NOW, lost)

    assert broken.kept == {}


def test_a_renamed_dataset_is_found_under_its_canonical_name(broken: MemoryStore) -> None:
    """An SLO that names an alias is about the canonical dataset, which pages and walks show."""
    broken.aliases[ORDERS] = REVENUE
    (incident,) = reacted(broken, ORDERS_LATE)

    assert (REVENUE.namespace, REVENUE.name) == incident.members[0].dataset


def test_the_first_message_may_wait_for_its_cause(broken: MemoryStore) -> None:
    """With a group wait the first notice is due that much later."""
    react(broken.as_store(), DEFINITIONS, [ORDERS_LATE], NOW, group_wait_s=90)

    assert [NOW + timedelta(seconds=90)] == [each.due for each in broken.documents("outbox")]


@given(st.permutations([ORDERS_LATE, REVENUE_LATE, status("settlements", "GB", ladder="page")]))
def test_the_order_of_slos_is_irrelevant(statuses: list[Status]) -> None:
    """Whatever order the statuses come in, the same documents are kept."""
    first, second = MemoryStore(), MemoryStore()
    for store in (first, second):
        store.fail(BUILD, BROKE)
    reacted(first, *sorted(statuses, key=lambda each: each.slo))

    reacted(second, *statuses)

    assert first.kept == second.kept
