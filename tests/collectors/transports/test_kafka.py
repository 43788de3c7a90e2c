"""Events from Kafka topics, over librdkafka's own cluster in this process."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest
from prometheus_client import REGISTRY
from typer.testing import CliRunner

from collectors.transports import kafka
from collectors.transports.kafka import KafkaCollector, Settings
from lineage import cli, parts
from lineage.errors import InvalidInput, Overloaded
from lineage.homes import open_homes
from lineage.model import Principal, Receipt
from tests.support.posting import event
from tests.support.server import Server

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


def cluster() -> Iterator[str]:
    """The address of a cluster in this process."""
    mock = confluent_kafka.Producer({"test.mock.num.brokers": 1, "log_level": 0})
    (broker,) = mock.list_topics(timeout=10).brokers.values()
    yield f"{broker.host}:{broker.port}"
    mock.close()


@pytest.fixture(scope="module")
def brokers() -> Iterator[str]:
    yield from cluster()


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


def sample(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def statistics(topic: str, lag: int, state: str = "active") -> str:
    """What librdkafka says of one partition, as far as it matters."""
    return json.dumps({"topics": {topic: {"partitions": {"0": {"consumer_lag": lag, "fetch_state": state}}}}})


def test_the_lag_is_of_partitions_that_are_read_here() -> None:
    """One that another process has is not told of, and one that is taken away is forgotten."""
    consumer: Any = None
    kafka._note_lag(statistics("mine", 7))
    kafka._note_lag(statistics("another's", 9, "none"))
    told = [sample("headwater_kafka_lag_records", topic=topic, partition="0") for topic in ("mine", "another's")]
    kafka._note_taken(consumer, [confluent_kafka.TopicPartition("mine", 0)])

    assert ([7, None], None) == (told, sample("headwater_kafka_lag_records", topic="mine", partition="0"))


def test_batches_are_counted_with_their_records(brokers: str) -> None:
    """How many records were taken at once, and what became of them, by topic."""
    before = sample("headwater_kafka_batch_records_sum") or 0
    intake = Intake()
    produce(brokers, "counted", b"one", b"poison")
    with collecting(brokers, "counted", intake):
        until(intake, 2)

    assert (2, 1, 1) == (
        (sample("headwater_kafka_batch_records_sum") or 0) - before,
        sample("headwater_kafka_records_total", topic="counted", result="accepted"),
        sample("headwater_kafka_records_total", topic="counted", result="dead-lettered"),
    )


@pytest.fixture
def own_brokers() -> Iterator[str]:
    """A cluster that no other test has worn."""
    yield from cluster()


def test_what_was_refused_is_fed_back_by_command(own_brokers: str, tmp_path: Path) -> None:
    """A record that a strict door refused waits among the dead letters, and goes through one that is less so."""
    body = event(1, custom={"of": "no schema"})
    store = f"sqlite:///{tmp_path / 'headwater.db'}"
    produce(own_brokers, "strict", body)
    listening = {
        "HEADWATER_KAFKA__BROKERS": own_brokers,
        "HEADWATER_KAFKA__TOPICS": '["strict"]',
        "HEADWATER_KAFKA__PROTOCOL": "consumer",
        "HEADWATER_INGEST__STRICT": "true",
    }
    with Server(tmp_path / "headwater.db", environment=listening):
        end = time.monotonic() + LONG_S
        while not headwater("dead-letters", "list", "--store", store) and time.monotonic() < end:
            time.sleep(0.1)
    with open_homes(store) as homes:
        before = homes.ledger.entry(sha256(body).digest())
    said = headwater("dead-letters", "replay", "--yes", "--store", store)
    with open_homes(store) as homes:
        after = homes.ledger.raw(sha256(body).digest())

    assert (None, 1, body) == (before, said["replayed"], after)


def headwater(*words: str) -> Any:
    """What the command answers a program."""
    return json.loads(CliRunner().invoke(cli.build(), [*words, "--json"], catch_exceptions=False).stdout)


def test_a_missing_client_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Brokers without the extra `kafka` keep the server from starting, and the sentence says what to install."""
    monkeypatch.setattr(parts, "find_spec", lambda _: None)

    with pytest.raises(InvalidInput, match=re.escape("pip install 'headwater-lineage[kafka]'")):
        kafka.open(Settings(brokers="b1:9092", topics=("events",)), Intake())
