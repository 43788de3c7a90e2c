"""`Idempotency-Key`: a request that comes again under its key gets the first answer again (DECISIONS 22)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import msgspec
from fastapi.concurrency import run_in_threadpool

from lineage.auth import server_key
from lineage.errors import HeadwaterError, InvalidInput
from lineage.model import Principal
from lineage.store.base import Change, Store

HEADER = "Idempotency-Key"
KIND = "idempotency"
LASTS = timedelta(hours=24)
KEY_CHARACTERS = 255
FORGET_EVERY = 100  # answers kept between two looks for those that are over


class KeyReused(HeadwaterError):
    """The key stands for another request."""

    status = 422
    title = "Idempotency-Key used before"


class Answer(msgspec.Struct, frozen=True):
    """What was answered, to be answered again."""

    status: int
    headers: dict[str, str]
    body: bytes


class _Kept(msgspec.Struct, frozen=True):
    request: str  # an HMAC, for the body as it was sent may hold what redaction takes out
    answer: Answer


class Repeats:
    """Keeps answers for LASTS, per principal and key; of requests under way at once the later wait for the first.

    For one event loop. Processes that share the store share what was answered, not what is under way. *now* is the
    clock.
    """

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._under_way: dict[str, asyncio.Event] = {}
        self._written = 0

    async def once(
        self, principal: Principal, key: str, request: bytes, answer: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """The answer that this *request* (its bytes) got before under *key*, or that of *answer*, which is then kept.

        What *answer* raises is not kept: the next request tries anew. Raises KeyReused when *key* stands for another
        request, InvalidInput for a key that is none.
        """
        if not 0 < len(key.strip()) <= KEY_CHARACTERS:
            raise InvalidInput(f"{HEADER}: 1 to {KEY_CHARACTERS} characters are wanted", field=HEADER)
        name = hashlib.sha256(f"{principal.name}\0{key.strip()}".encode()).hexdigest()
        while (first := self._under_way.get(name)) is not None:
            await first.wait()
        self._under_way[name] = done = asyncio.Event()
        try:
            fingerprint, kept = await run_in_threadpool(self._look, name, request)
            if kept is None:
                kept = await answer()
                await run_in_threadpool(self._keep, name, _Kept(fingerprint, kept))
            return kept
        finally:
            del self._under_way[name]
            done.set()

    def _look(self, name: str, request: bytes) -> tuple[str, Answer | None]:
        fingerprint = hmac.new(server_key(self._store, "idempotency"), request, hashlib.sha256).hexdigest()
        document = self._store.document(KIND, name)
        if document is None or document.due is None or document.due <= self._now():
            return fingerprint, None
        kept = msgspec.json.decode(document.body, type=_Kept)
        if kept.request != fingerprint:
            raise KeyReused(f"{HEADER}: it stood for another request within a day; take a new one", field=HEADER)
        return fingerprint, kept.answer

    def _keep(self, name: str, kept: _Kept) -> None:
        now = self._now()
        over = self._store.documents(KIND, due_before=now) if self._written % FORGET_EVERY == 0 else []
        self._written += 1
        forgotten = [Change(KIND, old.id, None) for old in over]
        self._store.put([*forgotten, Change(KIND, name, msgspec.json.encode(kept), due=now + LASTS)])
