"""What an incident cost of an error budget, and from when on one learns from it."""

from __future__ import annotations

from collections import UserDict
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from lineage.alerts import incidents
from lineage.alerts.costs import costed, spent
from lineage.alerts.incidents import Incident, Postmortem, Spent
from lineage.alerts.phrases import told
from lineage.alerts.react import react
from lineage.slo.periods import Period
from lineage.slo.status import Budget, Status
from tests.support.alerting import HOUR, LOAD, NOW, ORDERS, REVENUE, MemoryStore, later, slo, status
from tests.support.incidents import LATE, OPENED

DEFINITIONS = {"orders": slo("orders", ORDERS), "revenue": slo("revenue", REVENUE)}
MEMBER = LATE.model_copy(update={"slo": "orders", "since": NOW - HOUR})


def losing(letters: str, allowed: int, at: int = 0, name: str = "orders", ladder: str | None = "ticket") -> Status:
    """Hourly occurrences of weight one, and so many that may be bad; looked at *at* hours after NOW."""
    found = status(name, letters, NOW + at * HOUR, ladder=ladder, state="breaching", left=Fraction(1, 2))
    weighed = tuple(replace(each, good=Fraction(each.state == "GOOD"), total=Fraction(1)) for each in found.occurrences)
    return replace(
        found, occurrences=weighed, budget=Budget(Fraction(allowed), Fraction(letters.count("B")), Fraction(1, 2))
    )


def after(*looks: Status) -> Incident:
    """The first incident after these looks."""
    store = MemoryStore(graph=())
    for look in looks:
        react(store.as_store(), DEFINITIONS, [look], look.at)
    return incidents.one(store.as_store(), "INC-1")


@pytest.mark.parametrize(
    ("letters", "share"),
    [("GGGBB", 0.2), ("BBGBB", 0.2), ("GGGGB", 0.1), ("GGGGG", 0.0)],
)
def test_what_fell_due_since_the_beginning_counts(letters: str, share: float) -> None:
    """And nothing that was bad before it."""
    assert spent(MEMBER, losing(letters, 10)) == Spent(own=share)


def test_what_fell_due_after_the_end_does_not_count() -> None:
    """It belongs to the next incident."""
    over = MEMBER.model_copy(update={"restored_at": NOW - timedelta(minutes=30)})

    assert spent(over, losing("GGGBB", 10)) == Spent(own=0.1)


def test_an_slo_that_was_good_in_between_is_counted_from_when_it_was_hurt_first() -> None:
    """It is one incident, whatever it looked like for an hour."""
    again = MEMBER.model_copy(update={"hurt_since": NOW - 3 * HOUR})

    assert spent(again, losing("BBGBB", 10)) == Spent(own=0.3)


def test_what_was_lost_upstream_is_inherited() -> None:
    """Nobody learns of it here."""
    assert spent(MEMBER.model_copy(update={"above": True}), losing("GGGBB", 4)) == Spent(inherited=0.5)


def test_where_nothing_is_allowed_nothing_is_shared() -> None:
    """A share of nothing is no number."""
    assert spent(MEMBER, losing("GGGBB", 0)) == Spent()


@pytest.mark.parametrize(("allowed", "share"), [(2, 0.25), (20, 0.1)])
def test_what_was_lost_before_the_first_is_not_held_to_what_was_due_since(allowed: int, share: float) -> None:
    """Of seconds and records a month allows but 1 % of what was due by now, which at midnight is nearly none."""
    found = losing("G" * 798 + "BB", allowed)
    month = Period(NOW - HOUR, NOW + HOUR, "December 2026")
    turned = replace(found, period=month, before=found.occurrences[:-1], occurrences=found.occurrences[-1:])

    assert spent(MEMBER, turned) == Spent(own=share)


@pytest.mark.parametrize(("allowed", "required"), [(5, False), (4, True)])
def test_a_fifth_is_not_above_a_fifth(allowed: int, required: bool) -> None:  # noqa: FBT001 - a case
    """One miss of five that are allowed is 20 %."""
    assert after(losing("GGGGB", allowed)).postmortem.required == required


def test_it_says_what_it_is_required_for() -> None:
    """The SLO that lost most by itself, and how much."""
    assert after(losing("GGGGB", 3)).postmortem == Postmortem(
        required=True, because="spent 33.3 % of the budget of orders"
    )


def test_it_is_required_from_the_look_at_which_it_costs_so_much() -> None:
    """Without any other change, and told by an edit; the same again is no news."""
    found = after(losing("GGGGB", 5), losing("GGGGBB", 5, at=1), losing("GGGGBBB", 5, at=2))
    required = [moment.at for moment in found.timeline if moment.what.startswith("a postmortem is required")]

    assert (required, found.transition, found.change) == ([NOW + HOUR], 2, "changed")


def test_what_is_told_anew_is_how_it_stands_now() -> None:
    """Not what was left, and how late it was, when it began."""
    worse = losing("GGGGBB", 5, at=1)
    worse = replace(worse, sentence="late by 3 h", budget=replace(worse.budget, remaining_ratio=Fraction(3, 5)))
    found = after(losing("GGGGB", 5), worse).members[0]

    assert (found.sentence, found.budget_left) == ("late by 3 h", "60 %")


def test_the_message_of_the_end_says_it() -> None:
    """With the final figure."""
    found = after(losing("GGGGB", 5), losing("GGGGBB", 5, at=1), losing("GGGGBBBG", 5, at=3, ladder=None))

    assert (found.state, "Postmortem required (spent 60 % of the budget of orders)." in told(found, "")) == (
        "resolved",
        True,
    )


@pytest.mark.parametrize("kind", ["budget", "restated"])
def test_only_what_hurts_an_slo_costs_anything(kind: str) -> None:
    """That a budget has run low is no second incident to learn from."""
    case = OPENED.model_copy(update={"kind": kind, "members": (MEMBER,)})

    assert costed(case, None, {"orders": losing("GGGBB", 3)}, NOW) == case


def test_what_was_good_again_keeps_its_cost() -> None:
    """What becomes bad later in another SLO of the incident changes the figure of none that is over."""
    before = OPENED.model_copy(
        update={"members": (MEMBER.model_copy(update={"restored_at": NOW, "budget_spent": Spent(own=0.4)}),)}
    )
    case = before.model_copy(update={"transition": 9})

    assert costed(case, before, {"orders": losing("GGGGG", 9)}, NOW).members == before.members


def test_what_an_slo_inherits_asks_for_no_postmortem() -> None:
    """The loss is that of whoever broke first."""
    store = MemoryStore()
    store.fail(LOAD, NOW - 3 * HOUR)
    react(store.as_store(), DEFINITIONS, [losing("GGGBB", 3, name="revenue")], NOW)
    found = incidents.one(store.as_store(), "INC-1")

    assert (found.postmortem, found.members[0].budget_spent) == (Postmortem(), Spent(inherited=2 / 3))


def test_what_was_good_after_all_cost_nothing() -> None:
    """The data was in time, and told of late: nothing is to be learned of it."""
    bad, good = losing("GGGGB", 3), losing("GGGGG", 3, at=0, ladder=None)
    store = MemoryStore(graph=())
    react(store.as_store(), DEFINITIONS, [bad], NOW)
    react(store.as_store(), DEFINITIONS, [later(good, timedelta(minutes=5))], NOW + timedelta(minutes=5))
    found = incidents.one(store.as_store(), "INC-1")

    assert (found.state, found.postmortem.required) == ("resolved", False)


class Unread(UserDict[str, Status]):
    """Statuses that nobody may ask for."""

    def __contains__(self, key: object) -> bool:
        raise AssertionError(key)


@pytest.mark.parametrize(
    "update",
    [
        {"members": (MEMBER.model_copy(update={"above": True}),)},
        {"members": (MEMBER,), "postmortem": Postmortem(required=True, because="spent 34 % of the budget of orders")},
    ],
)
def test_what_lasts_for_days_is_not_counted_at_each_look(update: dict[str, object]) -> None:
    """Where nothing changed and no loss can ask for a postmortem any more."""
    case = OPENED.model_copy(update=update)

    assert costed(case, case, Unread(), NOW) is case
