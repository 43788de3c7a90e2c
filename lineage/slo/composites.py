"""SLOs of several SLOs: which members there are, and each of them as its composite sees it (SLO.md b.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

from lineage.model import NodeId, Verdict, VerdictState
from lineage.slo.indicators.composite import Spec
from lineage.slo.spec import ANY, DataSLO


def joined(slos: Mapping[str, DataSLO]) -> dict[str, DataSLO]:
    """*slos*, composites among them with their members; one of which a member is missing or odd knows why."""
    return {name: join(slo, slos) for name, slo in slos.items()}


def join(slo: DataSLO, known: Mapping[str, DataSLO]) -> DataSLO:
    """*slo* with the members that it names, of those *known*; itself where it is no composite."""
    sli = slo.spec.sli
    if not isinstance(sli, Spec):
        return slo
    for _, fault in misjoined(slo, known):
        return slo.of_members((), fault)
    settles = max(known[name].settles for name in sli.of)
    members = tuple(_as_seen(known[name], slo).settled(settles) for name in sli.of)
    return slo.of_members(members).settled(settles)


def misjoined(slo: DataSLO, known: Mapping[str, DataSLO]) -> Iterator[tuple[str, str]]:
    """(Member, what is wrong with it and what to write) for each that *slo* names and that cannot be one."""
    sli = slo.spec.sli
    for name in sli.of if isinstance(sli, Spec) else ():
        member = known.get(name)
        if member is None:
            yield name, f"no SLO is named {name!r}; write it, or take it out of spec.sli.of"
        elif isinstance(member.spec.sli, Spec):
            yield name, f"{name} is a composite itself; name those that it is of"
        elif member.spec.sli.unit != sli.unit:
            yield (
                name,
                f"{name} counts {member.spec.sli.unit}, this {sli.unit}; write unit: {member.spec.sli.unit} in all",
            )


def hurt(slo: DataSLO, verdicts: Sequence[Verdict]) -> NodeId:
    """The dataset that *slo* misses, by its *verdicts*: its own, or of a composite that of the member that missed.

    That is the first of an unbroken row of BAD ones at the end, else the newest BAD one.
    """
    if slo.spec.dataset != ANY:
        return slo.dataset
    judged = [verdict for verdict in verdicts if verdict.total]
    row = list(takewhile(lambda verdict: verdict.state == VerdictState.BAD, reversed(judged)))
    bad = row[-1:] or [verdict for verdict in judged if verdict.state == VerdictState.BAD][-1:]
    names = {verdict.occurrence.partition("/")[0] for verdict in bad}
    return next((member.dataset for member in slo.members if member.name in names), slo.dataset)


def _as_seen(member: DataSLO, composite: DataSLO) -> DataSLO:
    """*member* over the window of *composite*, in its slices of time, from when both are in force."""
    dates = [each.spec.effective_from for each in (member, composite) if each.spec.effective_from is not None]
    (own,), (cut,) = member.spec.objectives, composite.spec.objectives
    slices = {"time_slice_target": cut.time_slice_target, "time_slice_window": cut.time_slice_window}
    changes = {
        "time_window": composite.spec.time_window,
        "effective_from": max(dates, default=None),
        "budgeting_method": composite.spec.budgeting_method,
        "objectives": (own.model_copy(update=slices),),
    }
    return member.model_copy(update={"spec": member.spec.model_copy(update=changes)})
