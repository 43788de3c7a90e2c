"""How a program is told to use Neo4j, and the one sentence that it says when it cannot."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import neo4j as driver
import pytest

from lineage.commands._open import read_settings
from lineage.errors import StoreUnavailable, StoreUnusable
from lineage.homes import homes_of
from lineage.projection import resolve
from lineage.settings import Neo4j
from lineage.store.neo4j import open as open_store
from lineage.store.neo4j import schema
from lineage.store.neo4j.bolt import Address, Bolt, parse_url
from tests.engines.engine import HOST, Engine, free_port
from tests.engines.neo4j_home import wipe
from tests.engines.neo4j_server import PASSWORD, USER, neo4j, url
from tests.support.server import HEADWATER, ROOT


@pytest.fixture
def place(neo4j_server: Engine, monkeypatch: pytest.MonkeyPatch) -> str:
    """Host and port of a server that holds nothing; its user and password are in the environment."""
    wipe(url(neo4j_server))
    monkeypatch.setenv("HEADWATER_NEO4J__USER", USER)
    monkeypatch.setenv("HEADWATER_NEO4J__PASSWORD", PASSWORD)
    return neo4j_server.address


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A server that speaks TLS alone, with a certificate that nobody knows."""
    with neo4j(tmp_path_factory.mktemp("neo4j-tls"), tls=True) as engine:
        yield engine


def headwater(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    here = {**os.environ, **environment}
    return subprocess.run(
        [*HEADWATER, *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, env=here
    )


def test_user_and_password_may_stand_in_the_environment(place: str, tmp_path: Path) -> None:
    """The URL then names the server alone."""
    settings = read_settings(store=f"neo4j://{place}", ledger=f"file://{tmp_path}")
    with homes_of(settings) as homes:
        found = homes.store.stats()["events"], homes.apart

    assert (0, True) == found


def test_what_the_url_says_counts_before_the_settings() -> None:
    """User, password and database of the URL; what it leaves out is as the settings say."""
    reach = Neo4j(user="ada", password="x", database="lineage")

    assert (
        parse_url("neo4j://bob:y@db/other", reach),
        parse_url("neo4j://db", reach),
    ) == (
        Address("neo4j://db:7687", "bob", "y", "other"),
        Address("neo4j://db:7687", "ada", "x", "lineage"),
    )


@pytest.mark.parametrize("written", [{"user": "ada"}, {"url": True}])
def test_no_command_shows_the_password(written: dict[str, Any], tmp_path: Path) -> None:
    """Neither the one that shows the settings, nor one that finds no server, nor one that wants a file."""
    secret = "pa55-of-ada"
    store = f"neo4j://ada:{secret}@{HOST}:{free_port()}" if "url" in written else f"neo4j://{HOST}:{free_port()}"
    environment = {} if "url" in written else {"HEADWATER_NEO4J__USER": "ada", "HEADWATER_NEO4J__PASSWORD": secret}
    environment |= {"HEADWATER_LEDGER": f"file://{tmp_path}", "HEADWATER_NEO4J__RETRY_S": "0"}
    runs = [
        headwater(*words, "--store", store, **environment)
        for words in (["settings"], ["settings", "--json"], ["dump"], ["backup", "there.db"])
    ]

    assert [(0, False), (0, False), (2, False), (2, False)] == [
        (run.returncode, secret in run.stdout + run.stderr) for run in runs
    ]


def test_a_store_without_a_place_for_its_ledger_is_refused(place: str) -> None:
    """The graph alone is no home: who loses the ledger loses the truth."""
    done = headwater("dump", "--store", f"neo4j://{place}")

    assert (2, "headwater: ledger: Neo4j keeps the graph alone; say where the ledger lives") == (
        done.returncode,
        done.stderr.partition(", as")[0],
    )


def test_a_server_that_can_never_be_used_ends_the_start(place: str, tmp_path: Path) -> None:
    """A wrong password is one sentence and exit code 2."""
    done = headwater(
        "serve", "--store", f"neo4j://{place}", "--ledger", f"file://{tmp_path}", HEADWATER_NEO4J__PASSWORD="wrong-one"
    )

    assert (2, 1, True) == (done.returncode, done.stderr.count("\n"), "user or password is wrong" in done.stderr)


def test_an_old_server_is_refused_by_its_version() -> None:
    """Headwater says which it needs."""

    class Old(Bolt):
        def read(self, _: Any) -> Any:
            return "Neo4j/5.12.0"

    bolt = Old(Address(f"neo4j://{HOST}:1", "", "", "neo4j"))
    try:
        with pytest.raises(StoreUnusable, match=r"is Neo4j/5\.12\.0; Headwater needs Neo4j 5\.23 or newer"):
            bolt.require_usable()
    finally:
        bolt.close()


def test_a_certificate_that_nobody_knows_is_taken_where_the_scheme_says_so(tls_server: Engine) -> None:
    """`neo4j+ssc` is TLS with any certificate."""
    store = open_store(url(tls_server, tls=True), resolve)
    found = store.stats()["events"]
    store.close()

    assert found == 0


def test_a_certificate_that_is_named_is_trusted(tls_server: Engine, tmp_path: Path) -> None:
    """`SSL_CERT_FILE` names the CA, as for every program that uses OpenSSL."""
    certificate = tls_server.folder / "certificates" / "bolt" / "public.crt"
    done = headwater(
        "dump", "--digest", "--store", url(tls_server, tls=True).replace("+ssc", "+s"),
        HEADWATER_LEDGER=f"file://{tmp_path}", SSL_CERT_FILE=str(certificate),
    )  # fmt: skip

    assert (0, "") == (done.returncode, done.stderr)


def test_a_certificate_that_nobody_knows_is_refused_for_good(tls_server: Engine) -> None:
    """Trying again does not help; the sentence says what does."""
    with pytest.raises(StoreUnusable, match=r"certificate is not trusted .* SSL_CERT_FILE"):
        open_store(url(tls_server, tls=True).replace("+ssc", "+s"), resolve)


@pytest.mark.parametrize("scheme", ["neo4j+s", "neo4j+ssc"])
def test_a_server_without_tls_is_told_from_one_that_is_away(place: str, scheme: str) -> None:
    """The sentence names the scheme that would do."""
    with pytest.raises(StoreUnavailable, match=r"does not speak TLS .* neo4j://"):
        open_store(f"{scheme}://{place}", resolve, Neo4j(retry_s=0))


def test_a_server_with_tls_hangs_up_on_who_speaks_none(tls_server: Engine) -> None:
    """It looks as if it were away; the sentence speaks of the scheme too."""
    with pytest.raises(StoreUnavailable, match=r"cannot be reached .* scheme"):
        open_store(f"neo4j://{tls_server.address}", resolve, Neo4j(retry_s=0))


def test_two_that_migrate_at_once_come_to_one_schema(place: str, tmp_path: Path) -> None:
    """Two processes find a database without constraints; both end well, and a third has nothing to do."""
    forget_schema(place)
    words = ["migrate", "--json", "--store", f"neo4j://{place}", "--ledger", f"file://{tmp_path}"]
    with ThreadPoolExecutor(2) as both:
        codes = list(both.map(lambda _: headwater(*words).returncode, range(2)))
    (third,) = json.loads(headwater(*words).stdout)

    assert ([0, 0], "graph", True) == (codes, third["room"], 0 < third["from"] == third["to"])


def test_a_database_of_an_earlier_layout_is_given_what_it_lacks(place: str, tmp_path: Path) -> None:
    """Its graph stays until it is made anew; an index that came since is made."""
    words = ["migrate", "--json", "--store", f"neo4j://{place}", "--ledger", f"file://{tmp_path}"]
    headwater(*words)
    with reached(place) as server:
        server.execute_query("MATCH (h:Headwater {key: 'schema'}) SET h.version = 1")
        server.execute_query("DROP INDEX headwater_event_lead")
    (step,) = json.loads(headwater(*words).stdout)
    with reached(place) as server:
        found = server.execute_query("SHOW INDEXES YIELD name WHERE name = 'headwater_event_lead' RETURN name").records

    assert (1, schema.LAYOUT, 1) == (step["from"], step["to"], len(found))


def reached(place: str) -> driver.Driver:
    return driver.GraphDatabase.driver(f"neo4j://{place}", auth=(USER, PASSWORD))


def forget_schema(place: str) -> None:
    with reached(place) as server:
        for kind, all_ in (("CONSTRAINT", "CONSTRAINTS"), ("INDEX", "INDEXES")):
            found = server.execute_query(f"SHOW {all_} YIELD name, type WHERE type <> 'LOOKUP' RETURN name").records
            for (name,) in found:
                server.execute_query(f"DROP {kind} {name}")
