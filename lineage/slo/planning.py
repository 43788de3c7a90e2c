"""What files would change of the SLOs in force: field by field, with what it does to occurrences and budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from lineage.errors import InvalidDefinition
from lineage.slo.composites import join, misjoined
from lineage.slo.evaluate import evaluate
from lineage.slo.kept import Kept, definition, kept, rescheduled
from lineage.slo.phrases import percent, span
from lineage.slo.reading import Source
from lineage.slo.shape import number
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.slo.written import body_of
from lineage.store.base import Store

Action = Literal["add", "change", "remove", "keep"]

# What a field decides, by the longest beginning of its place that is here.
EFFECTS: Mapping[str, str] = {
    "": "words only; no verdict changes",
    "metadata.labels.tier": "what pages first; no verdict changes",
    "spec": "words only; no verdict changes",
    "spec.dataset": "the whole window is judged anew, of another dataset",
    "spec.path": "the whole window is judged anew, along another path",
    "spec.sli": "the whole window is judged anew by it",
    "spec.sli.correlate": "which evidence is believed; the whole window is judged anew by it",
    "spec.schedule": "what falls due from now on; what fell due before keeps its schedule",
    "spec.timeWindow": "older occurrences enter or leave the window, and the budget with them",
    "spec.timeWindow.0.isRolling": "the window rolls, or begins anew with its calendar, and the budget with it",
    "spec.timeWindow.0.calendar": "the window begins and ends at other times, and its budget with it",
    "spec.objectives": "the budget is another share of the same occurrences",
    "spec.objectives.0.timeSliceTarget": "which slices are good, and the budget is spent by others",
    "spec.objectives.0.timeSliceWindow": "the budget counts other slices of time",
    "spec.budgetingMethod": "the budget counts slices of time, or occurrences",
    "spec.effectiveFrom": "what was due before it does not exist",
    "spec.exclusions": "what was due in them is of no budget",
    "spec.lateMetadata": "which late events may still change a verdict",
    "spec.lifecycle": "who is told in time that the data ends; no verdict changes",
    "spec.noData": "when alerts freeze; no verdict changes",
    "spec.alerting": "when it speaks, and how loudly; no verdict changes",
    "spec.incidents": "what answers to incidents are held to; no verdict changes",
    "spec.owner": "who is told; no verdict changes",
    "spec.consumer": "who else is told; no verdict changes",
}


class Wanted(NamedTuple):
    """What somebody wants in force; with *prune* what was applied and is not in *sources* no more.

    With *adopt* also what a folder owns (DECISIONS 29).
    """

    sources: Sequence[Source]
    prune: bool = False
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is written otherwise, None where it is not written; *effect* is what it decides."""

    field: str
    before: object
    after: object
    effect: str


@dataclass(frozen=True, slots=True)
class Step:
    """What would become of one SLO, and how it stands now by the definition before and the one after.

    *owner* is the file of a folder that alone changes it, where it is not to be adopted (DECISIONS 29).
    """

    slo: str
    action: Action
    place: str
    fields: tuple[Difference, ...] = ()
    before: Status | None = None
    after: Status | None = None
    owner: str | None = None


def plan(store: Store, wanted: Wanted, now: datetime) -> list[Step]:
    """What fulfilling *wanted* at *now* would do, by name.

    Raises Conflict where a folder owns the name of one that differs, unless it is to be adopted, and InvalidDefinition
    for a composite of which a member would be missing, also where it is in force already and names one that changes.
    """
    found, after = kept(store), {source.slo.name: source.slo for source in wanted.sources}
    before = {name: definition(each.record) for name, each in found.items() if each.active}
    gone = [name for name in before.keys() - after.keys() if wanted.prune and not found[name].owned]
    look = _Look(store, now, before, {name: slo for name, slo in before.items() if name not in gone} | after)
    places = {name: each.record.place for name, each in found.items()}
    places |= {source.slo.name: source.place for source in wanted.sources}
    if faults := [
        f"{places[name]}:1: {told}"
        for name, slo in look.after.items()
        for told in _misjoined(slo, look.after) - (frozenset() if name in after else _misjoined(slo, before))
    ]:
        raise InvalidDefinition("\n".join(sorted(faults)))
    steps = [_step(look, source, found.get(source.slo.name), adopt=wanted.adopt) for source in wanted.sources]
    steps += [Step(name, "remove", found[name].record.place, before=look.now(before[name])) for name in gone]
    return sorted(steps, key=lambda step: step.slo)


def _misjoined(slo: DataSLO, known: Mapping[str, DataSLO]) -> frozenset[str]:
    return frozenset(told for _, told in misjoined(slo, known))


class _Look(NamedTuple):
    """How SLOs stand at *at*, with what is in force *before* and what would be *after*."""

    store: Store
    at: datetime
    before: Mapping[str, DataSLO]
    after: Mapping[str, DataSLO]

    def now(self, slo: DataSLO) -> Status:
        """As all is in force."""
        return evaluate(join(slo, self.before), self.store, self.at)

    def then(self, slo: DataSLO) -> Status:
        """As all would be."""
        return evaluate(join(slo, self.after), self.store, self.at)


def _step(look: _Look, source: Source, before: Kept | None, *, adopt: bool) -> Step:
    name, now = source.slo.name, look.at
    if before is None or not before.active:
        since = now if before is None else before.record.since
        return Step(name, "add", source.place, after=look.then(source.slo.since(since)))
    differ = tuple(differences(_as_written(definition(before.record), before, source.slo), source.slo))
    left = before.owned and not adopt
    if not differ and (left or not before.owned):
        return Step(name, "keep", before.record.place if left else source.place)
    after = rescheduled(source.slo, before.record, now).since(before.record.since)
    owner = before.record.place if left else None
    return Step(name, "change", source.place, differ, look.now(look.before[name]), look.then(after), owner)


def _as_written(slo: DataSLO, before: Kept, newer: DataSLO) -> DataSLO:
    """*slo* without what Headwater noted itself: since when it, and its schedule, are in force."""
    spec = slo.spec
    if newer.spec.effective_from is None and spec.effective_from == before.record.since:
        spec = spec.model_copy(update={"effective_from": None})
    schedule = spec.schedule
    if schedule is not None and newer.spec.schedule is not None and newer.spec.schedule.valid_from is None:
        schedule = schedule.model_copy(update={"valid_from": None, "before": None})
    return slo.model_copy(update={"spec": spec.model_copy(update={"schedule": schedule})})


def differences(before: DataSLO, after: DataSLO) -> Iterator[Difference]:
    """The fields that *after* writes otherwise than *before*, as they are written, by place."""
    old, new = dict(_leaves(body_of(before))), dict(_leaves(body_of(after)))
    for field in sorted(old.keys() | new.keys()):
        if old.get(field) != new.get(field):
            yield Difference(field, old.get(field), new.get(field), _effect(field))


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        pairs: Iterable[tuple[str, Any]] = value.items()
        yield from (leaf for key, each in pairs for leaf in _leaves(each, f"{place}.{key}" if place else key))
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for index, each in enumerate(value):
            yield from _leaves(each, f"{place}.{index}")
    else:
        yield place, value


def _effect(field: str) -> str:
    parts = field.split(".")
    return next(EFFECTS[start] for end in range(len(parts), -1, -1) if (start := ".".join(parts[:end])) in EFFECTS)


def shape_of(step: Step) -> dict[str, object]:
    """*step* as JSON."""
    return {
        "slo": step.slo,
        "action": step.action,
        "place": step.place,
        "ownedBy": step.owner,
        "fields": [
            {"field": each.field, "before": each.before, "after": each.after, "effect": each.effect}
            for each in step.fields
        ],
        "before": _brief(step.before),
        "after": _brief(step.after),
    }


def _brief(status: Status | None) -> dict[str, object] | None:
    if status is None:
        return None
    return {
        "state": status.state,
        "good": number(status.good),
        "total": number(status.total),
        "occurrences": len(status.occurrences),
        "budget": {
            "allowed": number(status.budget.allowed),
            "spent": number(status.budget.spent),
            "remainingRatio": number(status.budget.remaining_ratio),
        },
        "sentence": _standing(status),
    }


def _standing(status: Status) -> str:
    left = status.budget.remaining_ratio
    rest = "nothing judged yet" if left is None else f"{percent(left)} of the error budget left"
    window = span(timedelta(seconds=status.window_s)) if status.period is None else status.period.name
    return f"{status.state}, {len(status.occurrences)} occurrences in {window}, {rest}"
