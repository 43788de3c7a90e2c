"""How a message says times and budgets."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from lineage.alerts.incidents import Postmortem
from lineage.alerts.phrases import burn, clock, notes, percent_left
from lineage.slo.budget import judge
from tests.support.alerting import NOW, status, tier
from tests.support.incidents import LATE, OPENED
from tests.support.promises import NOON, promise, verdicts


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW.replace(hour=5, minute=54), "05:54 UTC"),
        (NOW - timedelta(days=1), "20 Nov 10:30 UTC"),
        (NOW - timedelta(days=365), "21 Nov 2025 10:30 UTC"),
    ],
)
def test_a_time_says_its_day_only_where_it_must(at: datetime, expected: str) -> None:
    """Today's times stand alone; others have their day, and last year's their year."""
    assert expected == clock(at, NOW)


@pytest.mark.parametrize(
    ("left", "expected"), [(Fraction(8899, 10000), "88.9 %"), (Fraction(-5, 2), "-250 %"), (None, "0 %")]
)
def test_the_budget_left_is_rounded_down(left: Fraction | None, expected: str) -> None:
    """A budget never looks larger than it is."""
    assert expected == percent_left(status("orders", left=left))


@pytest.mark.parametrize(("long", "expected"), [(21.9, "21x (1 h)"), (1.44, "1.4x (1 h)"), (None, "")])
def test_a_burn_rate_is_a_multiple(long: float | None, expected: str) -> None:
    """Whole from ten on; nothing where nothing was measured."""
    assert expected == burn(status("orders", burn=[tier(long, long, firing=False)]))


def test_a_message_names_the_burn_also_where_the_ladder_speaks() -> None:
    """Hourly deliveries at 99 % have no tier that speaks; a miss burns 100 times over its hour all the same."""
    assert burn(judge(promise(), verdicts("GGGB"), NOON)) == "100x (1 h)"


@pytest.mark.parametrize(
    ("url", "where"),
    [
        (None, "required"),
        ("https://wiki.example.com/INC-7", "at https://wiki.example.com/INC-7"),
        (f"https://wiki.example.com/{'a' * 300}", "written"),
    ],
)
def test_an_address_is_said_whole_or_not_at_all(url: str | None, where: str) -> None:
    """Half of one leads nowhere; the incident's page has it."""
    written = Postmortem(required=True, because="spent 34 % of the budget of orders", url=url)

    assert notes(OPENED.model_copy(update={"postmortem": written})) == [
        f"Postmortem {where} (spent 34 % of the budget of orders)"
    ]


def test_a_message_names_three_budgets_and_counts_the_rest() -> None:
    """A hundred sentences are no message."""
    members = tuple(
        LATE.model_copy(update={"short": f"slo-{number} has spent its error budget"}) for number in range(9)
    )

    assert notes(OPENED.model_copy(update={"members": members})) == [
        "slo-0 has spent its error budget",
        "slo-1 has spent its error budget",
        "slo-2 has spent its error budget",
        "6 more error budgets low or spent",
    ]
