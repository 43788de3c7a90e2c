"""Which names are one dataset: why each is, what people said of them, and the forms to say something else."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from dashboards.frame import Look
from lineage.model import Declaration, Node, NodeId
from lineage.sameness import suspicion
from lineage.statements import Ruling
from lineage.web import services

LISTED = 12  # names, and words of people


@dataclass(frozen=True, slots=True)
class Named:
    """A name of the dataset, and the reasons that tie it to the others."""

    name: NodeId
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """The names of a dataset. *by* counts reasons; *token* is that of the forms, empty for who may not send any."""

    names: tuple[Named, ...]
    more: int
    by: tuple[tuple[str, int], ...]
    cut: tuple[Declaration, ...]
    said: tuple[Ruling, ...]
    token: str
    warning: str | None

    @property
    def worth_showing(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.names or self.said)


def identity(request: Request, node: Node, seen: Look) -> Identity:
    """The names of the dataset *node*. In the past nobody decides anything."""
    house = services(request)
    said = house.store.declarations(node.id)
    reasons: dict[str, int] = {}
    of: dict[NodeId, dict[str, None]] = {}
    for each in said:
        if each.counts and not each.cut:
            reasons[each.why] = reasons.get(each.why, 0) + 1
            for end in (each.alias, each.dataset):
                of.setdefault(end, {})[each.why] = None
    may_decide = seen.as_of is None and "admin" in house.caller(request).scopes
    return Identity(
        names=tuple(Named(name, tuple(of.get(name, ()))) for name in node.aliases[:LISTED]),
        more=max(len(node.aliases) - LISTED, 0),
        by=tuple(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))),
        cut=tuple(each for each in said if each.cut)[:LISTED],
        said=tuple(house.store.rulings(node.id)[:LISTED]),
        warning=suspicion(said),
        token=house.keys.form_token(request.cookies, house.now()) if may_decide else "",
    )
