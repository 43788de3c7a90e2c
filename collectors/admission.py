"""Who comes in: what the door makes of one body, before anything is kept."""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

from collectors.bodies import DEPTH_MAX, is_too_deep
from collectors.journal import Admitted, fault
from collectors.producers import understand
from collectors.redaction import redact, scrub
from lineage.auth import may_bring
from lineage.errors import InvalidEvent
from lineage.events import Event, parse_event
from lineage.letters import BODY_BYTES
from lineage.model import Draft, Principal
from lineage.normal import rules
from lineage.settings import Ingest
from lineage.strict import check
from lineage.telemetry import logger

log = logger(__name__)


class Refused(NamedTuple):
    """A body that goes to the dead letters; *body* is what is kept of it, scrubbed."""

    body: bytes
    size: int  # as received
    principal: str
    reason: str
    field: str | None = None

    @property
    def name(self) -> str:
        """The same refused body again is the same dead letter."""
        return hashlib.sha256(b"%d %s" % (self.size, self.body)).hexdigest()


class Forbidden(NamedTuple):
    """An event of a namespace that is none of its sender's: nothing of it is kept, for it may hold others' secrets."""

    digest: str
    principal: str
    namespace: str
    field: str

    @property
    def reason(self) -> str:
        """The sentence for the sender."""
        return f"{self.field}: the key {self.principal!r} may not bring events of {self.namespace!r}"


Found = Admitted | Refused | Forbidden


def admit(body: bytes, sender: Principal, limits: Ingest, secret: bytes) -> Found:
    """Read *body* as one event of *sender*'s. Never raises: a fault of ours refuses the body too, and is logged.

    *secret* keys the HMAC of what redaction changed.
    """
    try:
        _measure(body, limits)
        kept, redacted = redact(body)
        event = parse_event(kept)
        if limits.strict:
            check(body, event.kind)
    except InvalidEvent as error:
        return Refused(_scrubbed(body), len(body), sender.name, str(error), error.field)
    except Exception as error:
        log.exception("event_unreadable", extra={"bytes": len(body)})
        return Refused(_scrubbed(body), len(body), sender.name, f"cannot be read: {type(error).__name__}")
    digest = hashlib.sha256(kept).digest()
    namespace, field = _about(event)
    if not may_bring(sender, namespace):
        return Forbidden(digest.hex(), sender.name, namespace, field)
    redaction = hmac.new(secret, body, hashlib.sha256).hexdigest() if redacted else None
    draft = Draft("event", kept, digest, sender.name, redaction)
    try:
        return Admitted(draft, understand(event, digest, rules(limits)))
    except Exception as error:
        log.exception("projection_failed", extra={"digest": digest.hex()})
        return Admitted(draft, None, fault(error))


def turned_away(body: bytes, sender: Principal, reason: str) -> Refused:
    """What is kept of a *body* that the door does not even try to read."""
    return Refused(_scrubbed(body), len(body), sender.name, reason)


def _measure(body: bytes, limits: Ingest) -> None:
    if len(body) > limits.max_event_bytes:
        raise InvalidEvent(f"an event of {len(body)} bytes; the limit is {limits.max_event_bytes}")
    if is_too_deep(body):
        raise InvalidEvent(f"nested deeper than {DEPTH_MAX} levels; send facets of fewer levels")


def _about(event: Event) -> tuple[str, str]:
    """The namespace whose event it is, and the field that says so."""
    if event.job is not None:
        return event.job.id.namespace, "job.namespace"
    assert event.dataset is not None, "an event without a job is a dataset's"
    return event.dataset.id.namespace, "dataset.namespace"


def _scrubbed(body: bytes) -> bytes:
    """The beginning of *body* without secrets; one that the first cut halves lies beyond the second."""
    return scrub(body[: 2 * BODY_BYTES])[:BODY_BYTES]
