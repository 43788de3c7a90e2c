"""What a person decides: a statement on the ledger, and what all statements about one thing come to.

For every word that was said, the newest statement counts: the same set of statements comes to the same, in whatever
order they are folded and however often.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple
from urllib.parse import quote

import msgspec

from lineage.model import Entry, NodeId

About = Literal["namespace", "source", "tag", "dataset", "job"]
What = Literal["owner", "description", "type", "url", "tag"]

STATED = "stated"  # the kind of document that keeps what statements come to, one for each thing
FOLDED = "folded"  # the kind of document that says, for each writer, up to which seq its statements are folded


class Subject(NamedTuple):
    """What a statement is about; datasets and jobs have a *namespace*."""

    kind: About
    name: str
    namespace: str = ""

    @property
    def key(self) -> str:
        """Its name among documents; those of a kind follow each other, by name."""
        return ":".join((self.kind, *(quote(part, safe="") for part in (self.namespace, self.name) if part)))


class Word(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is said. A tag may be of a *field*, and no longer *holds* once it is taken away."""

    what: What
    value: str | None
    field: str | None = None
    holds: bool = True


class Statement(msgspec.Struct, frozen=True):
    """What *actor* decided of *subject*; without words, that there is such a thing."""

    subject: Subject
    actor: str
    at: datetime
    words: tuple[Word, ...] = ()
    reason: str = ""


class _Said(msgspec.Struct, frozen=True):
    stamp: tuple[datetime, str, int]  # receipt and place of the statement
    word: Word


class Stated(msgspec.Struct, frozen=True):
    """What was stated about one thing so far, from *first_at* to *last_at*."""

    subject: Subject
    first_at: datetime
    last_at: datetime
    said: tuple[_Said, ...] = ()

    def value(self, what: What) -> str | None:
        """The owner, description, type or URL, where somebody gave it."""
        return next((said.word.value for said in self.said if said.word.what == what), None)

    def tags(self, field: str | None = None) -> Mapping[str, bool]:
        """Tags of the thing or of its *field*: True where one was added, False where it was taken away."""
        words = (said.word for said in self.said if said.word.what == "tag" and said.word.field == field)
        return {word.value: word.holds for word in words if word.value is not None}


_STATEMENT = msgspec.json.Decoder(Statement)
_STATED = msgspec.json.Decoder(Stated)


def of(node: NodeId) -> Subject:
    """The dataset or job *node* as a subject."""
    assert node.kind != "run", "nothing is stated of runs"
    return Subject(node.kind, node.name, node.namespace)


def written(statement: Statement) -> bytes:
    """*statement* as the ledger keeps it."""
    return msgspec.json.encode(statement)


def read(body: bytes) -> Statement:
    """The statement that the ledger keeps as *body*. Raises msgspec.ValidationError."""
    return _STATEMENT.decode(body)


def read_stated(body: bytes) -> Stated:
    """What `fold` made."""
    return _STATED.decode(body)


def fold(before: bytes | None, statement: Statement, entry: Entry) -> bytes:
    """What is stated once *statement*, which stands at *entry*, is among what came to *before*."""
    stamp = (entry.received_at, entry.writer, entry.seq)
    stated = _STATED.decode(before) if before else Stated(statement.subject, stamp[0], stamp[0])
    said = {_topic(each.word): each for each in stated.said}
    for word in statement.words:
        known = said.get(_topic(word))
        if known is None or known.stamp < stamp:
            said[_topic(word)] = _Said(stamp, word)
    return msgspec.json.encode(
        Stated(
            statement.subject,
            min(stated.first_at, stamp[0]),
            max(stated.last_at, stamp[0]),
            tuple(said[topic] for topic in sorted(said)),
        )
    )


def united(found: Iterable[Stated]) -> Stated | None:
    """What is stated of one thing under all its names; None when nothing is."""
    every = sorted(found, key=lambda stated: stated.subject)
    if not every:
        return None
    said: dict[tuple[str, str, str], _Said] = {}
    for each in (each for stated in every for each in stated.said):
        known = said.get(_topic(each.word))
        if known is None or known.stamp < each.stamp:
            said[_topic(each.word)] = each
    first, last = min(each.first_at for each in every), max(each.last_at for each in every)
    return Stated(every[0].subject, first, last, tuple(said[topic] for topic in sorted(said)))


def _topic(word: Word) -> tuple[str, str, str]:
    """Words of one topic replace each other."""
    return (word.what, word.field or "", word.value or "") if word.what == "tag" else (word.what, "", "")
