"""`headwater drift`: what a schema would change, told before it is merged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from lineage.app import build, open_headwater
from lineage.channels.base import sections
from lineage.cli import build as commands
from lineage.errors import HeadwaterError
from lineage.settings import load
from tests.support.promises import HOUR, NOON, Lake, event, facet

NODE = "dataset:lake:orders"
INT = "BIGINT"
JSON = {"Content-Type": "application/json"}


def wrote(*columns: tuple[str, str]) -> dict[str, Any]:
    """A run that wrote the orders, and told of their columns."""
    told = event("COMPLETE", NOON, "load")
    fields = [{"name": name, "type": type_} for name, type_ in columns]
    told["outputs"][0]["facets"] = {"schema": facet(fields=fields)}
    return told


def used(column: str) -> dict[str, Any]:
    """A report that is made of one column of the orders."""
    told = event("COMPLETE", NOON + HOUR, "report", job="report", inputs=("orders",), outputs=("report",))
    source = {"namespace": "lake", "name": "orders", "field": column}
    made = {"total": {"inputFields": [source | {"transformations": [{"type": "DIRECT", "subtype": "IDENTITY"}]}]}}
    told["outputs"][0]["facets"] = {"columnLineage": facet(fields=made)}
    return told


def expected(column: str) -> dict[str, Any]:
    """A run that held the orders to what the people of risk expect of a column."""
    told = event("COMPLETE", NOON + HOUR, "held", job="held", inputs=("orders",), outputs=("held",))
    rule = {"assertion": "not_null", "success": True, "column": column}
    told["inputs"][0]["inputFacets"] = {"contract": facet(consumer="risk", expectations=[rule])}
    source = {"namespace": "lake", "name": "orders", "field": "id"}
    told["outputs"][0]["facets"] = {"columnLineage": facet(fields={"id": {"inputFields": [source]}})}
    return told


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """The orders have three columns, of which a report uses one, and risk expects something of another."""
    lake = Lake(tmp_path)
    lake.put(
        wrote(("id", INT), ("amount", INT), ("note", "TEXT"), ("risky", "TEXT")), used("amount"), expected("risky")
    )
    lake.homes.close()
    return tmp_path


def asked(estate: Path, fields: Any, *words: str, node: str = NODE) -> Result:
    """What the command says of a file that holds *fields*."""
    file = estate / "schema.json"
    file.write_text(fields if isinstance(fields, str) else json.dumps({"fields": fields}))
    where = () if "--url" in words else ("--store", f"sqlite:///{estate / 'lake.db'}")
    return CliRunner().invoke(commands(), ["drift", node, "--schema", str(file), *where, *words])


def without(*names: str, **types: str) -> list[dict[str, str]]:
    """The columns as they are, without some, and with other types."""
    there = {"id": INT, "amount": INT, "note": "TEXT", "risky": "TEXT"} | types
    return [{"name": name, "type": type_} for name, type_ in there.items() if name not in names]


@pytest.mark.parametrize(
    ("fields", "words", "wanted"),
    [
        (without("amount"), (), (1, ["breaking: amount was removed, which report uses"])),
        (without("risky"), (), (1, ["breaking: risky was removed, which risk uses"])),
        (without("note"), (), (1, ["breaking-unused: note was removed"])),
        (without("note"), ("--allow-unused",), (0, ["breaking-unused: note was removed"])),
        (without(amount="INT"), (), (1, ["breaking: amount went from BIGINT to INT, which report uses"])),
        (without(extra="TEXT"), (), (0, ["compatible: extra was added"])),
    ],
)
def test_what_a_schema_would_change_is_told_with_whom_it_hurts(
    estate: Path, fields: Any, words: tuple[str, ...], wanted: tuple[int, list[str]]
) -> None:
    """Exit code 1 where something breaks: by column lineage, and by what a consumer expects of a column."""
    found = asked(estate, fields, *words)

    assert (found.exit_code, found.output.splitlines()[1:]) == wanted


def test_what_stays_is_said_to_stay(estate: Path) -> None:
    """With the run that it was held against."""
    found = asked(estate, without())

    assert (found.exit_code, found.output.startswith("The columns of orders stay as run ")) == (0, True)


def test_a_dataset_without_columns_has_nothing_to_compare(estate: Path) -> None:
    """Nobody told of the columns of the report: no change is known, and that is said."""
    found = asked(estate, without(), node="dataset:lake:report")

    assert (found.exit_code, found.output) == (
        0,
        "Nobody told of the columns of report yet; there is nothing to hold these against.\n",
    )


def test_what_no_run_made_is_held_to_what_was_documented(tmp_path: Path) -> None:
    """A DatasetEvent tells of columns too, as a catalogue does."""
    lake = Lake(tmp_path)
    said = wrote(("id", INT)) | {"dataset": {"namespace": "lake", "name": "orders"}}
    said["dataset"]["facets"] = said.pop("outputs")[0]["facets"]
    del said["run"], said["job"], said["inputs"], said["eventType"]
    lake.put(said)
    lake.homes.close()

    found = asked(tmp_path, [])

    assert found.output.splitlines() == [
        "orders, since somebody told of its columns at 2026-11-20T12:00:00Z:",
        "breaking-unused: id was removed",
    ]


def test_readers_do_not_hide_what_the_writer_told(tmp_path: Path) -> None:
    """However many of them told of the columns since, as they saw them."""
    lake = Lake(tmp_path)
    seen = [
        event("COMPLETE", NOON + HOUR, f"look {at}", job="look", inputs=("orders",), outputs=()) for at in range(40)
    ]
    for each in seen:
        each["inputs"][0]["facets"] = {"schema": facet(fields=[{"name": "other", "type": "TEXT"}])}
    lake.put(wrote(("id", INT)), *seen)
    lake.homes.close()

    assert asked(tmp_path, [{"name": "id", "type": INT}]).output.startswith("The columns of orders stay as run ")


def test_a_clock_that_is_ahead_tells_no_columns_to_compare(tmp_path: Path) -> None:
    """What it tells is no evidence, as when the next run is judged."""
    lake = Lake(tmp_path)
    lake.put(wrote(("id", INT)))
    ahead = wrote(("other", "TEXT")) | {"eventTime": (NOON + HOUR).isoformat()}
    lake.put(ahead | {"run": {"runId": "7f0e9d5c-6a58-4b3e-9f0c-0d1c2b3a4f5e"}}, received_at=NOON)
    lake.homes.close()

    assert asked(tmp_path, [{"name": "id", "type": INT}]).exit_code == 0


@pytest.mark.parametrize(
    ("node", "text", "wanted"),
    [
        ("dataset:lake:order", '{"fields": []}', "dataset:lake:order is not known"),
        ("job:airflow:orders.load", '{"fields": []}', "job:airflow:orders.load has no columns; name a dataset"),
        ("orders", '{"fields": []}', "'orders' names no node; write dataset:NAMESPACE:NAME"),
        (NODE, '{"fields": [{"type": "INT"}]}', "schema.json:1:1: no schema; write"),
        (NODE, "columns: 3", "schema.json:1:1: no schema; write"),
        (NODE, "", "holds 0 documents; write one schema"),
        (NODE, "{", "schema.json:1:2: "),
        (NODE, '{"fields": [{"name": "\\ud800"}]}', "write what JSON can hold"),
    ],
)
def test_what_cannot_be_compared_is_an_error(estate: Path, node: str, text: str, wanted: str) -> None:
    """Not a schema that breaks nothing: a name that is misspelt lets nothing pass."""
    found = asked(estate, text, node=node)

    assert (isinstance(found.exception, HeadwaterError), wanted in str(found.exception)) == (True, True)


CONTRACT = """
kind: DataContract
apiVersion: v3.1.0
schema:
  - name: clicks
    properties: [{name: at, physicalType: TEXT}]
  - name: orders
    properties:
      - {name: id, logicalType: integer, physicalType: BIGINT}
      - {name: amount, logicalType: integer}
      - {name: lines, physicalType: STRUCT, properties: [{name: price, physicalType: INT}]}
      - {name: tags, physicalType: ARRAY, items: {physicalType: TEXT}}
"""


def test_a_contract_tells_columns_too(estate: Path) -> None:
    """Of the object that the dataset is named by; a logical type alone says nothing of what the column holds."""
    found = asked(estate, CONTRACT, "--json")

    assert [(change["column"], change["class"]) for change in json.loads(found.output)["changes"]] == [
        ("risky", "breaking"),
        ("lines", "compatible"),
        ("tags", "compatible"),
        ("note", "breaking-unused"),
    ]


def test_a_contract_of_others_is_refused(estate: Path) -> None:
    """With the objects that there are."""
    found = asked(estate, CONTRACT, node="dataset:lake:report")

    assert "which object is dataset:lake:report is not clear; there are: clicks, orders" in str(found.exception)


@pytest.fixture
def server(estate: Path) -> Iterator[str]:
    """The estate served."""
    settings = load(None, sections(), store=f"sqlite:///{estate / 'lake.db'}")
    house = open_headwater(settings, lambda: NOON + timedelta(hours=2))
    app = build(settings, house)
    with TestClient(app):
        there = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
        thread = Thread(target=there.run, daemon=True)
        thread.start()
        while not there.started:
            thread.join(0.01)
        yield f"http://127.0.0.1:{there.servers[0].sockets[0].getsockname()[1]}"
        there.should_exit = True
        thread.join()
    house.close()


def test_a_server_says_the_same(estate: Path, server: str) -> None:
    """By --url nothing is opened here; what else stands in the file is passed over."""
    fields, words = [{**each, "size": 0.5} for each in without("amount")], ("--json", "--positional")
    here, there = asked(estate, fields, *words), asked(estate, fields, *words, "--url", server)

    assert (there.exit_code, there.output) == (here.exit_code, here.output)


@pytest.mark.parametrize(
    ("fields", "status"), [([{"name": "\ud800"}], 400), ([{"name": "id", "fields": None}], 200), (None, 400)]
)
def test_a_server_refuses_what_is_no_schema(server: str, fields: Any, status: int) -> None:
    """Half a character is none; a column without parts may say so."""
    body = json.dumps({"fields": fields})

    answer = httpx2.post(f"{server}/api/v1/drift", params={"nodeId": NODE}, content=body, headers=JSON)

    assert answer.status_code == status


def test_a_schema_without_end_is_refused(server: str) -> None:
    """By the server that it is sent to, which goes on."""
    deep = '{"fields":[{"name":"a",' * 20_000 + '"fields":[]' + "}]}" * 20_000

    answer = httpx2.post(f"{server}/api/v1/drift", params={"nodeId": NODE}, content=deep, headers=JSON)

    assert answer.status_code in {400, 422}
