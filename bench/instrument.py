"""Print what lineage adds to each message of an instrumented Kafka client, in µs of CPU; 2 are allowed.

    $ python bench/instrument.py

Real messages out of librdkafka's own cluster in this process; only what is ours is timed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parent.parent)

import confluent_kafka

from collectors.instrument.confluent import Consumer, Producer
from collectors.instrument.service import Service

MESSAGES = 1_000
ROUNDS = 100
BEST_OF = 5
ALLOWED_US = 2.0


def messages(brokers: str, ours: Service) -> tuple[Consumer, list[confluent_kafka.Message]]:
    """A consumer, and what it read."""
    plain = confluent_kafka.Producer({"bootstrap.servers": brokers})
    for _ in range(MESSAGES):
        plain.produce("orders", bytes(300))
    plain.close()
    consumer = Consumer(
        {"bootstrap.servers": brokers, "group.id": "bench", "auto.offset.reset": "earliest", "lineage.service": ours}
    )
    consumer.subscribe(["orders"])
    found: list[confluent_kafka.Message] = []
    while len(found) < MESSAGES:
        found += [message for message in consumer.consume(MESSAGES, 1) if message.error() is None]
    return consumer, found


def cost_us(each: Callable[[confluent_kafka.Message], object], found: list[confluent_kafka.Message]) -> float:
    """CPU of one call, the best of five times; the loop itself is taken off."""

    def once(call: Callable[[confluent_kafka.Message], object]) -> float:
        began = time.process_time()
        for _ in range(ROUNDS):
            for message in found:
                call(message)
        return time.process_time() - began

    nothing = min(once(bool) for _ in range(BEST_OF))
    return (min(once(each) for _ in range(BEST_OF)) - nothing) / ROUNDS / len(found) * 1e6


def main() -> None:
    """Measure and print; exits with 1 above what is allowed."""
    mock = confluent_kafka.Producer({"test.mock.num.brokers": 1, "log_level": 0})
    (broker,) = mock.list_topics(timeout=10).brokers.values()
    brokers = f"{broker.host}:{broker.port}"
    ours = Service(namespace="bench", job="bench", emit=lambda _event: None)
    consumer, found = messages(brokers, ours)
    producer = Producer({"bootstrap.servers": brokers, "lineage.service": ours})
    costs = {
        "read": cost_us(consumer._read, found),  # noqa: SLF001 - just this is to be measured
        "delivered": cost_us(lambda message: producer._delivered(None, message), found),  # noqa: SLF001
        "wrote": cost_us(lambda _message: ours.meters.wrote("orders.enriched"), found),
    }
    for name, cost in costs.items():
        sys.stdout.write(f"{name:10s} {cost:5.2f} µs a message\n")
    consumer.close()
    producer.close()
    mock.close()
    sys.exit(max(costs.values()) > ALLOWED_US)


if __name__ == "__main__":
    main()
