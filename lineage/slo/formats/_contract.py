"""A data contract as ODCS 3 writes it, as far as it speaks of what is judged here."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, Field, model_validator

from lineage.slo.formats._servers import Server
from lineage.slo.terms import Strict


def _known(version: str) -> str:
    if re.fullmatch(r"v3\.\d+\.\d+", version) is None:
        raise ValueError(f"{version!r} is no version that is known here; write a contract of v3, as v3.1.0")
    return version


# The Data QoS periodic table, which the standard follows: letters are as good as words, and upper case as lower.
LEVELS = {
    "av": "availability",
    "th": "throughput",
    "er": "errorRate",
    "ga": "generalAvailability",
    "es": "endOfSupport",
    "el": "endOfLife",
    "re": "retention",
    "fy": "frequency",
    "ly": "latency",
    "td": "timeToDetect",
    "tn": "timeToNotify",
    "tr": "timeToRepair",
}
SPELLED = {word.lower(): word for word in (*LEVELS.values(), "timeOfAvailability", "freshness")}


def _meant(property_: str) -> str:
    lower = property_.lower()
    return LEVELS.get(lower) or SPELLED.get(lower, property_)


class Property(Strict, extra="ignore"):
    """One of `customProperties`."""

    property: str
    value: Any = None


class Sla(Strict, extra="ignore"):
    """One of `slaProperties`."""

    id: str | None = None
    property: Annotated[str, AfterValidator(_meant)]
    value: Any = None
    value_ext: Any = None
    unit: str | None = None
    element: str | None = None
    scheduler: str | None = None
    schedule: str | None = None
    custom_properties: list[Property] = Field([])


def _either(word: str) -> AliasChoices:
    """*word* as the standard spells it, and as version 3.0 did."""
    return AliasChoices(word.format(""), word.format("Than"))


class Quality(Strict, extra="ignore"):
    """One rule; 3.0 says `rule`, later ones `metric`."""

    id: str | None = None
    metric: str | None = None
    rule: str | None = None
    unit: str | None = None
    severity: str | None = None
    scheduler: str | None = None
    schedule: str | None = None
    must_be: Any = None
    must_not_be: Any = None
    must_be_greater_than: Any = None
    must_be_greater_or_equal_to: Any = Field(None, validation_alias=_either("mustBeGreater{}OrEqualTo"))
    must_be_less_than: Any = None
    must_be_less_or_equal_to: Any = Field(None, validation_alias=_either("mustBeLess{}OrEqualTo"))
    must_be_between: Any = None
    must_not_be_between: Any = None
    custom_properties: list[Property] = Field([])

    @property
    def what(self) -> str | None:
        """What it measures."""
        return self.metric or self.rule


class Column(Strict, extra="ignore"):
    """A property of an object."""

    name: str
    physical_name: str | None = None
    quality: list[Quality] = Field([])


class Thing(Strict, extra="ignore"):
    """A table, topic or file."""

    name: str
    physical_name: str | None = None
    properties: list[Column] = Field([])
    quality: list[Quality] = Field([])


class Member(Strict, extra="ignore"):
    """Somebody of the team."""

    username: str
    role: str | None = None
    date_out: date | None = None


class Team(Strict, extra="ignore"):
    """Who answers for the data; up to version 3.0 its members alone."""

    name: str | None = None
    members: list[Member] = Field([])

    @model_validator(mode="before")
    @classmethod
    def _of_members(cls, given: Any) -> Any:
        return {"members": given} if isinstance(given, list) else given


class Support(Strict, extra="ignore"):
    """Where to ask."""

    channel: str
    tool: str | None = None
    scope: str | None = None


class Contract(Strict, extra="ignore"):
    """One document of kind DataContract, as far as it speaks of what is judged here."""

    api_version: Annotated[str, AfterValidator(_known)]
    kind: Literal["DataContract"]
    id: str
    name: str | None = None
    data_product: str | None = None
    servers: list[Server] = Field([])
    schema_: list[Thing] = Field([], alias="schema")
    sla_default_element: str | None = None
    sla_properties: list[Sla] = Field([])
    support: list[Support] = Field([])
    team: Team | None = None
    custom_properties: list[Property] = Field([])

    @property
    def called(self) -> str:
        """How people call it."""
        return self.name or self.data_product or self.id
