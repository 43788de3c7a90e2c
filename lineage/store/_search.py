"""What of a name is searched, and what is asked beside the words: words match where parts begin, long ones anywhere."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from lineage.model import Kind, RunState

PIECE: Final = 3  # characters of a word that matches anywhere
_PART: Final = re.compile(r"[^\W_]+")


class Filters(NamedTuple):
    """What `Store.find` is asked beside the words."""

    kind: Kind | None
    namespace: str | None
    since: datetime | None
    until: datetime | None
    states: Collection[RunState] | None


def text(namespace: str, name: str) -> str:
    """What is searched: a word holds no line break, so that none matches across the two."""
    return f"{namespace}\n{name}".lower()


def words_of(asked: str) -> list[str]:
    """The words of what somebody typed, in lower case."""
    return asked.lower().replace("\0", " ").split()


def initials(name: str) -> Iterator[str]:
    """The first one and two characters of every part of *name*, in lower case."""
    for part in _PART.finditer(name):
        letters = part.group()
        if letters.islower() or letters.isdecimal():
            yield letters[0]
            yield letters[:2]
            continue
        for at, letter in enumerate(letters):
            before, after = letters[at - 1 : at], letters[at + 1 : at + 2]
            if at == 0 or (letter.isupper() and (not before.isupper() or after.islower())):
                yield letter.lower()
                if after:
                    yield (letter + after).lower()


def pieces(searched: str) -> Iterator[str]:
    """All that *searched* has of PIECE characters in a row, but for blanks, which no word holds."""
    for start in range(len(searched) - PIECE + 1):
        piece = searched[start : start + PIECE]
        if not any(map(str.isspace, piece)):
            yield piece
