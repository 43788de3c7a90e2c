"""One incident through its life, as channels, the API and pages may meet it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from lineage.alerts.incidents import Cause, Incident, Member, Moment, Postmortem
from tests.support.alerting import LOAD, NOW, ORDERS, REVENUE, RIVER, SETTLEMENTS

BROKE = NOW.replace(hour=5, minute=54)

LATE = Member(
    slo="orders-daily-freshness",
    dataset=(ORDERS.namespace, ORDERS.name),
    since=NOW,
    severity="ticket",
    sentence="Late by 2 h 31 m, due 2026-11-21 10:30 UTC",
    budget_left="88 %",
    burn="",
)
OPENED = Incident(
    id="INC-7",
    state="open",
    severity="ticket",
    title="settlements.load_settlements failed",
    cause=Cause(
        job=(LOAD.namespace, LOAD.name),
        run="c7e1aaaa-0000-4000-8000-0000000004f2",
        state="FAIL",
        at=BROKE,
        dataset=(SETTLEMENTS.namespace, SETTLEMENTS.name),
        path=tuple(str(node) for node, _ in RIVER[1:5]),
        sentence="settlements.load_settlements has failed 3 times since 05:54 UTC",
    ),
    members=(LATE,),
    owner="@data-orders",
    to="C0ORDERS1",
    runbook="https://runbooks.example.com/orders?a=1&b=2",
    onset_at=NOW,
    detected_at=NOW + timedelta(minutes=4),
    affected=(str(SETTLEMENTS), str(ORDERS), str(REVENUE), "dataset:bi:exec_sales"),
    timeline=(Moment(at=BROKE, what="settlements.load_settlements has failed 3 times since 05:54 UTC"),),
)
RECEIPT = {"channel": "C0ORDERS1", "ts": "1795257000.000001"}


def changed(**update: Any) -> Incident:
    """The incident at its second transition."""
    return OPENED.model_copy(update={"transition": 2, **update})


ESCALATED = changed(
    severity="page",
    change="escalated",
    members=(LATE.model_copy(update={"severity": "page", "burn": "21x (1 h)", "budget_left": "-14 %"}),),
    receipt=RECEIPT,
)
WARNED = changed(
    change="warned",
    members=(
        LATE.model_copy(
            update={
                "budget_left": "-14 %",
                "short": "orders-daily-freshness has spent its error budget, so that the gate of orders is closed",
            }
        ),
    ),
    acked_at=NOW + timedelta(minutes=9),
    acked_by="ana <ana@acme>",
    postmortem=Postmortem(required=True, because="spent 114 % of the budget of orders-daily-freshness"),
    receipt=RECEIPT,
)
RESOLVED = changed(
    state="resolved",
    change="resolved",
    members=(LATE.model_copy(update={"restored_at": NOW + timedelta(hours=3)}),),
    restored_at=NOW + timedelta(hours=3),
    receipt=RECEIPT,
)
UNEXPLAINED = changed(
    title="<b>&co.`x` misses orders-daily-freshness",
    cause=None,
    owner="<!subteam^S0DATAORD>",
    members=tuple(LATE.model_copy(update={"slo": f"slo-{n}", "dataset": ("s3://a", "<b>&co.`x`")}) for n in range(7)),
    affected=(),
    runbook=None,
)
