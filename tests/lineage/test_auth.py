"""Who may: keys, sessions and form tokens, kept so that the store never holds what opens the door."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lineage.auth import ANONYMOUS, COOKIE, FRESH_FOR, SESSION_LASTS, Keys, may_bring, server_key
from lineage.errors import Conflict, Forbidden, InvalidInput, NotFound, StoreUnavailable, Unauthenticated
from lineage.homes import open_homes
from lineage.store.base import Store

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_homes(f"sqlite:///{tmp_path / 'headwater.db'}") as homes:
        yield homes.store


@pytest.fixture
def keys(store: Store) -> Keys:
    return Keys(store)


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def test_without_keys_everybody_may_everything(keys: Keys) -> None:
    """Until a key is made nobody is asked for one."""
    assert keys.caller({}, {}, NOON) == ANONYMOUS


@pytest.mark.parametrize(
    ("bound", "namespace", "expected"),
    [
        (None, "anything", True),
        (["airflow"], "airflow", True),
        (["airflow"], "airflow-2", False),
        (["airflow"], "Airflow", False),
        (["dbt", "airflow-*"], "airflow-2", True),
        (["airflow-*"], "airflow", False),
        (["*"], "anything", True),
        ([], "anything", False),
    ],
)
def test_a_key_brings_events_of_its_namespaces(
    keys: Keys,
    bound: list[str] | None,
    namespace: str,
    expected: bool,  # noqa: FBT001
) -> None:
    """A binding is the whole name, or the beginning of it before a star; without one a key brings everything."""
    text = keys.create("airflow", ["ingest"], NOON, bound)

    assert may_bring(keys.caller(bearer(text), {}, NOON), namespace) is expected


@pytest.mark.parametrize("scopes", [["read"], ["admin"], ["ingest", "admin"]])
def test_a_binding_is_for_those_who_ingest(keys: Keys, scopes: list[str]) -> None:
    """A key that may do everything cannot be bound, nor one that brings nothing."""
    with pytest.raises(InvalidInput, match="namespace"):
        keys.create("ada", scopes, NOON, ["airflow"])


def test_a_revoked_key_stays_bound(keys: Keys) -> None:
    """What a key was is still known when it is over."""
    keys.create("airflow", ["ingest"], NOON, ["airflow"])

    assert keys.revoke("airflow", NOON).namespaces == ("airflow",)


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
def test_a_key_speaks_for_its_name(keys: Keys, header: str) -> None:
    """A key is taken as a bearer token or as X-API-Key, and brings its scopes."""
    text = keys.create("airflow", ["ingest"], NOON)
    shown = f"Bearer {text}" if header == "authorization" else text

    caller = keys.caller({header: shown}, {}, NOON)

    assert (caller.name, caller.scopes) == ("airflow", {"ingest"})


@pytest.mark.parametrize("text", ["", "hw_", "hw_00000000_guess", "Bearer", "ä" * 50])
def test_once_a_key_exists_strangers_are_refused(keys: Keys, text: str) -> None:
    """No key and a wrong key are both refused."""
    keys.create("airflow", ["ingest"], NOON)

    with pytest.raises(Unauthenticated):
        keys.caller(bearer(text), {}, NOON)


def test_a_key_with_the_right_name_and_the_wrong_secret_is_refused(keys: Keys) -> None:
    """The part of a key that is shown in lists opens nothing."""
    text = keys.create("airflow", ["ingest"], NOON)

    with pytest.raises(Unauthenticated, match="not known"):
        keys.caller(bearer(text[:-1]), {}, NOON)


def test_the_store_does_not_hold_the_key(keys: Keys, store: Store) -> None:
    """What is kept is a keyed digest."""
    text = keys.create("airflow", ["ingest"], NOON)

    secret = text.split("_", 2)[2].encode()
    assert not any(secret in document.body for document in store.documents("key"))


def test_a_revoked_key_ends_within_seconds_elsewhere(keys: Keys, store: Store) -> None:
    """Another process that knew the key refuses it once its memory is stale."""
    text = keys.create("airflow", ["ingest"], NOON)
    elsewhere = Keys(store)
    elsewhere.caller(bearer(text), {}, NOON)

    keys.revoke("airflow", NOON)

    with pytest.raises(Unauthenticated, match="revoked"):
        elsewhere.caller(bearer(text), {}, NOON + FRESH_FOR)


def test_revoking_the_last_key_does_not_open_the_house(keys: Keys) -> None:
    """Once guarded, always guarded: a leaked key that is revoked must not make everybody welcome."""
    keys.create("airflow", ["ingest"], NOON)
    keys.revoke("airflow", NOON)

    with pytest.raises(Unauthenticated):
        keys.caller({}, {}, NOON)


def test_a_name_may_be_used_again_after_its_key_was_revoked(keys: Keys) -> None:
    """Keys are rotated under one name."""
    keys.create("airflow", ["ingest"], NOON)
    keys.revoke("airflow", NOON)

    text = keys.create("airflow", ["read"], NOON)

    assert keys.caller(bearer(text), {}, NOON).scopes == {"read"}


def test_two_keys_in_force_never_share_a_name(keys: Keys) -> None:
    """A name in the ledger means one key."""
    keys.create("airflow", ["ingest"], NOON)

    with pytest.raises(Conflict, match="airflow"):
        keys.create("airflow", ["ingest"], NOON)


def test_a_scope_that_is_none_is_refused(keys: Keys) -> None:
    """A typing error never makes a key that can do nothing."""
    with pytest.raises(InvalidInput, match="'write' is none of ingest, read, admin"):
        keys.create("airflow", ["write"], NOON)


def test_what_is_not_in_force_cannot_be_revoked(keys: Keys) -> None:
    """Revoking a wrong name is told."""
    with pytest.raises(NotFound, match="no key 'airflow'"):
        keys.revoke("airflow", NOON)


def test_the_key_of_the_settings_has_all_scopes(store: Store) -> None:
    """A key that comes by environment guards the house without being stored."""
    keys = Keys(store, first="from the environment")

    caller = keys.caller(bearer("from the environment"), {}, NOON)

    assert (caller.scopes, store.documents("key")) == ({"ingest", "read", "admin"}, [])


def test_the_key_of_the_settings_keeps_strangers_out(store: Store) -> None:
    """With a key in the settings nobody is anonymous."""
    with pytest.raises(Unauthenticated):
        Keys(store, first="from the environment").caller({}, {}, NOON)


def test_a_session_speaks_for_the_key_that_opened_it(keys: Keys) -> None:
    """A browser signs in with a key and is that key's holder afterwards."""
    cookie = keys.sign_in(keys.create("ada", ["read"], NOON), NOON)

    assert keys.caller({}, {COOKIE: cookie}, NOON + SECOND).name == "ada"


def test_signing_in_needs_a_key(keys: Keys) -> None:
    """A wrong key opens no session."""
    keys.create("ada", ["read"], NOON)

    with pytest.raises(Unauthenticated):
        keys.sign_in("hw_guess_guess", NOON)


def test_a_session_ends(keys: Keys) -> None:
    """After twelve hours the browser signs in again."""
    cookie = keys.sign_in(keys.create("ada", ["read"], NOON), NOON)

    with pytest.raises(Unauthenticated, match="sign in again"):
        keys.session(cookie, NOON + SESSION_LASTS)


def test_a_session_ends_with_its_key(keys: Keys) -> None:
    """Revoking a key ends the sessions that it opened."""
    cookie = keys.sign_in(keys.create("ada", ["read"], NOON), NOON)
    keys.revoke("ada", NOON)

    with pytest.raises(Unauthenticated, match="sign in again"):
        keys.session(cookie, NOON + SECOND)


def test_a_session_ends_when_the_settings_bring_another_key(store: Store) -> None:
    """A key that is rotated in the environment takes its sessions along."""
    cookie = Keys(store, first="the old one").sign_in("the old one", NOON)

    with pytest.raises(Unauthenticated, match="sign in again"):
        Keys(store, first="the new one").session(cookie, NOON)


@pytest.mark.parametrize(
    "forge", [str.upper, lambda cookie: cookie + "0", lambda cookie: cookie[9:], lambda _: "a.b.c"]
)
def test_a_forged_session_is_refused(keys: Keys, forge: object) -> None:
    """Whatever is changed in a cookie, its signature no longer fits."""
    cookie = keys.sign_in(keys.create("ada", ["read"], NOON), NOON)

    with pytest.raises(Unauthenticated):
        keys.session(forge(cookie), NOON)  # type: ignore[operator]


def test_a_form_of_ours_is_taken(keys: Keys) -> None:
    """The token that a page was given comes back with its form."""
    token = keys.form_token({COOKIE: "session"}, NOON)

    assert keys.check_form_token(token, {COOKIE: "session"}, NOON + SECOND) is None


@pytest.mark.parametrize("other", [{}, {COOKIE: "another"}])
def test_a_form_of_another_session_is_refused(keys: Keys, other: dict[str, str]) -> None:
    """A token is worth nothing in another browser."""
    token = keys.form_token({COOKIE: "session"}, NOON)

    with pytest.raises(Forbidden, match="load the page again"):
        keys.check_form_token(token, other, NOON)


def test_a_session_is_no_form_token(keys: Keys) -> None:
    """Words signed for one purpose do not serve another."""
    cookie = keys.sign_in(keys.create("ada", ["read"], NOON), NOON)

    with pytest.raises(Forbidden):
        keys.check_form_token(cookie, {COOKIE: cookie}, NOON)


def test_the_servers_secret_is_made_once(store: Store) -> None:
    """Every process that opens the store has the same secret, another one for each purpose."""
    assert (server_key(store, "a"), True) == (server_key(store, "a"), server_key(store, "a") != server_key(store, "b"))


class Leaving:
    """A store that goes away once it is told to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.away = False

    def __getattr__(self, name: str) -> object:
        if self.away:
            raise StoreUnavailable("away")
        return getattr(self._store, name)


def test_while_the_store_is_away_known_keys_open(store: Store) -> None:
    """What the store knew last counts: nobody can make or revoke a key meanwhile."""
    leaving = Leaving(store)
    keys: Any = Keys(leaving)  # type: ignore[arg-type]  # it is one, as far as keys ask
    text = keys.create("airflow", ["ingest"], NOON)
    keys.caller(bearer(text), {}, NOON)
    leaving.away = True

    assert keys.caller(bearer(text), {}, NOON + 2 * FRESH_FOR).name == "airflow"


def test_a_store_that_was_never_read_is_waited_for(store: Store) -> None:
    """Without any knowledge nobody is let in, nor called anonymous."""
    leaving = Leaving(store)
    keys: Any = Keys(leaving)  # type: ignore[arg-type]  # as above
    leaving.away = True

    with pytest.raises(StoreUnavailable):
        keys.caller({}, {}, NOON)
