"""By which rules an SLO was judged: how much failed each, when, and between which bounds all of it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from markupsafe import Markup

from dashboards import say
from dashboards.current import Judged
from dashboards.figures.axes import Spans
from dashboards.figures.failures import Failed, failures
from dashboards.figures.strips import Cell, strip
from lineage.model import Verdict, VerdictState
from lineage.slo.indicators import correctness

MOST_RULES = 12
MOST_POINTS = 2_000  # that the chart is made of; of those alike two are drawn


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule over the window: how much *failed* it, in how many of the *seen* versions, and the last of those."""

    name: str
    failed: int
    strip: Markup
    bad: int
    seen: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that most failed, first; *more* were left out. *bounds* tell how many failed, where it is not exact."""

    rows: tuple[RuleRow, ...]
    more: int
    bounds: str


def rules(one: Judged) -> Rules | None:
    """What the verdicts of the window say of each rule; None where none was judged by rules."""
    told: dict[str, list[tuple[Verdict, int]]] = {}
    for verdict in one.status.measured:
        for rule in verdict.rules if verdict.total else ():
            told.setdefault(rule.name, []).append((verdict, rule.failed or 0))
    if not told:
        return None
    made = sorted((_row(name, each) for name, each in told.items()), key=lambda row: (-row.failed, row.name))
    return Rules(tuple(made[:MOST_RULES]), len(made[MOST_RULES:]), _bounds(one))


def failing(one: Judged, behind: Spans) -> str | None:
    """The chart of what failed of each version, where records are counted by rules."""
    judged = [verdict for verdict in one.status.measured if verdict.total][-MOST_POINTS:]
    if not _in_records(one) or not any(verdict.rules for verdict in judged):
        return None
    return failures([_failed(verdict) for verdict in judged], float(_allowed(one)), behind)


def _allowed(one: Judged) -> Fraction:
    """The share of records that may fail: of all, or of each slice of time where these are counted."""
    return 1 - (one.definition.spec.objectives[0].time_slice_target or one.status.target)


def _in_records(one: Judged) -> bool:
    sli = one.definition.spec.sli
    return isinstance(sli, correctness.Spec) and sli.unit == "records"


def _failed(verdict: Verdict) -> Failed:
    least, most = correctness.bounds(verdict)
    counted, total = verdict.total - verdict.good, verdict.total
    bad = verdict.state == VerdictState.BAD
    return Failed(verdict.due, float(least / total), float(most / total), float(counted / total), bad)


def _bounds(one: Judged) -> str:
    if not _in_records(one):
        return ""
    told = correctness.figures(one.definition, one.status.measured)
    least, most = told["failedAtLeast"], told["failedAtMost"]
    if least == most:
        return ""
    counted = sum((verdict.total - verdict.good for verdict in one.status.measured), Fraction(0))
    return f"{say.count(least)} to {say.count(most)} records failed, {say.count(counted)} are counted"


def _row(name: str, told: Sequence[tuple[Verdict, int]]) -> RuleRow:
    failed = sum(each for _, each in told)
    bad = [verdict.due for verdict, each in told if each]
    cells = [Cell("bad" if each else "ok", "", 1.0 if each else 0.55) for _, each in told]
    drawn = strip(cells, f"failed in {len(bad)} of {len(told)}", brief=True)
    return RuleRow(name, failed, drawn, len(bad), len(told), max(bad, default=None))
