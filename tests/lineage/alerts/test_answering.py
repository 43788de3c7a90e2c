"""What people answer to an incident: who took it up and when, and where its postmortem is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from lineage.alerts import incidents
from lineage.alerts.answering import TRIES, acknowledging, answer, answered, documenting
from lineage.alerts.incidents import Incident
from lineage.alerts.phrases import told
from lineage.errors import Conflict, InvalidInput, NotFound
from lineage.statements import Statement, Subject, Word
from tests.lineage.alerts.test_outbox import GOOD, LATE, Desk
from tests.support.alerting import BUILD, HOUR, NOW, edges
from tests.support.incidents import OPENED, RESOLVED

WIKI = "https://wiki.example.com/INC-1"


@dataclass
class Room(Desk):
    """A desk at which people answer."""

    stated: list[Statement] = field(default_factory=list)

    def acknowledge(self, actor: str, at: datetime) -> Incident:
        """Somebody takes up the first incident."""
        return answer(self.store.as_store(), self.stated.extend, acknowledging(self.incident(), actor, at))

    def document(self, url: str, at: datetime) -> Incident:
        """Somebody says where its postmortem is."""
        return answer(self.store.as_store(), self.stated.extend, documenting(self.incident(), url, "ana", at))


@pytest.fixture
def room() -> Room:
    """An incident that was told."""
    room = Room()
    room.slack.edits = True
    room.react(LATE)
    room.drain(NOW)
    return room


def test_who_took_it_up_is_stated_and_noted(room: Room) -> None:
    """On the ledger and in the record: by whom, and when."""
    found = room.acknowledge("ana", NOW + HOUR)

    assert (room.stated, found.acked_by, found.acked_at, found.timeline[-1].what) == (
        [Statement(Subject("incident", "INC-1"), "ana", NOW + HOUR, (Word("acknowledged"),))],
        "ana",
        NOW + HOUR,
        "acknowledged by ana",
    )


def test_the_first_counts(room: Room) -> None:
    """Whoever says it later is on the ledger, and changes nothing."""
    room.acknowledge("ana", NOW + HOUR)
    found = room.acknowledge("bo", NOW + 2 * HOUR)

    assert (found.acked_by, found.acked_at, len(room.stated)) == ("ana", NOW + HOUR, 2)


def test_the_next_look_edits_the_message(room: Room) -> None:
    """Once, and says who it was."""
    room.acknowledge("ana", NOW)
    for _ in range(3):
        room.react(LATE)
        room.drain(NOW)

    assert ([message.edits for message in room.slack.sent], room.said()[-1], room.incident().answered) == (
        [{}, {"ts": "1"}],
        "INC-1 open changed",
        False,
    )


def test_what_is_explained_when_it_is_taken_up_is_told_once(room: Room) -> None:
    """One edit says both."""
    room.store.graph = edges()
    room.store.fail(BUILD, NOW - HOUR)
    room.acknowledge("ana", NOW)
    for _ in range(3):
        room.react(LATE)

    assert (room.incident().title, room.incident().transition) == ("marts.build_orders_daily failed", 2)


def test_a_message_names_who_took_it_up() -> None:
    """As long as it is not over."""
    acked = {"acked_by": "ana", "acked_at": NOW}
    texts = [told(each.model_copy(update=acked), "") for each in (OPENED, RESOLVED)]

    assert ["Acknowledged by ana." in text for text in texts] == [True, False]


def test_what_is_over_is_not_taken_up() -> None:
    """The answer says so."""
    with pytest.raises(Conflict, match="INC-7 is over"):
        acknowledging(RESOLVED, "ana", NOW)


def test_the_scheduler_and_a_person_do_not_lose_each_others_words(room: Room) -> None:
    """Who finds the record changed reads it again."""
    room.store.fail_puts = 2
    room.acknowledge("ana", NOW)
    room.store.fail_puts = 1
    room.react(GOOD)

    assert (room.incident().acked_by, room.incident().state) == ("ana", "resolved")


def test_who_is_never_first_is_told_so(room: Room) -> None:
    """Nothing is tried for ever."""
    room.store.fail_puts = TRIES

    with pytest.raises(Conflict, match="say it again"):
        room.acknowledge("ana", NOW)


def test_an_incident_that_is_none_has_no_answer(room: Room) -> None:
    """NotFound, with where they are listed."""
    with pytest.raises(NotFound, match="INC-7"):
        answer(room.store.as_store(), room.stated.extend, acknowledging(OPENED, "ana", NOW))


def test_a_postmortem_may_be_written_after_the_end(room: Room) -> None:
    """It is then that one is; and nobody is woken by it."""
    room.react(GOOD)
    room.drain(NOW + HOUR)
    found = room.document(WIKI, NOW + 2 * HOUR)
    room.react(LATE)

    assert (found.postmortem.url, found.answered, len(room.slack.sent)) == (WIKI, False, 2)


def test_the_newest_address_counts() -> None:
    """A page that has moved is stated again; the same again is no news."""
    first = answered(RESOLVED, documenting(RESOLVED, f" {WIKI} ", "ana", NOW))
    moved = answered(first, documenting(first, f"{WIKI}/new", "bo", NOW + HOUR))
    same = answered(moved, documenting(moved, f"{WIKI}/new", "bo", NOW + 2 * HOUR))

    assert (first.postmortem.url, moved.postmortem.url, same) == (WIKI, f"{WIKI}/new", moved)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "is no page"),
        ("wiki/INC-7", "is no page"),
        ("javascript:alert(1)", "is no page"),
        ("https://", "is no page"),
        ("http://[", "is no page"),
        ("https://wiki.example.com/a b", "is no page"),
        ("https://wiki.example.com/\x00", "is no page"),
        ("https://wiki.example.com/\u202etxt.exe", "is no page"),
        ("https://ana:secret@wiki.example.com/", "leave out name and password"),
        (f"https://wiki.example.com/{'a' * 2_000}", "longer than 2,000 characters"),
    ],
)
def test_what_is_no_page_is_refused(url: str, why: str) -> None:
    """With what to write instead."""
    with pytest.raises(InvalidInput, match=why):
        documenting(RESOLVED, url, "ana", NOW)


def test_the_record_outlives_a_look(room: Room) -> None:
    """What was said stays through whatever becomes of the incident."""
    room.acknowledge("ana", NOW)
    room.document(WIKI, NOW)
    room.react(GOOD)
    found = incidents.one(room.store.as_store(), "INC-1")

    assert (found.acked_by, found.postmortem.url) == ("ana", WIKI)
