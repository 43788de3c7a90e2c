"""A Kafka service that tells its own lineage: it reads `orders` and writes `orders.enriched`.

$ pip install './collectors/instrument[confluent]'
$ OPENLINEAGE_URL=http://127.0.0.1:5000 python examples/kafka/enrich.py BROKER:9092 --orders 100
"""

from __future__ import annotations

import argparse
import json

from collectors.instrument.confluent import Consumer, Producer

ORDERS, ENRICHED = "orders", "orders.enriched"
RATES = {"EUR": 1.0, "USD": 0.92, "CHF": 1.05}


def place(brokers: str, orders: int) -> None:
    """Write *orders* to the first topic, as the shop does; the shop is not instrumented."""
    import confluent_kafka

    shop = confluent_kafka.Producer({"bootstrap.servers": brokers})
    for number in range(orders):
        order = {"id": number, "amount": 10.0 + number, "currency": list(RATES)[number % len(RATES)]}
        shop.produce(ORDERS, json.dumps(order))
    shop.close()


def enrich(brokers: str, orders: int) -> None:
    """Hand on as many orders, each with its amount in euro."""
    source = Consumer({"bootstrap.servers": brokers, "group.id": "enrich-orders", "auto.offset.reset": "earliest"})
    target = Producer({"bootstrap.servers": brokers})
    source.subscribe([ORDERS])
    done = 0
    while done < orders:
        message = source.poll(1.0)
        if message is None or message.error() is not None:
            continue
        order = json.loads(message.value() or b"{}")
        target.produce(ENRICHED, json.dumps({**order, "amount_eur": order["amount"] * RATES[order["currency"]]}))
        target.poll(0)
        done += 1
    target.flush()
    source.close()
    target.close()


def main() -> None:
    """Place orders and enrich them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("brokers", help="Bootstrap servers, as b1:9092,b2:9092.")
    parser.add_argument("--orders", type=int, default=100, help="How many.")
    asked = parser.parse_args()
    place(asked.brokers, asked.orders)
    enrich(asked.brokers, asked.orders)


if __name__ == "__main__":
    main()
