"""Who may do what: API keys, the browser's session that a key opens, and which hosts and origins are ours.

A key is random, so a keyed digest of it is as good as a slow hash and costs an ingest nothing. Once a key was made the
doors stay shut for strangers, also when every key is revoked: revoking a leaked key must never open the house.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import NamedTuple

from lineage.errors import Conflict, Forbidden, InvalidInput, NotFound, StoreUnavailable, Unauthenticated
from lineage.model import Principal
from lineage.store.base import Change, Document, Store

SCOPES = ("ingest", "read", "admin")
ANONYMOUS = Principal("anonymous", frozenset(SCOPES))
KEY = "key"  # the kind of document that holds a key
FIRST = "settings"  # id and name of the key that the settings bring
COOKIE = "headwater_session"
FRESH_FOR = timedelta(seconds=2)  # how long a revoked key may go on working
SESSION_LASTS = timedelta(hours=12)
FORM_LASTS = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as it is kept: everything but the key itself. *id* is the part of it that may be shown."""

    id: str
    name: str
    scopes: tuple[str, ...]
    digest: str
    created_at: datetime
    revoked_at: datetime | None = None
    namespaces: tuple[str, ...] | None = None  # whose events it may bring; None: all

    @property
    def principal(self) -> Principal:
        """Whom a request with this key speaks for."""
        return Principal(self.name, frozenset(self.scopes), self.namespaces)


def may_bring(principal: Principal, namespace: str) -> bool:
    """True when *principal* may say something of jobs or datasets of *namespace*; `airflow-*` binds by the beginning.

    What an event says it is about decides: its job, or the dataset of a DatasetEvent; inputs and outputs lie anywhere.
    """
    return principal.namespaces is None or any(
        namespace.startswith(bound[:-1]) if bound.endswith("*") else namespace == bound
        for bound in principal.namespaces
    )


class _Known(NamedTuple):
    keys: Mapping[str, Key]
    at: datetime


def server_key(store: Store, purpose: str) -> bytes:
    """32 secret bytes of this store for one *purpose*; made once, the same ever after, in every process.

    Purposes are independent of each other: HMAC-SHA256 of the purpose under the one secret that the store keeps.
    """
    document = store.document("secret", "server")
    if document is None:
        fresh = Change("secret", "server", secrets.token_hex(32).encode(), expects=0)
        with suppress(Conflict):  # another process was quicker, and its secret is the one
            store.put([fresh])
        document = store.document("secret", "server")
        assert document is not None, "just written"
    return hmac.digest(bytes.fromhex(document.body.decode()), purpose.encode(), "sha256")


class Keys:
    """The keys of a store, and *first*, the key that the settings bring: it has all scopes and is stored nowhere.

    Safe to use from any thread; *now* is always an argument.
    """

    def __init__(self, store: Store, first: str | None = None) -> None:
        self._store = store
        self._pepper = server_key(store, "api keys")
        self._session = server_key(store, "sessions")
        began = datetime.min.replace(tzinfo=UTC)
        self._first = {FIRST: Key(FIRST, FIRST, SCOPES, self._digest(first), began)} if first else {}
        self._known: _Known | None = None
        self._lock = Lock()

    def create(self, name: str, scopes: Iterable[str], now: datetime, namespaces: Iterable[str] | None = None) -> str:
        """Make a key and answer it: the only time that it is seen. *namespaces* bind it (see `may_bring`).

        Raises InvalidInput for a scope that is none, or that a binding makes no sense with, and Conflict when a key of
        that name is in force.
        """
        wanted = tuple(scope for scope in SCOPES if scope in set(scopes))
        if strange := sorted(set(scopes) - set(SCOPES)):
            raise InvalidInput(f"scope: {strange[0]!r} is none of {', '.join(SCOPES)}", field="scope")
        bound = None if namespaces is None else tuple(sorted(set(namespaces)))
        if bound is not None and ("ingest" not in wanted or "admin" in wanted):
            raise InvalidInput("namespace: it binds a key that may ingest and is no admin's", field="namespace")
        if any(key.name == name and key.revoked_at is None for key in self.all()):
            raise Conflict(f"a key named {name!r} is in force; revoke it first or choose another name")
        key_id = secrets.token_hex(4)
        text = f"hw_{key_id}_{secrets.token_urlsafe(32)}"
        self._put(Key(key_id, name, wanted, self._digest(text), now, namespaces=bound), expects=0)
        return text

    def all(self) -> list[Key]:
        """Every key, revoked ones too, oldest first."""
        return sorted(map(_read, self._store.documents(KEY, limit=10_000)), key=lambda key: (key.created_at, key.id))

    def revoke(self, name: str, now: datetime) -> Key:
        """End the key with this name or id; other processes notice within 2 s. Raises NotFound."""
        for key in self.all():
            if name in (key.name, key.id) and key.revoked_at is None:
                revoked = replace(key, revoked_at=now)
                self._put(revoked, expects=None)
                return revoked
        raise NotFound(f"no key {name!r} is in force; `headwater keys list` shows them")

    def exist(self, now: datetime) -> bool:
        """True once a key was made, whether or not it is still in force: then nobody is anonymous any more."""
        return bool(self._keys(now))

    def caller(self, headers: Mapping[str, str], cookies: Mapping[str, str], now: datetime) -> Principal:
        """Who sent a request: by `Authorization: Bearer`, `X-API-Key` or the session cookie; anonymous without keys.

        *headers* are looked up in lower case. Raises Unauthenticated.
        """
        if not self.exist(now):
            return ANONYMOUS
        if text := _presented(headers):
            return self._key(text, now).principal
        if session := cookies.get(COOKIE):
            return self.session(session, now)
        raise Unauthenticated("an API key is needed; send it as `Authorization: Bearer KEY`")

    def is_fresh(self, now: datetime) -> bool:
        """Whether `caller` answers from memory; else it asks the store, which takes as long as the store takes."""
        known = self._known
        return known is not None and _is_fresh(known, now)

    # ── Browsers. ────────────────────────────────────────────────────────────────────────────────────────────────────

    def sign_in(self, text: str, now: datetime) -> str:
        """The value for the cookie COOKIE in exchange for a key; ends with the key or after 12 h.

        Raises Unauthenticated. Set it HttpOnly and SameSite=Strict.
        """
        return self._signed(_session(self._key(text.strip(), now)), now + SESSION_LASTS)

    def session(self, cookie: str, now: datetime) -> Principal:
        """Whom a session cookie speaks for. Raises Unauthenticated when it is over, forged, or its key is revoked."""
        opened = self._opened(cookie, now) or ""
        key = self._keys(now).get(opened.partition("-")[0])
        if key is None or key.revoked_at is not None or _session(key) != opened:
            raise Unauthenticated("the session is over; sign in again")
        return key.principal

    def form_token(self, cookies: Mapping[str, str], now: datetime) -> str:
        """A word for a form, bound to the browser's session: only a page of ours can have it."""
        return self._signed(_form(cookies), now + FORM_LASTS)

    def check_form_token(self, token: str, cookies: Mapping[str, str], now: datetime) -> None:
        """Return when *token* came with a form of ours, to this session. Raises Forbidden."""
        if self._opened(token, now) != _form(cookies):
            raise Forbidden("the form is too old or not ours; load the page again and repeat")

    # ── Within. ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _key(self, text: str, now: datetime) -> Key:
        keys = self._keys(now)
        key = keys.get(text.removeprefix("hw_").partition("_")[0]) or keys.get(FIRST)
        if key is None or not hmac.compare_digest(key.digest, self._digest(text)):
            raise Unauthenticated("the API key is not known; `headwater keys create` makes one")
        if key.revoked_at is not None:
            raise Unauthenticated(f"the API key {key.name!r} was revoked; ask for another")
        return key

    def _keys(self, now: datetime) -> Mapping[str, Key]:
        known = self._known
        if known is None or not _is_fresh(known, now):
            with self._lock:
                known = self._known
                if known is None or not _is_fresh(known, now):
                    known = self._known = _Known(self._read_again(known), now)
        return known.keys

    def _read_again(self, known: _Known | None) -> Mapping[str, Key]:
        try:
            return {key.id: key for key in self.all()} | self._first
        except StoreUnavailable:
            if known is None:
                raise
            return known.keys  # nobody can revoke one meanwhile either

    def _put(self, key: Key, *, expects: int | None) -> None:
        self._store.put([Change(KEY, key.id, _write(key), "revoked" if key.revoked_at else "live", expects=expects)])
        self._known = None

    def _digest(self, text: str) -> str:
        return hmac.new(self._pepper, text.encode(), hashlib.sha256).hexdigest()

    def _signed(self, what: str, until: datetime) -> str:
        claim = f"{what}.{int(until.timestamp())}"
        return f"{claim}.{self._mac(claim)}"

    def _opened(self, word: str, now: datetime) -> str | None:
        claim, _, mac = word.rpartition(".")
        if not hmac.compare_digest(self._mac(claim).encode(), mac.encode()):
            return None
        what, _, until = claim.rpartition(".")
        return what if int(until) > now.timestamp() else None

    def _mac(self, claim: str) -> str:
        return hmac.new(self._session, claim.encode(), hashlib.sha256).hexdigest()


def _is_fresh(known: _Known, now: datetime) -> bool:
    return known.at <= now < known.at + FRESH_FOR


def _presented(headers: Mapping[str, str]) -> str | None:
    kind, _, text = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and text.strip():
        return text.strip()
    return headers.get("x-api-key", "").strip() or None


def _session(key: Key) -> str:
    """The key by its id and its digest: another key under the same id, as in new settings, opens no old session."""
    return f"{key.id}-{key.digest[:16]}"


def _form(cookies: Mapping[str, str]) -> str:
    return "form-" + hashlib.sha256(cookies.get(COOKIE, "").encode()).hexdigest()[:16]


def _write(key: Key) -> bytes:
    return json.dumps(
        {
            "name": key.name,
            "scopes": key.scopes,
            "digest": key.digest,
            "created_at": key.created_at.isoformat(),
            "revoked_at": key.revoked_at and key.revoked_at.isoformat(),
            "namespaces": key.namespaces,
        }
    ).encode()


def _read(document: Document) -> Key:
    body = json.loads(document.body)
    revoked, namespaces = body["revoked_at"], body.get("namespaces")  # keys from before they could be bound have none
    return Key(
        document.id,
        body["name"],
        tuple(body["scopes"]),
        body["digest"],
        datetime.fromisoformat(body["created_at"]),
        datetime.fromisoformat(revoked) if revoked else None,
        None if namespaces is None else tuple(namespaces),
    )
