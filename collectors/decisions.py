"""How a person's decision is kept: as a statement on the ledger and, in the same commit, in the graph."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from collectors.commits import Commits, Together
from collectors.redaction import redact
from lineage.errors import InvalidInput
from lineage.ledger.base import Ledger
from lineage.model import Draft, Entry
from lineage.statements import Statement, read, written
from lineage.store.base import Store
from lineage.telemetry import logger

NAME_CHARACTERS: Final = 2_000  # an index of Neo4j takes some 8,000 bytes, and a character is up to four

log = logger(__name__)


class Decisions:
    """Keeps the promise of `lineage.web.Decisions`: without *commits*, ledger and store share a database."""

    def __init__(
        self, ledger: Ledger, store: Store, secret: bytes, now: Callable[[], datetime], commits: Commits | None = None
    ) -> None:
        self._ledger = ledger
        self._commits = commits or Together(store)
        self._store = store
        self._secret = secret
        self._now = now

    def keep(self, statements: Sequence[Statement]) -> None:
        """Keep *statements* without credentials, all or none; durable when it returns.

        Raises InvalidInput for a name that not every store can keep, and StoreUnavailable.
        """
        for statement in statements:
            _require_short(statement)
        drafts = [self._draft(statement) for statement in statements]
        if not drafts:
            return
        self._commits.commit(
            lambda: self._ledger.append(drafts, self._now()),
            lambda entries: state_all(zip(entries, (draft.body for draft in drafts), strict=True), self._store),
        )

    def _draft(self, statement: Statement) -> Draft:
        body = written(statement)
        kept, redacted = redact(body)
        redaction = hmac.new(self._secret, body, hashlib.sha256).hexdigest() if redacted else None
        return Draft("statement", kept, hashlib.sha256(kept).digest(), statement.actor, redaction)


def _require_short(statement: Statement) -> None:
    about = statement.subject
    others = (word.other for word in statement.words if word.other is not None)
    for named in ((about.namespace, about.name), *others):
        if (characters := len("".join(named))) > NAME_CHARACTERS:
            raise InvalidInput(
                f"{about.kind}: a name of {characters} characters; namespace and name may have {NAME_CHARACTERS}",
                field=about.kind,
            )


def state_all(entries: Iterable[tuple[Entry, bytes]], store: Store) -> None:
    """Let *store* know what the statements at *entries* say. One that cannot be read is logged and says nothing."""
    readable: list[tuple[Entry, Statement]] = []
    for entry, body in entries:
        try:
            readable.append((entry, read(body)))
        except (msgspec.DecodeError, UnicodeDecodeError):
            log.exception("statement_unreadable", extra={"digest": entry.digest.hex()})
    if readable:
        store.state([entry for entry, _ in readable], [statement for _, statement in readable])
