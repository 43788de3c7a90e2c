"""aiokafka's clients with lineage: import them from here instead; nothing else changes.

A client works for the `Service` that is given as `lineage_service`, else for the process's own.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

import aiokafka
from aiokafka.structs import ConsumerRecord, RecordMetadata, TopicPartition

from collectors.instrument.service import Service, service

ENGINE: Final = ("aiokafka", version("aiokafka"))


class AIOKafkaProducer(aiokafka.AIOKafkaProducer):  # type: ignore[misc]  # aiokafka brings no types
    """aiokafka.AIOKafkaProducer; what brokers acknowledge counts as written."""

    def __init__(self, *given: Any, lineage_service: Service | None = None, **named: Any) -> None:
        super().__init__(*given, **named)
        self._lineage = lineage_service or service()
        self._lineage.join(self, named, ENGINE)

    async def send(self, topic: str, value: Any = None, *given: Any, **named: Any) -> Future[RecordMetadata]:
        """As the original."""
        self._lineage.meters.wrote(topic)
        sent: Future[RecordMetadata] = await super().send(topic, value, *given, **named)
        size = len(value) if isinstance(value, bytes) else 0

        def done(answer: Future[RecordMetadata]) -> None:
            if answer.cancelled() or answer.exception() is not None:
                self._lineage.meters.failed(topic)
            else:
                found = answer.result()
                made_ms = found.timestamp or 0
                self._lineage.meters.acknowledged(topic, found.partition, found.offset, made_ms, value, size)

        sent.add_done_callback(done)
        return sent

    async def stop(self) -> None:
        """As the original; with the service's last client its run ends."""
        await super().stop()
        self._lineage.leave(self)

    def cluster_id(self, timeout: float) -> str | None:  # noqa: ARG002 - aiokafka keeps it to itself
        """Not known of this client."""
        return None

    def ends(self) -> Mapping[tuple[str, int], int]:
        """A producer reads nothing."""
        return {}


class AIOKafkaConsumer(aiokafka.AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka brings no types
    """aiokafka.AIOKafkaConsumer; what it hands over counts as read."""

    def __init__(self, *topics: str, lineage_service: Service | None = None, **named: Any) -> None:
        super().__init__(*topics, **named)
        self._lineage = lineage_service or service()
        self._lineage.join(self, named, ENGINE)

    async def getone(self, *partitions: TopicPartition) -> ConsumerRecord[Any, Any]:
        """As the original; `async for` comes here too."""
        record = await super().getone(*partitions)
        self._read(record)
        return record

    async def getmany(self, *partitions: TopicPartition, **named: Any) -> dict[TopicPartition, list[Any]]:
        """As the original; what is written until the next batch comes of all topics of this one."""
        batch: dict[TopicPartition, list[Any]] = await super().getmany(*partitions, **named)
        for records in batch.values():
            for record in records:
                self._read(record)
        if batch:
            self._lineage.meters.together(place.topic for place in batch)
        return batch

    async def stop(self) -> None:
        """As the original; with the service's last client its run ends."""
        self._lineage.leave(self)
        await super().stop()

    def cluster_id(self, timeout: float) -> str | None:  # noqa: ARG002 - aiokafka keeps it to itself
        """Not known of this client."""
        return None

    def ends(self) -> Mapping[tuple[str, int], int]:
        """The ends of the assigned partitions that the client has heard of; asks nobody."""
        known = ((place, self.highwater(place)) for place in self.assignment())
        return {(place.topic, place.partition): end for place, end in known if end is not None}

    def _read(self, record: ConsumerRecord[Any, Any]) -> None:
        size = max(0, record.serialized_value_size)
        self._lineage.meters.read(record.topic, record.partition, record.offset, record.timestamp, record.value, size)
