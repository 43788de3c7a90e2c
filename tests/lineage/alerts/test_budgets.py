"""A budget that runs low is told once on its way down: below a quarter, and when nothing is left."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.alerts.budgets import Level, Told, crossed
from lineage.alerts.incidents import Incident, every
from lineage.alerts.messages import Channel
from lineage.alerts.outbox import drain
from lineage.alerts.phrases import told
from lineage.alerts.react import react
from lineage.settings import Alerts
from lineage.slo.periods import Period
from lineage.slo.silences import silencing
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.statements import Kept
from tests.lineage.alerts.test_outbox import Line
from tests.support.alerting import HOUR, NOW, ORDERS, REVENUE, SETTLEMENTS, MemoryStore, later, slo, status

MINUTE = timedelta(minutes=1)
RISK = {"team": "risk", "channel": {"slack": "C0RISK01"}}
DEFINITIONS = {
    "orders": slo("orders", ORDERS, consumer=RISK, product="shop"),
    "revenue": slo("revenue", REVENUE, team="finance", channel={"slack": "C0FIN"}),
}


def left(share: str, letters: str = "GBG", name: str = "orders", state: str = "at_risk") -> Status:
    """An SLO that does not speak, with so much of its budget left."""
    return status(name, letters, left=Fraction(share), state=state)


@dataclass
class Desk:
    """Looks a minute apart, and what Slack was told."""

    definitions: dict[str, DataSLO] = field(default_factory=lambda: dict(DEFINITIONS))
    store: MemoryStore = field(default_factory=MemoryStore)
    slack: Line = field(default_factory=lambda: Line(edits=True))
    looks: int = 0

    def look(self, *statuses: Status) -> None:
        """React to *statuses* and send what is due."""
        now = NOW + self.looks * MINUTE
        self.looks += 1
        react(self.store.as_store(), self.definitions, [replace(each, at=now) for each in statuses], now)
        channels: dict[str, Channel] = {"slack": self.slack, "log": Line()}
        drain(self.store.as_store(), channels, "http://lineage", now, jitter=lambda: 0.0)

    def said(self) -> list[tuple[str | None, str]]:
        """To whom, and what the change was."""
        return [(message.to, message.text.split()[2]) for message in self.slack.sent]

    def incidents(self) -> list[tuple[str, str, str]]:
        """Kind, state and title of each, oldest first."""
        return [(case.kind, case.state, case.title) for case in reversed(every(self.store.as_store()))]

    def one(self) -> Incident:
        """The only incident."""
        (case,) = every(self.store.as_store())
        return case


@pytest.fixture
def desk() -> Desk:
    """Nothing has happened yet."""
    return Desk()


def test_below_a_quarter_owner_and_consumers_are_told_once(desk: Desk) -> None:
    """However often it is looked at, and however it moves about the line."""
    for share in ("0.26", "0.24", "0.26", "0.2", "0.3", "0.24"):
        desk.look(left(share))

    assert desk.said() == [("C0ORDERS1", "opened"), ("C0RISK01", "opened")]


def test_a_quarter_is_not_below_a_quarter(desk: Desk) -> None:
    """The state `at_risk` begins at the same line."""
    desk.look(left("0.25"))

    assert desk.incidents() == []


def test_nothing_left_is_told_once_and_names_the_gate(desk: Desk) -> None:
    """In the same incident, aloud: the gate of the product is closed from now on."""
    for share in ("0.2", "0", "-0.5", "0.1", "-1"):
        desk.look(left(share))
    changes = [change for to, change in desk.said() if to == "C0ORDERS1"]
    said = "orders has spent its error budget, so that the gate of shop is closed"

    assert (changes, desk.incidents()) == (["opened", "warned"], [("budget", "open", said)])


def test_a_budget_that_is_spent_at_once_is_told_once(desk: Desk) -> None:
    """And that it has passed a quarter is no message of its own, on its way down or back."""
    for share in ("1", "-2", "0.1", "0.3"):
        desk.look(left(share))

    assert desk.said() == [("C0ORDERS1", "opened"), ("C0RISK01", "opened")]


def test_half_a_budget_is_the_end_of_it(desk: Desk) -> None:
    """The message is edited, and the next time it runs low is told anew."""
    for share in ("0.2", "0.49", "0.5", "0.2"):
        desk.look(left(share))

    assert [(kind, state) for kind, state, _ in desk.incidents()] == [("budget", "resolved"), ("budget", "open")]


def test_the_end_says_that_there_is_budget_again(desk: Desk) -> None:
    """Not that it is spent."""
    for share in ("-1", "0.6"):
        desk.look(left(share))
    text = told(desk.one(), "http://lineage")

    assert text.split(" Owner")[0] == "Resolved: orders has error budget again. Good again after 1 h 1 m."


def test_without_a_product_there_is_no_gate(desk: Desk) -> None:
    """Nor is one spoken of."""
    desk.look(left("0", name="revenue"))

    assert desk.one().title == "revenue has spent its error budget"


def test_an_incident_that_is_open_tells_it_too(desk: Desk) -> None:
    """One miss that spends the budget is one message, which says both."""
    desk.look(status("orders", "GGB", ladder="page", state="breaching", left=Fraction(-3)))
    text = told(desk.one(), "http://lineage")

    assert (desk.one().kind, desk.said(), "the gate of shop is closed" in text) == (
        "slo",
        [("C0ORDERS1", "opened"), ("C0RISK01", "opened")],
        True,
    )


def test_in_an_incident_it_is_worth_more_than_an_edit(desk: Desk) -> None:
    """What was told of the miss is told anew when the budget passes a line, at each line once."""
    for share in ("0.9", "0.2", "0.2", "-1", "-2"):
        desk.look(status("orders", "GGB", ladder="page", state="breaching", left=Fraction(share)))

    assert [change for to, change in desk.said() if to == "C0ORDERS1"] == ["opened", "warned", "warned"]


def test_what_is_told_anew_is_how_it_stands_now(desk: Desk) -> None:
    """Not how late it was when it began."""
    for share, since in (("0.9", "late by 0 s"), ("-1", "late by 3 h")):
        desk.look(status("orders", "GGB", ladder="page", state="breaching", left=Fraction(share), sentence=since))

    assert "mart.orders_daily: late by 3 h." in told(desk.one(), "")


def test_the_owner_of_an_slo_hears_of_its_budget_where_another_is_told_of_the_incident(desk: Desk) -> None:
    """Who is hurt by another team's incident has a budget of their own."""
    desk.store.fail(next(iter(edge.source for edge in desk.store.graph if edge.target == SETTLEMENTS)), NOW - HOUR)
    desk.look(
        status("orders", "GGB", ladder="page", state="breaching"),
        status("revenue", "GGB", ladder="ticket", state="breaching", left=Fraction(-1)),
    )

    assert [(to, change) for to, change in desk.said() if to == "C0FIN"] == [("C0FIN", "opened")]


def test_the_end_of_the_incident_still_says_what_is_spent(desk: Desk) -> None:
    """The gate stays closed though the data is good again."""
    desk.look(status("orders", "GGB", ladder="page", state="breaching", left=Fraction(-3)))
    desk.look(status("orders", "GGBG", left=Fraction(-3)))
    text = told(desk.one(), "http://lineage")

    assert (desk.one().state, "the gate of shop is closed" in text) == ("resolved", True)


def test_an_slo_that_is_hurt_again_still_has_spent_its_budget(desk: Desk) -> None:
    """In an incident that goes on, the gate is as closed as it was."""
    desk.definitions["revenue"] = slo("revenue", ORDERS)
    other = status("revenue", "GGB", ladder="page", state="breaching")
    for letters, ladder in (("GGB", "page"), ("GBG", None), ("BGB", "page")):
        desk.look(status("orders", letters, ladder=ladder, state="breaching", left=Fraction(-3)), other)
    shorts = [each.short for each in desk.one().members if each.slo == "orders"]

    assert shorts == ["orders has spent its error budget, so that the gate of shop is closed"]


@pytest.mark.parametrize(
    ("before", "share", "state", "expected"),
    [
        (None, "0.1", "warming", None),
        (None, "-1", "warming", None),
        (None, "-1", "no_data", "spent"),
        ("low", "0.9", "no_data", None),
        ("low", "0.9", "ok", "over"),
        ("spent", "0.1", "at_risk", None),
    ],
)
def test_what_is_lost_stays_lost(before: Level | None, share: str, state: str, expected: str | None) -> None:
    """Warming up tells nothing; where coverage is lost nothing ends; what is spent is told as the gate sees it."""
    kept = None if before is None else Told(slo="orders", level=before, phase="open")

    assert crossed(kept, left(share, state=state)) == expected


def unseen(found: Status) -> Status:
    """*found*, all of it due before anybody observed it."""
    return replace(found, occurrences=tuple(replace(each, imported=True) for each in found.occurrences))


def test_what_was_lost_before_anybody_observed_it_is_no_news(desk: Desk) -> None:
    """While history is loaded budgets move; the first miss after it is told."""
    old = left("-1", "BBB")
    desk.look(unseen(old))
    silent = desk.incidents()
    desk.look(replace(old, occurrences=(*unseen(old).occurrences[:-1], old.occurrences[-1])))

    assert (silent, [kind for kind, _, _ in desk.incidents()]) == ([], ["budget"])


def test_an_incident_of_what_was_lost_before_says_what_it_cost(desk: Desk) -> None:
    """It is told anyway, once two looks agree on it."""
    late = unseen(status("orders", "GGB", ladder="page", state="breaching", left=Fraction("0.1")))
    desk.look(late)
    desk.look(late)

    assert desk.one().members[0].short == "orders has less than a quarter of its error budget left"


NOVEMBER, DECEMBER = (Period(NOW + at * HOUR, NOW + (at + 1) * HOUR, name) for at, name in enumerate("ND"))


@pytest.mark.parametrize(
    ("share", "state", "expected"),
    [("-1", "ok", "spent"), ("0.2", "ok", "low"), ("0.3", "ok", "over"), ("0.3", "no_data", None), ("1", "ok", "over")],
)
def test_what_was_told_of_november_says_nothing_of_december(share: str, state: str, expected: str) -> None:
    """Also where nobody looked on the first, and the new budget is spent by then."""
    kept = Told(slo="orders", level="spent", phase="open", window=NOVEMBER.start)
    turned = [replace(left(share, state=state), period=each) for each in (NOVEMBER, DECEMBER)]

    assert [crossed(kept, each) for each in turned] == ["over" if share == "1" else None, expected]


def test_a_new_window_is_a_new_budget() -> None:
    """Of which nothing is allowed yet where nothing fell due."""
    kept = Told(slo="orders", level="spent", phase="open")

    assert crossed(kept, status("orders", "", left=None)) == "over"


def test_a_silence_holds(desk: Desk) -> None:
    """What runs low in a silence is told when it ends, unless it is over by then."""
    silence = silencing("orders", 3 * MINUTE, "the lake is being moved", "ana", NOW)
    desk.store.stated = [Kept(silence.at, b"silence", silence)]
    said = []
    for share in ("0.2", "0.2", "0.2", "0.2"):
        desk.look(left(share))
        said.append(len(desk.slack.sent))

    assert said == [0, 0, 0, 2]


def test_who_restarts_tells_nothing_twice(desk: Desk) -> None:
    """What was told is kept with the incident, in one write."""
    desk.look(left("0.2"))
    again = Desk(store=desk.store, slack=desk.slack, looks=60)
    again.look(later(left("0.2"), HOUR))

    assert len(desk.slack.sent) == 2


def test_a_retired_slo_has_no_budget(desk: Desk) -> None:
    """Its message ends."""
    desk.look(left("0.2"))
    del desk.definitions["orders"]
    desk.look()

    assert desk.incidents() == [("budget", "resolved", "orders was retired")]


def test_many_at_once_are_one_message_to_each_reader(desk: Desk) -> None:
    """As when Headwater first looks, or what all of them read breaks; nobody hears of what is not theirs."""
    names = [f"orders-{number}" for number in range(5)]
    desk.definitions |= {name: slo(name, ORDERS, consumer=RISK) for name in names} | {"own": slo("own", ORDERS)}
    desk.look(*(left("0.2", name=name) for name in [*names, "orders", "own", "revenue"]))

    assert (sorted(desk.said(), key=str), [title for _, _, title in desk.incidents()]) == (
        [("C0FIN", "opened"), ("C0ORDERS1", "opened"), ("C0ORDERS1", "opened"), ("C0RISK01", "opened")],
        [
            "6 SLOs have little or no error budget left",
            "own has less than a quarter of its error budget left",
            "revenue has less than a quarter of its error budget left",
        ],
    )


def test_what_many_were_told_of_ends_with_the_last(desk: Desk) -> None:
    """Who has budget again is left out of the title; what runs low later is news."""
    desk.definitions["other"] = slo("other", ORDERS, consumer=RISK)
    both = [left("0.2"), left("0.1", name="other")]
    titles = []
    for statuses in (both, [left("0.6"), both[1]], [left("0.6"), left("0.6", name="other")]):
        desk.look(*statuses)
        titles.append(desk.one().title)

    assert (titles, desk.one().state) == (
        [
            "2 SLOs have little or no error budget left",
            "other has less than a quarter of its error budget left",
            "2 SLOs have error budget again",
        ],
        "resolved",
    )


def test_a_retired_slo_closes_no_gate(desk: Desk) -> None:
    """Nor does the message of the incident that it was a part of say so."""
    desk.look(status("orders", "GGB", ladder="page", state="breaching", left=Fraction(-3)))
    del desk.definitions["orders"]
    desk.look()

    assert "gate" not in told(desk.one(), "")


def test_the_message_of_a_retired_slo_ends_where_it_stands(desk: Desk) -> None:
    """Though nobody is its owner any more, and others are told elsewhere by default."""
    desk.look(left("0.2"))
    del desk.definitions["orders"]
    now = NOW + HOUR
    react(desk.store.as_store(), desk.definitions, [], now)
    channels: dict[str, Channel] = {"slack": desk.slack, "log": Line()}
    drain(desk.store.as_store(), channels, "http://lineage", now, alerts=Alerts(channel="log"))

    assert ("C0ORDERS1", "resolved") in desk.said()


@given(st.lists(st.sampled_from(["-1", "0", "0.1", "0.24", "0.25", "0.49", "0.5", "1"]), max_size=12))
def test_the_same_is_never_told_twice_without_a_recovery(shares: list[str]) -> None:
    """Whatever the budget does between looks: a level is told once for each time that half of it was there before."""
    kept: Told | None = None
    moves: list[str] = []
    for share in shares:
        move = crossed(kept, left(share))
        if move == "over":
            kept = None
        elif move is not None:
            kept = Told(slo="orders", level=move, phase="open")
        moves += [move] if move is not None else []
    episodes = ",".join(moves).split("over")

    assert {episode.strip(",") for episode in episodes} <= {"", "low", "spent", "low,spent"}
