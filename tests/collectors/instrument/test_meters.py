"""What a Kafka client's meters count, and what they say of a window."""

from __future__ import annotations

from threading import Thread

import pytest

from collectors.instrument.meters import Meters
from collectors.instrument.registry import flattened
from collectors.instrument.windows import flows, percentile_ms


def test_a_window_is_what_came_since_the_last_look() -> None:
    """Rows, bytes and offsets of a window are the difference between two looks; the lag is what is still to come."""
    meters = Meters()
    for offset in range(3):
        meters.read("orders", 0, offset, 0, b"four", 4)
    before, _ = meters.look()
    meters.read("orders", 0, 3, 0, b"four", 4)
    now, _ = meters.look()

    (flow,) = flows(before, now, {("orders", 0): 10})

    assert (1, 4, {"0": {"startOffset": 3, "endOffset": 4, "lag": 6}}) == (flow.rows, flow.size_bytes, flow.partitions)


def test_threads_count_apart_and_are_told_together() -> None:
    """What several threads count is lost to none of them."""
    meters = Meters()

    def work() -> None:
        for offset in range(1_000):
            meters.acknowledged("out", 0, offset, 0, None, 1)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (4_000, 4_000) == (meters.look()[1]["out"].rows, meters.look()[1]["out"].size_bytes)


def test_what_is_written_comes_of_what_was_read_last() -> None:
    """Each topic that is written is made of the topic whose record is in hand, in each thread for itself."""
    meters = Meters()
    meters.read("orders", 0, 0, 0, b"", 0)
    meters.wrote("orders.enriched")
    meters.read("payments", 0, 0, 0, b"", 0)
    meters.wrote("payments.enriched")

    assert {"orders.enriched": ["orders"], "payments.enriched": ["payments"]} == meters.made_of()


def test_a_batch_is_in_hand_as_a_whole() -> None:
    """After a batch, what is written comes of all its topics."""
    meters = Meters()
    meters.together({"orders", "payments"})
    meters.wrote("joined")

    assert {"joined": ["orders", "payments"]} == meters.made_of()


def test_of_what_was_once_written_with_nothing_in_hand_nothing_is_claimed() -> None:
    """A topic that another thread writes may come of anything: no statement is made of it."""
    meters = Meters()
    meters.read("orders", 0, 0, 0, b"", 0)
    meters.wrote("joined")
    thread = Thread(target=meters.wrote, args=("joined",))
    thread.start()
    thread.join()

    assert meters.made_of() == {}


def test_the_topic_of_the_events_themselves_is_passed_over() -> None:
    """An ignored topic is neither read nor written, and nothing comes of it."""
    meters = Meters(frozenset({"openlineage.events"}))
    meters.read("openlineage.events", 0, 0, 0, b"", 0)
    meters.wrote("openlineage.events")
    meters.acknowledged("openlineage.events", 0, 0, 0, b"", 0)

    assert ({}, {}, {}) == (*meters.look(), meters.made_of())


def test_schema_ids_are_read_from_framed_values() -> None:
    """A value that begins with a zero byte and four more names its schema; another names none."""
    meters = Meters()
    meters.read("framed", 0, 0, 0, b"\0\0\0\0\x07payload", 12)
    meters.read("plain", 0, 0, 0, b'{"id": 1}', 9)

    assert [{7}, set()] == [meters.look()[0][name].schemas for name in ("framed", "plain")]


@pytest.mark.parametrize(("share", "bound"), [(0.5, 2), (0.95, 3), (1.0, 3)])
def test_percentiles_go_by_nearest_rank(share: float, bound: int) -> None:
    """Of delays in buckets the percentile is the least bound that enough of them lie under."""
    buckets = [0] * 47
    buckets[1], buckets[2], buckets[3] = 0, 6, 4  # bounds 2 and 3 ms

    assert bound == percentile_ms(buckets, share)


def test_no_delays_have_no_percentile() -> None:
    """Where nothing was read there is nothing to say."""
    assert percentile_ms([0] * 47, 0.95) is None


AVRO = """{"type": "record", "name": "Order", "fields": [
    {"name": "id", "type": "long"},
    {"name": "note", "type": ["null", "string"]},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "buyer", "type": ["null", {"type": "record", "name": "Buyer", "fields": [
        {"name": "city", "type": "string"}]}]}]}"""
JSON = """{"type": "object", "properties": {
    "id": {"type": "integer"}, "buyer": {"type": ["object", "null"], "properties": {"city": {"type": "string"}}}}}"""


@pytest.mark.parametrize(
    ("kind", "schema", "columns"),
    [
        (
            "AVRO",
            AVRO,
            (
                ("id", "long"),
                ("note", "null|string"),
                ("at", "timestamp-millis"),
                ("buyer", "null|record"),
                ("buyer.city", "string"),
            ),
        ),
        ("JSON", JSON, (("id", "integer"), ("buyer", "object|null"), ("buyer.city", "string"))),
        ("PROTOBUF", 'syntax = "proto3";', ()),
    ],
)
def test_schemas_become_columns(kind: str, schema: str, columns: tuple[tuple[str, str], ...]) -> None:
    """Avro and JSON schemas give their columns, nested ones by path; of Protobuf nothing is said."""
    assert columns == flattened(kind, schema)
