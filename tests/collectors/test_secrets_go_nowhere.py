"""Credentials sent in every place of an event are nowhere afterwards: not in the file, the log, the metrics, a page."""

from __future__ import annotations

import json
import re
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest

from lineage.homes import open_homes
from tests.support.making import body, dataset, facet
from tests.support.server import Server

PAGES_MOST = 120


class Secrets:
    """Makes secrets that are easily found again, each but once."""

    def __init__(self) -> None:
        self._numbers = count()
        self.made: list[str] = []

    def __call__(self) -> str:
        """A new one."""
        self.made.append(f"Zq7mV0xK{next(self._numbers):03}Lp9t")
        return self.made[-1]


def uri(secret: Secrets, scheme: str = "postgres") -> str:
    return f"{scheme}://etl:{secret()}@db.example.com:5432"


def facets_of_a_run(s: Secrets) -> dict[str, Any]:
    variables = [{"name": "AIRFLOW_CONN_DW", "value": uri(s)}, {"name": "DB_PASSWORD", "value": s()}]
    properties = {"spark.hadoop.fs.s3a.secret.key": s(), "fs.azure.account.key.x.dfs.core.windows.net": s()}
    return {
        "parent": facet(
            run={"runId": "0197d5f0-0000-7000-8000-0000000000aa"}, job={"namespace": uri(s), "name": "dag"}
        ),
        "environmentVariables": facet(environmentVariables=variables),
        "spark_properties": facet(properties=properties | {"spark.url": f"jdbc:mysql://h/x?password={s()}"}),
        "executionParameters": facet(parameters=[{"key": "api_key", "value": s()}]),
        "errorMessage": facet(message=f"no route to {uri(s)}", programmingLanguage="java", stackTrace=f"at {uri(s)}"),
        "externalQuery": facet(externalQueryId="q", source=uri(s)),
        "airflow": facet(conn=json.dumps({"conn_type": "pg", "password": s(), "extra": {"client_secret": s()}})),
        "custom": facet(deep=[{"inner": {"authorization": f"Bearer {s()}.{s()}"}}], token=s(), private_key=s()),
    }


def facets_of_a_job(s: Secrets) -> dict[str, Any]:
    return {
        "sql": facet(query=f"CREATE USER etl IDENTIFIED BY '{s()}'; COPY t FROM 's3://b' CREDENTIALS '{s()}'"),
        "sourceCode": facet(language="python", sourceCode=f"connect(password='{s()}', url='{uri(s)}')"),
        "sourceCodeLocation": facet(type="git", url=f"https://bot:{s()}@git.example.com/x.git"),
        "documentation": facet(description=f"call it with `--password {s()}`"),
    }


def facets_of_a_dataset(s: Secrets) -> dict[str, Any]:
    return {
        "dataSource": facet(name=uri(s), uri=uri(s)),
        "symlinks": facet(identifiers=[{"namespace": uri(s), "name": "shop.orders", "type": "TABLE"}]),
        "schema": facet(fields=[{"name": "id", "type": "int", "description": f"read from {uri(s)}"}]),
        "catalog": facet(framework="iceberg", type="rest", name="c", metadataUri=uri(s), warehouseUri=uri(s)),
        "columnLineage": facet(fields={"id": {"inputFields": [{"namespace": uri(s), "name": "raw", "field": "id"}]}}),
    }


def good(s: Secrets) -> Iterator[bytes]:
    """Events with a secret in every place that takes a text."""
    whole = {"run": {"runId": "0197d5f0-0000-7000-8000-0000000000bb", "facets": facets_of_a_run(s)}}
    checks = {"dataQualityAssertions": facet(assertions=[{"assertion": f"in {uri(s)}", "success": False}])}
    yield body(
        **whole,
        producer=f"https://bot:{s()}@example.com/producer",
        schemaURL=f"https://bot:{s()}@example.com/schema",
        job={"namespace": uri(s, "airflow"), "name": f"load from {uri(s)}", "facets": facets_of_a_job(s)},
        inputs=[
            {"namespace": uri(s), "name": f"https://{s()}{s()}@files.example.com/x.csv"},
            {"namespace": "lake", "name": "raw", "inputFacets": checks, "facets": facets_of_a_dataset(s)},
        ],
        outputs=[{"namespace": uri(s, "mysql"), "name": "shop.orders", "facets": facets_of_a_dataset(s)}],
    )
    yield body(run=..., eventType=..., inputs=..., job=..., dataset=dataset("solo", facets=facets_of_a_dataset(s)))
    yield body(run=..., eventType=..., job={"namespace": "etl", "name": "solo", "facets": facets_of_a_job(s)})


def refused(s: Secrets) -> Iterator[bytes]:
    """Bodies that become dead letters, with secrets in what is wrong and in what is not."""
    yield body(eventTime=uri(s), run={"runId": "x", "facets": facets_of_a_run(s)})
    yield body(eventType=f"password={s()}")
    yield body(run={"runId": uri(s)})
    yield f'{{"password": "{s()}", "url": "{uri(s)}", "cut": '.encode()
    yield f"PGPASSWORD={s()} psql {uri(s)}".encode()
    yield b"\xff\xfe" + f'{{"secret": "{s()}"}}'.encode()


def post(client: httpx2.Client, path: str, sent: bytes, **headers: str) -> str:
    answer = client.post(path, content=sent, headers={name.replace("_", "-"): word for name, word in headers.items()})
    return answer.text + str(dict(answer.headers))


def stored(path: Path, ledger: str | None) -> Iterator[bytes]:
    """Every value in every table, unpacked where it is packed (by the house, which has the words), and all files."""
    with open_homes(f"sqlite:///{path}", ledger, "one") as homes:
        yield from (body for _, body in homes.ledger.read())
        yield from homes.store.dump()
    yield from files(path.parent)
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                yield from (value.encode() for value in row if isinstance(value, str))
                for value in (value for value in row if isinstance(value, bytes)):
                    yield value
                    for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
                        with suppress(zlib.error):
                            yield zlib.decompressobj(window).decompress(value)


def files(folder: Path) -> list[bytes]:
    """What lies in *folder*, at any depth."""
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]


def seen(client: httpx2.Client) -> Iterator[str]:
    """The pages that can be reached from the first, what the API lists, and the metrics."""
    waiting, known = ["/", "/dead-letters", "/search?q=orders", "/provenance"], set[str]()
    api = ["namespaces", "events/lineage", "sources", "tags", "dead-letters", "search?q=o", "namespaces/etl/jobs"]
    waiting += ["/metrics", "/readyz", *(f"/api/v1/{word}" for word in api)]
    while waiting and len(known) < PAGES_MOST:
        path = waiting.pop(0)
        if path in known:
            continue
        known.add(path)
        answer = client.get(path)
        assert answer.status_code < 500, path
        yield path + answer.text
        if answer.headers["content-type"].startswith("text/html"):
            waiting += re.findall(r'href="(/[^"#]*)', answer.text.replace("&amp;", "&"))
        if path == "/api/v1/dead-letters":
            waiting += [f"{path}/{letter['id']}" for letter in answer.json()["deadLetters"]]


@pytest.fixture(scope="module", params=["one file", "a ledger apart"])
def remains(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bytes]]:
    """All that was answered, stored, logged and shown after secrets were sent in every place, and *made*, those."""
    secret, path = Secrets(), tmp_path_factory.mktemp("secrets") / "headwater.db"
    ledger = f"file://{path.parent / 'ledger'}" if request.param == "a ledger apart" else None
    apart = {"HEADWATER_LEDGER": ledger, "HEADWATER_WRITER": "one"} if ledger else {}
    with Server(path, environment={"HEADWATER_LOG__LEVEL": "debug", **apart}) as server:
        with httpx2.Client(base_url=server.url, timeout=30, trust_env=False) as client:
            single = [*good(secret), *refused(secret)]
            answers = [post(client, "/api/v1/lineage", sent) for sent in single]
            batch = b"[" + b",".join(good(secret)) + b', {"password": "' + secret().encode() + b'"'
            answers += [post(client, "/api/v1/lineage/batch", batch, Idempotency_Key="k") for _ in range(2)]
            shown = list(seen(client))
        within = files(path.parent)
    texts = {"answered": answers, "shown": shown, "logged": server.log}
    found = {where: [text.encode() for text in each] for where, each in texts.items()}
    made = [word.encode() for word in secret.made]
    return found | {"stored": [*within, *stored(path, ledger)], "made": made}


@pytest.mark.parametrize("where", ["answered", "stored", "logged", "shown"])
def test_no_secret_is_left(remains: dict[str, list[bytes]], where: str) -> None:
    """Of the credentials in namespaces, names, URIs, connections, variables, properties, SQL and code none is there."""
    everything = b"\n".join(remains[where])

    assert [] == [secret for secret in remains["made"] if secret in everything]


def test_there_was_something_to_look_at(remains: dict[str, list[bytes]]) -> None:
    """The events arrived, with what is no secret in them; pages were shown; the log was written."""
    marks = {
        "answered": b"accepted",
        "stored": b"db.example.com",
        "logged": b"request_answered",
        "shown": b"shop.orders",
    }

    assert [] == [where for where, mark in marks.items() if mark not in b"\n".join(remains[where])]
