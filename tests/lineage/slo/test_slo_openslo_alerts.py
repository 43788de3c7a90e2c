"""OpenSLO's alert policies: which windows of ours they come to, what of them has no place, and how they go back."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from lineage.errors import InvalidDefinition
from lineage.slo.documents import documents
from lineage.slo.formats import openslo
from lineage.slo.formats.base import Assumed, Imported
from lineage.slo.importing import imported
from lineage.slo.tiers import tiers_of
from lineage.slo.written import body_of, yaml_of
from tests.support.promises import promise

ALERTS = Path(__file__).parents[2] / "contracts" / "alerts.openslo.yaml"
ONCALL = Assumed(channels={"OnCallDataSlack": ("slack", "C0ORDERS1")})
WINDOWS = [
    {"severity": "page", "long": "1h", "short": "10m", "burnRate": "14.4"},
    {"severity": "ticket", "long": "1d", "short": "2h", "burnRate": "2"},
]
INVERTED = (
    "lte alerts while the budget burns slowly, as OpenSLO's own example does; gt is meant, so that the condition is "
    "not taken over"
)
CHANNEL = {"team": "data-orders", "channel": {"slack": "C0ORDERS1"}}


def told(found: Imported) -> list[str]:
    """The report, each line from its place on."""
    return [line.split("yaml:", maxsplit=1)[1] for line in found.report]


def changed(tmp_path: Path, old: str, new: str) -> Imported:
    """What the file of alerts comes to with *new* for *old*."""
    text = ALERTS.read_text()
    assert old in text, "the change changes something"
    file = tmp_path / "alerts.openslo.yaml"
    file.write_text(text.replace(old, new))
    return imported([file], ONCALL)


def back(written: dict[str, Any]) -> Imported:
    return openslo.read(list(documents(yaml_of([written]), "x.yaml")), Assumed())


def test_a_policy_is_windows_with_its_burn_rates() -> None:
    """Named or written out; the short one is alertAfter, else a twelfth; a name that is known is a channel."""
    (slo,) = imported([ALERTS], ONCALL).slos
    spec = body_of(slo)["spec"]

    assert (spec["alerting"], spec["owner"]["channel"]) == (
        {"policy": "mwmb", "windows": WINDOWS},
        {"slack": "C0ORDERS1"},
    )


def test_a_threshold_is_a_share_of_the_budget_exactly() -> None:
    """C = threshold · lookbackWindow / P, though no decimal number is it."""
    (slo,) = imported([ALERTS], ONCALL).slos

    assert [tier.budget for tier in tiers_of(slo)] == [Fraction(144, 10) / 24 / 28, Fraction(2, 28)]


def test_what_a_policy_says_that_has_no_place_is_told() -> None:
    """Who is nowhere, what is inverted, and what is another severity here."""
    assert told(imported([ALERTS], ONCALL)) == [
        "21:55: who is OnCallDataMail stands in no file; import with --channel OnCallDataMail=slack:C0…",
        "49:9: without data alerts freeze here, and coverage tells of it",
        "54:15: 'warning' is taken as a ticket",
        "55:43: gte is taken as gt: the threshold itself is not passed yet",
        f"66:43: {INVERTED}",
        "68:7: no AlertPolicy 'nowhere' in this file, so that it is not taken over",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "alertWhenBreaching: true\n  alertWhenResolved: true",
            "alertWhenBreaching: false",
            "18:3: a policy that is silent on a breach is not taken over",
        ),
        (
            "alertWhenResolved: true",
            "alertWhenResolved: false",
            "19:3: whoever was told of a breach is told that it is over",
        ),
        ("conditionRef: budget-burns", "conditionRef: none", "20:16: no AlertCondition 'none' in this file, so that"),
        ("threshold: 14.4", "threshold: 0", "12:39: a budget always burns at least that fast, so that the condition"),
        ("lookbackWindow: 1h, alertAfter: 10m", "lookbackWindow: 1m", "12:56: a window of a minute holds no shorter"),
        ("alertAfter: 10m", "alertAfter: 2h", "12:76: is no shorter than the window; a twelfth of it is taken"),
        (
            "  severity: page\n  condition:",
            "  description: x\n  severity: page\n  condition:",
            "11:3: what a condition",
        ),
        ("spec:\n  alertWhenBreaching", "spec:\n  description: x\n  alertWhenBreaching", "18:3: what a policy says of"),
    ],
)
def test_what_no_window_says_is_told(tmp_path: Path, old: str, new: str, line: str) -> None:
    """With its place; nothing of a policy is dropped in silence."""
    lines = told(changed(tmp_path, old, new))

    assert [each[: len(line)] for each in lines if each.startswith(line)] == [line]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{conditionRef: budget-burns}", "{}", "20:16: spec.conditions.0: a condition is written out or named; write"),
        (
            "{targetRef: OnCallDataMail}",
            "{spec: {target: mail}}",
            "21:55: spec.notificationTargets.1: whom to notify has",
        ),
        (
            "alertPolicyRef: fast-burn",
            "kind: AlertPolicy",
            "44:7: spec.alertPolicies.0: a policy is written out or named",
        ),
        ("alertAfter: 10m", "alertAfter: soon", "12:76: spec.condition.alertAfter: 'soon' is not a duration; write"),
    ],
)
def test_a_policy_that_says_nothing_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    """With its place and what to write."""
    with pytest.raises(InvalidDefinition) as caught:
        changed(tmp_path, old, new)

    assert str(caught.value).removeprefix(f"{tmp_path / 'alerts.openslo.yaml'}:")[: len(said)] == said


def test_each_condition_of_a_policy_is_a_window(tmp_path: Path) -> None:
    """OpenSLO takes one today, and leaves room for more."""
    twice = "conditions: [{conditionRef: budget-burns}, {conditionRef: budget-burns}]"
    (slo,) = changed(tmp_path, "conditions: [{conditionRef: budget-burns}]", twice).slos

    assert [window.severity for window in slo.spec.alerting.windows] == ["page", "page", "ticket"]


def test_what_nothing_names_is_told(tmp_path: Path) -> None:
    """A policy that no SLO asks for, with what it alone asks for."""
    lines = told(changed(tmp_path, "    - alertPolicyRef: fast-burn\n", ""))

    assert [line for line in lines if "named by no SLO" in line] == [
        "8:1: AlertCondition budget-burns is named by no SLO here, so that it is not taken over",
        "15:1: AlertPolicy fast-burn is named by no SLO here, so that it is not taken over",
    ]


def test_what_an_slo_says_itself_stands(tmp_path: Path) -> None:
    """Alerting and channel in our own words; a policy that says otherwise is told."""
    own = "owner: {team: data-orders, channel: {slack: C0OTHER}}\n              alerting: {policy: discrete}"
    found = changed(tmp_path, "owner: {team: data-orders}", own)
    lines = [line for line in told(found) if "not taken over, for" in line]

    assert (found.slos[0].spec.alerting.windows, found.slos[0].spec.owner.channel, len(lines)) == (
        (),
        {"slack": "C0OTHER"},
        3,
    )


def test_a_runbook_beside_policies_stays(tmp_path: Path) -> None:
    """Words of `alerting` that no policy has are kept with the windows."""
    own = "owner: {team: data-orders}\n              alerting: {runbook: 'https://runbooks.acme.example/orders'}"
    alerting = changed(tmp_path, "owner: {team: data-orders}", own).slos[0].spec.alerting

    assert (alerting.runbook, len(alerting.windows)) == ("https://runbooks.acme.example/orders", 2)


@pytest.mark.parametrize(
    "windows", [[], WINDOWS, [{"severity": "page", "long": "2h", "short": "10m", "budget": "0.1"}]]
)
def test_rates_over_windows_go_there_and_back(windows: list[dict[str, Any]]) -> None:
    """A policy for each beside our own words, and nothing to tell of when it comes back."""
    slo = promise(
        alerting={"policy": "mwmb", "windows": windows},
        owner=CHANNEL,
        timeWindow=[{"duration": "90d", "isRolling": True}],
    )
    written = openslo.write(slo)
    found = back(written)

    assert (len(written["spec"]["alertPolicies"]), found.slos, found.report) == (len(windows) or 4, [slo], [])


@pytest.mark.parametrize(
    ("alerting", "owner"),
    [
        ({"policy": "auto", "windows": WINDOWS}, CHANNEL),
        ({"policy": "mwmb", "windows": WINDOWS}, {"team": "data-orders"}),
        ({"policy": "mwmb", "windows": WINDOWS, "minBadEvents": 3}, CHANNEL),
        ({"policy": "mwmb", "windows": WINDOWS, "minEvents": 12}, CHANNEL),
        ({"policy": "mwmb"}, CHANNEL),
    ],
)
def test_what_openslo_has_no_words_for_is_no_policy(alerting: dict[str, Any], owner: dict[str, Any]) -> None:
    """More than a rate over a window, nobody to notify, or a factor that is no decimal number (28 d: 14/15)."""
    written = openslo.write(promise(alerting=alerting, owner=owner))

    assert "alertPolicies" not in written["spec"]
