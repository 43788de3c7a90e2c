"""Kafka clients with lineage, over librdkafka's own cluster in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import confluent_kafka
import pytest
from openlineage.client.serde import Serde

from collectors.instrument.confluent import Consumer, DeserializingConsumer, Producer, SerializingProducer
from collectors.instrument.service import Service, cluster

Said = list[dict[str, Any]]


@pytest.fixture(scope="module")
def brokers() -> Iterator[str]:
    """The address of a cluster that knows every topic."""
    mock = confluent_kafka.Producer({"test.mock.num.brokers": 1, "log_level": 0})
    (broker,) = mock.list_topics(timeout=10).brokers.values()
    yield f"{broker.host}:{broker.port}"
    mock.close()


@pytest.fixture
def said() -> Said:
    return []


@pytest.fixture
def ours(said: Said) -> Service:
    return Service(namespace="shop", emit=lambda event: said.append(json.loads(Serde.to_json(event))))


def fill(brokers: str, topic: str, rows: int) -> None:
    producer = confluent_kafka.Producer({"bootstrap.servers": brokers})
    for number in range(rows):
        producer.produce(topic, b"%04d" % number)
    producer.close()


def consumer(brokers: str, ours: Service, group: str, *topics: str) -> Consumer:
    opened = Consumer(
        {"bootstrap.servers": brokers, "group.id": group, "auto.offset.reset": "earliest", "lineage.service": ours}
    )
    opened.subscribe(list(topics))
    return opened


def enrich(source: Consumer, target: Producer, topic: str, rows: int) -> None:
    """Hand on *rows* records."""
    done = 0
    while done < rows:
        message = source.poll(10)
        assert message is not None, "the cluster is in this process"
        if message.error() is None:
            target.produce(topic, message.value())
            target.poll(0)
            done += 1
    target.flush()


def rows(said: Said, side: str, facet: str) -> dict[str, int]:
    """What all windows come to, by topic."""
    found: dict[str, int] = {}
    for event in said:
        for dataset in event[side]:
            counted = dataset[f"{side[:-1]}Facets"][facet]["rowCount"]
            found[dataset["name"]] = found.get(dataset["name"], 0) + counted
    return found


def test_a_service_is_one_run_from_start_to_complete(brokers: str, ours: Service, said: Said) -> None:
    """Reading `orders` and writing `orders.enriched` is one run of the consumer group's job, with all rows counted."""
    fill(brokers, "orders", 50)
    source, target = (
        consumer(brokers, ours, "enrich", "orders"),
        Producer({"bootstrap.servers": brokers, "lineage.service": ours}),
    )
    enrich(source, target, "orders.enriched", 50)
    source.close()
    target.close()

    assert (
        ["START", "COMPLETE"],
        {("shop", "enrich")},
        1,
        {"orders": 50},
        {"orders.enriched": 50},
    ) == (
        [event["eventType"] for event in said],
        {(event["job"]["namespace"], event["job"]["name"]) for event in said},
        len({event["run"]["runId"] for event in said}),
        rows(said, "inputs", "inputStatistics"),
        rows(said, "outputs", "outputStatistics"),
    )


def test_the_job_says_which_topic_came_of_which(brokers: str, ours: Service, said: Said) -> None:
    """The explicit lineage facet names for a written topic the one whose record was in hand."""
    fill(brokers, "clicks", 5)
    source, target = (
        consumer(brokers, ours, "count", "clicks"),
        Producer({"bootstrap.servers": brokers, "lineage.service": ours}),
    )
    enrich(source, target, "counts", 5)
    source.close()
    target.close()
    (entry,) = said[-1]["job"]["facets"]["lineage"]["entries"]

    assert ("counts", ["clicks"]) == (entry["name"], [source["name"] for source in entry["inputs"]])


def test_your_own_delivery_callback_is_called_as_before(brokers: str, ours: Service) -> None:
    """A callback of the service gets error and message of every record, and the record counts all the same."""
    heard: list[tuple[Any, bytes | None]] = []
    target = Producer({"bootstrap.servers": brokers, "lineage.service": ours})
    target.produce("heard", b"one", on_delivery=lambda error, message: heard.append((error, message.value())))
    target.flush()
    target.close()

    assert ([(None, b"one")], 1) == (heard, ours.meters.look()[1]["heard"].rows)


def test_packed_records_are_counted_in_bytes_on_the_wire(brokers: str, ours: Service) -> None:
    """Above a serialiser and a deserialiser, sizes are those of the bytes and not of the objects."""
    target = SerializingProducer(
        {
            "bootstrap.servers": brokers,
            "value.serializer": lambda value, _: json.dumps(value).encode(),
            "lineage.service": ours,
        }
    )
    target.produce("packed", value={"id": 1})
    target.flush()
    source = DeserializingConsumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "unpack",
            "auto.offset.reset": "earliest",
            "value.deserializer": lambda value, _: json.loads(value),
            "lineage.service": ours,
        }
    )
    source.subscribe(["packed"])
    message = source.poll(10)
    source.close()
    target.close()
    read, written = ours.meters.look()

    assert ({"id": 1}, 9, 9) == (message.value(), read["packed"].size_bytes, written["packed"].size_bytes)


def test_an_error_that_ends_the_service_fails_its_run(brokers: str, ours: Service, said: Said) -> None:
    """After `fail` the last event is FAIL and names the error."""
    target = Producer({"bootstrap.servers": brokers, "lineage.service": ours})
    ours.fail(ValueError("no such buyer"))
    target.close()

    assert ("FAIL", "ValueError: no such buyer") == (
        said[-1]["eventType"],
        said[-1]["run"]["facets"]["errorMessage"]["message"],
    )


def test_a_backend_that_is_down_never_reaches_the_service(brokers: str) -> None:
    """Events that cannot be sent raise nothing in the service, and its records go their way."""

    def refuse(_event: object) -> None:
        raise ConnectionError("nobody there")

    ours = Service(namespace="shop", emit=refuse)
    target = Producer({"bootstrap.servers": brokers, "client.id": "lonely", "lineage.service": ours})
    target.produce("anyway", b"one")
    target.flush()
    target.close()

    assert (1, 0) == (ours.meters.look()[1]["anyway"].rows, ours.dropped)


def test_the_child_of_a_fork_is_a_run_of_its_own(brokers: str, ours: Service) -> None:
    """A forked child begins with empty meters and no thread; its parent goes on."""
    target = Producer({"bootstrap.servers": brokers, "lineage.service": ours})
    target.produce("before", b"one")
    target.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, json.dumps([sorted(side) for side in ours.meters.look()]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    told = json.loads(os.read(reading, 1000))
    os.close(reading)
    os.close(writing)
    target.close()

    assert ([[], []], ["before"]) == (told, sorted(ours.meters.look()[1]))


@pytest.mark.parametrize(
    ("config", "namespace"),
    [
        ({"bootstrap.servers": "B2:9093, b1:9092"}, "kafka://b1:9092"),
        ({"bootstrap_servers": ["b1"]}, "kafka://b1:9092"),
        ({}, "kafka://unknown"),
    ],
)
def test_a_cluster_is_named_by_its_least_broker(config: dict[str, Any], namespace: str) -> None:
    """However many brokers a client lists, in whatever order, its topics have one namespace."""
    assert namespace == cluster(config)
