"""Somebody's word on two datasets, that they are one or apart: looked at before it becomes a statement."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from lineage.errors import InvalidInput, NotFound
from lineage.model import NodeId, Principal
from lineage.statements import Statement, Verdict, Word, of
from lineage.store.base import Store


class Said(NamedTuple):
    """*one* and *other* are one or apart, and why; verdict None takes back what was said last of the two."""

    one: NodeId
    other: NodeId
    verdict: Verdict
    because: str


def ruling(said: Said, actor: Principal, store: Store, now: datetime) -> Statement:
    """The statement in which *actor* says so.

    Raises NotFound for a dataset that nobody knows and where there is nothing to take back, InvalidInput for one name
    twice or without a reason.
    """
    one, other, verdict, because = said
    known = store.get((one, other))
    for each in (one, other):
        if each not in known:
            raise NotFound(f"no dataset {each.name} in {each.namespace}; look for it with the search")
    if one == other:
        raise InvalidInput(f"{one.name} is one with itself; name another dataset", field="name")
    if not because.strip():
        raise InvalidInput("because: missing; say why, it stays on record", field="because")
    last = next((each.verdict for each in store.rulings(one) if {each.one, each.other} == {one, other}), None)
    if verdict is None and last is None:
        raise NotFound(f"nobody says that {one.name} and {other.name} are one or apart; there is nothing to take back")
    word = Word(verdict or last or "apart", holds=verdict is not None, other=(other.namespace, other.name))
    return Statement(of(one), actor.name, now, (word,), because)
