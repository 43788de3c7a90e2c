"""SLOs that tags ask for: proposed with a schedule that was told or fits what came, in force only by a person.

The schedule is what Airflow's timetable says, else what `cadence` infers; which of the two, the proposal says.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from pydantic import ValidationError

from lineage.facets import Tags, facet, read
from lineage.model import NodeId, run_id
from lineage.slo.cadence import Cadence, infer
from lineage.slo.evidence import Delivery
from lineage.slo.formats.base import identity, named
from lineage.slo.lint import affordable
from lineage.slo.owners import Ownership
from lineage.slo.phrases import percent
from lineage.slo.reading import Hint
from lineage.slo.schedules import Schedule
from lineage.slo.spec import DataSLO, define
from lineage.slo.terms import parse_duration, parse_ratio, plain, spell
from lineage.slo.wishes import Wish, wishes
from lineage.slo.written import written
from lineage.store.base import Store

LOOK_BACK = timedelta(days=56)
TARGET, WINDOW, DEADLINE = "0.99", "28d", timedelta(hours=1)
UNOWNED = "unowned"
NO_OWNER = "nobody is said to own it; write the team"
NO_SCHEDULE = "nothing says when data is expected, and what came has no steady cadence; write the schedule"
EXAMPLES = {
    "freshness": "slo:freshness=1h",
    "completeness": "slo:completeness=80%",
    "correctness": "slo:correctness=99.9%",
    "job_success": "slo:job_success=99%",
}


class _Timetable(msgspec.Struct):
    expression: str | None = None
    timezone: str | None = None


class _Dag(msgspec.Struct):
    timetable: _Timetable | None = None


class _Airflow(msgspec.Struct):
    dag: _Dag | None = None


class Proposal(NamedTuple):
    """What tags ask for of *dataset*: the SLO, where it can be written, and what a person should see to first."""

    dataset: NodeId
    wishes: tuple[Wish, ...]
    slo: DataSLO | None
    remarks: tuple[str, ...]


class _Timed(NamedTuple):
    """A schedule, and where it comes from."""

    cron: str
    timezone: str
    deadline: timedelta
    remark: str


def proposals(store: Store, definitions: Mapping[str, DataSLO], now: datetime) -> list[Proposal]:
    """What tags ask for and no SLO of *definitions* promises yet, by dataset and word."""
    promised = {(slo.dataset, slo.spec.sli.type) for slo in definitions.values()}
    asked: dict[tuple[NodeId, str], dict[tuple[NodeId, str], Wish]] = defaultdict(dict)
    for dataset, wish in wishes(store):
        asked[dataset, wish.word][wish.of.id, wish.value] = wish
    zones = zones_of(definitions.values())
    found: list[Proposal] = []
    for dataset, word in sorted(asked.keys() - promised):
        told = tuple(wish for _, wish in sorted(asked[dataset, word].items()))
        found.append(_proposal(store, dataset, told, zones, now))
    return found


def zones_of(slos: Iterable[DataSLO]) -> list[str]:
    """The zones of the schedules of *slos*, the most usual first: that of the house, most likely."""
    counted = Counter(slo.spec.schedule.timezone for slo in slos if slo.spec.schedule is not None)
    return [zone for zone, _ in counted.most_common()]


def cadence_of(store: Store, dataset: NodeId, zones: Sequence[str], now: datetime) -> Cadence | None:
    """The schedule that what came of *dataset* looks like; None where nobody can tell."""
    writes = store.without_ahead().writes(dataset, since=now - LOOK_BACK, until=now, known_at=now)
    return infer(
        (
            Delivery(
                write.written_at,
                write.run,
                write.job,
                nominal=None if write.nominal_start is None else (write.nominal_start, write.nominal_end),
            )
            for write in writes
            if write.state == "COMPLETE"
        ),
        zones,
    )


def hint(store: Store, zones: Sequence[str], now: datetime) -> Hint:
    """What to tell an author who wrote no schedule: how often data of his dataset came so far."""

    def known(dataset: NodeId) -> str | None:
        cadence = cadence_of(store, dataset, zones, now)
        return None if cadence is None else cadence.sentence

    return known


def shape_of(proposal: Proposal) -> dict[str, Any]:
    """*proposal* as JSON; `yaml` is what to put into a file, and to apply."""
    slo = proposal.slo
    return {
        "dataset": identity(proposal.dataset),
        "tags": [{"tag": f"slo:{wish.word}={wish.value}", "of": str(wish.of.id)} for wish in proposal.wishes],
        "slo": None if slo is None else slo.name,
        "yaml": None if slo is None else written(slo),
        "remarks": list(proposal.remarks),
    }


def _proposal(store: Store, dataset: NodeId, told: tuple[Wish, ...], zones: Sequence[str], now: datetime) -> Proposal:
    wish, remarks = told[0], []
    if others := sorted({other.value for other in told} - {wish.value}):
        remarks.append(f"tags disagree: {wish.value} is taken, and not {', '.join(others)}")
    if wish.word not in EXAMPLES:
        known = ", ".join(EXAMPLES.values())
        return Proposal(dataset, told, None, (*remarks, f"{wish.word!r} is not what a tag can ask for; write {known}"))
    try:
        promise = _promise(wish)
    except ValueError as error:
        return Proposal(dataset, told, None, (*remarks, f"{error}; as in {EXAMPLES[wish.word]}"))
    timed = _timed(store, dataset, told, zones, now) if wish.word != "correctness" else None
    if timed is None and wish.word != "correctness":
        return Proposal(dataset, told, None, (*remarks, NO_SCHEDULE))
    owner = _owner(store, dataset, told)
    remarks += [] if timed is None else [timed.remark]
    remarks += [NO_OWNER] if owner is None else []
    spec: dict[str, Any] = {"dataset": identity(dataset), "owner": {"team": owner or UNOWNED}}
    if timed is not None:
        deadline = promise.pop("deadline", timed.deadline)
        spec["schedule"] = {"cron": timed.cron, "timezone": timed.timezone, "deadline": spell(deadline)}
    spec |= {"sli": promise["sli"], "timeWindow": [{"duration": WINDOW, "isRolling": True}]}
    spec["objectives"] = [{"target": promise.get("target", TARGET)}]
    return Proposal(dataset, told, *_defined(dataset, wish, spec, remarks, now))


def _defined(
    dataset: NodeId, wish: Wish, spec: Mapping[str, Any], remarks: Sequence[str], now: datetime
) -> tuple[DataSLO | None, tuple[str, ...]]:
    """The SLO, with a target that allows a miss unless the tag says one; or why there is none."""
    name = f"{named(dataset.name)[: 62 - len(wish.word)].strip('-')}-{wish.word.replace('_', '-')}"
    body = {"apiVersion": "headwater/v1", "kind": "DataSLO", "metadata": {"name": name}, "spec": spec}
    try:
        slo = define(body)
    except ValidationError as error:
        return None, (*remarks, str(error.errors(include_url=False)[0]["msg"]).removeprefix("Value error, "))
    enough = affordable(slo, now)
    if not enough or spec["objectives"][0]["target"] != TARGET:
        return slo, tuple(remarks)
    remark = f"{TARGET} would forbid any miss; {percent(enough)} allows one"
    return define(body | {"spec": {**spec, "objectives": [{"target": plain(enough)}]}}), (*remarks, remark)


def _promise(wish: Wish) -> dict[str, Any]:
    """What *wish* says of the indicator, the deadline and the target. Raises ValueError."""
    if wish.word == "freshness":
        return {"sli": {"type": "freshness"}, "deadline": parse_duration(wish.value)}
    share = parse_ratio(wish.value.removesuffix("%")) / (100 if wish.value.endswith("%") else 1)
    if not 0 < share < 1:
        raise ValueError(f"{wish.value!r} is no share between 0 and 1")
    if wish.word == "completeness":
        expected = {"mode": "seasonal"}
        return {"sli": {"type": "completeness", "expected": expected, "good": {"minRatio": plain(share)}}}
    sli = {"type": wish.word} | ({"unit": "assertions"} if wish.word == "correctness" else {})
    return {"sli": sli, "target": plain(share)}


def _timed(store: Store, dataset: NodeId, told: Iterable[Wish], zones: Sequence[str], now: datetime) -> _Timed | None:
    """When data of *dataset* is expected: by the timetable of the job that carries the tag, else as it came."""
    jobs = [wish.of.id for wish in told if wish.of.id.kind == "job"]
    newest = {run.id: job for job, runs in store.newest_runs(jobs).items() for run in runs} if jobs else {}
    facets = store.newest_facets([run_id(run) for run in newest], ["airflow"]) if newest else {}
    for run, found in sorted(facets.items(), key=lambda pair: newest[pair[0].name]):
        dag = read(found.get("airflow"), _Airflow).dag
        table = dag.timetable if dag is not None else None
        if table is not None and table.expression is not None:
            zone = table.timezone or "UTC"
            told_by = newest[run.name].name
            remark = f"the schedule is that of Airflow's timetable for {told_by}: {table.expression} {zone}"
            if _is_schedule(table.expression, zone):
                return _Timed(table.expression, zone, DEADLINE, remark)
    cadence = cadence_of(store, dataset, zones, now)
    if cadence is None:
        return None
    remark = f"the schedule is inferred, for data came about {cadence.about}; look whether it is meant so"
    return _Timed(cadence.cron, cadence.timezone, cadence.deadline, remark)


def _is_schedule(cron: str, zone: str) -> bool:
    try:
        Schedule.model_validate({"cron": cron, "timezone": zone, "deadline": "1h"})
    except ValidationError:
        return False
    return True


def _owner(store: Store, dataset: NodeId, told: Iterable[Wish]) -> str | None:
    """Who answers for it: by a tag `team` or `owner`, else by the ownership of the dataset, else of the job."""
    own = store.get([dataset]).get(dataset)
    nodes = ([own] if own is not None else []) + [wish.of for wish in told]
    for word in ("team", "owner"):
        for node in nodes:
            for tag in facet(node.facets, Tags).tags:
                if tag.key == word and tag.field is None and tag.value:
                    return str(tag.value)
    owners = (owner.name for node in nodes for owner in facet(node.facets, Ownership).owners)
    return next((name.removeprefix("@") for name in owners if name), None)
