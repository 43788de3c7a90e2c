"""Ownership: who answers for each dataset, and why nobody does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from starlette.testclient import TestClient

from lineage.app import build, open_headwater
from lineage.channels.base import sections
from lineage.model import dataset_id
from lineage.settings import load
from lineage.slo.evaluate import evaluate
from lineage.slo.indicators.ownership import describe
from lineage.slo.ownership import Estate, Owned, Share, ownership
from lineage.slo.shares import SHARES, Shares
from lineage.slo.spec import DataSLO, define
from lineage.store.base import Store
from tests.support.filled import Counting
from tests.support.promises import DAY, HOUR, NOON, Lake, document, event, facet, promise, states, verdicts

NOBODY = "nobody is named as its owner"
UNTOLD = "no promise says where data-web is told"


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty lake."""
    found = Lake(tmp_path)
    yield found
    found.homes.close()


def told(name: str, **facets: Any) -> dict[str, Any]:
    """A run that wrote a dataset, and told these facets of it."""
    found = event("COMPLETE", NOON, f"load {name}", outputs=(name,))
    found["outputs"][0]["facets"] = {key: facet(**body) for key, body in facets.items()}
    return found


def owner(*names: str) -> dict[str, Any]:
    """The facet `ownership`."""
    return {"ownership": {"owners": [{"name": name, "type": "team"} for name in names]}}


def looked(lake: Lake, *promises: DataSLO, **words: Any) -> Estate:
    """The estate, an hour later."""
    return ownership(lake.store, promises, NOON + HOUR, **words)


CASES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "nobody": ({}, (NOBODY,)),
    "a team that a promise says how to tell": (owner("@Data-Orders"), ()),
    "a tag": ({"tags": {"tags": [{"key": "team", "value": "data-orders", "source": "x"}]}}, ()),
    "a team that nobody knows": (owner("data-web"), (UNTOLD,)),
    "one of two is enough": (owner("data-web", "data-orders"), ()),
    "an empty name": (owner(""), (NOBODY,)),
}


@pytest.mark.parametrize(("facets", "faults"), CASES.values(), ids=CASES)
def test_an_owner_is_somebody_who_can_be_told(lake: Lake, facets: Any, faults: tuple[str, ...]) -> None:
    """Named by a facet, a tag or a promise, and with a channel that a promise gives, of whichever dataset."""
    lake.put(told("web", **facets))

    assert [each.faults for each in looked(lake, promise()).found] == [faults]


def test_a_promise_names_its_owner(lake: Lake) -> None:
    """Who promises something of a dataset answers for it."""
    lake.put(told("orders"))

    assert [each.owners for each in looked(lake, promise()).found] == [("data-orders",)]


def test_a_promise_without_a_channel_reaches_nobody(lake: Lake) -> None:
    """Messages would go where nobody of the team looks."""
    lake.put(told("orders"))
    silent = promise(owner={"team": "data-orders"})

    assert [each.faults for each in looked(lake, silent).found] == [("no promise says where data-orders is told",)]


def interval(job: str) -> dict[str, Any]:
    """A run of a job that wrote the same hour of the orders."""
    return event("COMPLETE", NOON, f"run of {job}", job=job, nominal=(NOON - HOUR, NOON))


def test_two_systems_of_record_are_a_fault(lake: Lake) -> None:
    """Strangers who wrote one interval, whoever owns it; two jobs that write at all are none."""
    lake.put(interval("one"), interval("other"), told("web", **owner("data-orders")))
    lake.put(event("COMPLETE", NOON + HOUR / 2, "more", job="another", outputs=("web",)))

    found = {each.dataset.name: each.faults for each in looked(lake, promise()).found}

    assert found == {
        "orders": ("orders is written by one and other for the same interval, 2026-11-20 11:00 UTC",),
        "web": (),
    }


def part(name: str) -> dict[str, Any]:
    """`interval` of a job that says which part of the orders it wrote."""
    found = interval(f"load {name}")
    condition = {"type": "partition", "partitions": [{"dimensions": {"region": name}}]}
    found["outputs"][0]["outputFacets"] = {"subset": facet(outputCondition=condition)}
    return found


def test_who_writes_another_part_is_no_second_system_of_record(lake: Lake) -> None:
    """Of one interval each brings a partition, for the estate as for a promise."""
    lake.put(told("orders", **owner("data-orders")), part("eu"), part("us"))

    assert (looked(lake, promise()).failing, days(lake, kept())[-1]) == ([], ("G", "owned by data-orders"))


def test_a_clock_that_is_ahead_makes_no_second_system_of_record(lake: Lake) -> None:
    """What it tells is no evidence."""
    lake.put(interval("one"))
    lake.put(interval("other"), received_at=NOON - HOUR)

    assert looked(lake, promise()).failing == []


def test_whatever_several_jobs_write_costs_no_question_of_its_own(lake: Lake) -> None:
    """Tasks that tell beside what runs in them are no strangers, nor are jobs that name no interval."""
    asked: list[int] = []
    for count in (2, 20):
        for name in map(str, range(count)):
            task, within = (interval(f"{what} {name}") | {"outputs": told(name)["outputs"]} for what in ("task", "in"))
            parent = {"run": task["run"], "job": {"namespace": "airflow", "name": f"task {name}"}}
            within["run"] = within["run"] | {"facets": within["run"]["facets"] | {"parent": facet(**parent)}}
            lake.put(task, within, event("COMPLETE", NOON, f"at will {name}", job=f"mend {name}", outputs=(name,)))
        questions: Counter[str] = Counter()
        ownership(cast("Store", Counting(lake.store, questions)), [promise()], NOON + HOUR)
        asked.append(questions.total())

    assert asked[0] == asked[1]


def test_shares_are_of_all_and_of_each_namespace(lake: Lake) -> None:
    """Exact, and none for 0 of 0."""
    lake.put(told("orders"), told("web"))

    found = looked(lake, promise())

    assert (found.share, found.by_namespace(), looked(lake, namespace="else").share.ratio) == (
        Share(2, 1),
        {"lake": Share(2, 1)},
        None,
    )


def test_one_question_looks_at_so_many(lake: Lake) -> None:
    """And says that there are more."""
    lake.put(told("orders"), told("web"), told("shop"))

    found = [looked(lake, most=most) for most in (2, 3)]

    assert [(len(each.found), each.whole) for each in found] == [(2, False), (3, True)]


def test_names_that_are_one_are_one_dataset_of_so_many(lake: Lake) -> None:
    """However many names it has: what was looked at is not taken for all there is."""
    names = [{"namespace": "lake", "name": f"a{number}", "type": "LOCATION"} for number in range(3)]
    lake.put(told("orders", symlinks={"identifiers": names}), told("web"), told("shop"))

    found = [looked(lake, most=most) for most in (2, 3)]

    assert [(len(each.found), each.whole) for each in found] == [(2, False), (3, True)]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A house with a promised and an unknown dataset, in a namespace of people who are known."""
    lake = Lake(tmp_path)
    lake.put(told("orders"), told("web"))
    lake.homes.close()
    (tmp_path / "slos").mkdir()
    (tmp_path / "slos" / "orders.yaml").write_text(json.dumps(document()))
    settings = load(None, sections(), store=f"sqlite:///{tmp_path / 'lake.db'}", slos=tmp_path / "slos")
    house = open_headwater(settings, lambda: NOON + timedelta(hours=1))
    with TestClient(build(settings, house), base_url="http://127.0.0.1:5000") as client:
        yield client
    house.close()


def test_the_route_names_those_that_fail(client: TestClient) -> None:
    """With their reasons, beside the shares."""
    assert client.get("/api/v1/ownership").json() == {
        "datasets": 2,
        "owned": 1,
        "ratio": 0.5,
        "namespaces": [{"namespace": "lake", "datasets": 2, "owned": 1, "ratio": 0.5}],
        "failing": [{"dataset": {"namespace": "lake", "name": "web"}, "owners": [], "reasons": [NOBODY]}],
        "totalCount": 1,
        "next": None,
        "truncated": False,
    }


def test_a_dataset_inherits_the_owner_of_its_namespace(client: TestClient) -> None:
    """Where it has none of its own."""
    client.put("/api/v1/namespaces/lake", json={"ownerName": "data-orders"})

    assert client.get("/api/v1/ownership").json()["owned"] == 2


def test_the_overview_counts_those_that_nobody_answers_for(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """As whoever judges saw them last."""
    monkeypatch.setattr(SHARES, "estate", Estate((Owned(dataset_id("lake", "web"), (), (NOBODY,)),)))

    assert "nobody answers for 1</span>" in client.get("/", headers={"Accept": "text/html"}).text


def shown(lake: Lake, *times: timedelta) -> list[str]:
    """What Prometheus is shown after a look at each of these times, the last of them at a third dataset."""
    registry = CollectorRegistry()
    datasets, ratio = (Gauge(name, "What there is.", ["namespace"], registry=registry) for name in ("all", "owned"))
    shares = Shares(datasets, ratio)
    lake.put(told("orders"), told("web"))
    for at in times:
        if at == times[-1]:
            lake.put(told("shop", **owner("data-orders")))
        shares.look(lake.store, [promise()], NOON + at)
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    ("times", "wanted"),
    [
        ((HOUR, HOUR + HOUR / 2), ['all{namespace="lake"} 2.0', 'owned{namespace="lake"} 0.5']),
        ((HOUR, 2 * HOUR), ['all{namespace="lake"} 3.0', 'owned{namespace="lake"} 0.6666666666666666']),
    ],
)
def test_the_estate_is_looked_at_once_an_hour(lake: Lake, times: tuple[timedelta, ...], wanted: list[str]) -> None:
    """It changes with teams, not with data."""
    assert shown(lake, *times) == wanted


def test_a_look_goes_on_where_it_was_left(lake: Lake) -> None:
    """A large estate is no pause of whoever asks meanwhile: a piece at a time, then all is shown as by one look."""
    shares = Shares(*(Gauge(name, "What there is.", ["namespace"], registry=None) for name in ("all", "owned")))
    lake.put(interval("one"), interval("other"))
    looks = 0
    while shares.estate is None:
        shares.look(lake.store, [promise()], NOON + HOUR, lambda: True)
        looks += 1

    assert (looks > 1, shares.estate) == (True, looked(lake, promise()))


def test_an_empty_estate_is_looked_at_until_something_is_there(lake: Lake) -> None:
    """Who starts Headwater anew waits no hour."""
    shares = Shares(*(Gauge(name, "What there is.", ["namespace"], registry=None) for name in ("all", "owned")))
    shares.look(lake.store, [], NOON)
    lake.put(told("orders"))
    shares.look(lake.store, [], NOON + timedelta(minutes=1))

    assert shares.estate is not None
    assert shares.estate.share == Share(1, 0)


def test_who_does_not_judge_shows_no_estate(lake: Lake) -> None:
    """Another does, and says it once."""
    lake.put(told("orders"))
    shares = Shares(*(Gauge(name, "What there is.", ["namespace"], registry=None) for name in ("all", "owned")))
    shares.look(lake.store, [], NOON + HOUR)

    shares.hide()

    assert shares.estate is None


TEAM = {"type": "ownership"}


def kept(**sli: Any) -> DataSLO:
    """The orders have an owner on each day of three."""
    said = document(sli=TEAM | sli, window="3d")
    del said["spec"]["schedule"]
    return define(said)


def days(lake: Lake, slo: DataSLO) -> list[tuple[str, str]]:
    """Each of three days that end at midnight, with its letter and why."""
    found = evaluate(slo, lake.store, NOON + 2 * DAY).occurrences
    return [(states([each]), each.reason) for each in found]


def test_each_day_is_judged_as_it_ended(lake: Lake) -> None:
    """Not known yet, nobody's, and owned since; what comes later changes no day before."""
    orders = told("orders")
    later = told("orders", **owner("@data-orders")) | {"eventTime": (NOON + DAY).isoformat()}
    lake.put(orders, later | {"run": {"runId": "7f0e9d5c-6a58-4b3e-9f0c-0d1c2b3a4f5e"}})

    assert days(lake, kept()) == [
        ("N", "no event had named it yet"),
        ("B", "nobody is named as its owner"),
        ("G", "owned by data-orders"),
    ]


@pytest.mark.parametrize(
    ("sli", "wanted"),
    [
        ({}, ("B", "data-web cannot be told: no channel is known")),
        ({"teams": ["@Data-Web"]}, ("G", "owned by data-web")),
    ],
)
def test_who_can_be_told_is_written_in_the_promise(lake: Lake, sli: Any, wanted: tuple[str, str]) -> None:
    """Its owner and consumers with a channel, and the teams that it lists."""
    lake.put(told("orders", **owner("data-web")))

    assert days(lake, kept(**sli))[-1] == wanted


def test_two_systems_of_record_break_it(lake: Lake) -> None:
    """From the day on that two strangers wrote the same interval."""
    lake.put(told("orders", **owner("data-orders")), interval("one"), interval("other"))

    assert days(lake, kept())[-1] == (
        "B",
        "orders is written by one and other for the same interval, 2026-11-20 11:00 UTC",
    )


def test_what_no_event_named_is_unknown(lake: Lake) -> None:
    """Nobody knows of such a dataset."""
    lake.put(told("web"))

    assert {letter for letter, _ in days(lake, kept())} == {"U"}


def test_an_owner_who_was_taken_back_owns_no_more(lake: Lake) -> None:
    """A deleted facet names nobody; the last word before the window counts until then."""
    gone = event("COMPLETE", NOON + DAY, "gone")
    gone["outputs"][0]["facets"] = {"ownership": facet(_deleted=True)}
    early = told("orders", **owner("data-orders")) | {"eventTime": (NOON - 30 * DAY).isoformat()}
    lake.put(early, gone)

    assert [letter for letter, _ in days(lake, kept())] == ["G", "G", "B"]


def test_a_late_word_changes_only_what_is_still_open(lake: Lake) -> None:
    """Of a day whose horizon is over nothing is judged anew; of one that was, what it was before is told."""
    lake.put(told("orders"))
    late = told("orders", **owner("data-orders")) | {"eventTime": (NOON + HOUR).isoformat()}
    lake.put(late | {"run": {"runId": "7f0e9d5c-6a58-4b3e-9f0c-0d1c2b3a4f5e"}}, received_at=NOON + 3 * DAY)

    found = evaluate(kept(), lake.store, NOON + 4 * DAY).occurrences

    assert [(states([each]), each.amended and each.amended.was.value) for each in found] == [
        ("B", None),
        ("G", "BAD"),
        ("G", None),
    ]


def test_the_sentence_says_since_when() -> None:
    """With the newest reason."""
    bad = [replace(each, reason="nobody is named as its owner") for each in verdicts("BB", NOON, DAY)]

    assert describe(bad, NOON) == "Nobody is named as its owner, since 2026-11-19 12:00 UTC"
