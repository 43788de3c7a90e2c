"""What a person decides: a statement on the ledger, and what all statements about one thing come to.

For every word that was said the newest statement counts, by receipt and then by digest: the same set of statements
comes to the same, in whatever order they are folded and however often.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from lineage.model import NodeId, dataset_id

About = Literal[
    "namespace", "source", "tag", "dataset", "job", "dead letter", "ledger", "hold", "slo", "exclusions", "collector",
    "incident",
]  # fmt: skip
What = Literal[
    "owner", "description", "type", "url", "tag", "hidden", "one", "apart", "discarded", "retained", "held",
    "excluded", "corrected", "promised", "silenced", "unobserved", "acknowledged", "postmortem",
]  # fmt: skip
Verdict = Literal["one", "apart"] | None


class Subject(NamedTuple):
    """What a statement is about; datasets and jobs have a *namespace*."""

    kind: About
    name: str
    namespace: str = ""


class Word(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is said. A tag may be of a *field*; a tag or `hidden` no longer *holds* once it is taken back.

    `one` and `apart` are said of two datasets, the statement's and the one of namespace and name *other*; once such a
    word is taken back, events tell again whether the two are one. Of an SLO `excluded` and `corrected` say, as JSON,
    what does not count and how an occurrence was judged by hand; *field* tells which. `promised` is, as JSON, what was
    applied; it no longer holds once the SLO was retired. `silenced` says, as JSON, until when nobody is told of it.
    Of the collectors `unobserved` says from when (*field*) until when (*value*) none of them was there. Of an incident
    `acknowledged` says that somebody took it up, and `postmortem` at which URL one reads what was learned of it.
    """

    what: What
    value: str | None = None
    field: str | None = None
    holds: bool = True
    other: tuple[str, str] | None = None


class Statement(msgspec.Struct, frozen=True):
    """What *actor* decided of *subject*; without words, that there is such a thing."""

    subject: Subject
    actor: str
    at: datetime
    words: tuple[Word, ...] = ()
    reason: str = ""


class Kept(NamedTuple):
    """A statement as the ledger has it."""

    received_at: datetime
    digest: bytes
    statement: Statement


class Ruling(NamedTuple):
    """*actor* said of two datasets that they are one, or apart; *verdict* None: that events may tell again.

    *counts* until somebody says something newer of the two. *digest* is the statement's, in hex.
    """

    one: NodeId
    other: NodeId
    verdict: Verdict
    at: datetime
    actor: str
    reason: str
    counts: bool
    digest: str


@dataclass(frozen=True, slots=True)
class Stated:
    """What was stated about one thing so far, from *first_at* to *last_at*: the newest word of each topic."""

    first_at: datetime
    last_at: datetime
    words: tuple[Word, ...] = ()

    def value(self, what: What) -> str | None:
        """The owner, description, type or URL, where somebody gave it."""
        return next((word.value for word in self.words if word.what == what), None)

    @property
    def hidden(self) -> bool:
        """Whether the thing was hidden last, not brought back."""
        return any(word.what == "hidden" and word.holds for word in self.words)

    def tags(self, field: str | None = None) -> Mapping[str, bool]:
        """Tags of the thing or of its *field*: True where one was added, False where it was taken away."""
        words = (word for word in self.words if word.what == "tag" and word.field == field)
        return {word.value: word.holds for word in words if word.value is not None}


_STATEMENT = msgspec.json.Decoder(Statement)


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


def fold(kept: Iterable[Kept]) -> Stated | None:
    """What *kept* statements about one thing, under all its names, come to; None without any."""
    ordered = sorted(kept, key=lambda each: (each.received_at, each.digest))
    if not ordered:
        return None
    newest = {_topic(word): word for each in ordered for word in each.statement.words}
    return Stated(ordered[0].received_at, ordered[-1].received_at, tuple(newest[topic] for topic in sorted(newest)))


def hides(statement: Statement) -> bool | None:
    """Whether *statement* hides its subject, or no longer; None where it says neither."""
    return next((word.holds for word in reversed(statement.words) if word.what == "hidden"), None)


def told_apart(statement: Statement) -> Iterator[tuple[NodeId, NodeId, Verdict]]:
    """The pairs of datasets of which *statement* says that they are one, or apart; None where it takes that back."""
    subject = statement.subject
    for word in statement.words:
        if word.what in {"one", "apart"} and word.other is not None and subject.kind == "dataset":
            one, other = dataset_id(subject.namespace, subject.name), dataset_id(*word.other)
            if one != other:
                yield one, other, (word.what if word.holds else None)


def _topic(word: Word) -> tuple[str, str, str]:
    """Words of one topic replace each other."""
    if word.other is not None:
        return ("other", *word.other)
    if word.what in {"corrected", "excluded"}:
        return (word.what, word.field or "", "")
    return (word.what, word.field or "", word.value or "") if word.what == "tag" else (word.what, "", "")
