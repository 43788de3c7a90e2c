"""SLOs as cards and rows: the rule, a strip of occurrences, the indicator beside its objective, the budget left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from markupsafe import Markup

from dashboards import say
from dashboards.current import Judged
from dashboards.figures.picture import URGENCY, Tone
from dashboards.figures.strips import BRIEF, LONGEST, Cell, meter, rate, strip
from dashboards.panels.diagnosis import empty_at, left_tone, pace
from dashboards.states import SLO, VERDICT, Look, tier
from lineage.model import NodeId, Verdict
from lineage.slo.status import BurnRate, SloState, Status

TALL: Mapping[Tone, float] = {"ok": 0.55, "bad": 1.0}  # of a strip, at most
LOW = 0.35  # what is neither good nor bad; and by how much less the earliest is tall


@dataclass(frozen=True, slots=True)
class Row:
    """One SLO as lists and cards show it."""

    name: str
    title: str
    rule: str
    kind: str
    dataset: NodeId
    owner: str
    state: SloState
    look: Look
    sentence: str
    sli: Fraction | None
    target: Fraction
    left: Fraction | None
    left_tone: Tone
    meter: Markup
    strip: Markup
    burn: str
    burn_over: str  # the length of its window
    burn_value: float
    empty_at: datetime | None
    next_due: datetime | None


def rows(judged: Sequence[Judged], *, brief: bool = False) -> list[Row]:
    """The SLOs, those that need a person first, then by what is left; *brief* for lists of many."""
    made = [row(one, brief=brief) for one in judged]
    return sorted(made, key=lambda one: (URGENCY[one.look.tone], 2 if one.left is None else one.left, one.name))


def row(one: Judged, *, brief: bool = False) -> Row:
    """One SLO."""
    definition, status = one.definition, one.status
    left, fastest = status.budget.remaining_ratio, pace(status)
    tone = left_tone(left) if status.total else "unk"  # what nobody judged is not well
    return Row(
        name=definition.name,
        title=definition.metadata.display_name or definition.name,
        rule=definition.spec.description,
        kind=definition.spec.sli.type,
        dataset=definition.dataset,
        owner=definition.spec.owner.mention,
        state=status.state,
        look=SLO[status.state],
        sentence=status.sentence,
        sli=status.sli,
        target=status.target,
        left=left,
        left_tone=tone,
        meter=meter(None if left is None else float(left), tone, f"{say.percent(left, 0)} of the error budget left"),
        strip=occurrences(one, brief=brief),
        burn=say.times(fastest.long) if fastest else say.NOTHING,
        burn_over=say.lasting(fastest.long_s) if fastest else "",
        burn_value=float(fastest.long or 0) if fastest else 0.0,
        empty_at=empty_at(status),
        next_due=status.next_due,
    )


def occurrences(one: Judged, *, brief: bool = False) -> Markup:
    """The window's newest occurrences as a strip; where they are judged by time, the later the taller."""
    status = one.status
    shown = status.occurrences[-(BRIEF if brief else LONGEST) :]
    tallness = _by_lateness(shown) if timed(one) else [TALL.get(VERDICT[verdict.state].tone, LOW) for verdict in shown]
    cells = [_cell(verdict, tall) for verdict, tall in zip(shown, tallness, strict=True)]
    counts = status.counts
    within = f"of the last {say.lasting(status.window_s)}" if status.period is None else f"in {status.period.name}"
    label = f"{counts.get('good', 0)} good, {counts.get('bad', 0)} bad {within}"
    return strip(cells, label, brief=brief)


def timed(one: Judged) -> bool:
    """Whether an occurrence is judged by when it came, so that its value is how late it was, or how long it took."""
    sli = one.definition.spec.sli
    if one.definition.spec.budgeting_method != "Occurrences":
        return False
    return sli.type == "latency" or getattr(sli, "method", None) in {"occurrence", "heartbeat"}


def _by_lateness(shown: Sequence[Verdict]) -> list[float]:
    """How tall each is: the later the taller, and a bad one always above a good one; one that never came is full."""
    toned = [
        (VERDICT[verdict.state].tone, None if verdict.value is None else float(verdict.value)) for verdict in shown
    ]
    ranges = {}
    for tone in TALL:
        late = [value for each, value in toned if each == tone and value is not None]
        ranges[tone] = (min(late), max(late)) if late else (0.0, 0.0)

    def tall(tone: Tone, value: float | None) -> float:
        if tone not in TALL or value is None:
            return TALL.get(tone, LOW)
        first, last = ranges[tone]
        return TALL[tone] - (LOW * (last - value) / (last - first) if last > first else 0)

    return [tall(tone, value) for tone, value in toned]


def _cell(verdict: Verdict, tall: float) -> Cell:
    look = VERDICT[verdict.state]
    return Cell(look.tone, f"{say.exact(verdict.due)}: {look.word.lower()}. {verdict.reason}", tall)


@dataclass(frozen=True, slots=True)
class Tier:
    """One alert tier as a row of the table."""

    look: Look
    severity: str
    long: str
    long_rate: str
    long_bar: Markup
    long_value: float
    short: str
    short_rate: str
    short_bar: Markup
    short_value: float
    threshold: str
    empties: str


def tiers(status: Status) -> list[Tier]:
    """The alert tiers; none where the discrete ladder decides."""
    return [_tier(one, status.window_s) for one in status.burn_rates]


def _tier(one: BurnRate, window_s: int) -> Tier:
    def bar(value: Fraction | None) -> Markup:
        tone = "bad" if value is not None and value > one.threshold else "ok"
        return rate(float(value or 0), float(one.threshold), tone)

    return Tier(
        look=tier(one),
        severity=one.severity.capitalize(),
        long=say.lasting(one.long_s),
        long_rate=say.times(one.long),
        long_bar=bar(one.long),
        long_value=float(one.long or 0),
        short=say.lasting(one.short_s),
        short_rate=say.times(one.short),
        short_bar=bar(one.short),
        short_value=float(one.short or 0),
        threshold=f"{float(one.threshold):.3g}{say.TIMES}",
        empties=say.lasting(window_s / float(one.threshold)),
    )
