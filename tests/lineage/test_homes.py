"""Which words name a home."""

from __future__ import annotations

import pytest

from lineage.errors import InvalidInput, UnknownPart
from lineage.homes import file_of, open_homes
from lineage.settings import load, without_password


@pytest.mark.parametrize("url", ["neo4j://ada:secret@127.0.0.1:7687", "neo4j+s://db.example.com"])
def test_a_graph_without_a_place_for_its_ledger_is_no_home(url: str) -> None:
    """A server keeps the graph alone, and who loses the ledger loses the truth; nothing is opened."""
    with pytest.raises(InvalidInput, match="say where the ledger lives"):
        open_homes(url)


def test_a_store_that_is_none_is_refused_by_its_word() -> None:
    """And not by its URL, which may hold a password."""
    with pytest.raises(UnknownPart, match=r"no 'postgres' in lineage\.store; there are: neo4j, sqlite$"):
        open_homes("postgres://ada:secret@db/lineage")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("neo4j://ada:secret@db:7687/neo4j", "neo4j://ada:**********@db:7687/neo4j"),
        ("neo4j+s://ada:se@cret@db", "neo4j+s://ada:**********@db"),
        ("neo4j://ada@db", "neo4j://ada@db"),
        ("sqlite:////data/a:b@c.db", "sqlite:////data/a:b@c.db"),
        ("5000", "5000"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    """All else is as it was written."""
    assert shown == without_password(url)


def test_a_url_that_names_no_file_is_refused_without_its_password() -> None:
    """What cannot be read may be a server's address."""
    with pytest.raises(InvalidInput) as refused:
        open_homes("sqlite://ada:secret@host/headwater.db")

    assert "secret" not in str(refused.value)


def test_a_server_is_no_file_to_be_copied() -> None:
    """Who wants to back it up reads what to do instead, and no password."""
    settings = load(store="neo4j://ada:secret@db:7687")
    with pytest.raises(InvalidInput, match=r"'neo4j://ada:\*+@db:7687' is a server, .* `headwater copy`"):
        file_of(settings)
