"""Composite: several SLOs counted together, by one target over one window (SLO.md b.7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lineage.alerts.backtest import replay, widened
from lineage.errors import InvalidDefinition
from lineage.settings import Settings
from lineage.slo.applying import Author, apply
from lineage.slo.book import SloBook
from lineage.slo.budget import judge
from lineage.slo.composites import hurt, join, joined
from lineage.slo.evaluate import evaluate
from lineage.slo.explain import explain
from lineage.slo.lint import inspect
from lineage.slo.planning import Wanted, plan
from lineage.slo.reading import Source
from lineage.slo.spec import DataSLO, define
from lineage.slo.watching import Watch
from lineage.slo.written import body_of, written, yaml_of
from tests.support.composites import come, composite, members
from tests.support.promises import DAY, HOUR, NOON, Lake, document, promise, states, verdicts

MINUTE = timedelta(minutes=1)
WEEKLY = {"cron": "0 0 * * 1", "deadline": "1d"}


def test_it_is_the_sum_of_its_members(tmp_path: Path) -> None:
    """Of four hours of each the second misses one: 7 of 8 are good, by one target."""
    lake = Lake(tmp_path)
    come(lake, "eu", 5, 4, 3, 2)
    come(lake, "us", 5, 4, 2)
    found = members("eu", "us", effective_from=NOON - 4 * HOUR)
    status = evaluate(join(composite("eu", "us", target="0.9"), found), lake.store, NOON)

    assert (status.good, status.total, status.budget.allowed) == (Fraction(7), Fraction(8), Fraction(8, 10))


def test_each_verdict_names_its_member(tmp_path: Path) -> None:
    """Its occurrence and its reason say whose it is, and it keeps its events."""
    lake = Lake(tmp_path)
    come(lake, "eu", 3, 2)
    come(lake, "us", 3, 2)
    slo = join(composite("eu", "us"), members("eu", "us", effective_from=NOON - 2 * HOUR))
    told = explain(slo, evaluate(slo, lake.store, NOON), "us/2026-11-20T10:00:00Z", lake.store)

    assert (told.verdict.reason, len(told.events)) == ("us: delivered 10 m before the deadline", 1)


def test_a_member_is_judged_over_the_window_of_its_composite(tmp_path: Path) -> None:
    """Whatever its own is: and from when both are in force."""
    lake = Lake(tmp_path)
    come(lake, "eu", *range(2, 60))
    come(lake, "us", *range(2, 60))
    found = members("eu", "us", window="1d")
    wide = join(composite("eu", "us", window="2d", effective_from=NOON - 30 * HOUR), found)

    assert states(evaluate(wide, lake.store, NOON).occurrences) == "G" * 60


def test_without_a_member_nothing_is_known(tmp_path: Path) -> None:
    """Neither good nor bad: the whole is UNKNOWN, and says whom it misses."""
    slo = join(composite("eu", "us"), members("eu"))
    status = evaluate(slo, Lake(tmp_path).store, NOON)

    told = "no SLO is named 'us'; write it, or take it out of spec.sli.of"
    assert (status.state, status.sentence, [each.reason for each in status.occurrences]) == (
        "no_data",
        f"No data: {told}",
        [told],
    )


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (
            promise("completeness", name="us", sli={"unit": "rows"}),
            "us counts rows, this occurrences; write unit: rows in all",
        ),
        (composite("a", "b"), "us is a composite itself; name those that it is of"),
    ],
)
def test_what_cannot_be_a_member(other: DataSLO, told: str) -> None:
    """What counts something else, and what is of others itself."""
    assert join(composite("eu", "us"), members("eu") | {"us": other}).unjoined == told


def test_it_stands_for_the_dataset_of_its_first_member() -> None:
    """Unless it names one."""
    found = members("eu", "us")
    named = composite("eu", "us", dataset={"namespace": "lake", "name": "orders"})

    assert [join(each, found).dataset.name for each in (composite("us", "eu"), named)] == ["us", "orders"]


def test_only_a_composite_may_name_no_dataset() -> None:
    """What is judged of data says of which."""
    body = document()
    del body["spec"]["dataset"]

    with pytest.raises(ValidationError, match="Field required"):
        define(body)


def test_one_is_none() -> None:
    """A composite of one, or of one twice, is that one."""
    with pytest.raises(ValidationError, match="a composite is of several SLOs"):
        composite("eu", "eu")


def test_what_is_written_of_it_is_what_was_read() -> None:
    """No dataset that nobody named, and none of its members."""
    slo = composite("eu", "us")

    assert define(body_of(join(slo, members("eu", "us")))) == slo


def test_of_weekly_deliveries_several_together_allow_a_miss(tmp_path: Path) -> None:
    """Twelve weeks of one at 95 % allow 0.6 misses, of eight siblings 4.8 (SLO.md b.7)."""
    names = [f"region-{place}" for place in range(8)]
    window = {"duration": "84d", "isRolling": False}
    window |= {"calendar": {"startTime": "2026-11-02 00:00:00", "timeZone": "UTC"}}
    changes: dict[str, Any] = {"timeWindow": [window], "target": "0.95"}
    slo = join(composite(*names, **changes), members(*names, schedule=WEEKLY, **changes))

    assert evaluate(
        slo, Lake(tmp_path).store, datetime.fromisoformat("2026-11-02T00:00:00Z")
    ).budget.allowed == Fraction(48, 10)


@given(
    st.lists(st.tuples(st.sampled_from(["eu", "us"]), st.integers(0, 9), st.integers(0, 90)), min_size=3, max_size=12)
)
@settings(max_examples=15, deadline=None)
def test_watching_says_what_evaluate_says(
    tmp_path_factory: pytest.TempPathFactory, runs: list[tuple[str, int, int]]
) -> None:
    """However runs of its members come and time goes on."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    slos = joined(members("eu", "us") | {"all": composite("eu", "us", window="1d", effective_from=NOON - DAY)})
    watch, found, wanted = Watch(lake.store), [], []
    for step, (dataset, hour, minutes) in enumerate(runs):
        come(lake, dataset, hour + 2 * step)
        now = NOON + step * 10 * MINUTE + minutes * MINUTE / 10
        watch.turn(now)
        found.append(watch.status(slos["all"]))
        wanted.append(evaluate(slos["all"], lake.store, now))

    assert found == wanted


def test_lint_misses_a_member_in_a_folder(tmp_path: Path) -> None:
    """Where all of it is looked at; a file alone may have its members in another, or in the store."""
    file = tmp_path / "all.yaml"
    file.write_text(yaml_of([body_of(each, "python") for each in (composite("eu", "us"), members("eu")["eu"])]))
    told = f"{file}:1:1: spec.sli.of: no SLO is named 'us'; write it, or take it out of spec.sli.of"
    found = [inspect([tmp_path], NOON)[1], inspect([file], NOON)[1], inspect([file], NOON, held=members("us"))[1]]

    assert found == [[told], [], []]


def test_a_plan_counts_members_that_come_with_it(tmp_path: Path) -> None:
    """What is in force and what is wanted are members alike; without one the plan is refused."""
    lake = Lake(tmp_path)
    come(lake, "eu", 3, 2)
    come(lake, "us", 3, 2)
    told = members("eu", "us", effective_from=NOON - 2 * HOUR) | {"all": composite("eu", "us")}
    sources = [Source(slo, f"{name}.yaml:1", written(slo)) for name, slo in told.items()]
    steps = {step.slo: step for step in plan(lake.store, Wanted(sources), NOON)}
    assert steps["all"].after is not None

    assert steps["all"].after.total == 0  # a new one is in force from now on
    with pytest.raises(InvalidDefinition, match=r"all\.yaml:1:1: no SLO is named 'us'"):
        plan(lake.store, Wanted([source for source in sources if source.slo.name != "us"]), NOON)


def test_a_plan_that_takes_a_member_away_is_refused(tmp_path: Path) -> None:
    """Of a composite that stays in force, and that nobody writes: one that counts something else is none of it."""
    lake = Lake(tmp_path)
    us = promise("completeness", name="us", sli={"unit": "rows"})
    told = members("eu", "us") | {"all": composite("eu", "us")}
    sources = [Source(slo, f"{name}.yaml:1", written(slo)) for name, slo in told.items()]
    apply(lake.store, lambda _: None, Wanted(sources), Author("ana", NOON))

    with pytest.raises(InvalidDefinition, match=r"all\.yaml:1:1: us counts rows"):
        plan(lake.store, Wanted([Source(us, "us.yaml:1", written(us))]), NOON)


def test_a_schedule_of_its_own_is_refused() -> None:
    """It would mean nothing."""
    with pytest.raises(ValidationError, match="a composite has those of its members; remove it"):
        define(body_of(composite("eu", "us")) | {"spec": body_of(composite("eu", "us"))["spec"] | {"schedule": WEEKLY}})


def test_a_folder_keeps_a_composite_in_force(tmp_path: Path) -> None:
    """The book joins it with what stands beside it."""
    lake = Lake(tmp_path)
    come(lake, "eu", 3, 2)
    come(lake, "us", 3)
    slos = tmp_path / "slos"
    slos.mkdir()
    told = [*members("eu", "us", effective_from=NOON - 2 * HOUR).values(), composite("eu", "us")]
    (slos / "all.yaml").write_text(yaml_of([body_of(each, "python") for each in told]))
    book = SloBook(lake.store, Settings(slos=slos))

    assert [(each.slo, each.good, each.total) for each in book.statuses(NOON)] == [
        ("all", Fraction(3), Fraction(4)),
        ("eu", Fraction(2), Fraction(2)),
        ("us", Fraction(1), Fraction(2)),
    ]


def test_a_backtest_looks_back_at_members(tmp_path: Path) -> None:
    """Judged by a window that reaches further: that of the composite, for each of its members."""
    lake = Lake(tmp_path)
    come(lake, "eu", *range(2, 60))
    come(lake, "us", *range(12, 60))
    slo = join(composite("eu", "us", window="1d", effective_from=NOON - 2 * DAY), members("eu", "us"))

    assert [alarm.severity for alarm in replay(slo, lake.store, DAY, NOON).alarms] == ["page"]


def test_its_rates_are_of_all_its_members() -> None:
    """Two that come every hour have something each half an hour: twelve of them in a long window, three in a short."""
    slo = join(composite("eu", "us", target="0.9"), members("eu", "us"))
    rates = judge(slo, verdicts("G" * 1300, NOON, 30 * MINUTE), NOON).burn_rates

    assert [(rate.long_s, rate.short_s) for rate in rates][:2] == [(6 * 3600, 90 * 60), (86_400, 2 * 3600)]


def test_what_is_due_next_is_of_the_next_member() -> None:
    """By the schedule of each."""
    daily = promise(name="us", schedule={"cron": "0 0 * * *", "deadline": "13h"})
    slo = join(composite("eu", "us"), members("eu") | {"us": daily})

    assert judge(slo, [], NOON).next_due == NOON + 15 * MINUTE


@pytest.mark.parametrize(("letters", "dataset"), [("GGBB", "eu"), ("GGBG", "eu"), ("GGGG", "eu"), ("GBGB", "us")])
def test_whoever_missed_is_hurt(letters: str, dataset: str) -> None:
    """For the causes that lineage finds: the member of the first of a row of misses, else of the newest one."""
    slo = join(composite("eu", "us"), members("eu", "us"))
    told = zip(("us", "us", "eu", "us"), verdicts(letters), strict=True)

    assert hurt(slo, [replace(each, occurrence=f"{name}/{each.occurrence}") for name, each in told]).name == dataset


def test_who_looks_further_back_does_at_its_members() -> None:
    """As a backtest does: they are judged over the same window."""
    wider = widened(join(composite("eu", "us", window="1d"), members("eu", "us")), 2 * DAY)

    assert [each.window for each in (wider, *wider.members)] == [3 * DAY] * 3


def test_lint_counts_what_its_members_have(tmp_path: Path) -> None:
    """Four weeks of two weekly ones are eight, of which 95 % forbid any miss."""
    file = tmp_path / "all.yaml"
    told = [*members("eu", "us", schedule=WEEKLY, target="0.7").values(), composite("eu", "us", target="0.95")]
    file.write_text(yaml_of([body_of(each, "python") for each in told]))
    found = {source.slo.name: said for source, said in inspect([file], NOON)[0]}

    assert [said.split(";")[0] for said in found["all"]] == [
        "this target forbids any miss: 28 d hold 8 occurrences",
    ]
