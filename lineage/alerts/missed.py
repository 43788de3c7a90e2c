"""The looks that nobody took: after a downtime an alert has begun when it would have begun had nobody been away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from lineage.alerts.backtest import reach_of, retold, widened
from lineage.alerts.policy import AlertState, Transition, decide
from lineage.model import VerdictState
from lineage.slo.budget import Tally
from lineage.slo.evaluate import basis, counted_by, verdicts
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.store.base import Store

LONGEST = timedelta(days=7)  # of a downtime: what began before it is told as having begun then


def missed(
    store: Store,
    definitions: Mapping[str, DataSLO],
    statuses: Sequence[Status],
    said: Mapping[str, AlertState],
    since: datetime,
) -> dict[str, AlertState]:
    """The alerts that fire since before *statuses*, and were not *said* to, by SLO: from the looks after *since* on.

    Only SLOs with a BAD occurrence that could have made one are read once more. Raises StoreUnavailable.
    """
    found: dict[str, AlertState] = {}
    for status in statuses:
        slo, before = definitions.get(status.slo), said.get(status.slo)
        if slo is None or (before is not None and before.phase == "firing"):
            continue
        lived = _lived(store, slo, status, before, max(since, status.at - LONGEST))
        if lived is not None and lived.phase == "firing":
            found[slo.name] = lived
    return found


def _lived(store: Store, slo: DataSLO, status: Status, before: AlertState | None, since: datetime) -> AlertState | None:
    begin = since - reach_of(slo, status.looked_at)
    if not any(each.state == VerdictState.BAD and each.due > begin for each in status.looked_at):
        return None
    wider = widened(slo, status.at - since)
    read = basis(wider, store, status.at)
    judged, evidence = verdicts(wider, read, status.at)
    counted = counted_by(slo, read, judged, evidence.since, status.at)
    tally = Tally(replace(each, imported=False) if each.imported else each for each in counted)
    for transition, _ in retold(slo, tally, since, status.at, before):
        before = transition.after
    return before


def resumed(before: AlertState | None, lived: AlertState | None, status: Status) -> Transition | None:
    """What *status* changes about what was last said *before*, where meanwhile nobody looked; *lived* if it fired then.

    What is over by now is not told; what still fires does so since it began.
    """
    if lived is not None:
        move = decide(lived, status)
        after = lived if move is None else move.after
        if after.phase == "firing":
            return Transition("fire", after.model_copy(update={"at": status.at, "incident": None}))
    return decide(before, status)
