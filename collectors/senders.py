"""Where a replay goes: through the door of a store, or to a running server; what became of each batch comes back."""

from __future__ import annotations

import gzip
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

import httpx2

from lineage.errors import InvalidInput, Overloaded
from lineage.model import Principal, Receipt
from lineage.web import Intake

BATCH_EVENTS = 500  # larger ones are no faster per event (DESIGN 5)
BATCH_BYTES = 4 * 1024 * 1024
AHEAD = 3  # batches that may wait at the door while the next is read
TIMEOUT_S = 60
PATIENCE_S = 120  # how long a server may be away or busy before the replay gives up
FIRST_PATIENCE_S = 5  # how long, when it never answered: it may start just now, or there is none
PAUSE_MAX_S = 10
BUSY = frozenset({429, 502, 503, 504})


class Outcome(NamedTuple):
    """What became of one batch; *reasons* has one for each event that was refused."""

    accepted: int
    duplicate: int
    reasons: tuple[str, ...]


def batches(events: Iterable[bytes]) -> Iterator[list[bytes]]:
    """*events* in order, at most BATCH_EVENTS and BATCH_BYTES at a time; a larger event comes alone."""
    batch: list[bytes] = []
    size = 0
    for event in events:
        if batch and (len(batch) == BATCH_EVENTS or size + len(event) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += len(event)
    if batch:
        yield batch


def through(intake: Intake, events: Iterable[bytes], principal: Principal) -> Iterator[Outcome]:
    """Send *events* through *intake*; each outcome is durable when it comes. Raises StoreUnavailable."""
    under_way: deque[Future[list[Receipt]]] = deque()
    for batch in batches(events):
        under_way.append(intake.submit_many(batch, principal))
        if len(under_way) > AHEAD:
            yield _outcome(under_way.popleft().result())
    while under_way:
        yield _outcome(under_way.popleft().result())


def to_server(
    url: str,
    key: str | None,
    events: Iterable[bytes],
    say: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Outcome]:
    """Send *events* to the server at *url*, waiting while it is busy or away; each outcome is durable when it comes.

    *say* is told once why a batch has to wait. Raises InvalidInput for what the server will never take, Overloaded when
    it stays away for PATIENCE_S, or never answered in FIRST_PATIENCE_S.
    """
    with httpx2.Client(timeout=TIMEOUT_S, trust_env=False) as client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        patience_s = FIRST_PATIENCE_S
        for batch in batches(events):
            request = _request(client, url, headers, batch)
            summary = _answer(client, request, patience_s, say, sleep).json()
            patience_s = PATIENCE_S
            duplicates = summary["summary"]["duplicates"]
            reasons = tuple(failed["reason"] for failed in summary["failed_events"])
            yield Outcome(summary["summary"]["successful"] - duplicates, duplicates, reasons)


def ask(url: str, key: str | None, path: str, body: object, timeout_s: float = TIMEOUT_S) -> Any:
    """What the server at *url* answers to a POST of *body* as JSON, or to a GET where *body* is None.

    Raises InvalidInput with the server's own words where it refuses, Overloaded where it is busy or not there.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        with httpx2.Client(timeout=timeout_s, trust_env=False) as client:
            answer = client.request(
                "GET" if body is None else "POST", f"{url.rstrip('/')}{path}", json=body, headers=headers
            )
    except httpx2.TransportError as error:
        raise Overloaded(f"{url} cannot be reached ({error}); is a Headwater there?") from None
    if answer.status_code in BUSY:
        raise Overloaded(f"{url} answers {answer.status_code}; try again later")
    return _checked(answer).json()


def _request(client: httpx2.Client, url: str, headers: Mapping[str, str], batch: Sequence[bytes]) -> httpx2.Request:
    """Lines where every event is one line; the array keeps the bytes of events that are several."""
    lines = not any(b"\n" in event for event in batch)
    body = b"\n".join(batch) if lines else b"[" + b",".join(batch) + b"]"
    kind = "application/x-ndjson" if lines else "application/json"
    return client.build_request(
        "POST",
        f"{url.rstrip('/')}/api/v1/lineage/batch",
        content=gzip.compress(body, 3),
        headers={**headers, "Content-Type": kind, "Content-Encoding": "gzip"},
    )


def _answer(
    client: httpx2.Client,
    request: httpx2.Request,
    patience_s: float,
    say: Callable[[str], None],
    sleep: Callable[[float], None],
) -> httpx2.Response:
    server = f"{request.url.host}:{request.url.port}"
    waited = 0.0
    pause = 0.5
    while True:
        try:
            answer = client.send(request)
            why = f"answers {answer.status_code}"
        except httpx2.TransportError as error:
            answer, why = None, f"cannot be reached ({error})"
        if answer is not None and answer.status_code not in BUSY:
            return _checked(answer)
        patience_s = patience_s if answer is None else PATIENCE_S
        if waited >= patience_s:
            raise Overloaded(f"{server} {why} since {waited:.0f} s; replay it again later")
        if not waited:
            say(f"{server} {why}; trying again for {patience_s} s")
        told = answer.headers.get("Retry-After", "") if answer is not None else ""
        pause = min(float(told) if told.isdecimal() else pause * 2, PAUSE_MAX_S)
        sleep(pause)
        waited += pause


def _checked(answer: httpx2.Response) -> httpx2.Response:
    if answer.is_success:
        return answer
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = "is there a Headwater at this --url?"
    raise InvalidInput(f"the server answers {answer.status_code}: {detail}", field="url")


def _outcome(receipts: Sequence[Receipt]) -> Outcome:
    count = Counter(receipt.status for receipt in receipts)
    reasons = tuple(receipt.reason or "" for receipt in receipts if receipt.reason is not None)
    return Outcome(count["accepted"], count["duplicate"], reasons)
