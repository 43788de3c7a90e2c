"""What people answer to an incident: that they took it up, and where its postmortem is. Each is a statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlsplit

from lineage.alerts import incidents
from lineage.alerts.incidents import Incident, Moment
from lineage.errors import Conflict, InvalidInput, NotFound
from lineage.statements import Statement, Subject, Word
from lineage.store.base import Store

TRIES = 10
LONGEST_URL = 2_000


def acknowledging(incident: Incident, actor: str, now: datetime) -> Statement:
    """The statement that *actor* took up *incident*. Raises Conflict when it is over."""
    if incident.state == "resolved":
        raise Conflict(f"{incident.id} is over; there is nothing left to take up")
    return Statement(Subject("incident", incident.id), actor, now, (Word("acknowledged"),))


def documenting(incident: Incident, url: str, actor: str, now: datetime) -> Statement:
    """The statement that the postmortem of *incident* is at *url*; a newer one counts. Raises InvalidInput."""
    given = url.strip()
    try:
        parts = urlsplit(given)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or " " in given or not given.isprintable():
        raise InvalidInput(f"url: {url!r} is no page; write it whole, as https://wiki.example.com/INC-7", field="url")
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("url: leave out name and password; it stays on record", field="url")
    if len(given) > LONGEST_URL:
        raise InvalidInput(f"url: longer than {LONGEST_URL:,} characters; write the page's short address", field="url")
    return Statement(Subject("incident", incident.id), actor, now, (Word("postmortem", given),))


def answer(store: Store, keep: Callable[[list[Statement]], None], statement: Statement) -> Incident:
    """State it by *keep*, then note it in the record; answers the record, whose next look by the scheduler tells it.

    The same again changes nothing more. Raises NotFound, Conflict when others were faster TRIES times, and
    StoreUnavailable.
    """
    keep([statement])
    for left in reversed(range(TRIES)):
        document = store.document(incidents.KIND, statement.subject.name)
        if document is None:
            raise NotFound(f"no incident {statement.subject.name!r}; /api/v1/incidents lists them")
        before = Incident.model_validate_json(document.body)
        after = answered(before, statement)
        try:
            if after != before:
                store.put([incidents.kept(after, expects=document.revision)])
        except Conflict:
            if not left:
                raise Conflict(f"{before.id} is changed by many at once; say it again") from None
        else:
            break
    return after


def answered(incident: Incident, statement: Statement) -> Incident:
    """*incident* with what *statement* says of it; of several who took it up the first counts."""
    for word in statement.words:
        if word.what == "acknowledged" and incident.acked_at is None:
            acked = {"acked_at": statement.at, "acked_by": statement.actor}
            incident = _noted(incident, acked, f"acknowledged by {statement.actor}", statement.at)
        if word.what == "postmortem" and incident.postmortem.url != word.value:
            written = {"postmortem": incident.postmortem.model_copy(update={"url": word.value})}
            incident = _noted(incident, written, f"postmortem by {statement.actor}", statement.at)
    return incident


def _noted(incident: Incident, found: Mapping[str, object], what: str, at: datetime) -> Incident:
    timeline = (*incident.timeline, Moment(at=at, what=what))
    return incident.model_copy(update={**found, "answered": incident.state == "open", "timeline": timeline})
