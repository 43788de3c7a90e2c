"""Events from Kafka topics, over librdkafka's own cluster in this process."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import confluent_kafka
import pytest

from collectors.transports.kafka import KafkaCollector, Settings
from lineage.errors import Overloaded
from lineage.model import Principal, Receipt

LONG_S = 30.0


class Intake:
    """A door that keeps what it takes, has no room at first if so told, and refuses what says so."""

    def __init__(self, busy: int = 0) -> None:
        self.taken: list[bytes] = []
        self.busy = busy

    def take(self, bodies: Sequence[bytes], _principal: Principal) -> list[Receipt]:
        """Take *bodies*, or say that there is no room."""
        if self.busy:
            self.busy -= 1
            raise Overloaded("full")
        self.taken += bodies
        return [
            Receipt("dead-lettered", "", "run.runId is missing", "run.runId")
            if b"poison" in body
            else Receipt("accepted", "")
            for body in bodies
        ]


@pytest.fixture(scope="module")
def brokers() -> Iterator[str]:
    mock = confluent_kafka.Producer({"test.mock.num.brokers": 1, "log_level": 0})
    (broker,) = mock.list_topics(timeout=10).brokers.values()
    yield f"{broker.host}:{broker.port}"
    mock.close()


def produce(brokers: str, topic: str, *values: bytes) -> None:
    producer = confluent_kafka.Producer({"bootstrap.servers": brokers})
    for value in values:
        producer.produce(topic, value, b"key", partition=0, headers=[("trace", b"7")])
    producer.close()


@contextmanager
def collecting(brokers: str, topic: str, intake: Any) -> Iterator[None]:
    # The cluster in this process forgets a classic member that left only after its session.
    settings = Settings(brokers=brokers, topics=(topic,), group=f"of-{topic}", protocol="consumer")
    collector = KafkaCollector(settings, intake)
    collector.start()
    try:
        yield
    finally:
        collector.stop()


def until(intake: Intake, count: int) -> None:
    end = time.monotonic() + LONG_S
    while len(intake.taken) < count and time.monotonic() < end:
        time.sleep(0.02)


def committed(brokers: str, topic: str) -> int:
    consumer = confluent_kafka.Consumer({"bootstrap.servers": brokers, "group.id": f"of-{topic}"})
    (place,) = consumer.committed([confluent_kafka.TopicPartition(topic, 0)], timeout=10)
    consumer.close()
    return int(place.offset)


def records(brokers: str, topic: str, count: int) -> list[confluent_kafka.Message]:
    consumer = confluent_kafka.Consumer({"bootstrap.servers": brokers, "group.id": "reader"})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([confluent_kafka.TopicPartition(topic, partition, 0) for partition in partitions])
    found = consumer.consume(count, LONG_S)
    consumer.close()
    return found


def test_records_are_taken_in_order_and_then_committed(brokers: str) -> None:
    """What a topic holds comes to the intake as it was written; the group goes on behind it."""
    intake = Intake()
    produce(brokers, "plain", b"one", b"two", b"three")
    with collecting(brokers, "plain", intake):
        until(intake, 3)

    assert ([b"one", b"two", b"three"], 3) == (intake.taken, committed(brokers, "plain"))


def test_a_later_process_goes_on_where_the_first_one_stopped(brokers: str) -> None:
    """The group's offsets outlive its members: nothing is taken twice when all is committed."""
    first, second = Intake(), Intake()
    produce(brokers, "resumed", b"one")
    with collecting(brokers, "resumed", first):
        until(first, 1)
    produce(brokers, "resumed", b"two")
    with collecting(brokers, "resumed", second):
        until(second, 1)

    assert ([b"one"], [b"two"]) == (first.taken, second.taken)


def test_while_there_is_no_room_records_wait(brokers: str) -> None:
    """A door that is full is asked again, and nothing is lost, skipped or committed before."""
    intake = Intake(busy=2)
    produce(brokers, "waiting", b"one", b"two")
    with collecting(brokers, "waiting", intake):
        until(intake, 2)

    assert ([b"one", b"two"], 2) == (intake.taken, committed(brokers, "waiting"))


def test_a_refused_record_goes_to_the_dead_letters_as_it_was(brokers: str) -> None:
    """Key, value and headers are kept; more headers say why, and from where it came; its neighbours are taken."""
    intake = Intake()
    produce(brokers, "mixed", b"good", b"poison", b"good too")
    with collecting(brokers, "mixed", intake):
        until(intake, 3)
    (letter,) = records(brokers, "mixed.dlq", 1)

    assert (
        (b"key", b"poison", 3),
        {
            "trace": b"7",
            "x-error-message": b"run.runId is missing",
            "x-error-field": b"run.runId",
            "x-source-topic": b"mixed",
            "x-source-partition": b"0",
            "x-source-offset": b"1",
        },
    ) == ((letter.key(), letter.value(), committed(brokers, "mixed")), dict(letter.headers()))


def test_framed_and_packed_values_are_events_too(brokers: str) -> None:
    """A schema registry's frame and gzip are taken off; what only looks packed stays as it is."""
    intake = Intake()
    broken = gzip.compress(b"event")[:-6]
    produce(brokers, "packed", b"\0\0\0\0\x07event", gzip.compress(b"event"), broken)
    with collecting(brokers, "packed", intake):
        until(intake, 3)

    assert [b"event", b"event", broken] == intake.taken
