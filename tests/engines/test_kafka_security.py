"""A broker that wants a password over TLS, and what a collector says of itself to whoever watches it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import confluent_kafka
import httpx2
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from tests.engines.engine import Engine
from tests.engines.kafka_broker import User, kafka
from tests.engines.test_kafka_collector import LONG_S, in_ledger
from tests.support.posting import event
from tests.support.server import Server
from tests.support.waiting import until

ALICE = User("alice", "alice-secret")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A broker that knows alice alone."""
    folder = tmp_path_factory.mktemp("guarded")
    with kafka(folder, user=ALICE) as engine:
        yield engine


def credentials(broker: Engine, password: str = ALICE.password) -> dict[str, str]:
    """What a Kafka client is told, in its own words."""
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": ALICE.name,
        "sasl.password": password,
        "ssl.ca.location": str(broker.folder / "ca.pem"),
    }


def filled(broker: Engine, topic: str, *values: bytes) -> None:
    known = {"bootstrap.servers": broker.address, **credentials(broker)}
    admin = AdminClient(known)
    for made in admin.create_topics([NewTopic(name, 1, 1) for name in (topic, f"{topic}.dlq")]).values():
        made.result(LONG_S)
    producer = confluent_kafka.Producer(known)
    for value in values:
        producer.produce(topic, value)
    producer.close()


def serving(folder: Path, broker: Engine, topic: str, password: str = ALICE.password) -> Server:
    return Server(
        folder / "headwater.db",
        environment={
            "HEADWATER_KAFKA__BROKERS": broker.address,
            "HEADWATER_KAFKA__TOPICS": f'["{topic}"]',
            "HEADWATER_KAFKA__CONFIG": json.dumps(credentials(broker, password)),
        },
    )


def test_passwords_and_certificates_pass_through(guarded: Engine, tmp_path: Path) -> None:
    """What the client needs is given under `kafka.config`; events are read and refused ones written with it."""
    filled(guarded, "secured", event(1), b"no event")
    reader = confluent_kafka.Consumer(
        {
            "bootstrap.servers": guarded.address,
            "group.id": "reader",
            "auto.offset.reset": "earliest",
            **credentials(guarded),
        }
    )
    reader.subscribe(["secured.dlq"])
    with serving(tmp_path, guarded, "secured"):
        (letter,) = reader.consume(1, LONG_S)
        until(lambda: bool(in_ledger(tmp_path)))
    reader.close()

    assert (b"no event", [hashlib.sha256(event(1)).digest()]) == (letter.value(), in_ledger(tmp_path))


def test_a_wrong_password_is_logged_without_it(guarded: Engine, tmp_path: Path) -> None:
    """The log says that the broker does not let us in; it never says what was tried."""
    filled(guarded, "locked")
    with serving(tmp_path, guarded, "locked", "mallory-secret") as server:
        until(lambda: "kafka_trouble" in "".join(server.log))
        log = "".join(server.log)

    assert (True, False) == ("uthentication" in log, "mallory-secret" in log)


def test_metrics_tell_of_lag_batches_and_rebalances(guarded: Engine, tmp_path: Path) -> None:
    """What a dashboard of the collector is made of is in `/metrics`."""
    filled(guarded, "watched", event(1), event(2))
    names = ("kafka_lag_records", "kafka_batch_records_sum", "kafka_records_total", "kafka_rebalances_total")
    wanted = {
        'headwater_kafka_lag_records{partition="0",topic="watched"} 0.0',
        "headwater_kafka_batch_records_sum 2.0",
        'headwater_kafka_records_total{result="accepted",topic="watched"} 2.0',
        'headwater_kafka_rebalances_total{what="given"} 1.0',
    }
    with serving(tmp_path, guarded, "watched") as server:

        def told() -> set[str]:
            lines = httpx2.get(f"{server.url}/metrics").text.splitlines()
            return {line for line in lines if any(line.startswith(f"headwater_{name}") for name in names)}

        until(lambda: wanted <= told())
        found = told()

    assert wanted == found
