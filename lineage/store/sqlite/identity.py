"""Which datasets are one: declarations are dated, and for each alias and reason the newest decides whose it is.

For now, every dataset's row names its representative, the least of its component; for a past instant the component is
found again from the declarations of that time (DECISIONS 10). What no event mentions, as the normal form that two
spellings share may be, joins others and is no member itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from sqlite3 import Connection
from typing import NamedTuple

from lineage.model import SameAs
from lineage.store.sqlite.ids import Ids
from lineage.store.sqlite.sql import Cut, each_of

KNOWN_LINK = "INSERT OR IGNORE INTO link VALUES (?, ?, ?, 0)"
ACTIVE = "SELECT dataset FROM link WHERE alias = ? AND why = ? AND active"
ACTIVATE = """
    UPDATE link SET active = dataset IN (SELECT value FROM json_each(?3)) WHERE alias = ?1 AND why = ?2
"""
NEWEST = """
    SELECT same_as.dataset FROM same_as WHERE (alias, why, at, event) = (
        SELECT alias, why, same_as.at, event FROM same_as JOIN event ON event.id = same_as.event
        WHERE alias = ?1 AND why = ?2 AND same_as.at <= ?3 AND received <= ?4
        ORDER BY same_as.at DESC, digest DESC LIMIT 1
    )
"""
TOUCHING = """
    SELECT alias, why, dataset, active FROM link WHERE alias IN (SELECT value FROM json_each(?1))
    UNION SELECT alias, why, dataset, active FROM link WHERE dataset IN (SELECT value FROM json_each(?1))
"""
MEMBERS = """
    SELECT asked.id, asked.canonical, node.id, node.last_at IS NOT NULL
    FROM node AS asked JOIN node ON node.canonical = asked.canonical
    WHERE asked.id IN (SELECT value FROM json_each(?)) ORDER BY 3
"""
BY_NAME = """
    SELECT id, first_at IS NOT NULL AND (last_at <= ?2 AND last_received <= ?3 OR EXISTS (
        SELECT 1 FROM mention JOIN event ON event.id = mention.event
        WHERE mention.node = node.id AND mention.at <= ?2 AND received <= ?3
    )) FROM node WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY namespace, name
"""


class Component(NamedTuple):
    """Datasets that are one, and the one that speaks for them."""

    canonical: int
    members: tuple[int, ...]


def declare(connection: Connection, ids: Ids, declared: Iterable[SameAs], mentioned: Collection[int] = ()) -> None:
    """Bring the components up to date, once the rows of *declared* are written.

    *mentioned* were known before, and are now for the first time mentioned by an event.
    """
    links = {
        (ids.node(same.alias), ids.word(same.why), ids.node(same.dataset))
        for same in declared
        if same.alias != same.dataset
    }
    connection.executemany(KNOWN_LINK, links)
    doubtful = set(mentioned)
    for alias, why in {link[:2] for link in links}:
        before = {dataset for (dataset,) in connection.execute(ACTIVE, (alias, why))}
        now = {dataset for (dataset,) in connection.execute(NEWEST, (alias, why, *Cut()))}
        if before != now:
            connection.execute(ACTIVATE, (alias, why, each_of(now)))
            doubtful |= {alias} | before | now
    if doubtful:
        _settle(connection, doubtful)


def components(connection: Connection, datasets: Collection[int], at: Cut) -> dict[int, Component]:
    """The component of each of *datasets* at the cut; of one that stands alone too."""
    found = {dataset: Component(dataset, (dataset,)) for dataset in datasets}
    if at.whole:
        members: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for dataset, canonical, member, mentioned in connection.execute(MEMBERS, (each_of(datasets),)):
            if mentioned:
                members[dataset, canonical].append(member)
        return found | {key[0]: Component(key[1], tuple(group)) for key, group in members.items()}
    for group in _groups(connection, datasets, at):
        if component := _component(connection, group, at):
            found |= dict.fromkeys(group & found.keys(), component)
    return found


def joined(connection: Connection, dataset: int) -> set[int]:
    """All that is one with *dataset* now, what no event mentions among it."""
    return next(iter(_groups(connection, [dataset], Cut())), {dataset})


def _settle(connection: Connection, doubtful: set[int]) -> None:
    asked = each_of(doubtful)
    doubtful = doubtful | {member for _, _, member, _ in connection.execute(MEMBERS, (asked,))}
    connection.execute(
        "UPDATE node SET canonical = NULL WHERE id IN (SELECT value FROM json_each(?))", (each_of(doubtful),)
    )
    for group in _groups(connection, doubtful, Cut()):
        if component := _component(connection, group, Cut()):
            connection.execute(
                "UPDATE node SET canonical = ? WHERE id IN (SELECT value FROM json_each(?))",
                (component.canonical, each_of(group)),
            )


def _groups(connection: Connection, datasets: Collection[int], at: Cut) -> list[set[int]]:
    """The components of more than one that hold any of *datasets*."""
    beside: defaultdict[int, set[int]] = defaultdict(set)
    seen: set[int] = set()
    ask = set(datasets)
    while ask:
        seen |= ask
        for alias, dataset in _pairs(connection, ask, at):
            beside[alias].add(dataset)
            beside[dataset].add(alias)
        ask = {node for around in beside.values() for node in around} - seen
    groups: list[set[int]] = []
    while beside:
        group, border = set(), {next(iter(beside))}
        while border:
            group |= border
            border = set().union(*(beside.pop(node) for node in border)) - group
        groups.append(group)
    return groups


def _pairs(connection: Connection, datasets: Collection[int], at: Cut) -> set[tuple[int, int]]:
    links = connection.execute(TOUCHING, (each_of(datasets),)).fetchall()
    if at.whole:
        return {(alias, dataset) for alias, _, dataset, active in links if active}
    return {
        (alias, dataset)
        for alias, why in {link[:2] for link in links}
        for (dataset,) in connection.execute(NEWEST, (alias, why, *at))
    }


def _component(connection: Connection, group: Collection[int], at: Cut) -> Component | None:
    """Those of *group* that are mentioned at the cut, under the least name; None without any."""
    members = [number for number, mentioned in connection.execute(BY_NAME, (each_of(group), *at)) if mentioned]
    return Component(members[0], tuple(sorted(members))) if members else None
