"""`/`: what needs a person now, whom it hurts, and how the rest is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup

from dashboards import say
from dashboards.current import Judged, current
from dashboards.figures.strips import Cell, strip
from dashboards.frame import Look, Nav, Shown, look, page
from dashboards.panels.diagnosis import Diagnosis, Fact
from dashboards.panels.runs import Came
from dashboards.panels.slos import rows
from dashboards.states import SLO
from lineage.alerts.incidents import Incident, every
from lineage.model import VerdictState
from lineage.slo.shares import SHARES
from lineage.slo.status import SloState
from lineage.web import needs, services

NAV = Nav("Overview", "home", "/", 0)

router = APIRouter(route_class=Shown, include_in_schema=False, dependencies=[Depends(needs("read"))])

DAYS = 28
FAILURES = 6
ATTENTION = 8
RUNNING = 200  # of the newest that have not ended, those that nothing is heard of are told
LOOK_BACK = timedelta(days=7)


class Health(NamedTuple):
    """A namespace's SLOs over the last days."""

    namespace: str
    slos: int
    strip: Markup
    left: Fraction | None


@router.get("/")
def shown(request: Request) -> Response:
    """The overview."""
    seen, behind = look(request), services(request)
    judged = current(request).judged(seen.at, past=seen.as_of is not None)
    found = every(behind.store)
    begun = [one for one in found if one.state == "open"] if seen.as_of is None else []
    made = rows(judged, brief=True)
    counts = {state: sum(one.status.state == state for one in judged) for state in SLO}
    failed = behind.store.runs(
        states=["FAIL", "ABORT"], since=seen.at - timedelta(days=1), until=seen.as_of, limit=FAILURES
    )
    running = behind.store.runs(states=["RUNNING"], since=seen.at - LOOK_BACK, until=seen.as_of, limit=RUNNING).items
    came = Came(behind.store, [*running, *failed.items], seen.at)
    return page(
        request,
        "overview.html",
        diagnosis=summary(counts, begun, seen),
        slos=made,
        attention=[one for one in made if one.look.tone in ("bad", "warn")][:ATTENTION],
        by_state=counts,
        states=SLO,
        open=begun,
        recent=[one for one in found if one.state == "resolved"][:3],
        failed=failed,
        lost=[run for run in running if came.needs_a_look(run)],
        came=came,
        health=health(judged, seen.at),
        stats=behind.store.stats(),
        estate=SHARES.estate if seen.as_of is None else None,
    )


def summary(counts: dict[SloState, int], begun: Sequence[Incident], seen: Look) -> Diagnosis | None:
    """The whole of it in a sentence: how many SLOs are in trouble, and how few causes explain them."""
    breaching, at_risk, total = counts["breaching"], counts["at_risk"], sum(counts.values())
    if not total and not begun:
        return None
    if not breaching and not at_risk and not begun:
        return Diagnosis("ok", f"{_all(total)}; nothing needs you")
    title = f"{say.some(breaching, 'SLO is', 'SLOs are')} breaching"
    if not breaching:
        title = f"{say.some(at_risk, 'SLO is', 'SLOs are')} at risk" if at_risk else "An incident is open"
    causes = [one for one in begun if one.cause and one.cause.sentence]
    facts: list[Fact] = []
    if causes:
        hurt = sum(len(one.members) for one in causes)
        explains = "One cause explains" if len(causes) == 1 else f"{len(causes)} causes explain"
        title = f"{title}. {explains} {_of_them(min(hurt, breaching), breaching)}"
        facts = [Fact(f"{one.cause.sentence}.", seen.link("incidents", one.id)) for one in causes[:3] if one.cause]
    acts = tuple(Fact(f"Open {one.id}", seen.link("incidents", one.id)) for one in begun[:2])
    wrong = breaching or any(one.kind != "budget" for one in begun)  # a budget that runs low is a warning
    return Diagnosis("bad" if wrong else "warn", title, tuple(facts), acts)


def _of_them(hurt: int, breaching: int) -> str:
    if hurt < breaching:
        return f"{hurt} of them"
    return {0: "it", 1: "it", 2: "both"}.get(breaching, "all of them")


def _all(total: int) -> str:
    return "The one SLO is met" if total == 1 else f"No SLO of {total} is breaching or at risk"


def health(judged: Sequence[Judged], at: datetime) -> list[Health]:
    """For each namespace one cell a day: bad if any occurrence due that day was bad, good if all that were judged."""
    by_namespace: dict[str, list[Judged]] = {}
    for one in judged:
        by_namespace.setdefault(one.definition.dataset.namespace, []).append(one)
    return [
        Health(
            namespace,
            len(slos),
            strip(_days(slos, at), f"The last {DAYS} days of {namespace}"),
            min(
                (one.status.budget.remaining_ratio for one in slos if one.status.budget.remaining_ratio is not None),
                default=None,
            ),
        )
        for namespace, slos in sorted(by_namespace.items())
    ]


def _days(slos: Sequence[Judged], at: datetime) -> list[Cell]:
    days = [(at - timedelta(days=back)).date() for back in reversed(range(DAYS))]
    good = dict.fromkeys(days, 0)
    bad = dict.fromkeys(days, 0)
    for one in slos:
        for verdict in one.status.occurrences:
            day = verdict.due.date()
            if day in good:
                good[day] += verdict.state is VerdictState.GOOD
                bad[day] += verdict.state is VerdictState.BAD
    return [_day(f"{day.day} {day:%b}", good[day], bad[day]) for day in days]


def _day(name: str, good: int, bad: int) -> Cell:
    if not good and not bad:
        return Cell("unk", f"{name}: nothing judged", 0.3)
    tone = "ok" if not bad else "bad" if bad >= good else "warn"
    return Cell(tone, f"{name}: {good} good, {bad} bad", 0.6 if not bad else 1.0)
