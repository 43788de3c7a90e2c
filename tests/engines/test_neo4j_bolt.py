"""How a Neo4j server is opened, and what a person reads when it cannot be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from neo4j import ManagedTransaction
from neo4j.exceptions import SessionExpired

from collectors.journal import merge
from lineage.errors import InvalidInput, StoreUnavailable, StoreUnusable
from lineage.projection import resolve
from lineage.settings import Neo4j
from lineage.store.base import Change
from lineage.store.neo4j import open as open_store
from lineage.store.neo4j.bolt import Address, Bolt, parse_url, version_of
from tests.engines.engine import Engine, free_port
from tests.engines.neo4j_home import wipe
from tests.engines.neo4j_server import PASSWORD, USER, url
from tests.support.deltas import dataset, ran, received


@pytest.fixture
def address(neo4j_server: Engine) -> str:
    """The URL of a server that holds nothing."""
    wipe(url(neo4j_server))
    return url(neo4j_server)


def test_an_address_is_read_from_a_url() -> None:
    """User and password are percent-encoded; port and database have defaults."""
    assert (
        parse_url("neo4j+s://ada:p%40ss%2F@db.example.com:7688/lineage"),
        parse_url("neo4j://ada:x@[::1]"),
    ) == (
        Address("neo4j+s://db.example.com:7688", "ada", "p@ss/", "lineage"),
        Address("neo4j://[::1]:7687", "ada", "x", "neo4j"),
    )


@pytest.mark.parametrize(
    "written", ["neo4j://", "http://host", "neo4j://host:port", "neo4j://host/one/two", "neo4j://host?a=b"]
)
def test_what_is_no_address_is_refused(written: str) -> None:
    """A URL without a host, of another scheme or with more than a database is not understood."""
    with pytest.raises(InvalidInput, match="store: "):
        parse_url(written)


@pytest.mark.parametrize(
    ("agent", "version"),
    [("Neo4j/5.26.30", (5, 26)), ("Neo4j/2026.08.1", (2026, 8)), ("Neo4j/5.27-aura", (5, 27)), ("Other/9.9", ())],
)
def test_a_server_says_of_which_version_it_is(agent: str, version: tuple[int, ...]) -> None:
    """That of the cloud has no third number, and a word behind the second."""
    assert version == version_of(agent)


def test_a_wrong_password_is_said_without_showing_it(address: str) -> None:
    """Trying again does not help, and the sentence holds no password."""
    with pytest.raises(StoreUnusable, match="user or password is wrong") as refused:
        open_store(address.replace(PASSWORD, "wrong-one"), resolve)

    assert "wrong-one" not in str(refused.value)


def test_a_server_that_is_away_is_unavailable() -> None:
    """Trying again may help."""
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        open_store(f"neo4j://{USER}:{PASSWORD}@127.0.0.1:{free_port()}", resolve)


def test_a_question_has_an_end(address: str) -> None:
    """What takes longer than it may is ended by the server, and may be tried again."""
    bolt = Bolt(parse_url(address), Neo4j(read_s=1))

    with pytest.raises(StoreUnavailable, match="took too long to answer"):
        bolt.read(lambda transaction: transaction.run("UNWIND range(1, 1000000000) AS n RETURN count(n * n)").value())
    bolt.close()


def test_a_database_that_is_not_there_is_named(address: str) -> None:
    """The sentence says which word of the URL is wrong."""
    with pytest.raises(StoreUnusable, match="/elsewhere: there is no database of that name"):
        open_store(f"{address}/elsewhere", resolve)


def test_a_database_of_others_is_left_alone(address: str) -> None:
    """Where something else lives, Headwater does not move in."""
    bolt = Bolt(parse_url(address))
    bolt.write(lambda transaction: transaction.run("CREATE (:Person {name: 'ada'})").consume())
    bolt.close()

    with pytest.raises(StoreUnusable, match="holds something else"):
        open_store(address, resolve)


def test_a_newer_schema_is_not_touched(address: str) -> None:
    """What a newer Headwater wrote is for that one to read."""
    bolt = Bolt(parse_url(address))
    bolt.write(lambda transaction: transaction.run("CREATE (:Headwater {key: 'schema', version: 99})").consume())
    bolt.close()

    with pytest.raises(StoreUnusable, match="written by a newer Headwater"):
        open_store(address, resolve)


def test_two_starters_come_to_one_schema(address: str) -> None:
    """Two that open the same empty database at once both can use it."""
    bolt = Bolt(parse_url(address))
    for name in bolt.read(lambda transaction: transaction.run("SHOW CONSTRAINTS YIELD name").value()):
        bolt.write(lambda transaction, name=name: transaction.run(f"DROP CONSTRAINT {name}").consume())
    bolt.close()

    with ThreadPoolExecutor(4) as starters:
        stores = list(starters.map(lambda _: open_store(address, resolve), range(4)))
    for number, store in enumerate(stores):
        store.put([Change("slo", str(number), b"")])
    found = [document.id for document in stores[0].documents("slo")]
    for store in stores:
        store.close()

    assert found == ["0", "1", "2", "3"]


def test_ids_come_in_the_order_of_their_code_points(address: str) -> None:
    """As everywhere else: a sign beyond the basic plane stands behind all of it."""
    store = open_store(address, resolve)
    store.put([Change("slo", name, b"") for name in ("\U0001f600", "\uffff", "ä", "Z", "a")])
    found = [document.id for document in store.documents("slo")]
    store.close()

    assert found == ["Z", "a", "ä", "\uffff", "\U0001f600"]


def test_a_name_that_no_index_takes_stops_nothing(address: str) -> None:
    """Its event is noted, and those of the same batch are merged: trying again would stop all that come after it."""
    pairs = received(ran(name, "COMPLETE", 1, writes=[name]) for name in ("a", "b" * 9_000, "c"))
    store = open_store(address, resolve)

    notes = store.together(lambda: merge(pairs, store))
    found = store.find(kind="dataset").items
    store.close()

    assert ([pairs[1][0].digest.hex()], [dataset("a"), dataset("c")]) == (
        [note.id for note in notes],
        [node.id for node in found],
    )


def test_a_lost_connection_is_no_fault_of_what_was_written(address: str) -> None:
    """Whoever catches failures on the way does not see it: the whole is run again, as if nothing had been."""
    store, lost, seen = open_store(address, resolve), [SessionExpired("gone")], []

    def fail(_: ManagedTransaction) -> None:
        if lost:
            raise lost.pop()

    def work() -> None:
        seen.append("begun")
        try:
            store.together(lambda: store._bolt.write(fail))
        except Exception:  # noqa: BLE001 - as who merges event by event does
            seen.append("blamed")
        store.put([Change("slo", "a", b"")])

    store.together(work)
    found = [document.revision for document in store.documents("slo")]
    store.close()

    assert (["begun", "begun"], [1]) == (seen, found)
