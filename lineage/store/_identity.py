"""Datasets that are one: who they are, who speaks for them, and when they are out of sight."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Generic, NamedTuple

from lineage.sameness import Group, Link
from lineage.store._observations import Ref


class Component(NamedTuple, Generic[Ref]):
    """Datasets that are one, and the one that speaks for them."""

    canonical: Ref
    members: tuple[Ref, ...]


def all_names(parts: Mapping[Any, Component[Ref]]) -> set[Ref]:
    """All names of all *parts*; what many of them share, once."""
    distinct = {part.canonical: part.members for part in parts.values()}
    return {member for names in distinct.values() for member in names}


def hanging(names: Collection[Ref], near: Callable[[Collection[Ref]], Iterable[Link[Ref]]]) -> set[Link[Ref]]:
    """All links from *names* to others, and on from those; *near* answers the links of some names, one hop."""
    found: set[Link[Ref]] = set()
    seen: set[Ref] = set()
    ask = set(names)
    while ask:
        seen |= ask
        links = set(near(ask))
        found |= links
        ask = {end for link in links for end in (link.alias, link.dataset)} - seen
    return found


def spoken_for(group: Group[Ref], mentioned: Sequence[Ref]) -> Component[Ref] | None:
    """The component of those of *group* that events mention, which come by name; None without any."""
    if not mentioned:
        return None
    canonical = next((member for member in mentioned if member in group.speaking), mentioned[0])
    return Component(canonical, tuple(mentioned))


def hidden_since(part: Component[Ref], hid: Mapping[Ref, int]) -> int | None:
    """When a dataset or job was hidden: once all its names were; None while one of them is not among *hid*."""
    if part.canonical not in hid or not hid.keys() >= set(part.members):
        return None
    return max(hid[member] for member in part.members)
