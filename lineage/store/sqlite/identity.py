"""Which datasets are one: declarations are dated, and for each alias and reason the newest decides whose it is.

For now, every dataset's row names its component, which `joining` keeps; for a past instant the component is found again
from the declarations and the words of people of that time (DECISIONS 10). What no event mentions, as the normal form
that two spellings share may be, joins others and is no member itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from sqlite3 import Connection
from typing import Final

from lineage.sameness import PERSON, Group, Link, grouped, strength
from lineage.store._cut import Cut
from lineage.store._identity import Component, hanging, spoken_for
from lineage.store.sqlite.sql import each_of

APART, ONE = range(2)  # what people say of two names; a word that was taken back says neither

NEWEST: Final = """
    SELECT same_as.dataset FROM same_as WHERE (alias, why, at, event) = (
        SELECT alias, why, same_as.at, event FROM same_as JOIN event ON event.id = same_as.event
        WHERE alias = ?1 AND why = ?2 AND same_as.at <= ?3 AND received <= ?4
        ORDER BY same_as.at DESC, digest DESC LIMIT 1
    )
"""
_TOUCHING: Final = """
    SELECT alias, why, text, dataset, active FROM link JOIN word ON word.id = why
    WHERE alias IN (SELECT value FROM json_each(?1))
    UNION SELECT alias, why, text, dataset, active FROM link JOIN word ON word.id = why
    WHERE dataset IN (SELECT value FROM json_each(?1))
"""
_SAID: Final = """
    SELECT one, other, verdict, row_number() OVER (
        PARTITION BY one, other ORDER BY received DESC, digest DESC
    ) AS nth FROM ruling JOIN statement USING (digest) WHERE at <= ?2 AND received <= ?3
"""
_DECIDED: Final = f"""
    SELECT one, other, verdict FROM (
        {_SAID} AND one IN (SELECT value FROM json_each(?1))
        UNION {_SAID} AND other IN (SELECT value FROM json_each(?1))
    ) WHERE nth = 1
"""  # noqa: S608 - of constants
_COMPONENTS: Final = """
    SELECT id, component FROM node WHERE id IN (SELECT value FROM json_each(?)) AND component IS NOT NULL
"""
_MEMBERS: Final = """
    SELECT component, canonical, node.id FROM component JOIN node ON node.component = component.id
    WHERE component.id IN (SELECT value FROM json_each(?)) AND last_at IS NOT NULL ORDER BY node.id
"""
_JOINED: Final = "SELECT id FROM node WHERE component = (SELECT component FROM node WHERE id = ?)"
_BY_NAME: Final = """
    SELECT id, first_at IS NOT NULL AND (last_at <= ?2 AND last_received <= ?3 OR EXISTS (
        SELECT 1 FROM mention JOIN event ON event.id = mention.event
        WHERE mention.node = node.id AND mention.at <= ?2 AND received <= ?3
    )) FROM node WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY namespace, name
"""


def components(connection: Connection, datasets: Collection[int], at: Cut) -> dict[int, Component[int]]:
    """The component of each of *datasets* at the cut; of one that stands alone too."""
    found = {dataset: Component(dataset, (dataset,)) for dataset in datasets}
    at = Cut(*at.clocks)
    if at.whole:
        numbers = dict(connection.execute(_COMPONENTS, (each_of(found),)).fetchall())
        members: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for component, canonical, member in connection.execute(_MEMBERS, (each_of(set(numbers.values())),)):
            members[component, canonical].append(member)
        made = {key[0]: Component(key[1], tuple(group)) for key, group in members.items()}
        return found | {dataset: made[number] for dataset, number in numbers.items() if number in made}
    for group in groups(connection, datasets, at):
        if component := _component(connection, group, at):
            found |= dict.fromkeys(group.names & found.keys(), component)
    return found


def joined(connection: Connection, dataset: int) -> set[int]:
    """All that is one with *dataset* now, what no event mentions among it."""
    return {dataset, *(number for (number,) in connection.execute(_JOINED, (dataset,)))}


def groups(connection: Connection, datasets: Collection[int], at: Cut) -> list[Group[int]]:
    """All that links join to any of *datasets*; a group that people tore apart as its parts, also those of one name."""
    links = _links(connection, datasets, at)
    names = {end for link in links for end in (link.alias, link.dataset)}
    apart = [
        (one, other)
        for one, other, verdict in decided(connection, names, at)
        if verdict == APART and one in names and other in names
    ]
    return grouped(links, apart, lambda own: _by_strength(connection, own))


def decided(connection: Connection, datasets: Collection[int], at: Cut) -> list[tuple[int, int, int | None]]:
    """What people said last of pairs with any of *datasets*: APART, ONE, or None where it was taken back."""
    return connection.execute(_DECIDED, (each_of(datasets), *at.clocks)).fetchall()


def _links(connection: Connection, datasets: Collection[int], at: Cut) -> set[Link[int]]:
    def near(names: Collection[int]) -> list[Link[int]]:
        said = decided(connection, names, at)
        return _declared(connection, names, at) + [Link(one, PERSON, other) for one, other, word in said if word == ONE]

    return hanging(datasets, near)


def _declared(connection: Connection, datasets: Collection[int], at: Cut) -> list[Link[int]]:
    links = connection.execute(_TOUCHING, (each_of(datasets),)).fetchall()
    if at.whole:
        return [Link(alias, text, dataset) for alias, _, text, dataset, active in links if active]
    return [
        Link(alias, text, dataset)
        for alias, why, text in {link[:3] for link in links}
        for (dataset,) in connection.execute(NEWEST, (alias, why, *at.clocks))
    ]


def _by_strength(connection: Connection, links: Collection[Link[int]]) -> list[Link[int]]:
    ends = each_of({end for link in links for end in (link.alias, link.dataset)})
    order = "SELECT id FROM node WHERE id IN (SELECT value FROM json_each(?)) ORDER BY namespace, name"
    place = {number: nth for nth, (number,) in enumerate(connection.execute(order, (ends,)))}
    return sorted(links, key=lambda link: (strength(link.why), place[link.alias], place[link.dataset], link.why))


def _component(connection: Connection, group: Group[int], at: Cut) -> Component[int] | None:
    """Those of *group* that are mentioned at the cut, and who of them speaks; None without any."""
    rows: Iterable[tuple[int, int]] = connection.execute(_BY_NAME, (each_of(group.names), *at.clocks))
    return spoken_for(group, [number for number, mentioned in rows if mentioned])
