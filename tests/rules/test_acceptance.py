"""OPENLINEAGE 1.1 to 1.3: what the door takes and what it refuses, as a lenient and as a strict one.

The table is tests/events/rules/acceptance.json; tests/lineage/test_conformance.py holds its columns to the schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from lineage.settings import Ingest
from tests.support.rules import FOLDER, House, bodies, document, house

LENIENT, STRICT = "lenient", "strict"
ROWS = {row["case"]: row for row in document("acceptance")}
EVENTS_OF_EACH_KIND = {"run": "a whole event", "job": "a job alone", "dataset": "a dataset alone"}


@pytest.fixture(scope="module", params=[LENIENT, STRICT])
def door(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, front: tuple[FastAPI, TestClient]
) -> Iterator[tuple[str, House]]:
    """A house with a lenient door, then one with a strict door."""
    ingest = Ingest(strict=request.param == STRICT)
    with house(tmp_path_factory.mktemp(request.param), *front, ingest=ingest) as made:
        yield request.param, made


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_the_door_takes_what_the_table_says(door: tuple[str, House], row: dict[str, Any]) -> None:
    """201, or 400 with the name of the field; whatever stands in the row's event."""
    mode, here = door

    answer = here.client.post("/api/v1/lineage", json=row["event"])

    assert (201 if row[mode] else 400) == answer.status_code, answer.text
    assert mode == STRICT or row.get("field") == answer.json().get("field")


@pytest.mark.parametrize(("kind", "case"), EVENTS_OF_EACH_KIND.items())
def test_the_kind_of_an_event_follows_from_its_parts(house: House, kind: str, case: str) -> None:
    """A run makes a RunEvent, a dataset alone a DatasetEvent, a job alone a JobEvent."""
    (receipt,) = house.take([json.dumps(ROWS[case]["event"]).encode()])

    assert kind == house.get(f"/events/{receipt.digest}")["kind"]


def test_who_sends_odd_events_is_counted(house: House) -> None:
    """Of three events that were accepted with a note, two are Airflow's; the third does not say who sent it."""

    def counted() -> dict[str, float]:
        lines = re.findall(
            r'^headwater_events_warned_total\{collector="http",producer="(\w+)"\} ([\d.]+)$',
            house.client.get("/metrics").text,
            re.MULTILINE,
        )
        return {producer: float(events) for producer, events in lines}

    before = counted()
    house.tell("odd-but-good")

    assert {"airflow": 2, "other": 1} == {
        producer: events - before.get(producer, 0)
        for producer, events in counted().items()
        if events != before.get(producer, 0)
    }


# What each file does wrong, in the words of the refusal. None of them is JSON to everybody.
TRAPS = {
    "nan": "NaN or Infinity, which JSON does not have; send null instead",
    "infinity": "NaN or Infinity, which JSON does not have; send null instead",
    "byte-order-mark": "a byte order mark before the event",
    "lone-surrogate": "half a surrogate pair",
    "latin-1": "not UTF-8",
    "beyond-a-double": "a number that no double can hold",
    "cut-short": "not JSON",
    "two-objects": "not JSON",
    "depth-bomb": "nested deeper than",
    "python-repr": "not JSON",
}


@pytest.mark.parametrize(("trap", "why"), TRAPS.items())
def test_a_json_trap_is_refused_in_words_and_kept_to_be_looked_at(house: House, trap: str, why: str) -> None:
    """400 that names the cause, and a dead letter with the same reason."""
    sent = (FOLDER / "json-traps" / f"{trap}.json").read_bytes()

    answer = house.client.post("/api/v1/lineage", content=sent, headers={"Content-Type": "application/json"})

    (letter,) = house.get("/dead-letters")["deadLetters"]
    assert (400, True, letter["reason"]) == (
        answer.status_code,
        letter["reason"].startswith(why),
        answer.json()["detail"],
    )


def test_every_trap_has_its_words() -> None:
    """A new file in the folder is a new row above."""
    assert sorted(TRAPS) == sorted(path.stem for path in (FOLDER / "json-traps").iterdir())


def test_whole_numbers_stay_exact(house: House) -> None:
    """The id of an Iceberg snapshot is larger than 2^53: answers give the digits that were sent."""
    house.tell("a-snapshot-id")

    snapshot = house.dataset("iceberg", "lake.db.orders")["facets"]["acme_iceberg"]["snapshotId"]
    (version,) = house.versions("iceberg", "lake.db.orders")
    assert ("8867191203219950682", 8867191203219950682) == (version["version"], snapshot)


def test_times_are_kept_to_the_microsecond_in_utc(house: House) -> None:
    """Nine fraction digits are cut, not rounded; offsets are undone; a naive time is UTC."""
    house.tell("times-of-many-spellings")

    digests = [receipt.digest for receipt in house.take(bodies("times-of-many-spellings"))]
    assert [
        "2026-11-20T08:30:00.123456Z",
        "2026-11-20T08:30:00Z",
        "2026-11-20T08:30:00Z",
        "2026-11-20T08:30:00.500000Z",
        "2026-11-20T00:00:00Z",
    ] == [house.get(f"/events/{digest}")["eventTime"] for digest in digests]
