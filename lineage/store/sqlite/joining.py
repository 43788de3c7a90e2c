"""Which datasets are one now, kept up to date: each step costs what is new, not what was one before.

Two components become one by giving the names of the smaller to the larger. When a link falls away, two searches that
take turns find whether its ends are still joined, or which of the two sides is the smaller. Only where people said that
two names are apart is all that hangs together with them worked out again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from sqlite3 import Connection
from typing import Final, NamedTuple

from lineage.model import SameAs
from lineage.sameness import CLUSTER, SYMLINK
from lineage.store._cut import Cut
from lineage.store.sqlite.identity import APART, NEWEST, ONE, decided, groups
from lineage.store.sqlite.ids import Ids
from lineage.store.sqlite.sql import each_of

_KNOWN_LINK: Final = "INSERT OR IGNORE INTO link VALUES (?, ?, ?, 0)"
_ACTIVE: Final = "SELECT dataset FROM link INDEXED BY link_active WHERE alias = ? AND why = ? AND active"
_ACTIVATE: Final = "UPDATE link SET active = ? WHERE alias = ? AND why = ? AND dataset = ?"
_NEAR: Final = (
    "SELECT dataset FROM link INDEXED BY link_active WHERE alias = ? AND active",
    "SELECT alias FROM link WHERE dataset = ? AND active",
)
_COMPONENT: Final = """
    SELECT component.id, canonical, size, torn FROM node JOIN component ON component.id = node.component
    WHERE node.id = ?
"""
_RANK: Final = f"""
    SELECT NOT EXISTS (
        SELECT 1 FROM link INDEXED BY link_active
        WHERE active AND alias = node.id AND why = (SELECT id FROM word WHERE text = '{SYMLINK}')
        UNION ALL
        SELECT 1 FROM link INDEXED BY link_active_dataset
        WHERE active AND dataset = node.id AND why = (SELECT id FROM word WHERE text = '{CLUSTER}')
    ), namespace, name FROM node WHERE id = ? AND last_at IS NOT NULL
"""  # noqa: S608 - of constants
_PUT: Final = "UPDATE node SET component = ? WHERE id IN (SELECT value FROM json_each(?))"
_MEMBERS: Final = "SELECT id FROM node WHERE component = ?"
_PAIRS: Final = "SELECT DISTINCT one, other FROM ruling"


class _Known(NamedTuple):
    """A row of `component`."""

    id: int
    canonical: int | None
    size: int
    torn: int


def declare(connection: Connection, ids: Ids, declared: Iterable[SameAs], mentioned: Collection[int] = ()) -> set[int]:
    """Bring the components up to date, once the rows of *declared* are written.

    *mentioned* were known before, and are now for the first time mentioned by an event. Answers of whose component, and
    of all in it, something changed.
    """
    links = {
        (ids.node(same.alias), ids.word(same.why), ids.node(same.dataset))
        for same in declared
        if same.alias != same.dataset
    }
    connection.executemany(_KNOWN_LINK, links)
    joins = _Joins(connection, ids)
    fallen: list[tuple[int, int, int]] = []
    for alias, why in {link[:2] for link in links}:
        before = {dataset for (dataset,) in connection.execute(_ACTIVE, (alias, why))}
        now = {dataset for (dataset,) in connection.execute(NEWEST, (alias, why, *Cut().clocks))}
        for dataset in now - before:
            connection.execute(_ACTIVATE, (1, alias, why, dataset))
            joins.join(alias, dataset)
        fallen += [(alias, why, dataset) for dataset in before - now]
    for alias, why, dataset in fallen:  # at last, so that a name that only moves on within its component stays in it
        connection.execute(_ACTIVATE, (0, alias, why, dataset))
        joins.part(alias, dataset)
    for dataset in mentioned:
        joins.speak(dataset)
    return joins.turned


def settle(connection: Connection, ids: Ids, doubtful: Collection[int]) -> None:
    """Work out again what is one with any of *doubtful*: all between which a link came or went, by what people said."""
    _Joins(connection, ids).settle(doubtful)


class _Joins:
    """The components during one merge."""

    def __init__(self, connection: Connection, ids: Ids) -> None:
        self._connection = connection
        self._ids = ids
        self.turned: set[int] = set()

    def join(self, alias: int, dataset: int) -> None:
        """A link between the two became active."""
        self.turned |= {alias, dataset}
        one, other = self._of(alias), self._of(dataset)
        alone = alias if one is None else dataset if other is None else None
        torn = (one and one.torn) or (other and other.torn) or self._kept_apart(alias, dataset)
        # What hangs on one link alone, and of what nobody spoke, makes no other give way.
        if torn and (alone is None or self._spoken_of(alone)):
            self.settle([alias, dataset])
            return
        if one is None and other is None:
            self._make([alias, dataset])
        elif one is None or other is None or one.id != other.id:
            self._unite(one, other, alias if one is None else dataset)
        self.speak(alias)
        self.speak(dataset)

    def part(self, alias: int, dataset: int) -> None:
        """A link between the two is active no more."""
        self.turned |= {alias, dataset}
        whole = self._of(alias)
        assert whole is not None, "what a link joined is in a component"
        if whole.torn:
            self.settle([alias, dataset])
            return
        away = self._severed(alias, dataset)
        if away:
            self._make(away)
            self._shrink(whole, len(away))
        if whole.canonical in away or (whole.canonical in {alias, dataset} and not self._comes_first(whole.canonical)):
            self._appoint(whole.id)

    def speak(self, dataset: int) -> None:
        """Let *dataset* speak for its component if it comes before who does."""
        self.turned.add(dataset)
        component, rank = self._of(dataset), self._rank(dataset)
        if component is None or rank is None or component.canonical == dataset:
            return
        before = None if component.canonical is None else self._rank(component.canonical)
        if before is None or rank < before:
            self._name(component.id, dataset)

    def settle(self, doubtful: Collection[int]) -> None:
        """Make the components of *doubtful* and of all that links join to them anew."""
        found = groups(self._connection, doubtful, Cut())
        names = {*doubtful, *(name for group in found for name in group.names)}
        self.turned |= names
        old = {before.id for name in names if (before := self._of(name))}
        self._connection.execute(_PUT, (None, each_of(names)))
        self._connection.executemany("DELETE FROM component WHERE id = ?", [(number,) for number in old])
        for group in found:
            self._make(group.names, torn=group.torn)

    def _of(self, dataset: int) -> _Known | None:
        row = self._connection.execute(_COMPONENT, (dataset,)).fetchone()
        return _Known(*row) if row else None

    def _rank(self, dataset: int) -> tuple[int, str, str] | None:
        """Who has the least speaks for all; None for what no event mentions."""
        row: tuple[int, str, str] | None = self._connection.execute(_RANK, (dataset,)).fetchone()
        return row

    def _comes_first(self, dataset: int | None) -> bool:
        """Whether a link lets *dataset* speak before those that only have lesser names."""
        rank = None if dataset is None else self._rank(dataset)
        return rank is not None and not rank[0]

    def _make(self, names: Collection[int], *, torn: bool = False) -> None:
        """A component of *names*; one name alone needs none, unless it was torn from others."""
        if len(names) == 1 and not torn:
            self._connection.execute(_PUT, (None, each_of(names)))
            return
        number = self._ids.next("component")
        self._connection.execute("INSERT INTO component VALUES (?, NULL, 0, ?)", (number, torn))
        self._put(names, number, len(names))
        self._appoint(number)

    def _put(self, names: Collection[int], component: int, size: int) -> None:
        self._connection.execute(_PUT, (component, each_of(names)))
        self._connection.execute("UPDATE component SET size = ? WHERE id = ?", (size, component))

    def _unite(self, one: _Known | None, other: _Known | None, alone: int) -> None:
        if one is None or other is None:
            whole = one or other
            assert whole is not None, "somebody is in a component"
            self._put([alone], whole.id, whole.size + 1)
            return
        less, more = sorted((one, other), key=lambda known: known.size)
        self._put(self._members(less.id), more.id, less.size + more.size)
        self._connection.execute("DELETE FROM component WHERE id = ?", (less.id,))
        if less.canonical is not None:
            self.speak(less.canonical)

    def _shrink(self, whole: _Known, by: int) -> None:
        if whole.size - by > 1:
            self._connection.execute("UPDATE component SET size = size - ? WHERE id = ?", (by, whole.id))
            return
        self._connection.execute(_PUT, (None, each_of(self._members(whole.id))))
        self._connection.execute("DELETE FROM component WHERE id = ?", (whole.id,))

    def _appoint(self, component: int) -> None:
        ranks = ((self._rank(member), member) for member in self._members(component))
        least = min(((rank, member) for rank, member in ranks if rank is not None), default=None)
        self._name(component, least[1] if least else None)

    def _name(self, component: int, canonical: int | None) -> None:
        self._connection.execute("UPDATE component SET canonical = ? WHERE id = ?", (canonical, component))

    def _members(self, component: int) -> list[int]:
        return [member for (member,) in self._connection.execute(_MEMBERS, (component,))]

    # ── Where a link fell away. ──────────────────────────────────────────────────────────────────────────────────────

    def _severed(self, one: int, other: int) -> set[int]:
        """All that hangs together with one of the two, where the other does not; nothing while both do."""
        seen = ({one}, {other})
        walks = tuple(self._walk(side) for side in seen)
        while True:
            for walk, own, across in zip(walks, seen, seen[::-1], strict=True):
                step = next(walk, None)
                if step is None:
                    return own
                if step in across:
                    return set()

    def _walk(self, seen: set[int]) -> Iterator[int]:
        """From the one name in *seen* to all that links join to it, a row of the database at a time."""
        queue = deque(seen)
        while queue:
            for near in self._near(queue.popleft()):
                if near not in seen:
                    seen.add(near)
                    queue.append(near)
                yield near

    def _near(self, dataset: int) -> Iterator[int]:
        for question in _NEAR:
            yield from (near for (near,) in self._connection.execute(question, (dataset,)))
        if self._pairs:
            for one, other, verdict in decided(self._connection, [dataset], Cut()):
                if verdict == ONE:
                    yield other if one == dataset else one

    # ── What people said. ────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _pairs(self) -> list[tuple[int, int]]:
        return self._connection.execute(_PAIRS).fetchall()

    def _spoken_of(self, dataset: int) -> bool:
        return any(dataset in pair for pair in self._pairs)

    def _kept_apart(self, one: int, other: int) -> bool:
        """Whether a link between the two would bring together what people keep apart."""
        ends = {self._place(one), self._place(other)}
        near = [pair for pair in self._pairs if {self._place(pair[0]), self._place(pair[1])} == ends]
        names = {name for pair in near for name in pair}
        verdicts = {(a, b): verdict for a, b, verdict in decided(self._connection, names, Cut())} if near else {}
        return any(verdicts.get(pair) == APART for pair in near)

    def _place(self, dataset: int) -> int:
        """The same for all names of a component, and for no other."""
        component = self._of(dataset)
        return -dataset if component is None else component.id
