"""Who speaks for names that are one, and which links give way where people said that two of the names are apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, Generic, Literal, NamedTuple, TypeVar

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
