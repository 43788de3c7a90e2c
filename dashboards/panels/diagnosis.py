"""The one sentence on top of a page, built of facts only; a clause that is not known is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from dashboards import say
from dashboards.current import Judged
from dashboards.figures.picture import URGENCY, Tone
from dashboards.frame import Look
from dashboards.states import SLO
from lineage.alerts.incidents import Incident
from lineage.model import NodeId
from lineage.slo.status import BurnRate, Status


class Fact(NamedTuple):
    """Some words, and the page that proves them."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is the matter, in a line; then what else is known; then where to go."""

    tone: Tone
    title: str
    facts: tuple[Fact, ...] = ()
    acts: tuple[Fact, ...] = ()


def of_dataset(
    dataset: Iterable[NodeId], slos: Sequence[Judged], open_incidents: Sequence[Incident], seen: Look
) -> Diagnosis:
    """The diagnosis of a dataset under all its names."""
    names = {(one.namespace, one.name) for one in dataset}
    ids = {f"dataset:{namespace}:{name}" for namespace, name in names}
    worst = min(slos, key=lambda slo: URGENCY[SLO[slo.status.state].tone], default=None)
    wrong = (one for one in open_incidents if one.kind != "budget")  # a budget that runs low is no data that is
    mine = next((one for one in wrong if any(member.dataset in names for member in one.members)), None)
    if mine is not None and worst is not None:
        return _with_cause(worst, mine, seen)
    near = next((one for one in open_incidents if ids & {*one.affected}), None)
    if near is not None:
        return _at_risk(near, worst, seen)
    if worst is None:
        return Diagnosis("unk", "No SLO watches this dataset", (Fact("What nobody promised cannot be late."),))
    facts = (_promise(worst, seen),)
    tone = SLO[worst.status.state].tone
    if tone == "ok" and len(slos) > 1:
        return Diagnosis("ok", f"All {len(slos)} SLOs are met", facts)
    return Diagnosis(tone, worst.status.sentence, facts)


def _promise(slo: Judged, seen: Look) -> Fact:
    return Fact(slo.definition.spec.description or slo.definition.name, seen.link("slos", slo.definition.name))


def _with_cause(slo: Judged, incident: Incident, seen: Look) -> Diagnosis:
    status, cause = slo.status, incident.cause
    title = status.sentence
    if cause is not None and cause.sentence:
        title = f"{re.split('[,;:] ', title)[0]} because {cause.sentence}"
    facts = [Fact(f"{status.sentence}.")] if title != status.sentence else []
    facts += _harm(incident, seen)
    facts.append(Fact(f"{say.percent(status.budget.remaining_ratio, 0)} of the error budget is left.", ""))
    return Diagnosis(_tone(slo), title, tuple(facts), _acts(incident, seen))


def _tone(slo: Judged) -> Tone:
    tone = SLO[slo.status.state].tone
    return "bad" if tone == "ok" else tone  # the incident is open: recovery is not yet certain


def _at_risk(incident: Incident, slo: Judged | None, seen: Look) -> Diagnosis:
    what = incident.cause.sentence if incident.cause and incident.cause.sentence else incident.title
    facts = _harm(incident, seen)
    if slo is not None and slo.status.next_due is not None:
        facts.append(Fact(f"Due {say.day_and_time(slo.status.next_due, seen.at)}.", seen.link("slos", slo.status.slo)))
    return Diagnosis("warn", f"At risk because {what}", tuple(facts), _acts(incident, seen))


def _harm(incident: Incident, seen: Look) -> list[Fact]:
    facts = []
    if incident.affected:
        verb = "is" if len(incident.affected) == 1 else "are"
        told = f"{say.some(len(incident.affected), 'dataset')} downstream {verb} affected."
        facts.append(Fact(told, seen.link("incidents", incident.id)))
    return facts


def _acts(incident: Incident, seen: Look) -> tuple[Fact, ...]:
    acts = []
    if incident.cause and incident.cause.run:
        acts.append(Fact("Open failing run", seen.link("runs", incident.cause.run)))
    return (*acts, Fact(f"Incident {incident.id}", seen.link("incidents", incident.id)))


def of_slo(slo: Judged, incident: Incident | None, seen: Look) -> Diagnosis:
    """The diagnosis of an SLO: its sentence, when the budget ends, and the incident it is part of."""
    status, facts = slo.status, []
    end = empty_at(status)
    if end is not None and status.state != "ok":
        left = (end - status.at).total_seconds()
        facts.append(Fact(f"At this pace the budget is gone in {say.lasting(left)}."))
    acts: list[Fact] = []
    if incident is not None:
        if incident.cause and incident.cause.sentence:
            where = seen.link("runs", incident.cause.run) if incident.cause.run else ""
            facts.append(Fact(f"{incident.cause.sentence}.", where))
        acts = [Fact("Show root-cause path", seen.of(slo.definition.dataset) + "#lineage")]
        acts.append(Fact(f"Incident {incident.id}", seen.link("incidents", incident.id)))
    return Diagnosis(SLO[status.state].tone, status.sentence, tuple(facts), tuple(acts))


def pace(status: Status) -> BurnRate | None:
    """The burn rate that tells best where the budget goes: the fastest that fires, else the first longer than 1 h."""
    measured = [rate for rate in status.burn if rate.long is not None]
    firing = [rate for rate in measured if rate.firing]
    if firing:
        return max(firing, key=lambda rate: rate.long or 0)
    return next((rate for rate in measured if rate.long_s > HOUR_S), None)


HOUR_S = 3600
FAR = 10  # windows; an end further off is none


def empty_at(status: Status) -> datetime | None:
    """When the budget ends at the present pace: remaining x window / burn (SLO.md b.7). None: not in sight.

    On a calendar nothing is in sight beyond the end of the window, where the next has a budget of its own.
    """
    left, rate = status.budget.remaining_ratio, pace(status)
    if left is None or left <= 0 or rate is None or not rate.long:
        return None
    seconds = left * status.window_s / rate.long
    if seconds > FAR * status.window_s:
        return None
    end = status.at + timedelta(seconds=float(seconds))
    return None if status.period is not None and end >= status.period.end else end


def left_tone(left: Fraction | None) -> Tone:
    """The colour of what is left of a budget: a quarter is a warning, nothing is bad (SLO.md b.7)."""
    if left is None:
        return "unk"
    if left <= 0:
        return "bad"
    return "warn" if left < Fraction(1, 4) else "ok"
