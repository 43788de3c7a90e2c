"""Which datasets may be one, though nobody declared it: what is read and never written, beside what is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, Generic, NamedTuple

from lineage.model import NodeId, Suggestion
from lineage.normal import differs
from lineage.store._codes import INPUT, OUTPUT
from lineage.store._observations import Ref

_MOST: Final = 5  # for one dataset


class Used(NamedTuple, Generic[Ref]):
    """A dataset that an edge of now leads to on *side*; *whole* stands for all that is one with it."""

    whole: Ref
    dataset: NodeId
    side: int


def alike(used: Iterable[Used[Ref]]) -> Iterator[Suggestion]:
    """The suggestions of `Store.suggestions` from all that is *used*, by name."""
    rows = list(used)
    made = {row.whole for row in rows if row.side == OUTPUT}
    written: defaultdict[str, list[NodeId]] = defaultdict(list)
    for _, dataset, side in rows:
        if side == OUTPUT:
            for key in {dataset.name.strip("/").lower(), dataset.name.partition(".")[2].lower()}:
                written[key].append(dataset)
    for whole, one, side in rows:
        if side == INPUT and whole not in made:
            others = ((other, differs(one, other)) for other in written[one.name.strip("/").lower()])
            yield from islice((Suggestion(one, other, how) for other, how in others if how), _MOST)
