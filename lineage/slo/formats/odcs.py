"""The Open Data Contract Standard, version 3: what a contract promises of its data, as SLOs (SLO.md c.3).

A contract says no objective and no window: `sloTarget` and `sloWindow` among its custom properties do, else the team's
default is assumed, and said to be. Facts, as retention is one, are kept as annotations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from pydantic import ValidationError

from lineage.errors import InvalidDefinition
from lineage.model import NodeId, dataset_id
from lineage.slo.documents import Document, Loc
from lineage.slo.formats._contract import Contract, Property, Quality, Sla, Team, Thing
from lineage.slo.formats._quality import PER_CENT, Unsaid, agreed, limit
from lineage.slo.formats._servers import dataset_of
from lineage.slo.formats._service_levels import ANSWERS, ENDS, available, beside, cron, span
from lineage.slo.formats.base import Assumed, Imported, identity, named
from lineage.slo.spec import define
from lineage.slo.terms import parse_ratio
from lineage.slo.wording import message, of_others

TARGET, CHECKED_TARGET, WINDOW = "0.99", "0.999", "28d"  # the team's default, where a contract is silent
DEADLINE = "1h"

FRESHNESS = ("latency", "freshness")
FACTS = ("retention", "generalAvailability", "availability", "throughput")
VOLUME = ("rowCount",)
COLUMN_RULES = {
    "nullValues": "notNull",
    "nullCheck": "notNull",
    "duplicateValues": "unique",
    "duplicateCount": "unique",
}
ASSERTED = ("missingValues", "invalidValues", "invalidCount", "validValues")


class Cadence(NamedTuple):
    """When data is expected, and where the contract says so."""

    cron: str
    zone: str
    at: Loc | None = None

    @property
    def assumed(self) -> bool:
        """Whether nobody wrote the cron: it is of a frequency, from midnight or the hour."""
        return self.at is not None and self.at[-1] != "schedule"


def recognises(document: Document) -> bool:
    """Whether it says that it is a data contract."""
    return isinstance(document.body, Mapping) and document.body.get("kind") == "DataContract"


def read(documents: Sequence[Document], assumed: Assumed) -> Imported:
    """The SLOs of contracts, a dataset and a promise each. Raises InvalidDefinition."""
    found, faults = Imported(), list[str]()
    for document in documents:
        try:
            found.add(_Reading(document, _contract(document), assumed).imported())
        except InvalidDefinition as error:
            faults.append(str(error))
    if faults:
        raise InvalidDefinition("\n".join(faults))
    return found


def _contract(document: Document) -> Contract:
    try:
        return Contract.model_validate(document.body)
    except ValidationError as error:
        raise document.refused(error, of_others) from None


@dataclass
class _Reading:
    """One contract on its way into SLOs; *guessed* are the places whose objective nobody wrote."""

    document: Document
    contract: Contract
    assumed: Assumed

    def imported(self) -> Imported:
        self.found, self.guessed = Imported(), set[Loc]()
        self.facts = dict(self._facts())
        self.owner = self._owner()
        for place, thing in enumerate(self.contract.schema_):
            dataset = self._dataset(place, thing)
            self.cadence, self.beside = self._cadence(thing), self._beside(thing)
            for name, sli, schedule, target, at in self._promises(place, thing, self.cadence):
                self._add((thing.name, name), dataset, (sli, schedule), target, at)
        self._tell_of_nothing()
        return self.found

    def _tell_of_nothing(self) -> None:
        """Note what speaks of no object that the contract has."""
        if not self.contract.schema_:
            self._note(("schema",), "names no object, and so nothing is promised; write the tables or topics")
            return
        heard = {place for thing in self.contract.schema_ for place, _ in self._slas(thing)}
        for place in range(len(self.contract.sla_properties)):
            if place not in heard:
                self._note(("slaProperties", place, "element"), "is of no object of the schema; name one of them")

    def _promises(self, place: int, thing: Thing, cadence: Cadence | None) -> Iterator[_Promise]:
        yield from self._freshness(thing, cadence)
        yield from self._error_rate(thing)
        at: Loc = ("schema", place)
        rules: list[_Rule] = [((*at, "quality", index), rule, None) for index, rule in enumerate(thing.quality)]
        rules += [
            ((*at, "properties", number, "quality", index), rule, column.physical_name or column.name)
            for number, column in enumerate(thing.properties)
            for index, rule in enumerate(column.quality)
        ]
        yield from self._volume(rules, cadence)
        yield from self._correctness(rules)
        known = {*VOLUME, *COLUMN_RULES, *ASSERTED}
        for where, rule, _ in rules:
            if rule.what not in known:
                self._note(
                    where, f"quality {rule.what or 'without a metric'} is not judged here; its check's own event is"
                )

    def _freshness(self, thing: Thing, cadence: Cadence | None) -> Iterator[_Promise]:
        for place, sla in self._slas(thing):
            at: Loc = ("slaProperties", place)
            if sla.property not in (*FRESHNESS, "timeOfAvailability"):
                continue
            if cadence is None:
                wanted = "nothing says when data is expected; write a frequency, or import with --cron"
                self._note(at, f"{sla.property} is not taken over: {wanted}")
                continue
            own = sla.property in FRESHNESS
            try:
                schedule = self._aged(at, sla, cadence) if own else self._available(at, sla, cadence)
            except Unsaid as why:
                self._note((*at, "value"), str(why))
                continue
            name = sla.id or ("freshness" if own else "availability")
            yield _Promise(name, {"type": "freshness"}, schedule, self._target(at, sla.custom_properties), at)

    def _aged(self, at: Loc, sla: Sla, cadence: Cadence) -> dict[str, Any]:
        told = {"cron": cadence.cron, "timezone": cadence.zone, "deadline": span(sla)}
        self._note(at, "is the age of the newest record of an interval; the oldest is an interval older")
        return told

    def _available(self, at: Loc, sla: Sla, cadence: Cadence) -> dict[str, Any]:
        deadline, zone, remark = available(sla.value, cadence.cron, cadence.zone, assumed=cadence.assumed)
        if remark is not None:
            self._note((*at, "value"), remark)
        return {"cron": cadence.cron, "timezone": zone, "deadline": deadline}

    def _error_rate(self, thing: Thing) -> Iterator[_Promise]:
        for place, sla in self._slas(thing):
            if sla.property == "errorRate":
                at: Loc = ("slaProperties", place, "value")
                try:
                    rate = parse_ratio(sla.value) / (100 if sla.unit in PER_CENT else 1)
                except ValueError:
                    rate = Fraction(0)
                if not 0 < rate < 1:
                    self._note(at, f"{str(sla.value)!r} is no share that leaves a budget; write 0.1 with unit: percent")
                    continue
                window = self._custom(sla.custom_properties, "sloWindow") or WINDOW
                yield _Promise(
                    sla.id or "error-rate", {"type": "correctness", "unit": "records"}, None, (1 - rate, window), at
                )

    def _volume(self, rules: Sequence[_Rule], cadence: Cadence | None) -> Iterator[_Promise]:
        for at, rule, _ in rules:
            if rule.what not in VOLUME:
                continue
            try:
                rows = agreed(rule)
            except Unsaid as why:
                self._note(at, f"rowCount is not taken over: {why}")
                continue
            own = Cadence(rule.schedule, "UTC", at) if rule.scheduler == "cron" and rule.schedule else None
            when = cadence or own
            if when is None:
                self._note(at, "rowCount is not taken over: nothing says when data is expected; import with --cron")
                continue
            if rule.must_be_between is not None:
                self._note((*at, "mustBeBetween"), "both ends are taken as within, as most tools do")
            good = {"minRatio": 1, "boundary": "good"}
            sli = {"type": "completeness", "expected": {"mode": "contract", **rows}, "good": good}
            schedule = {"cron": when.cron, "timezone": when.zone, "deadline": DEADLINE}
            self._note(at, f"rows are counted {DEADLINE} after the end of each interval, which is assumed")
            yield _Promise(rule.id or "volume", sli, schedule, self._target(at, rule.custom_properties), at)

    def _correctness(self, rules: Sequence[_Rule]) -> Iterator[_Promise]:
        columns: dict[str, list[Any]] = {}
        counted: list[tuple[Loc, Quality]] = []
        for where, rule, column in rules:
            if rule.what in COLUMN_RULES and column is not None:
                told = self._limited(where, rule, column)
                columns.setdefault(COLUMN_RULES[rule.what], []).append(told)
                counted.append((where, rule))
            elif rule.what in (*ASSERTED, *COLUMN_RULES):
                about = f"column {column}" if column else "the dataset"
                asserted: dict[str, Any] = {"type": "correctness", "unit": "assertions"}
                asserted |= {"include": {"columns": [column]}} if column else {}
                self._note(where, f"is judged by the checks of {about} that events tell of, each by its own limit")
                name = rule.id or named(*filter(None, (rule.what, column)))
                yield _Promise(name, asserted, None, self._target(where, rule.custom_properties, CHECKED_TARGET), where)
        if counted:
            sli = {"type": "correctness", "unit": "records", "rules": columns}
            own = [each for _, rule in counted for each in rule.custom_properties]
            yield _Promise("correctness", sli, None, self._target(counted[0][0], own, CHECKED_TARGET), counted[0][0])

    def _limited(self, at: Loc, rule: Quality, column: str) -> str | dict[str, Any]:
        """*column* with how many records may fail *rule*."""
        try:
            allowed = limit(rule)
        except Unsaid as why:
            self._note(at, f"its own limit is not taken over: {why}; each record that fails spends of the one budget")
            return column
        if rule.must_be_between is not None:
            self._note((*at, "mustBeBetween"), "both ends are taken as within, as most tools do")
        return {"column": column, **allowed} if allowed else column

    def _cadence(self, thing: Thing) -> Cadence | None:
        zone = self._custom(self.contract.custom_properties, "timezone") or self.assumed.timezone
        for place, sla in self._slas(thing):
            at: Loc = ("slaProperties", place)
            own = self._custom(sla.custom_properties, "timezone") or zone
            if sla.scheduler == "cron" and sla.schedule and sla.property in {"frequency", *FRESHNESS}:
                if own == "UTC":
                    self._note((*at, "schedule"), "the zone is assumed to be UTC; write a custom property timezone")
                return Cadence(sla.schedule, own, (*at, "schedule"))
            if sla.property == "frequency":
                if (often := cron(sla)) is not None:
                    return Cadence(often, own, at)
                self._note(at, f"frequency {sla.value} {sla.unit} is no cron; write scheduler: cron and schedule")
        return None if self.assumed.cron is None else Cadence(self.assumed.cron, self.assumed.timezone)

    def _slas(self, thing: Thing) -> Iterator[tuple[int, Sla]]:
        """Those that speak of *thing*: by its name, or of all where no object is named."""
        names = {thing.name, thing.physical_name}
        only = len(self.contract.schema_) == 1
        for place, sla in enumerate(self.contract.sla_properties):
            element = sla.element or self.contract.sla_default_element
            of = {each.strip().split(".")[0] for each in (element or "").split(",") if each.strip()}
            if only or not of or of & names:
                yield place, sla

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield "odcs/contract", self.contract.id
        for place, sla in enumerate(self.contract.sla_properties):
            at: Loc = ("slaProperties", place)
            if sla.property in FACTS:
                self._note(
                    at, f"{sla.property} is a fact of the contract: kept as an annotation, and judged by nothing"
                )
                yield f"odcs/{sla.property}", f"{sla.value} {sla.unit or ''}".strip()
            elif sla.property not in {*FRESHNESS, *ANSWERS, *ENDS, "frequency", "timeOfAvailability", "errorRate"}:
                self._note(at, f"{sla.property} is not judged here")
            if sla.value_ext is not None:
                self._note((*at, "valueExt"), f"{sla.value_ext!r} beside the value is not taken over")

    def _beside(self, thing: Thing) -> dict[str, Any]:
        """How soon people answer for *thing*, and when it ends, in the words of a definition."""
        said, unsaid = beside(list(self._slas(thing)))
        for at, why in unsaid:
            self._note(at, why)
        return said

    def _owner(self) -> dict[str, Any]:
        team = self.contract.team or Team()
        owners = [each.username for each in team.members if "owner" in (each.role or "").lower() and not each.date_out]
        name = team.name or next(iter(owners), None) or self.assumed.team
        if len(owners) > 1:
            self._note(("team",), f"{len(owners)} own the data where one team answers for it; {name} is told")
        if name is None:
            text = "team: nobody owns the data; write a team with a name, or import with --team"
            raise InvalidDefinition(f"{self.document.at('team')}: {text}")
        channel: dict[str, str] = {}
        for place, each in enumerate(self.contract.support):
            if each.tool == "slack" and each.scope in {None, "notifications", "issues"} and not channel:
                channel["slack"] = each.channel
                if each.channel.startswith("#"):
                    self._note(("support", place, "channel"), "is a channel's name; its id outlives a renaming")
            else:
                self._note(("support", place), f"{each.tool or 'a channel'} {each.channel} is told nothing")
        return {"team": name} | ({"channel": channel} if channel else {})

    def _dataset(self, place: int, thing: Thing) -> NodeId:
        name = thing.physical_name or thing.name
        if self.assumed.namespace is not None:
            return dataset_id(self.assumed.namespace, name)
        servers = self.contract.servers
        production = next((each for each in servers if (each.environment or "").startswith("prod")), None)
        server = production or next(iter(servers), None)
        found = None if server is None else dataset_of(server, name)
        if found is None:
            kind = "no server says" if server is None else f"a server of type {server.type} does not say"
            text = f"{kind} which dataset {name} is; import with --namespace, as events name it"
            raise InvalidDefinition(f"{self.document.at('schema', place, 'name')}: schema.{place}: {text}")
        return found

    def _target(self, at: Loc, own: Sequence[Property], default: str = TARGET) -> tuple[Any, Any]:
        """Target and window."""
        target, window = (
            self._custom(own, word) or self._custom(self.contract.custom_properties, word)
            for word in ("sloTarget", "sloWindow")
        )
        if target is None or window is None:
            self.guessed.add(at)
            told = f"{default if target is None else target} over {WINDOW if window is None else window}"
            self._note(at, f"the objective {told} is assumed; write custom properties sloTarget and sloWindow")
        return target if target is not None else default, window if window is not None else WINDOW

    def _custom(self, told: Sequence[Property], word: str) -> Any:
        return next((each.value for each in told if each.property == word), None)

    def _add(
        self, name: tuple[str, str], dataset: NodeId, how: tuple[Any, Any], objective: tuple[Any, Any], at: Loc
    ) -> None:
        called = named(self.contract.called, *name) if name[0] != self.contract.called else named(*name)
        taken = {slo.name for slo in self.found.slos}
        while called in taken:
            called = named(called, str(len(taken) + 1))
        sli, schedule = how
        guessed = {"headwater/assumed": "objective"} if at in self.guessed else {}
        labels = {"product": self.contract.data_product} if self.contract.data_product else {}
        body = {
            "apiVersion": "headwater/v1",
            "kind": "DataSLO",
            "metadata": {"name": called, "labels": labels, "annotations": self.facts | guessed},
            "spec": {
                "dataset": identity(dataset),
                "owner": self.owner,
                **({"schedule": schedule} if schedule else {}),
                "sli": sli,
                "timeWindow": [{"duration": objective[1], "isRolling": True}],
                "objectives": [{"target": objective[0]}],
                **self.beside,
            },
        }
        try:
            self.found.slos.append(define(body))
        except ValidationError as error:
            raise self.document.refused(error, message, lambda loc: self._behind(loc, at)) from None

    def _behind(self, loc: Loc, at: Loc) -> Loc:
        """Where the contract says what stands at *loc* of the definition that comes of *at*."""
        when = self.cadence.at if self.cadence is not None else None
        of_schedule = loc[:2] == ("spec", "schedule") and loc[-1] != "deadline"
        return when if of_schedule and when is not None else at

    def _note(self, at: Loc, text: str) -> None:
        self.found.note(self.document.at(*at), f"{'.'.join(map(str, at))}: {text}")


class _Promise(NamedTuple):
    """What one word of a contract comes to."""

    name: str
    sli: dict[str, Any]
    schedule: dict[str, Any] | None
    objective: tuple[Any, Any]
    at: Loc


_Rule = tuple[Loc, Quality, str | None]
