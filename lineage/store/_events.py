"""A filter of events, and where to look for them first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Literal, NamedTuple

from lineage.store._observations import Ref

Source = Literal["event", "ahead", "run", "dataset", "datasets", "job"]


class Question(NamedTuple, Generic[Ref]):
    """A filter of events; times in microseconds, digests in hex."""

    digests: Sequence[str] | None
    run: Ref | None
    job: Ref | None
    members: Sequence[Ref] | None  # of a dataset
    namespace: str | None
    since: int
    until: int
    known_at: int
    lead: int
    ahead: int | None  # only those that are ahead by more

    @property
    def source(self) -> Source:
        """What narrows most: few events are ahead, a run has few, a dataset under one name is quicker than several."""
        if self.ahead is not None:
            return "ahead"
        if self.run is not None:
            return "run"
        if self.members is not None:
            return "dataset" if len(self.members) == 1 else "datasets"
        return "event" if self.job is None else "job"
