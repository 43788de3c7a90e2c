"""One body read at the door."""

from __future__ import annotations

from collectors.admission import admit
from collectors.journal import Admitted
from lineage.model import Principal, SameAs, dataset_id
from lineage.settings import Ingest, NamespaceAlias
from tests.support.making import body


def test_the_door_knows_the_namespaces_that_are_one() -> None:
    """What the settings say of hosts is declared with the event that names one."""
    limits = Ingest(namespace_aliases=(NamespaceAlias(namespace="kafka://prod", hosts=("k1",)),))
    sent = body(inputs=[{"namespace": "kafka://k1:9092", "name": "orders"}])

    found = admit(sent, Principal("ada", frozenset({"ingest"})), limits, b"s" * 32)

    assert isinstance(found, Admitted)
    assert found.delta is not None
    raw, prod = dataset_id("kafka://k1:9092", "orders"), dataset_id("kafka://prod", "orders")
    assert (SameAs(prod, raw, "rule: ingest.namespace_aliases says kafka://prod"),) == found.delta.aliases
