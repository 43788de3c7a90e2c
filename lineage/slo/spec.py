"""What a person promises: `kind: DataSLO`, in OpenSLO's envelope and words where it has them (SLO.md c)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from fractions import Fraction
from functools import cache
from types import ModuleType
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    InstanceOf,
    PrivateAttr,
    SerializeAsAny,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from lineage.errors import UnknownPart
from lineage.model import NodeId, dataset_id
from lineage.parts import part, words
from lineage.slo.alerting import Alerting
from lineage.slo.exclusions import Exclusion
from lineage.slo.fitting import misfits
from lineage.slo.lifecycle import Lifecycle
from lineage.slo.objectives import BudgetingMethod, Objective
from lineage.slo.response import Response
from lineage.slo.schedules import Schedule
from lineage.slo.terms import DNS_LABEL, Duration, Instant, Share, Sli, Strict
from lineage.slo.time_window import TimeWindow

INDICATORS = "lineage.slo.indicators"
Entry = TypeVar("Entry")


def _several(given: object) -> object:
    return [given] if isinstance(given, Mapping) else given


def _one(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    if len(entries) != 1:
        raise ValueError(f"{len(entries)} entries stand where one is understood; write one, and another SLO for others")
    return entries


class Metadata(Strict):
    """The name and labels; the label `tier: critical` makes the ladder page at the first miss."""

    name: str = Field(pattern=DNS_LABEL, max_length=63)
    display_name: str | None = None
    labels: dict[str, str] = Field({})
    annotations: dict[str, str] = Field({})


class Dataset(Strict):
    """An OpenLineage identity."""

    namespace: str = Field(min_length=1)
    name: str = Field(min_length=1)


COMPOSITE = "composite"
ANY = Dataset(namespace="headwater", name="composite")  # of a composite that names none


class Path(Strict):
    """The way that data goes: from one or several datasets to one, by any way or only *via* those listed."""

    sources: Annotated[tuple[Dataset, ...], BeforeValidator(_several), Field(alias="from", min_length=1)]
    to: Dataset
    via: Literal["any"] | tuple[Dataset, ...] = "any"


class Told(Strict):
    """Who is told: *handle* is what a message names (`<!subteam^S0>`; default @team), *channel* word to destination."""

    team: str = Field(min_length=1)
    channel: dict[str, str] = Field({})
    handle: str | None = None

    @property
    def mention(self) -> str:
        """The handle a message names."""
        return self.handle or f"@{self.team}"


class Owner(Told):
    """Whose the data is, and whom to call when nobody answers."""

    escalation: str | None = None


class Consumer(Told):
    """Who relies on the data and is told whatever its owner is."""


class LateMetadata(Strict):
    """An event that comes later than *correction_horizon* after the deadline changes no verdict; a person may."""

    correction_horizon: Duration = timedelta(hours=24)


class NoData(Strict):
    """Below *min_coverage* nothing is decided: alerts freeze, neither firing nor resolving."""

    min_coverage: Share = Fraction(9, 10)
    on_insufficient: Literal["freeze"] = "freeze"


class Spec(Strict):
    """The promise itself. Occurrences due before *effective_from* do not exist."""

    description: str = Field("", max_length=1050)
    dataset: Dataset
    path: Path | None = None
    owner: Owner
    consumer: Annotated[tuple[Consumer, ...], BeforeValidator(_several)] = ()
    schedule: Schedule | None = None
    sli: SerializeAsAny[InstanceOf[Sli]]
    budgeting_method: BudgetingMethod = "Occurrences"
    time_window: Annotated[tuple[TimeWindow, ...], AfterValidator(_one)]
    objectives: Annotated[tuple[Objective, ...], AfterValidator(_one)]
    effective_from: Instant | None = None
    exclusions: tuple[Exclusion, ...] = ()
    late_metadata: LateMetadata = LateMetadata()
    no_data: NoData = NoData()
    lifecycle: Lifecycle | None = None
    alerting: Alerting = Alerting()
    incidents: Response | None = None

    @model_validator(mode="before")
    @classmethod
    def _at_the_end(cls, given: Any) -> Any:
        """A promise about a path is one about the dataset that it leads to; a composite may name none."""
        if not isinstance(given, Mapping):
            return given
        path, sli = given.get("path"), given.get("sli")
        if isinstance(sli, Sli) and sli.type == COMPOSITE:
            return {"dataset": ANY, **given}
        return {"dataset": path["to"], **given} if isinstance(path, Mapping) and "to" in path else given

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.path is not None and self.path.to != self.dataset:
            raise ValueError("dataset is not where the path leads to; write path alone")
        return self


class DataSLO(Strict):
    """One SLO, as a file says it. `define` makes one of what YAML or JSON gave."""

    api_version: Literal["headwater/v1"]
    kind: Literal["DataSLO"]
    metadata: Metadata
    spec: Spec
    _members: tuple[DataSLO, ...] = PrivateAttr(())
    _unjoined: str | None = PrivateAttr("its members are not known here")
    _settles: timedelta = PrivateAttr(timedelta(0))

    @property
    def name(self) -> str:
        """The SLO's name, unique in a Headwater."""
        return self.metadata.name

    def scheduled(self, schedule: Schedule | None) -> DataSLO:
        """The same promise by *schedule*."""
        return self.model_copy(update={"spec": self.spec.model_copy(update={"schedule": schedule})})

    def over(self, window: TimeWindow) -> DataSLO:
        """The same promise over *window*, and its members with it."""
        wider = self.model_copy(update={"spec": self.spec.model_copy(update={"time_window": (window,)})})
        return wider.of_members(tuple(each.over(window) for each in self._members), self._unjoined)

    def of_members(self, members: tuple[DataSLO, ...], unjoined: str | None = None) -> DataSLO:
        """The same promise, a composite of *members*; *unjoined* says why it has none."""
        joined = self.model_copy()
        joined._members, joined._unjoined = members, unjoined  # noqa: SLF001 - its own
        return joined

    def settled(self, settles: timedelta) -> DataSLO:
        """The same promise beside others of a composite, of which one *settles* so much later."""
        joined = self.model_copy()
        joined._settles = settles  # noqa: SLF001 - its own
        return joined

    @property
    def settles(self) -> timedelta:
        """How long after it is due a verdict can be given; in a composite as long as of any of its members."""
        return max(self._settles, self.spec.sli.settles)

    @property
    def members(self) -> tuple[DataSLO, ...]:
        """What a composite is of, as it sees them; empty for all others."""
        return self._members

    @property
    def unjoined(self) -> str | None:
        """Why a composite cannot be judged; None: it can."""
        return self._unjoined if self.spec.sli.type == COMPOSITE else None

    @property
    def dataset(self) -> NodeId:
        """The dataset it speaks of; for a composite that names none that of its first member stands."""
        if self.spec.dataset == ANY and self._members:
            return self._members[0].dataset
        return dataset_id(self.spec.dataset.namespace, self.spec.dataset.name)

    @property
    def target(self) -> Fraction:
        """The share that must be good."""
        return self.spec.objectives[0].target

    @property
    def unit(self) -> str:
        """What the budget counts: slices, or else what the indicator does."""
        return self.spec.sli.unit if self.spec.budgeting_method == "Occurrences" else "slices"

    @property
    def window(self) -> timedelta:
        """The length of the window; of one on a calendar about, for each has its own (`periods.length_at`)."""
        return self.spec.time_window[0].length

    @property
    def critical(self) -> bool:
        """Label `tier: critical`."""
        return self.metadata.labels.get("tier") == "critical"

    def since(self, effective_from: datetime) -> DataSLO:
        """The same promise, in force from *effective_from* unless the file itself says from when."""
        if self.spec.effective_from is not None:
            return self
        return self.model_copy(update={"spec": self.spec.model_copy(update={"effective_from": effective_from})})


@cache
def indicator(word: str) -> ModuleType:
    """The indicator that `sli.type` names. Raises UnknownPart."""
    return part(INDICATORS, word)


def define(document: Any) -> DataSLO:
    """A DataSLO of what YAML or JSON gave: the indicator reads `spec.sli`, this file the rest.

    Raises pydantic's ValidationError with the places of everything that is wrong.
    """
    spec = document.get("spec") if isinstance(document, Mapping) else None
    if not isinstance(spec, Mapping) or not isinstance(spec.get("sli"), Mapping):
        return DataSLO.model_validate(document)
    problems: list[InitErrorDetails] = []
    sli = _sli(spec["sli"], problems)
    try:
        slo = DataSLO.model_validate({**document, "spec": {**spec, "sli": sli or Sli(type="unknown")}})
    except ValidationError as error:
        raise _failure(problems + _details(error)) from None
    if sli is not None:
        problems += [_problem(("spec", *place), wanted, None) for place, wanted in misfits(slo.spec, sli)]
    if problems:
        raise _failure(problems)
    return slo


def _sli(raw: Mapping[str, Any], problems: list[InitErrorDetails]) -> Sli | None:
    word = raw.get("type")
    if word is None:
        problems.append(_problem(("spec", "sli", "type"), "missing; write type: freshness", None))
        return None
    try:
        return indicator(word if isinstance(word, str) else "").Spec.model_validate(raw)  # type: ignore[no-any-return]  # each part proves its own type
    except UnknownPart:
        near = get_close_matches(str(word), words(INDICATORS), 1)
        options = " or ".join(near or words(INDICATORS))
        problems.append(_problem(("spec", "sli", "type"), f"{word!r} is no indicator here; write {options}", word))
    except ValidationError as error:
        problems.extend(_details(error, ("spec", "sli")))
    return None


def _problem(place: tuple[str | int, ...], message: str, given: object) -> InitErrorDetails:
    return {"type": PydanticCustomError("definition", "{message}", {"message": message}), "loc": place, "input": given}


def _details(error: ValidationError, prefix: tuple[str | int, ...] = ()) -> list[InitErrorDetails]:
    return [
        {
            "type": PydanticCustomError(found["type"], "{message}", {"message": found["msg"], **found.get("ctx", {})}),
            "loc": (*prefix, *found["loc"]),
            "input": found["input"],
        }
        for found in error.errors(include_url=False)
    ]


def _failure(problems: list[InitErrorDetails]) -> ValidationError:
    return ValidationError.from_exception_data("DataSLO", problems)
