"""OpenSLO's alert policies, their conditions and whom they notify, as v1 and v2alpha write them."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from lineage.slo.formats._openslo_words import Labels, Pause, Span
from lineage.slo.terms import Ratio, Strict


class Envelope(Strict):
    """What an alert says of itself; its name may be any, as in OpenSLO's own examples."""

    name: str = Field(min_length=1)
    display_name: str | None = None
    labels: Labels = Field({})
    annotations: dict[str, str] = Field({})


class BurnRate(Strict):
    """Alert while *threshold* is passed over *lookback_window*, once it was for as long as *alert_after*."""

    kind: Literal["burnrate"] = "burnrate"
    op: Literal["lte", "gte", "lt", "gt"] | None = None
    threshold: Ratio
    lookback_window: Span
    alert_after: Pause | None = None


class ConditionSpec(Strict):
    """How loudly, and when."""

    description: str | None = None
    severity: str = Field(min_length=1)
    condition: BurnRate


class TargetSpec(Strict):
    """By what people are told; who they are OpenSLO does not say."""

    description: str | None = None
    target: str = Field(min_length=1)


class ConditionOf(Strict):
    """A condition where a policy names one: written out, or by its name."""

    condition_ref: str | None = None
    kind: Literal["AlertCondition"] | None = None
    metadata: Envelope | None = None
    spec: ConditionSpec | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.condition_ref is None) == (self.spec is None):
            raise ValueError("a condition is written out or named; write spec: {…} or conditionRef: NAME")
        return self


class TargetOf(Strict):
    """Somebody to notify where a policy names one: written out, or by name."""

    target_ref: str | None = None
    kind: Literal["AlertNotificationTarget"] | None = None
    metadata: Envelope | None = None
    spec: TargetSpec | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.target_ref is None) == (self.metadata is None):
            raise ValueError("whom to notify has a name; write metadata: {name: NAME} or targetRef: NAME")
        return self

    @property
    def name(self) -> str:
        """By which people know it."""
        return self.target_ref or (self.metadata.name if self.metadata is not None else "")


class PolicySpec(Strict):
    """Of what to tell whom."""

    description: str | None = None
    alert_when_no_data: bool = False
    alert_when_breaching: bool | None = None
    alert_when_resolved: bool | None = None
    conditions: list[ConditionOf] = Field(min_length=1)
    notification_targets: list[TargetOf] = Field([])


class PolicyOf(Strict):
    """A policy where an SLO names one: written out, or by its name, which may stand alone."""

    alert_policy_ref: str | None = None
    kind: Literal["AlertPolicy"] | None = None
    metadata: Envelope | None = None
    spec: PolicySpec | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, given: Any) -> Any:
        return {"alertPolicyRef": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.alert_policy_ref is None) == (self.spec is None):
            raise ValueError("a policy is written out or named; write spec: {…} or alertPolicyRef: NAME")
        return self


class AlertPolicy(Strict):
    """One document of kind AlertPolicy."""

    api_version: Literal["openslo/v1"]
    kind: Literal["AlertPolicy"]
    metadata: Envelope
    spec: PolicySpec


class AlertCondition(Strict):
    """One document of kind AlertCondition."""

    api_version: Literal["openslo/v1"]
    kind: Literal["AlertCondition"]
    metadata: Envelope
    spec: ConditionSpec


class AlertNotificationTarget(Strict):
    """One document of kind AlertNotificationTarget."""

    api_version: Literal["openslo/v1"]
    kind: Literal["AlertNotificationTarget"]
    metadata: Envelope
    spec: TargetSpec
