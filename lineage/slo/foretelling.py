"""What a schema that is to come would change, and whom each change would hurt: asked before a merge (SLO.md b.9)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from lineage.model import NodeId
from lineage.slo.asking import Asked
from lineage.slo.drift import Change, Columns, Weight, drift, phrase
from lineage.slo.evidence import SchemaTold
from lineage.slo.schemas import documented, schema_before
from lineage.slo.shape import stamp
from lineage.slo.usage import usage
from lineage.store.base import Store

UNUSED = "breaking-unused"


class Foretold(NamedTuple):
    """One *change*, and who uses the column today, by name."""

    change: Change
    users: tuple[str, ...]

    @property
    def kind(self) -> str:
        """`breaking`, `breaking-unused` where nobody is known to be hurt, `compatible` or `info`."""
        return UNUSED if self.change.weight is Weight.BREAKING and not self.users else self.change.weight.value

    @property
    def sentence(self) -> str:
        """The change in words, with whom it would hurt."""
        return phrase(self.change, self.users)


class Foresight(NamedTuple):
    """What would change *since* the last version that told of its columns, or who did last; None: nobody ever did."""

    dataset: NodeId
    since: SchemaTold | None
    changes: tuple[Foretold, ...] = ()

    @property
    def breaking(self) -> bool:
        """Whether a change breaks, used or not."""
        return any(each.change.weight is Weight.BREAKING for each in self.changes)


def foretell(dataset: NodeId, after: Columns, store: Store, now: datetime, *, positional: bool = False) -> Foresight:
    """What a version of *dataset* with the columns *after* would change, those first that break and hurt somebody.

    Whom is asked as of *now*. *positional*: it is read by place. Raises StoreUnavailable.
    """
    asked = Asked(dataset, store.without_ahead(), now, now, now)
    since = schema_before(asked) or documented(asked)
    if since is None or since.columns is None:
        return Foresight(dataset, None)
    used = usage(dataset, store, now, now)
    found = [
        Foretold(each, tuple(used.of(each.path)) if each.weight is Weight.BREAKING else ())
        for each in drift(since.columns, after, positional=positional)
    ]
    return Foresight(dataset, since, tuple(sorted(found, key=lambda each: each.kind == UNUSED)))


def shape_of(found: Foresight) -> dict[str, object]:
    """*found* as JSON values: `{dataset, comparedWith: {run, at}, breaking, changes: [{column, class, …, users}]}`."""
    since = found.since
    return {
        "dataset": {"namespace": found.dataset.namespace, "name": found.dataset.name},
        "comparedWith": None if since is None else {"run": since.run or None, "at": stamp(since.at)},
        "breaking": found.breaking,
        "changes": [
            {
                "column": each.change.path,
                "class": each.kind,
                "sentence": each.sentence,
                "sure": each.change.sure,
                "users": list(each.users),
            }
            for each in found.changes
        ],
    }
