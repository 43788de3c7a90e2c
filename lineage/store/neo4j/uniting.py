"""What links that came, while none went, make one: the smaller go to the largest, and who speaks is chosen again.

It counts how many names are one, and writes those alone that become so.
Where people said anything of the names, which links hold has to be worked out (`joining`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from neo4j import ManagedTransaction

from lineage.sameness import CLUSTER, SYMLINK
from lineage.store.neo4j.keys import node_of
from lineage.store.neo4j.writing import Named, put

_ENDS: Final = """
    UNWIND $keys AS key MATCH (t:Thing {key: key})
    OPTIONAL MATCH (h:Thing {key: t.component})
    RETURN key, t.component, h.canonical, t.first_at IS NOT NULL, EXISTS { (t)-[:RULED]-(:Thing) }
"""
_SIZES: Final = """
    UNWIND $components AS component MATCH (m:Thing {component: component})
    RETURN component, count(m), max(EXISTS { (m)-[:RULED]-(:Thing) })
"""
_SPEAKING: Final = """
    UNWIND $keys AS key MATCH (t:Thing {key: key})
    WHERE EXISTS { (t)-[:LINK {why: $symlink, active: true}]->(:Thing) }
        OR EXISTS { (t)<-[:LINK {why: $cluster, active: true}]-(:Thing) }
    RETURN key
"""
_MOVE: Final = """
    UNWIND $rows AS r MATCH (t:Thing {component: r.component}) SET t.component = r.to, t.canonical = null
"""
_JOIN: Final = "UNWIND $rows AS r MATCH (t:Thing {key: r.component}) SET t.component = r.to"
_NAME: Final = "UNWIND $rows AS r MATCH (t:Thing {key: r.to}) SET t.canonical = r.canonical"


@dataclass(slots=True)
class _Whole:
    """Names that are one: of the components *sizes*, 0 for a name alone, which is meant by its own key."""

    sizes: dict[str, int] = field(default_factory=dict)
    canonical: dict[str, str] = field(default_factory=dict)  # who spoke, by component
    may_speak: set[str] = field(default_factory=set)


def unite(transaction: ManagedTransaction, links: Collection[tuple[str, str]], awoken: Iterable[str]) -> bool:
    """Bring the components up to date after *links* came and events mentioned *awoken* for the first time.

    False where people said anything of any of the names: then nothing is done.
    """
    keys = sorted({*awoken, *(end for link in links for end in link)})
    ends = {key: rest for key, *rest in transaction.run(_ENDS, keys=keys).values()}
    named = sorted({component for component, *_ in ends.values() if component is not None})
    sizes = transaction.run(_SIZES, components=named).values() if named else []
    if any(ruled for *_, ruled in ends.values()) or any(ruled for *_, ruled in sizes):
        return False
    size = {component: count for component, count, _ in sizes}
    wholes: dict[str, _Whole] = {}
    for key, (component, canonical, mentioned, _) in ends.items():
        whole = wholes.setdefault(component or key, _Whole())
        whole.sizes[component or key] = size.get(component, 0)
        if canonical is not None:
            whole.canonical[component] = canonical
        whole.may_speak |= {*([key] if mentioned else []), *([canonical] if canonical else [])}
    for alias, dataset in links:
        _one(wholes, *(ends[end][0] or end for end in (alias, dataset)))
    distinct = {id(whole): whole for whole in wholes.values()}.values()
    _write(transaction, [whole for whole in distinct if max(whole.sizes.values()) or len(whole.sizes) > 1])
    return True


def _one(wholes: dict[str, _Whole], first: str, second: str) -> None:
    one, other = wholes[first], wholes[second]
    if one is not other:
        one.sizes |= other.sizes
        one.canonical |= other.canonical
        one.may_speak |= other.may_speak
        wholes |= dict.fromkeys(other.sizes, one)


def _write(transaction: ManagedTransaction, wholes: Collection[_Whole]) -> None:
    asked = sorted({key for whole in wholes for key in whole.may_speak})
    speaking = set(transaction.run(_SPEAKING, keys=asked, symlink=SYMLINK, cluster=CLUSTER).value())
    moved: list[Named] = []
    joined: list[Named] = []
    spoken: list[Named] = []
    for whole in wholes:
        to = max(whole.sizes, key=lambda component: (whole.sizes[component], component))
        for component, size in sorted(whole.sizes.items()):
            if not size:
                joined.append({"component": component, "to": to})
            elif component != to:
                moved.append({"component": component, "to": to})
        canonical = min(whole.may_speak, key=lambda key: (key not in speaking, node_of(key)), default=None)
        if canonical != whole.canonical.get(to):
            spoken.append({"to": to, "canonical": canonical})
    for statement, rows in ((_MOVE, moved), (_JOIN, joined), (_NAME, spoken)):
        put(transaction, statement, rows)
