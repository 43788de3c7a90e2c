"""What the events of one run come to: its state, its times, and the datasets that it really read and wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lineage.model import TERMINAL, Listing, Moment, NodeId, RunConclusion, RunObserved, RunState, Side

_STRONGEST_FIRST: Final[tuple[RunState, ...]] = ("FAIL", "ABORT", "COMPLETE")


def resolve(observed: RunObserved) -> RunConclusion:
    """Conclude one run by DECISIONS 8: a function of the set of its events, never of their arrival.

    A terminal event beats any other; FAIL beats ABORT beats COMPLETE, whatever their times. A run began again only if
    one START precedes its FAIL or ABORT and another follows; then only what comes after that START decides. The end is
    the newest event of the state's type. Without a START the start is unknown. A run of which nothing but OTHER was
    seen is NEW.
    """
    starts = [moment for moment in observed.moments if moment.type == "START"]
    deciding = _deciding(observed.moments, starts)
    said = {moment.type for moment in deciding}
    state = next((state for state in _STRONGEST_FIRST if state in said), None)
    return RunConclusion(
        state=state or _unfinished(observed),
        started_at=min((moment.at for moment in starts), default=None),
        ended_at=max((moment.at for moment in deciding if moment.type == state), default=None),
        conflict=len(said) > 1,
        effective=_effective(observed.listings),
    )


def _deciding(moments: Sequence[Moment], starts: Sequence[Moment]) -> list[Moment]:
    terminal = [moment for moment in moments if moment.type in TERMINAL]
    if not starts:
        return terminal
    first, last = min(start.at for start in starts), max(start.at for start in starts)
    broken = [moment.at for moment in terminal if moment.type != "COMPLETE" and first <= moment.at < last]
    if not broken:
        return terminal
    again = min(start.at for start in starts if start.at > max(broken))
    return [moment for moment in terminal if moment.at >= again]


def _unfinished(observed: RunObserved) -> RunState:
    return "NEW" if observed.types and observed.types <= {"OTHER"} else "RUNNING"


def _effective(listings: Sequence[Listing]) -> frozenset[tuple[NodeId, Side]]:
    completed = {listing.side for listing in listings if "COMPLETE" in listing.types}
    return frozenset(
        (listing.dataset, listing.side)
        for listing in listings
        # An explicit statement holds until another is made, and its sources with it.
        if listing.told or not (listing.side in completed and listing.types == {"START"})
    )
