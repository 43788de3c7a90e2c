"""aiokafka's clients with lineage, over librdkafka's own cluster in this process."""

from __future__ import annotations

import json
from typing import Any

import confluent_kafka
from openlineage.client.serde import Serde

from collectors.instrument.aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from collectors.instrument.service import Service
from tests.support.looping import finished


async def _hand_on(address: str, ours: Service) -> None:
    source = AIOKafkaConsumer(
        "orders",
        bootstrap_servers=address,
        group_id="enrich",
        auto_offset_reset="earliest",
        lineage_service=ours,
    )
    target = AIOKafkaProducer(bootstrap_servers=address, lineage_service=ours)
    await source.start()
    await target.start()
    record = await source.getone()
    await target.send_and_wait("orders.enriched", record.value)
    await source.stop()
    await target.stop()


def test_a_coroutine_that_hands_on_a_record_is_a_job_that_made_one_topic_of_another() -> None:
    """One record read and one acknowledged are counted, and the written topic is made of the one that was read."""
    mock = confluent_kafka.Producer({"test.mock.num.brokers": 1, "log_level": 0})
    (broker,) = mock.list_topics(timeout=10).brokers.values()
    mock.produce("orders", b"one")
    mock.flush()
    said: list[dict[str, Any]] = []
    ours = Service(namespace="shop", emit=lambda event: said.append(json.loads(Serde.to_json(event))))

    finished(_hand_on(f"{broker.host}:{broker.port}", ours))
    mock.close()
    read, written = ours.meters.look()

    assert ("enrich", 1, 1, {"orders.enriched": ["orders"]}) == (
        said[-1]["job"]["name"],
        read["orders"].rows,
        written["orders.enriched"].rows,
        ours.meters.made_of(),
    )
