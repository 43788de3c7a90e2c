"""Events through a real broker: killed collectors, restarted brokers, and a service that tells its own lineage."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from uuid import uuid4

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

from collectors.instrument.confluent import Consumer, Producer
from collectors.instrument.service import Service
from lineage.homes import open_homes
from lineage.model import dataset_id
from tests.engines.engine import Engine
from tests.engines.kafka_broker import kafka
from tests.support.posting import event
from tests.support.server import Server
from tests.support.waiting import until

Protocol = Literal["classic", "consumer"]

LONG_S = 60.0
PARTITIONS = 4


@pytest.fixture
def topic(broker: Engine) -> str:
    return topic_at(broker, f"openlineage-{uuid4().hex[:8]}")


def topic_at(broker: Engine, *names: str) -> str:
    admin = AdminClient({"bootstrap.servers": broker.address})
    for made in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names]).values():
        made.result(LONG_S)
    return names[0]


def produce(broker: Engine, topic: str, numbers: range) -> set[bytes]:
    """Write the events of *numbers*; the digests of their bytes."""
    producer = confluent_kafka.Producer({"bootstrap.servers": broker.address})
    bodies = [event(number) for number in numbers]
    for number, body in zip(numbers, bodies, strict=True):
        producer.produce(topic, body, str(number))
    producer.close()
    return {hashlib.sha256(body).digest() for body in bodies}


def serving(
    folder: Path, broker: Engine, topic: str, protocol: Protocol = "classic", group: str | None = None
) -> Server:
    kafka_settings = {
        "HEADWATER_KAFKA__BROKERS": broker.address,
        "HEADWATER_KAFKA__TOPICS": f'["{topic}"]',
        "HEADWATER_KAFKA__GROUP": group or f"of-{topic}",
        "HEADWATER_KAFKA__PROTOCOL": protocol,
        # A group of the newer protocol has its session from the broker.
        "HEADWATER_KAFKA__CONFIG": '{"session.timeout.ms": "6000"}' if protocol == "classic" else "{}",
    }
    return Server(folder / "headwater.db", environment=kafka_settings)


def soon_missed(broker: Engine, group: str) -> None:
    """Let the broker give away what a silent member of *group* holds within seconds."""
    admin = AdminClient({"bootstrap.servers": broker.address})
    seconds = {"consumer.session.timeout.ms": "6000", "consumer.heartbeat.interval.ms": "1000"}
    entries = [ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in seconds.items()]
    resource = ConfigResource(ResourceType.GROUP, group, incremental_configs=entries)
    for altered in admin.incremental_alter_configs([resource]).values():
        altered.result(LONG_S)


def in_ledger(folder: Path) -> list[bytes]:
    with open_homes(f"sqlite:///{folder / 'headwater.db'}") as homes:
        return [entry.digest for entry, _ in homes.ledger.read()]


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_killed_collectors_lose_nothing_and_count_nothing_twice(
    protocol: Protocol, broker: Engine, topic: str, tmp_path: Path
) -> None:
    """Two collectors share a topic and a store; one is killed under load, and the other takes over what it held."""
    soon_missed(broker, f"of-{topic}")
    sent = produce(broker, topic, range(1_000))
    with serving(tmp_path, broker, topic, protocol) as one, serving(tmp_path, broker, topic, protocol):
        until(lambda: len(in_ledger(tmp_path)) > 100)
        sent |= produce(broker, topic, range(1_000, 2_000))
        one.kill()
        until(lambda: len(in_ledger(tmp_path)) >= len(sent))
    kept = in_ledger(tmp_path)

    assert (len(sent), sent) == (len(kept), set(kept))


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_pattern_names_every_topic_like_it(protocol: Protocol, broker: Engine, topic: str, tmp_path: Path) -> None:
    """`^` begins a pattern; all topics that it fits are read, and no others."""
    one, other, apart = f"{topic}.orders", f"{topic}.payments", f"not-{topic}.orders"
    topic_at(broker, one, other, apart)
    sent = produce(broker, one, range(5)) | produce(broker, other, range(5, 10))
    produce(broker, apart, range(10, 15))
    with serving(tmp_path, broker, f"^{topic}[.].*", protocol, f"of-{topic}"):
        until(lambda: len(in_ledger(tmp_path)) >= len(sent))

    assert sent == set(in_ledger(tmp_path))


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Engine]:
    """A broker that a test may kill."""
    with kafka(tmp_path / "kafka") as engine:
        yield engine


def test_a_broker_that_is_killed_and_comes_back_loses_nothing(fragile: Engine, tmp_path: Path) -> None:
    """The collector waits for the broker and goes on; what is written afterwards comes too."""
    topic = topic_at(fragile, "openlineage")
    sent = produce(fragile, topic, range(500))
    with serving(tmp_path, fragile, topic):
        until(lambda: len(in_ledger(tmp_path)) >= len(sent))
        fragile.kill()
        fragile.start()
        sent |= produce(fragile, topic, range(500, 1_000))
        until(lambda: len(in_ledger(tmp_path)) >= len(sent))
    kept = in_ledger(tmp_path)

    assert (len(sent), sent) == (len(kept), set(kept))


def test_poison_goes_to_the_dead_letters_and_its_neighbours_to_the_graph(
    broker: Engine, topic: str, tmp_path: Path
) -> None:
    """What is no event lies in `<topic>.dlq`, which is made where nobody made it, as it was; all others are kept."""
    sent = produce(broker, topic, range(10))
    producer = confluent_kafka.Producer({"bootstrap.servers": broker.address})
    producer.produce(topic, b"no event")
    producer.close()
    sent |= produce(broker, topic, range(10, 20))
    reader = confluent_kafka.Consumer(
        {"bootstrap.servers": broker.address, "group.id": f"reader-{topic}", "auto.offset.reset": "earliest"}
    )
    with serving(tmp_path, broker, topic):
        until(lambda: len(in_ledger(tmp_path)) >= len(sent))
        until(lambda: f"{topic}.dlq" in reader.list_topics(timeout=LONG_S).topics)
        reader.subscribe([f"{topic}.dlq"])
        (letter,) = reader.consume(1, LONG_S)
    reader.close()

    assert (b"no event", sent) == (letter.value(), set(in_ledger(tmp_path)))


def test_a_service_tells_what_it_made_of_what(broker: Engine, topic: str, tmp_path: Path) -> None:
    """A service hands on `orders` as `orders.enriched` and tells so through Kafka; the graph shows it."""
    orders, enriched = f"orders-{topic}", f"orders.enriched-{topic}"
    topic_at(broker, orders, enriched)
    produce(broker, orders, range(20))
    from openlineage.client.transport.kafka import KafkaConfig, KafkaTransport

    said = KafkaTransport(KafkaConfig({"bootstrap.servers": broker.address}, topic))
    ours = Service(namespace="shop", emit=said.emit)
    source = Consumer(
        {
            "bootstrap.servers": broker.address,
            "group.id": "enrich",
            "auto.offset.reset": "earliest",
            "lineage.service": ours,
        }
    )
    target = Producer({"bootstrap.servers": broker.address, "lineage.service": ours})
    source.subscribe([orders])
    done = 0
    while done < 20:
        message = source.poll(LONG_S)
        assert message is not None
        target.produce(enriched, message.value())
        target.poll(0)
        done += 1
    target.flush()
    source.close()
    target.close()
    with serving(tmp_path, broker, topic):
        until(lambda: len(in_ledger(tmp_path)) >= 2)
    cluster = f"kafka://{broker.address}"
    with open_homes(f"sqlite:///{tmp_path / 'headwater.db'}") as homes:
        edges = homes.store.neighbours([dataset_id(cluster, enriched)], "up")
        (version,) = homes.store.versions(dataset_id(cluster, enriched)).items
        (read,) = homes.store.get([dataset_id(cluster, orders)]).values()

    assert (["enrich"], [(read.canonical,)], 20, "COMPLETE") == (
        [edge.source.name for edge in edges],
        [edge.made_of for edge in edges],
        version.statistics.rows,
        version.run.state,
    )
