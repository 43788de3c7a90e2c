"""A decision is kept like an event: on the ledger, at once, and through a rebuild."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from collectors.decisions import state_all
from collectors.rebuild import catch_up, rebuild
from lineage.app import Headwater
from lineage.auth import ANONYMOUS
from lineage.errors import InvalidInput
from lineage.statements import Statement, Subject, Word
from tests.support.posting import event
from tests.support.reading import NOON

ORDERS = Subject("dataset", "shop.orders", "pg")


def decide(services: Headwater, *words: Word) -> None:
    """Let somebody say *words* of the orders."""
    services.decisions.keep([Statement(ORDERS, "ada", NOON, words)])


def test_a_rebuild_loses_no_decision(services: Headwater) -> None:
    """What is stated comes out of the ledger as it was, between events or after them."""
    decide(services, Word("owner", "ada"), Word("tag", "pii"))
    services.intake.submit(event(1), ANONYMOUS).result(5)
    decide(services, Word("tag", "pii", holds=False))
    before = list(services.store.dump())

    rebuild(services.ledger, services.store)

    assert before == list(services.store.dump())


def test_what_is_caught_up_with_changes_nothing(services: Headwater) -> None:
    """Statements behind the last event are read again at every start."""
    decide(services, Word("owner", "ada"))
    before = list(services.store.dump())

    catch_up(services.ledger, services.store)

    assert before == list(services.store.dump())


def test_a_decision_is_not_waited_for(client: TestClient, services: Headwater) -> None:
    """`/readyz` counts what the graph has yet to take; a statement is taken where it is made."""
    decide(services, Word("owner", "ada"))

    assert client.get("/readyz").json()["lag"] == 0


def test_a_statement_that_cannot_be_read_stops_nothing(services: Headwater) -> None:
    """Another version may have written it: the ones beside it count."""
    decide(services, Word("owner", "ada"))
    entry, body = next(iter(services.ledger.read()))

    services.store.clear()

    state_all([(entry, b'{"subject": 1}'), (entry, body)], services.store)

    assert 1 == len(services.store.statements([ORDERS]))


@pytest.mark.parametrize(
    "said",
    [
        Statement(Subject("dataset", "o" * 2_000, "pg"), "ada", NOON),
        Statement(ORDERS, "ada", NOON, (Word("one", other=("pg", "o" * 2_000)),)),
    ],
)
def test_a_name_that_not_every_store_can_keep_is_refused(services: Headwater, said: Statement) -> None:
    """Before it is appended: a ledger that no graph can follow would stop all that comes after."""
    with pytest.raises(InvalidInput, match="may have 2000"):
        services.decisions.keep([said])

    assert [] == list(services.ledger.read())
