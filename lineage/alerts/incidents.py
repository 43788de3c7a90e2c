"""What went wrong, once: an incident, its life, and where it is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from lineage.errors import NotFound
from lineage.slo.findings import Kind
from lineage.slo.response import Response
from lineage.store.base import Change, Store

KIND = "incident"

# What a transition is to a reader: `warned` says that an error budget runs low.
Turn = Literal["opened", "escalated", "warned", "changed", "resolved"]

# Frozen; snake_case in Python and in the store, camelCase where the API asks for it by alias.
SHAPE = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class Cause(BaseModel):
    """What broke first, as far as lineage shows: the failing job and run, and how we know."""

    model_config = SHAPE

    job: tuple[str, str] | None = None  # (namespace, name)
    run: str | None = None
    state: str | None = None  # of the run: FAIL, ABORT
    at: datetime | None = None
    dataset: tuple[str, str] | None = None  # the dataset that went bad first
    path: tuple[str, ...] = ()  # node ids from the cause down to the SLO's dataset, both included
    sentence: str = ""  # "load_settlements has failed 3 times since 05:54 UTC"


class Spent(BaseModel):
    """Of the error budget of an SLO, as a share of what its window allows: lost while the incident lasted."""

    model_config = SHAPE

    own: float = 0.0
    inherited: float = 0.0  # where what broke first lies upstream of the job that writes the dataset


class Member(BaseModel):
    """One SLO that the incident hurts."""

    model_config = SHAPE

    slo: str
    dataset: tuple[str, str]
    since: datetime  # event time at which the first bad occurrence became bad
    severity: Literal["page", "ticket"]
    sentence: str
    budget_left: str  # in per cent, "88 %"
    burn: str  # "21x (1 h)", empty where no rate is defined
    restored_at: datetime | None = None
    above: bool = False  # what broke first lies upstream of the job that writes the dataset
    earlier: tuple[tuple[datetime, datetime], ...] = ()  # when that had hurt it before, in this incident
    inherited: str = ""  # how much of the spent budget was lost upstream, as "60 %"
    withdrawn: bool = False  # nothing was wrong with the data: what tells of it came late
    hurt_since: datetime | None = None  # where it was good in between: since when the incident hurt it first
    detected_at: datetime | None = None
    notified_at: datetime | None = None  # when its owner was told that the incident hurts it
    promised: Response | None = None  # how fast its definition, as it was then, promises to answer
    budget_spent: Spent = Spent()  # as of the newest transition
    short: str = ""  # what was told of its budget running low


class Postmortem(BaseModel):
    """What is to be learned of an incident: *required* because it cost so much, and where it is written."""

    model_config = SHAPE

    required: bool = False
    because: str = ""  # "spent 34 % of the budget of orders-freshness"
    url: str | None = None


class Moment(BaseModel):
    """One line of the timeline."""

    model_config = SHAPE

    at: datetime
    what: str


class Copy(BaseModel):
    """What a consumer was told of the incident: where, when first, and the receipt of that message."""

    model_config = SHAPE

    wishes: dict[str, str] = {}  # the consumer's channels
    channel: str | None = None
    to: str | None = None
    notified_at: datetime | None = None
    receipt: dict[str, str] = {}


class Incident(BaseModel):
    """One cause and all the SLOs it hurts; kept as a document of kind `incident`."""

    model_config = SHAPE

    id: str  # INC-1, INC-2, …
    kind: Literal["slo", "budget"] | Kind = "slo"  # an SLO that is missed, its budget, or what no SLI shows
    state: Literal["open", "resolved"]
    severity: Literal["page", "ticket"]
    began_as: Literal["page", "ticket"] | None = None  # its severity when it was opened
    team: str | None = None  # of the owner
    title: str
    cause: Cause | None = None
    members: tuple[Member, ...]
    owner: str | None = None  # the handle that the message names, as @data-orders or <!subteam^S0>
    channel: str | None = None  # channel word
    to: str | None = None  # destination inside the channel
    runbook: str | None = None  # a URL of the owner's
    onset_at: datetime
    detected_at: datetime
    notified_at: datetime | None = None
    acked_at: datetime | None = None
    acked_by: str | None = None
    restored_at: datetime | None = None
    consumers: tuple[str, ...] = ()  # handles of those who rely on the data, or whom a breaking change concerns
    affected: tuple[str, ...] = ()  # node ids of datasets downstream of the cause
    timeline: tuple[Moment, ...] = ()
    transition: int = 1  # grows with every change that is told
    change: Turn = "opened"  # what the newest transition was
    receipt: dict[str, str] = {}  # what the channel needs to edit its message: channel id and ts
    copies: dict[str, Copy] = {}  # what consumers were told, by reader
    postmortem: Postmortem = Postmortem()
    answered: bool = False  # somebody answered it since the newest transition, and the next look tells


def withdrawn(incident: Incident) -> bool:
    """Whether it turned out to be none: all that it hurt was in time, and told of late."""
    return incident.state == "resolved" and all(member.withdrawn for member in incident.members)


def lacks_postmortem(incident: Incident) -> bool:
    """Whether one is required and nobody has said where it is."""
    return incident.postmortem.required and incident.postmortem.url is None


def every(store: Store, state: Literal["open", "resolved"] | None = None) -> list[Incident]:
    """All incidents, newest first; *state* filters."""
    found: list[Incident] = []
    after: str | None = None
    while page := store.documents(KIND, state=state, after=after):
        found += [Incident.model_validate_json(document.body) for document in page]
        after = page[-1].id
    return sorted(found, key=lambda incident: (incident.detected_at, len(incident.id), incident.id), reverse=True)


def one(store: Store, id: str) -> Incident:  # noqa: A002 - the field's own word
    """The incident *id*. Raises NotFound."""
    document = store.document(KIND, id)
    if document is None:
        raise NotFound(f"no incident {id!r}; /api/v1/incidents lists them")
    return Incident.model_validate_json(document.body)


def kept(incident: Incident, *, expects: int | None = None) -> Change:
    """The change that keeps *incident* in the store, found by its state."""
    return Change(KIND, incident.id, incident.model_dump_json().encode(), state=incident.state, expects=expects)
