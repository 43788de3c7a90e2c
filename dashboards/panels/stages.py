"""Where the time went on the way of one delivery: a bar for each stage, beside what it usually takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median_low

from markupsafe import Markup

from dashboards import say
from dashboards.current import Judged
from dashboards.figures.strips import span
from lineage.model import NodeId, Stage, Verdict
from lineage.slo.indicators import latency

NOTABLE = Fraction(1, 20)  # of the whole, by which a stage takes longer than usual to be called slow


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage: what *job* was waited for or did, how long, how long usually, and its bar after those before it."""

    what: str
    job: NodeId
    took: Fraction
    usual: Fraction
    bar: Markup
    slow: bool


@dataclass(frozen=True, slots=True)
class Way:
    """The newest delivery that *arrived*, by its stages, and what all of the window come to in words."""

    arrived: Verdict
    rows: tuple[StageRow, ...]
    whole: str


def way(one: Judged) -> Way | None:
    """The waterfall of the newest arrival; None where none tells its stages."""
    told = [verdict for verdict in one.status.measured if verdict.stages and verdict.delivered_at]
    if not told or not isinstance(one.definition.spec.sli, latency.Spec):  # a composite has no way of its own
        return None
    newest = told[-1]
    lengths: dict[tuple[str, NodeId], list[Fraction]] = {}
    for stage in (stage for verdict in told for stage in verdict.stages):
        lengths.setdefault((stage.what, stage.job), []).append(stage.seconds)
    usual = [median_low(lengths[stage.what, stage.job]) for stage in newest.stages]
    return Way(newest, tuple(_rows(newest.stages, usual)), _whole(one))


def _rows(stages: Sequence[Stage], usual: Sequence[Fraction]) -> list[StageRow]:
    whole = sum((stage.seconds for stage in stages), Fraction(0))
    excess = [stage.seconds - each for stage, each in zip(stages, usual, strict=True)]
    before, made = Fraction(0), []
    for stage, each, over in zip(stages, usual, excess, strict=True):
        slow = over == max(excess) and over > whole * NOTABLE
        tone = "warn" if slow else "run" if stage.what == "running" else "unk"
        drawn = span(float(before / whole), float(stage.seconds / whole), tone) if whole else Markup("")
        made.append(StageRow(stage.what, stage.job, stage.seconds, each, drawn, slow))
        before += stage.seconds
    return made


def _whole(one: Judged) -> str:
    """The percentile with its interval and the trend, as the answers have them."""
    told = latency.figures(one.definition, one.status.measured)
    share, seconds, samples = told["percentile"], told["seconds"], told["samples"]
    if seconds is None or samples is None:
        return ""
    ends = [told[name] for name in ("secondsAtLeast", "secondsAtMost")]
    least, most = ("?" if end is None else say.lasting(float(end)) for end in ends)
    sure = f" (with 95 % confidence {least} to {most})" if least != most else ""
    growth = told["trendSecondsPerDay"] or Fraction(0)
    trend = (
        f"; {say.lasting(abs(float(growth)))} {'more' if growth > 0 else 'less'} each day" if abs(growth) >= 1 else ""
    )
    return f"{say.percent(share, 0)} of {say.count(samples)} took at most {say.lasting(float(seconds))}{sure}{trend}."
