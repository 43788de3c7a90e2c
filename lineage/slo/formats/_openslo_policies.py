"""OpenSLO's alert policies as windows of ours and back: one threshold over one window, and whom to notify.

A condition speaks while the budget burns more than *threshold* times as fast as it may over *lookbackWindow*. That is a
window of ours with this `burnRate`, whose short one is *alertAfter*, else a twelfth of it, as in the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from lineage.slo.documents import Loc
from lineage.slo.formats._openslo_alerts import BurnRate, ConditionSpec, PolicyOf, PolicySpec
from lineage.slo.formats._openslo_told import Told
from lineage.slo.formats.base import Imported, named
from lineage.slo.spec import DataSLO
from lineage.slo.terms import parse_duration, plain, spell
from lineage.slo.tiers import Tier, tiers_of

MINUTE, NOTHING = timedelta(minutes=1), timedelta(0)
IN_LONG = 12  # short windows in a long one, as in the catalogue
PAGING = frozenset({"page", "critical", "sev1", "p1"})  # severities that wake somebody; any other opens a ticket
AT: Loc = ("spec", "alertPolicies")


class Known(NamedTuple):
    """The policies and conditions of a file, by name, with the document that says each; and what was *used* of it."""

    policies: dict[str, tuple[Told, PolicySpec]]
    conditions: dict[str, tuple[Told, ConditionSpec]]
    used: set[str]  # kinds and names, as `AlertPolicy fast-burn`


class Spoken(NamedTuple):
    """The windows that policies come to, and where each is said; and the same of the names of whom they notify."""

    windows: list[tuple[str, dict[str, Any]]]
    targets: dict[str, str]


def spoken(told: Told, policies: Sequence[PolicyOf], known: Known, found: Imported) -> Spoken:
    """What *policies* of the SLO in *told* come to; what of them has no place is noted in *found*."""
    said = Spoken([], {})
    for place, each in enumerate(policies):
        at: Loc = (*AT, place)
        if each.spec is not None:
            _add(said, told, (*at, "spec"), each.spec, known, found)
        elif each.alert_policy_ref in known.policies:
            known.used.add(f"AlertPolicy {each.alert_policy_ref}")
            here, spec = known.policies[each.alert_policy_ref]
            _add(said, here, ("spec",), spec, known, found)
        else:
            text = f"no AlertPolicy {each.alert_policy_ref!r} in this file, so that it is not taken over"
            found.note(told.at(*at), text)
    return said


def _add(said: Spoken, told: Told, at: Loc, policy: PolicySpec, known: Known, found: Imported) -> None:  # noqa: PLR0913, PLR0917 - what is said, where, and what is known
    if policy.alert_when_breaching is False:
        found.note(told.at(*at, "alertWhenBreaching"), "a policy that is silent on a breach is not taken over")
        return
    if policy.alert_when_no_data:
        found.note(told.at(*at, "alertWhenNoData"), "without data alerts freeze here, and coverage tells of it")
    if policy.alert_when_resolved is False:
        found.note(told.at(*at, "alertWhenResolved"), "whoever was told of a breach is told that it is over")
    if policy.description:
        found.note(told.at(*at, "description"), "what a policy says of itself has no place")
    for place, each in enumerate(policy.conditions):
        where: Loc = (*at, "conditions", place)
        if each.spec is not None:
            said.windows.extend(_windows(told, (*where, "spec"), each.spec, found))
        elif each.condition_ref in known.conditions:
            known.used.add(f"AlertCondition {each.condition_ref}")
            here, spec = known.conditions[each.condition_ref]
            said.windows.extend(_windows(here, ("spec",), spec, found))
        else:
            text = f"no AlertCondition {each.condition_ref!r} in this file, so that it is not taken over"
            found.note(told.at(*where), text)
    for place, target in enumerate(policy.notification_targets):
        known.used.add(f"AlertNotificationTarget {target.name}")
        said.targets.setdefault(target.name, told.at(*at, "notificationTargets", place))


def _windows(told: Told, at: Loc, condition: ConditionSpec, found: Imported) -> Iterator[tuple[str, dict[str, Any]]]:
    burn, severity = condition.condition, "page" if condition.severity.lower() in PAGING else "ticket"
    if condition.description:
        found.note(told.at(*at, "description"), "what a condition says of itself has no place")
    if (unsaid := _unsaid(burn)) is not None:
        word, why = unsaid
        found.note(told.at(*at, "condition", word), f"{why}, so that the condition is not taken over")
        return
    if condition.severity.lower() != severity:
        found.note(told.at(*at, "severity"), f"{condition.severity!r} is taken as a {severity}")
    long, after = parse_duration(burn.lookback_window), parse_duration(burn.alert_after or "0m")
    if burn.op == "gte":
        found.note(told.at(*at, "condition", "op"), "gte is taken as gt: the threshold itself is not passed yet")
    if after >= long:
        found.note(told.at(*at, "condition", "alertAfter"), "is no shorter than the window; a twelfth of it is taken")
    short = after if NOTHING < after < long else _short(long)
    window = {"severity": severity, "long": spell(long), "short": spell(short)}
    yield told.at(*at, "condition"), window | {"burnRate": Decimal(plain(burn.threshold))}


def _short(long: timedelta) -> timedelta:
    """A twelfth of *long*, in whole minutes."""
    return max(MINUTE, long // IN_LONG // MINUTE * MINUTE)


def _unsaid(burn: BurnRate) -> tuple[str, str] | None:
    """Why no window of ours says *burn*, and the word that it is for; None: one does."""
    if burn.op in {"lt", "lte"}:
        return "op", f"{burn.op} alerts while the budget burns slowly, as OpenSLO's own example does; gt is meant"
    if burn.threshold <= 0:
        return "threshold", "a budget always burns at least that fast"
    if parse_duration(burn.lookback_window) <= MINUTE:
        return "lookbackWindow", "a window of a minute holds no shorter one"
    return None


def target_name(word: str, destination: str) -> str:
    """How `policies_of` names the channel *word* with *destination*."""
    return named(word, destination)


def policies_of(slo: DataSLO) -> list[dict[str, Any]]:
    """What *slo* says of alerts, as far as OpenSLO has words for it: a policy for each window over which rates speak.

    None where more is asked than a rate over a window, or nobody is to be notified: it would be another promise.
    """
    alerting, channel = slo.spec.alerting, slo.spec.owner.channel
    guarded = alerting.min_events > 1 or (alerting.min_bad_events or 1) > 1 or alerting.significance is not None
    if alerting.policy != "mwmb" or guarded or not channel or slo.spec.time_window[0].calendar is not None:
        return []
    tiers = tiers_of(slo)
    factors = [tier.factor(slo.window) for tier in tiers]
    if any(Fraction(plain(factor)) != factor for factor in factors):
        return []
    targets = [_target(word, destination) for word, destination in channel.items()]
    return [_policy(slo.name, tier, factor, targets) for tier, factor in zip(tiers, factors, strict=True)]


def _target(word: str, destination: str) -> dict[str, Any]:
    about = {"name": target_name(word, destination)}
    return {"kind": "AlertNotificationTarget", "metadata": about, "spec": {"target": word}}


def _policy(slo: str, tier: Tier, factor: Fraction, targets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    about = {"name": named(f"{tier.severity}-{spell(tier.long)}", slo)}
    after = {} if tier.short == _short(tier.long) else {"alertAfter": spell(tier.short)}
    burn = {"kind": "burnrate", "op": "gt", "threshold": Decimal(plain(factor)), "lookbackWindow": spell(tier.long)}
    condition = {"severity": tier.severity, "condition": burn | after}
    spec = {
        "alertWhenBreaching": True,
        "alertWhenResolved": True,
        "conditions": [{"kind": "AlertCondition", "metadata": about, "spec": condition}],
        "notificationTargets": list(targets),
    }
    return {"kind": "AlertPolicy", "metadata": about, "spec": spec}
