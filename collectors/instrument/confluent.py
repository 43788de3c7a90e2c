"""confluent-kafka's clients with lineage: import them from here instead; nothing else changes.

A client works for the `Service` that its configuration gives under `lineage.service`, else for the process's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

import confluent_kafka
from confluent_kafka import KafkaError, Message

from collectors.instrument.service import Service, service

ENGINE: Final = ("confluent-kafka", version("confluent-kafka"))

OURS: Final = "lineage.service"

Delivered = Callable[[KafkaError | None, Message], None]


class Producer(confluent_kafka.Producer):
    """confluent_kafka.Producer; what brokers acknowledge counts as written."""

    def __init__(self, *given: Any, **named: Any) -> None:
        config, ours = _opened(given, named)
        super().__init__(config, *given[1:])
        self._service = ours or service()
        self._meters = self._service.meters
        self._service.join(self, config, ENGINE)

    def produce(  # noqa: PLR0913, PLR0917 - the original's own
        self,
        topic: str,
        value: str | bytes | None = None,
        key: str | bytes | None = None,
        partition: int = -1,
        callback: Delivered | None = None,
        on_delivery: Delivered | None = None,
        timestamp: int = 0,
        headers: Any = None,
    ) -> None:
        """As the original; your own *callback* or *on_delivery* is called as before."""
        self._meters.wrote(topic)
        yours = callback or on_delivery
        then = self._delivered if yours is None else self._and(yours)
        super().produce(topic, value, key, partition, then, None, timestamp, headers)

    def close(self) -> bool:
        """As the original; with the service's last client its run ends."""
        closed = super().close()
        self._service.leave(self)
        return closed

    def ends(self) -> Mapping[tuple[str, int], int]:
        """A producer reads nothing."""
        return {}

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            value = message.value()
            self._meters.acknowledged(
                message.topic() or "",
                message.partition() or 0,
                message.offset() or 0,
                message.timestamp()[1],
                value,
                len(value) if value else 0,
            )
        else:
            self._meters.failed(message.topic())

    def _and(self, yours: Delivered) -> Delivered:
        def delivered(error: KafkaError | None, message: Message) -> None:
            self._delivered(error, message)
            yours(error, message)

        return delivered


class Consumer(confluent_kafka.Consumer):
    """confluent_kafka.Consumer; what it hands over counts as read."""

    def __init__(self, *given: Any, **named: Any) -> None:
        config, ours = _opened(given, named)
        super().__init__(config, *given[1:])
        self._service = ours or service()
        self._meters = self._service.meters
        self._service.join(self, config, ENGINE)

    def poll(self, timeout: float = -1) -> Message | None:
        """As the original."""
        message = super().poll(timeout)
        if message is not None and message.error() is None:
            self._read(message)
        return message

    def consume(self, num_messages: int = 1, timeout: float = -1) -> list[Message]:
        """As the original; what is written until the next batch comes of all topics of this one."""
        messages = super().consume(num_messages, timeout)
        good = [message for message in messages if message.error() is None]
        for message in good:
            self._read(message)
        if good:
            self._meters.together({message.topic() for message in good})
        return messages

    def close(self) -> None:
        """As the original; with the service's last client its run ends."""
        self._service.leave(self)
        super().close()

    def _read(self, message: Message) -> None:
        value = message.value()
        self._meters.read(
            message.topic() or "",
            message.partition() or 0,
            message.offset() or 0,
            message.timestamp()[1],
            value,
            len(value) if value else 0,
        )

    def ends(self) -> Mapping[tuple[str, int], int]:
        """The ends of the assigned partitions that the client has heard of; asks nobody."""
        found = {}
        for place in self.assignment():
            end = self.get_watermark_offsets(place, cached=True)
            if end is not None and end[1] >= 0:  # type: ignore[redundant-expr]  # nothing is known before the first answer
                found[place.topic, place.partition] = end[1]
        return found


# Above ours stands what packs and unpacks, so that the bytes on the wire are counted.
class SerializingProducer(confluent_kafka.SerializingProducer, Producer):  # type: ignore[misc]  # it packs, then calls
    """confluent_kafka.SerializingProducer with lineage."""


class DeserializingConsumer(confluent_kafka.DeserializingConsumer, Consumer):
    """confluent_kafka.DeserializingConsumer with lineage."""


def _opened(given: Sequence[Any], named: Mapping[str, Any]) -> tuple[dict[str, Any], Service | None]:
    """The configuration, however it was handed over, without what is ours in it."""
    config = {**(given[0] if given else {}), **named}
    return config, config.pop(OURS, None)
