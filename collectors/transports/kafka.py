"""Events from Kafka topics: a consumer group whose offsets are committed once what they point at is durable."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from prometheus_client import Counter, Gauge, Histogram
from pydantic import Field, SecretStr

from collectors.bodies import inflate
from collectors.intake import Intake
from lineage.auth import SCOPES
from lineage.errors import InvalidInput, Overloaded, StoreUnavailable, TooLarge
from lineage.model import Principal, Receipt
from lineage.parts import require_extra
from lineage.settings import MIB, Section
from lineage.telemetry import logger

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

BATCH: Final = 500
WAIT_S: Final = 1.0
BACK_OFF_S: Final = (0.5, 1.0, 2.0, 5.0)  # the last again and again
FLUSH_S: Final = 30.0
COMMIT_TRIES: Final = 5
FRAMED_BYTES: Final = 5  # a zero byte and a schema id before the value
GZIP_BEGINS: Final = b"\x1f\x8b"  # https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1
INFLATED_MOST: Final = 64 * MIB

RECORDS = Counter("headwater_kafka_records", "Records that were taken from a topic.", ("topic", "result"))
LAG = Gauge("headwater_kafka_lag_records", "Records of an assigned partition still to come.", ("topic", "partition"))
BATCHES = Histogram(
    "headwater_kafka_batch_records", "Records that were taken at once.", buckets=(1, 5, 20, 100, 499, 500)
)
REBALANCES = Counter("headwater_kafka_rebalances", "Times that partitions were given here or taken.", ("what",))

log = logger(__name__)


class Settings(Section):
    """Where events come from, beside HTTP."""

    brokers: str | None = Field(None, description="Bootstrap servers, as b1:9092,b2:9092; unset: nothing is consumed.")
    topics: tuple[str, ...] = Field((), description="Topics with events; one that begins with ^ is a pattern.")
    group: str = Field("headwater", description="Consumer group; processes that share it share the topics.")
    protocol: Literal["classic", "consumer"] = Field(
        "classic", description="Group protocol: classic, or consumer on brokers of 4.0 and newer."
    )
    dead_letters: str = Field(".dlq", description="How the topic of refused records ends; empty: there is none.")
    config: dict[str, SecretStr] = Field(
        {}, description="Further settings of the Kafka client, passed on untouched, such as sasl.password."
    )


def configured(settings: Settings) -> bool:
    """Whether there is anything to consume."""
    return bool(settings.brokers and settings.topics)


def open(settings: Settings, intake: Intake) -> KafkaCollector:  # noqa: A001 - the word of every part
    """A collector that has not connected yet. Raises InvalidInput when the Kafka client is not installed."""
    require_extra("confluent_kafka", "kafka", "kafka.brokers")
    return KafkaCollector(settings, intake)


class _Refused(NamedTuple):
    message: Message
    reason: str
    field: str | None


class KafkaCollector:
    """Keeps the promise of `Transport` over one consumer in one thread.

    At least once: what comes again has the same digest and is a duplicate. While the store does not take anything, the
    partitions are paused and the same records are offered again. A record that is refused goes to the topic's dead
    letters with its key, value and headers as they were, the reason in more headers, before its offset is committed.
    """

    def __init__(self, settings: Settings, intake: Intake) -> None:
        self._settings = settings
        self._intake = intake
        self._principal = Principal(f"kafka:{settings.group}", frozenset(SCOPES))
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="headwater-kafka", daemon=True)
        self._producer: Producer | None = None
        self._early: list[Message] = []  # that came while partitions waited

    def start(self) -> None:
        """Begin to consume."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch that is under way and leave the group."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._consume()
            except Exception:
                log.exception("kafka_failed")
                self._stopping.wait(BACK_OFF_S[-1])

    def _consume(self) -> None:
        consumer = self._connect()
        self._early.clear()
        try:
            while not self._stopping.is_set():
                messages = [*self._early, *([] if self._early else consumer.consume(BATCH, WAIT_S))]
                self._early.clear()
                good = [message for message in messages if message.error() is None]
                for message in messages:
                    if message.error() is not None:
                        log.warning("kafka_record_unread", extra={"error": str(message.error())})
                if good and self._take(consumer, good):
                    self._commit(consumer, _ends(good))
        finally:
            consumer.close()

    def _connect(self) -> Consumer:
        from confluent_kafka import Consumer

        cooperative = {"partition.assignment.strategy": "cooperative-sticky"}
        config: dict[str, Any] = {
            "bootstrap.servers": self._settings.brokers,
            "group.id": self._settings.group,
            "group.protocol": self._settings.protocol,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "statistics.interval.ms": 5_000,
            "stats_cb": _note_lag,
            "error_cb": _note_error,
            **(cooperative if self._settings.protocol == "classic" else {}),
            **self._passed_on(),
        }
        consumer = Consumer(config)
        topics = list(self._settings.topics)
        consumer.subscribe(topics, on_assign=_note_given, on_revoke=_note_taken, on_lost=_note_taken)
        return consumer

    def _passed_on(self) -> dict[str, str]:
        return {word: value.get_secret_value() for word, value in self._settings.config.items()}

    def _take(self, consumer: Consumer, messages: Sequence[Message]) -> bool:
        """Whether all *messages* are durable: as events, duplicates or dead letters. False: the service stops."""
        bodies = [_body(message.value() or b"") for message in messages]
        receipts = self._offer(consumer, bodies)
        if receipts is None:
            return False
        refused = [
            _Refused(message, receipt.reason or receipt.status, receipt.field)
            for message, receipt in zip(messages, receipts, strict=True)
            if receipt.status not in ("accepted", "duplicate")
        ]
        for message, receipt in zip(messages, receipts, strict=True):
            RECORDS.labels(message.topic(), receipt.status).inc()
        BATCHES.observe(len(messages))
        if refused and self._settings.dead_letters:
            self._turn_away(refused)
        return True

    def _offer(self, consumer: Consumer, bodies: Sequence[bytes]) -> list[Receipt] | None:
        """What the intake answers; while it has no room or no store, the partitions wait. None: the service stops."""
        tries = 0
        while not self._stopping.is_set():
            try:
                receipts = self._intake.take(bodies, self._principal)
            except (Overloaded, StoreUnavailable) as error:
                if not tries:
                    log.warning("kafka_paused", extra={"error": str(error)})
                self._wait_in_group(consumer, BACK_OFF_S[min(tries, len(BACK_OFF_S) - 1)])
                tries += 1
            else:
                if tries:
                    consumer.resume(consumer.assignment())
                    log.info("kafka_resumed")
                return receipts
        return None

    def _wait_in_group(self, consumer: Consumer, seconds: float) -> None:
        """Wait with all partitions paused, so that the group knows that this member is alive."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stopping.is_set():
            consumer.pause(consumer.assignment())
            if (message := consumer.poll(0.1)) is not None:
                self._early.append(message)  # of a partition that was given meanwhile

    def _turn_away(self, refused: Sequence[_Refused], *, anew: bool = True) -> None:
        from confluent_kafka import KafkaError, KafkaException, Producer

        if self._producer is None:
            self._producer = Producer(
                {"bootstrap.servers": self._settings.brokers, "enable.idempotence": True, **self._passed_on()}
            )
        failed: list[KafkaError] = []
        for message, reason, field in refused:
            headers = [
                *(message.headers() or ()),
                ("x-error-message", reason.encode()),
                ("x-error-field", (field or "").encode()),
                ("x-source-topic", (message.topic() or "").encode()),
                ("x-source-partition", str(message.partition()).encode()),
                ("x-source-offset", str(message.offset()).encode()),
            ]
            self._producer.produce(
                f"{message.topic()}{self._settings.dead_letters}",
                message.value(),
                message.key(),
                headers=headers,
                on_delivery=lambda error, _: failed.append(error) if error else None,
            )
        left = self._producer.flush(FLUSH_S)
        if left or failed:
            self._producer.purge()  # they come again with their source
            self._producer.flush(0)
            self._producer = None  # which would know of no topic for a while that is made meanwhile
            topics = sorted({f"{message.topic()}{self._settings.dead_letters}" for message, *_ in refused})
            if anew and any(error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART for error in failed):
                self._make(topics)
                self._turn_away(refused, anew=False)
                return
            why, places = str(failed[0]) if failed else "no answer", ", ".join(topics)
            raise KafkaException(f"dead letters cannot be written: {why}; is there a topic {places}, and may we write?")

    def _make(self, topics: Iterable[str]) -> None:
        """Make *topics* as the brokers make theirs; one that cannot be made is still not there."""
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient
        from confluent_kafka.cimpl import NewTopic  # `admin` hands it on without saying so

        admin = AdminClient({"bootstrap.servers": self._settings.brokers or "", **self._passed_on()})
        for topic, made in admin.create_topics([NewTopic(topic, -1, -1) for topic in topics]).items():
            try:
                made.result(FLUSH_S)
            except (KafkaException, TimeoutError) as error:
                log.warning("kafka_topic_not_made", extra={"topic": topic, "error": str(error)})
            else:
                log.info("kafka_topic_made", extra={"topic": topic})

    def _commit(self, consumer: Consumer, ends: list[TopicPartition]) -> None:
        from confluent_kafka import KafkaException

        for turn in range(COMMIT_TRIES):
            try:
                consumer.commit(offsets=ends, asynchronous=False)
            except KafkaException as error:  # During a rebalance, or when the broker has just come back.
                log.warning("kafka_commit_refused", extra={"error": str(error), "turn": turn})
                self._stopping.wait(BACK_OFF_S[min(turn, len(BACK_OFF_S) - 1)])
            else:
                return


def _body(value: bytes) -> bytes:
    """The event in a record's value: as it is, inflated, or without the frame of a schema registry's client."""
    if value[:1] == b"\0" and len(value) > FRAMED_BYTES:
        value = value[FRAMED_BYTES:]
    if value[:2] == GZIP_BEGINS:
        try:
            return inflate(value, INFLATED_MOST)
        except (InvalidInput, TooLarge):
            return value  # and the intake says what is wrong with it
    return value


def _ends(messages: Iterable[Message]) -> list[TopicPartition]:
    """Where to go on in each partition once *messages* are done."""
    from confluent_kafka import TopicPartition

    last: dict[tuple[str, int], int] = {}
    for message in messages:
        place = message.topic() or "", message.partition() or 0
        last[place] = max(last.get(place, 0), (message.offset() or 0) + 1)
    return [TopicPartition(topic, partition, offset) for (topic, partition), offset in sorted(last.items())]


def _note_lag(statistics: str) -> None:
    for topic, said in json.loads(statistics).get("topics", {}).items():
        for partition, numbers in said.get("partitions", {}).items():
            if numbers.get("fetch_state") == "active" and numbers.get("consumer_lag", -1) >= 0:
                LAG.labels(topic, partition).set(numbers["consumer_lag"])


def _note_error(error: KafkaError) -> None:
    log.warning("kafka_trouble", extra={"error": str(error)})


def _note_given(_: Consumer, partitions: Sequence[TopicPartition]) -> None:
    REBALANCES.labels("given").inc()
    log.info("kafka_partitions_given", extra={"partitions": len(partitions)})


def _note_taken(_: Consumer, partitions: Sequence[TopicPartition]) -> None:
    REBALANCES.labels("taken").inc()
    for place in partitions:
        with suppress(KeyError):  # whose lag was never heard of
            LAG.remove(place.topic, str(place.partition))
    log.info("kafka_partitions_taken", extra={"partitions": len(partitions)})
