"""Who speaks for names that are one, and which links give way where people said that two of the names are apart."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final, Generic, Literal, NamedTuple, TypeVar

from lineage.model import Declaration
from lineage.normal import RULE

SYMLINK: Final = "symlink"  # the alias is a table, the dataset where it is kept
CLUSTER: Final = "cluster"  # the alias is reached through one broker, the dataset through any
RENAME: Final = "rename"  # the alias is the older name
PERSON: Final = "person"  # somebody said so; no event did

Name = TypeVar("Name")


class Link(NamedTuple, Generic[Name]):
    """*alias* and *dataset* are one, says *why*."""

    alias: Name
    why: str
    dataset: Name


class Group(NamedTuple, Generic[Name]):
    """Names that links join, what no event mentions among them. *torn*: people said of two of them that they are apart.

    *speaking* are the ends of links that speak before others.
    """

    names: set[Name]
    speaking: set[Name]
    torn: bool


def speaker(why: str) -> Literal["alias", "dataset"] | None:
    """The end of such a link that speaks for all names before any other: a table, a cluster; None where neither does.

    Among several of these, and where there is none, the least by namespace and name speaks.
    """
    return "alias" if why == SYMLINK else "dataset" if why == CLUSTER else None


def strength(why: str) -> int:
    """How strong a link is, the strongest 0: a person's word, a rule of naming, then what producers declare."""
    if why.startswith(RULE):
        return 1
    return {PERSON: 0, CLUSTER: 2, SYMLINK: 3}.get(why, 4)


def suspicion(declared: Iterable[Declaration]) -> str | None:
    """Why *declared*, what is said of one dataset, may join too much; None where nothing looks like it.

    One place may be given to many tables: those of different names, none of which was renamed, are rarely one.
    """
    joining = [each for each in declared if each.counts and not each.cut]
    tables = sorted({each.alias for each in joining if each.why == SYMLINK})
    parts = {table.name.rpartition(".")[2].lower() for table in tables}
    if len(parts) < 2 or any(each.why == RENAME for each in joining):  # noqa: PLR2004 - different ones
        return None
    named = ", ".join(table.name for table in tables[:3])
    return (
        f"{len(tables)} tables of {len(parts)} names are one: {named}{', …' if tables[3:] else ''}; split what is not"
    )


def divided(links: Iterable[Link[Name]], apart: Collection[tuple[Name, Name]]) -> list[set[Name]]:
    """The names that *links* make one, so that no pair of *apart* is: in the order of *links*, the strongest first.

    A link that would bring such a pair together, by itself or with those before it, is left out.
    """
    groups: dict[Name, set[Name]] = {}
    for alias, _, dataset in links:
        one, other = groups.setdefault(alias, {alias}), groups.setdefault(dataset, {dataset})
        if one is other or any((a in one and b in other) or (b in one and a in other) for a, b in apart):
            continue
        less, more = sorted((one, other), key=len)
        more |= less
        groups |= dict.fromkeys(less, more)
    return list({id(group): group for group in groups.values()}.values())


def grouped(
    links: Collection[Link[Name]],
    apart: Collection[tuple[Name, Name]],
    by_strength: Callable[[Collection[Link[Name]]], Iterable[Link[Name]]],
) -> list[Group[Name]]:
    """All that *links* join, as groups; one that people tore apart as its parts, also those of one name.

    *by_strength* puts links in the order in which they count, and is asked only where people said *apart*.
    """
    found: list[Group[Name]] = []
    for whole in divided(links, ()):
        within = [pair for pair in apart if whole.issuperset(pair)]
        own = [link for link in links if link.alias in whole]
        parts = divided(by_strength(own), within) if within else [whole]
        speaking = {getattr(link, end) for link in own if (end := speaker(link.why))}
        found += [Group(part, speaking & part, bool(within)) for part in parts]
    return found
