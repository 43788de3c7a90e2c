"""`/slos`: the promises, those that need a person first; one promise with its budget, its windows and its evidence."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from dashboards import say
from dashboards.current import Judged, current
from dashboards.figures.strips import LONGEST
from dashboards.frame import Nav, Shown, look, page
from dashboards.panels.budget import drawn, figures
from dashboards.panels.contracts import matrix
from dashboards.panels.decisions import decisions, proposed
from dashboards.panels.diagnosis import empty_at, of_slo, pace
from dashboards.panels.rules import rules
from dashboards.panels.slos import row, rows, tiers, timed
from dashboards.panels.stages import way
from dashboards.states import SLO, VERDICT, worst
from lineage.alerts.incidents import Incident, every
from lineage.alerts.inherited import booked, share, spans
from lineage.slo.silences import silenced
from lineage.slo.written import written
from lineage.web import choice, needs, services

NAV = Nav("SLOs", "target", "/slos", 4, "slos")

router = APIRouter(route_class=Shown, include_in_schema=False, dependencies=[Depends(needs("read"))])

LISTED = 16  # occurrences in the table


@router.get("/slos")
def listed(request: Request) -> Response:
    """All SLOs; `state` filters."""
    seen = look(request)
    judged = current(request).judged(seen.at, past=seen.as_of is not None)
    made = rows(judged, brief=True)
    counts = {state: sum(one.state == state for one in made) for state in SLO}
    wanted = request.query_params.get("state")
    if wanted:
        made = [one for one in made if one.state == choice(wanted, SLO, "state")]
    return page(
        request,
        "slos.html",
        slos=made,
        total=sum(counts.values()),
        counts_by_state=counts,
        states=SLO,
        wanted=wanted,
        contracts=matrix(judged),
        proposed=proposed(request, seen),
        written=written,
    )


@router.get("/slos/{name}")
def shown(request: Request, name: str) -> Response:
    """One SLO, judged at the moment that is looked at."""
    seen, behind = look(request), services(request)
    found = every(behind.store)
    hurt = spans(found)
    one = Judged(behind.slos.definition(name), booked(behind.slos.status(name, seen.at), hurt))
    mine = [incident for incident in found if any(member.slo == name for member in incident.members)]
    begun = None if seen.as_of else next((incident for incident in mine if _hurts(incident, name)), None)
    status = one.status
    return page(
        request,
        "slo.html",
        slo=row(one),
        definition=one.definition,
        status=status,
        window=say.lasting(status.window_s) if status.period is None else status.period.name,
        unit=one.definition.unit,
        measured_in=one.definition.spec.sli.unit,
        lost_upstream=share(status, hurt.get(name, ())),
        diagnosis=of_slo(one, begun, seen),
        pace=pace(status),
        lasting=say.lasting,
        empty_at=empty_at(status),
        tiers=tiers(status),
        firing=worst([tier.look for tier in tiers(status)]),
        occurrences=list(reversed(status.occurrences))[:LISTED],
        verdicts=VERDICT,
        incidents=mine[:8],
        written=written(one.definition),
        decisions=decisions(request, one.definition, status.measured, seen),
        figures=figures(one, mine, hurt.get(name, ())),
        measures=drawn(one),
        rules=rules(one),
        way=way(one),
        timed=timed(one),
        LONGEST=LONGEST,
        silence=silenced([name], behind.store, seen.at).get(name),
    )


def _hurts(incident: Incident, slo: str) -> bool:
    """Whether the data of *slo* is wrong by it: that a budget runs low is not."""
    hurt = (member.slo for member in incident.members if member.restored_at is None)
    return incident.kind != "budget" and slo in hurt
