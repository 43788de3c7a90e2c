"""Latency over a path: which version came of which, how long that took, and what is still on its way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from math import comb
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lineage.model import Delta, FacetSeen, Touch, Verdict
from lineage.slo.evaluate import evaluate
from lineage.slo.explain import explain, lines_of, shape_of
from lineage.slo.gather import gather
from lineage.slo.indicators._journeys import Sample, begun
from lineage.slo.indicators._percentile import confidence, percentile
from lineage.slo.indicators.latency import Spec, describe, needs, samples
from lineage.slo.lint import warnings
from lineage.slo.phrases import seconds
from lineage.slo.shape import shape
from lineage.slo.spec import DataSLO, define
from lineage.store.base import Store
from tests.support.deltas import as_they_came, at, dataset, job, merge, ran, run, sqlite
from tests.support.promises import NOON, delivery, document, states

NOW = 600  # minutes after noon
ORDERS, ANALYTICS = {"namespace": "lake", "name": "orders"}, {"namespace": "lake", "name": "analytics"}
LATENCY = {"type": "latency", "percentile": {"threshold": "10m"}}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with sqlite(tmp_path) as opened:
        yield opened


def promised(path: Any = None, **sli: Any) -> DataSLO:
    """From orders to analytics in ten minutes."""
    said = document(sli=LATENCY | sli, target="0.95")
    del said["spec"]["dataset"], said["spec"]["schedule"]
    said["spec"]["path"] = {"from": ORDERS, "to": ANALYTICS} | (path or {})
    return define(said)


def went(by: str, began: float, ended: float, reads: str = "", writes: str = "", **said: Any) -> list[Delta]:
    """A run of *by* over datasets that are named in one word each."""
    name = f"{by} {began}"
    return [
        ran(name, "START", began, by=by, reads=reads.split(), writes=writes.split(), **said),
        ran(name, "COMPLETE", ended, by=by, reads=reads.split(), writes=writes.split(), **said),
    ]


def flowing(*minutes: float) -> list[Delta]:
    """A stream from orders to analytics that says at *minutes* that it goes on."""
    said: dict[str, Any] = {"by": "flow", "reads": ["orders"], "writes": ["analytics"]}
    kind = FacetSeen(job("flow"), "jobType", b'{"processingType":"STREAMING"}')
    return [ran("flow", "START" if each < 0 else "RUNNING", each, facets=[kind], **said) for each in (-500, *minutes)]


def judged(store: Store, *runs: list[Delta], now: float = NOW, slo: DataSLO | None = None) -> list[Verdict]:
    """What the promise comes to when these runs are all that happened."""
    merge(store, as_they_came([event for events in runs for event in events]))
    return list(evaluate(slo or promised(), store, at(now)).occurrences)


def told(found: list[Verdict]) -> list[tuple[str, float | None]]:
    """The states, and how many seconds each took."""
    return [(one.state.value, None if one.value is None else float(one.value)) for one in found]


def sampled(store: Store) -> list[Sample]:
    """What came to the end, and what is on its way."""
    slo = promised()
    ancestry = gather(slo, needs(slo), store, at(NOW), at(NOW)).ancestry
    assert ancestry is not None
    assert isinstance(slo.spec.sli, Spec)
    return samples(slo.spec.sli, ancestry)


def hop(began: float, took: float = 1, *, late: float = 0) -> list[Delta]:
    """Orders written at *began*, carried on to staging a minute later, and from there after two more."""
    return (
        went("take", began - 1, began, writes="orders")
        + went("stage", began + 1, began + 1 + took, reads="orders", writes="staging")
        + went("load", began + 3 + took + late, began + 4 + took + late, reads="staging", writes="analytics")
    )


def test_latency_is_from_the_source_to_the_target(store: Store) -> None:
    """A sample is a version at the end, from when its data was there at the source, over the runs between."""
    (verdict,) = judged(store, hop(0))

    assert (states([verdict]), verdict.value, verdict.expected) == ("G", Fraction(300), Fraction(600))


def test_exactly_the_threshold_is_good(store: Store) -> None:
    """p95 <= T counts what takes just as long, and a minute more does not."""
    found = judged(store, hop(0, took=6), hop(60, took=7))

    assert told(found) == [("GOOD", 600), ("BAD", 660)]


def test_what_is_on_its_way_counts_once_it_is_too_late(store: Store) -> None:
    """Absence becomes BAD when the threshold and the grace are over, not when the data lands."""
    merge(store, as_they_came(went("take", -1, 0, writes="orders")))
    found = [states(evaluate(promised(), store, at(minutes)).occurrences) for minutes in (9, 10, 10.9, 11)]

    assert found == ["", "P", "P", "B"]


def test_a_path_that_stands_still_counts_as_often_as_versions_used_to_come(store: Store) -> None:
    """Each version of the source that is late counts, where as many came; one that is brought late with others too."""
    before = [event for hour in range(-5, 1) for event in hop(60 * hour)]
    waiting = [event for hour in range(1, 5) for event in went("take", 60 * hour - 1, 60 * hour, writes="orders")]
    merge(store, as_they_came([*before, *waiting]))
    looks = [states(evaluate(promised(), store, at(minutes)).occurrences) for minutes in (59, 72, 252)]

    merge(store, as_they_came(hop(300, took=0)))

    assert [*looks, states(evaluate(promised(), store, at(320)).occurrences)] == [
        "GGGGGG",
        "GGGGGGB",
        "GGGGGGBBBB",
        "GGGGGGBBBB",
    ]


def test_many_versions_that_come_seldom_are_as_few_when_they_are_late(store: Store) -> None:
    """Ten of the source in each of the target: an hour that stands still is one miss, or two, and not ten."""
    takes = [event for place in range(-30, 30) for event in went("take", 6 * place - 1, 6 * place, writes="orders")]
    loads = [
        event
        for hour in range(-2, 1)
        for event in went("load", 60 * hour + 1, 60 * hour + 2, reads="orders", writes="analytics")
    ]

    found = judged(store, takes, loads, now=150, slo=promised(percentile={"threshold": "70m"}))

    assert states(found) == "GGGBB"


def test_what_a_stream_may_have_brought_is_not_known(store: Store) -> None:
    """UNKNOWN where it came in time, by the stream's own word too; where nothing came it is BAD, and stays so."""
    takes = [event for minute in (0, 20) for event in went("take", minute - 1, minute, writes="orders")]
    merge(store, as_they_came([*takes, *flowing(5)]))
    before = states(evaluate(promised(), store, at(40)).occurrences)

    merge(store, as_they_came(flowing(50)))
    after = evaluate(promised(), store, at(NOW)).occurrences

    assert (before, states(after), after[2].reason) == (
        "UUB",
        "UUBU",
        "took 30 m at least, until a run came that does not tell what it read",
    )


def test_what_the_first_load_brings_late_is_bad_as_it_was(store: Store) -> None:
    """Also where nothing had come before by which one could tell what is new."""
    takes = [event for minute in (0, 30) for event in went("take", minute - 1, minute, writes="orders")]
    merge(store, as_they_came(takes))
    before = states(evaluate(promised(), store, at(50)).occurrences)

    merge(store, as_they_came(went("load", 51, 52, reads="orders", writes="analytics")))

    assert (before, states(evaluate(promised(), store, at(60)).occurrences)) == ("BB", "BB")


def test_what_lands_late_keeps_its_place(store: Store) -> None:
    """The verdict of what was on its way and of what it became has one name, one due time and one state."""
    merge(store, as_they_came(hop(0, late=30)))
    waiting, landed = (evaluate(promised(), store, at(minutes)).occurrences for minutes in (20, 60))

    assert [(one.occurrence, one.due, one.state) for one in waiting] == [
        (one.occurrence, one.due, one.state) for one in landed
    ]


def test_a_version_that_brings_nothing_new_is_no_sample(store: Store) -> None:
    """To make the target again of the same source says nothing about how long data takes."""
    again = went("load", 120, 121, reads="staging", writes="analytics")

    assert states(judged(store, hop(0), again)) == "G"


ORIGINS = {"oldest": 3600 + 300, "newest": 300}


@pytest.mark.parametrize(("origin", "seconds"), ORIGINS.items())
def test_of_several_versions_that_come_together_the_origin_is_chosen(store: Store, origin: str, seconds: int) -> None:
    """What came in since the version before counts from its oldest part, or from its newest."""
    missed = went("take", 59, 60, writes="orders")

    found = judged(store, hop(0), missed, hop(120), slo=promised(origin=origin))

    assert found[-1].value == seconds


def test_the_start_of_the_interval_is_the_origin_where_there_is_one(store: Store) -> None:
    """A record of an hourly batch may be as old as the interval: the upper bound counts."""
    hour: dict[str, Any] = {"nominal_start": at(-60), "nominal_end": at(0)}
    source = went("take", -1, 0, writes="orders", **hour)

    (verdict,) = judged(store, source, hop(0)[2:])

    assert verdict.value == 3600 + 300


def test_a_version_that_the_reader_names_wins_over_the_order_of_times(store: Store) -> None:
    """The loader began when version 2 was there already, and says that it read version 1."""
    first = went("take", -1, 0, writes="orders", version="1")
    second = went("take", 1, 2, writes="orders", version="2")
    names = (Touch(run("load 3"), dataset("orders"), "input", version="1"),)
    load = went("load", 3, 4, writes="analytics", others=names)

    found = judged(store, first, second, load, slo=promised(correlate=["datasetVersion"]), now=11)

    assert told(found) == [("GOOD", 240)]


def test_weaker_evidence_than_is_asked_for_is_no_evidence(store: Store) -> None:
    """Where readers name no version, `correlate: [datasetVersion]` leaves it UNKNOWN."""
    assert states(judged(store, hop(0), slo=promised(correlate=["datasetVersion"]))) == "U"


def test_that_nothing_came_in_time_needs_no_evidence_of_what_came(store: Store) -> None:
    """It is BAD while it is on its way and when it has landed; what another run may have brought is UNKNOWN."""
    slo = promised(correlate=["datasetVersion"])
    merge(store, as_they_came([*hop(0), *hop(60, late=30)]))
    looks = [states(evaluate(slo, store, at(minutes)).occurrences) for minutes in (80, 120)]

    merge(store, as_they_came([*hop(200, late=30), *went("load", 204, 205, reads="staging", writes="analytics")]))

    assert [*looks, states(evaluate(slo, store, at(300)).occurrences)] == ["UB", "UB", "UBU"]


def test_a_backfill_is_no_sample(store: Store) -> None:
    """A run for an old interval reads what is new and carries nothing on."""
    old, new = ({"nominal_start": at(start), "nominal_end": at(start + 60)} for start in (-600, -60))
    fresh = went("take", -1, 0, writes="orders")
    loaded = went("load", 1, 2, reads="orders", writes="analytics", **new)
    more = went("take", 59, 60, writes="orders")
    backfill = went("load", 61, 62, reads="orders", writes="analytics", **old)

    assert states(judged(store, fresh, loaded, more, backfill, now=80)) == "GB"


def test_a_run_that_airflow_calls_a_backfill_is_one(store: Store) -> None:
    """Also without intervals to compare."""
    body = json.dumps({"dagRun": {"run_id": "backfill__1", "run_type": "backfill"}}).encode()
    source = went("take", -1, 0, writes="orders")
    said = went("load", 1, 2, reads="orders", writes="analytics", facets=[FacetSeen(run("load 1"), "airflow", body)])

    assert states(judged(store, source, said, now=80)) == "B"


def test_a_run_that_failed_brings_nothing(store: Store) -> None:
    """Only COMPLETE delivers; the next try brings what the first did not."""
    failed = [*went("load", 3, 4, reads="staging", writes="analytics")[:1]]
    failed.append(ran("load 3", "FAIL", 4, by="load", reads=["staging"], writes=["analytics"]))

    found = judged(store, hop(0, late=5)[:4], failed, went("load", 8, 9, reads="staging", writes="analytics"))

    assert told(found) == [("GOOD", 540)]


def test_the_path_is_that_of_the_run_and_not_of_today(store: Store) -> None:
    """After the loader was moved from staging to the orders themselves, old samples keep their way."""
    moved = [*went("take", 59, 60, writes="orders"), *went("load", 61, 62, reads="orders", writes="analytics")]
    merge(store, as_they_came([*hop(0), *moved]))

    assert [len(sample.stages) for sample in sampled(store)] == [5, 3]


def test_only_the_ways_that_are_named_count(store: Store) -> None:
    """With `via` what came past other datasets is not on the path."""
    past = went("take", 59, 60, writes="orders") + went("other", 61, 62, reads="orders", writes="other")
    past += went("load", 63, 64, reads="other", writes="analytics")

    found = judged(store, hop(0), past, slo=promised(path={"via": [{"namespace": "lake", "name": "staging"}]}))

    assert states(found) == "GB"


def test_of_two_ways_the_slower_one_decides(store: Store) -> None:
    """With the oldest origin, data is there when it came by every way."""
    aside = went("enrich", 61, 75, reads="orders", writes="enriched")
    second = went("take", 59, 60, writes="orders") + went("stage", 61, 62, reads="orders", writes="staging")
    both = [went("load", began, began + 1, reads="staging enriched", writes="analytics") for began in (5, 65, 77)]
    first = hop(0)[:4] + went("enrich", 1, 2, reads="orders", writes="enriched")

    found = judged(store, first, aside, second, *both)

    assert [verdict.value for verdict in found] == [360, 1080]


def test_a_verdict_names_an_event_of_each_hop(store: Store) -> None:
    """From the target back to the source."""
    story = hop(0)

    (verdict,) = judged(store, story)

    assert verdict.evidence == tuple(delta.digest.hex() for delta in (story[5], story[3], story[1]))


def test_waiting_and_running_add_up_to_the_latency(store: Store) -> None:
    """Every microsecond is somebody's."""
    merge(store, as_they_came([*hop(0, took=3, late=2), *hop(60, late=9)]))

    found = sampled(store)

    assert [sum(stage.seconds for stage in sample.stages) for sample in found] == [
        seconds(sample.at - sample.origin) for sample in found if sample.at is not None
    ]


def test_the_sentence_names_the_stage_that_is_slower_than_it_uses_to_be(store: Store) -> None:
    """The largest excess over its own median, not the longest stage."""
    found = judged(store, hop(0), hop(60), hop(120, late=20))

    sentence = describe(found[-1:], at(NOW))

    assert (sentence[:12], sentence.split(": ")[1]) == ("Took 25 m by", "22 m waiting for load, usually 2 m")


def test_a_verdict_tells_its_stages_and_how_sure_they_are(store: Store) -> None:
    """For whoever draws where the time went: in the order of the data, by job, adding up to the value."""
    (verdict,) = judged(store, hop(0))
    told = shape_of(explain(promised(), evaluate(promised(), store, at(NOW)), "newest", store))

    assert (told["level"], told["value"], told["stages"]) == (
        verdict.level,
        300,
        [
            {"what": what, "job": {"namespace": "etl", "name": name}, "seconds": took}
            for what, name, took in (
                ("made by", "take", 0),
                ("waiting for", "stage", 60),
                ("running", "stage", 60),
                ("waiting for", "load", 120),
                ("running", "load", 60),
            )
        ],
    )


def test_no_stage_is_shorter_than_nothing(store: Store) -> None:
    """A run that names a version which came while it ran waited for nothing, and carried it on from then."""
    source = went("take", 1, 2, writes="orders", version="1")
    names = (Touch(run("load 0"), dataset("orders"), "input", version="1"),)

    (verdict,) = judged(store, source, went("load", 0, 4, writes="analytics", others=names))

    assert [(str(stage.what), int(stage.seconds)) for stage in verdict.stages] == [
        ("made by", 0),
        ("waiting for", 0),
        ("running", 120),
    ]


def test_explain_says_how_sure_it_is_and_where_the_time_went(store: Store) -> None:
    """A line for the evidence, and one for each stage."""
    judged(store, hop(0))

    found = [*lines_of(explain(promised(), evaluate(promised(), store, at(NOW)), "newest", store))]

    assert [line[:9] + line[13:] for line in found if line[2:9] in {"known b", "stage  "}][:3] == [
        "  known bthe order of times (level 3)",
        "  stage  0 s made by job:etl:take",
        "  stage  1 m waiting for job:etl:stage",
    ]


def test_a_stream_cannot_tell_how_long_it_takes(store: Store) -> None:
    """A run that never ends names no versions: UNKNOWN, and nothing is guessed."""
    found = judged(store, went("take", -1, 0, writes="orders"), flowing(5), now=8)

    assert [(one.state.value, one.reason) for one in found] == [
        ("UNKNOWN", "flow streams, and only heartbeats tell how long that takes")
    ]


@pytest.mark.parametrize(("count", "wanted"), [(1, 1), (19, 19), (20, 19), (100, 95), (101, 96)])
def test_a_percentile_is_the_nearest_rank(count: int, wanted: int) -> None:
    """p95 is x of rank ceil(0.95 n); of fewer than twenty it is the largest."""
    assert percentile([Fraction(place + 1) for place in range(count)], Fraction(95, 100)) == wanted


def test_the_percentile_is_the_share(store: Store) -> None:
    """p95 <= T exactly when at least 95 % of the samples are at most T (SLO.md b.4)."""
    values = [Fraction(value) for value in (1, 5, 5, 9, 12, 12, 40)]
    p = Fraction(5, 7)

    shares = [(percentile(values, p), Fraction(sum(value <= limit for value in values), 7) >= p) for limit in values]

    assert [reached <= limit for (reached, _), limit in zip(shares, values, strict=True) if reached is not None] == [
        enough for _, enough in shares
    ]


def test_a_report_of_a_stream_began_with_its_window() -> None:
    """What a streaming source reports may be as old as the window that it speaks of."""
    assert begun(delivery(NOON, window=timedelta(minutes=5))) == NOON - timedelta(minutes=5)


def test_data_of_a_time_to_come_began_when_it_was_there() -> None:
    """A forecast for tomorrow is not younger than nothing."""
    tomorrow = NOON + timedelta(days=1)

    assert begun(delivery(NOON, nominal=(tomorrow, tomorrow + timedelta(hours=1)))) == NOON


def test_a_definition_survives_being_kept() -> None:
    """A path is the same once it was written as JSON and read again."""
    slo = promised(path={"via": [{"namespace": "lake", "name": "staging"}]})

    assert define(json.loads(slo.model_dump_json(by_alias=True, exclude_none=True))) == slo


FAULTS = {
    "latency without a path": ({"sli": LATENCY}, "spec.path"),
    "a path for something else": ({"path": {"from": ORDERS, "to": ORDERS}}, "spec.path"),
    "another dataset than the path's": ({"sli": LATENCY, "path": {"from": ORDERS, "to": ANALYTICS}}, "spec"),
}


@pytest.mark.parametrize(("said", "place"), FAULTS.values(), ids=FAULTS.keys())
def test_a_path_belongs_to_latency(said: dict[str, Any], place: str) -> None:
    """And latency to a path; what it ends in is its dataset."""
    with pytest.raises(ValidationError) as raised:
        define(document(**said))

    assert [".".join(map(str, error["loc"])) for error in raised.value.errors()] == [place]


def test_the_percentile_is_shown(store: Store) -> None:
    """With how many samples it is of, and between what it lies; of two it may be larger than both."""
    merge(store, as_they_came([*hop(0), *hop(60, took=7)]))
    slo = promised()

    assert shape(evaluate(slo, store, at(NOW)), slo)["figures"] == {
        "percentile": 0.95,
        "seconds": 660,
        "secondsAtLeast": 300,
        "secondsAtMost": None,
        "samples": 2,
        "level.3.samples": 2,
        "trendSecondsPerDay": None,
        "trendShare": None,
    }


@pytest.mark.parametrize("count", [1, 20, 59, 100, 672])
def test_the_interval_covers_at_least_as_much_as_it_says(count: int) -> None:
    """On exact binomial chances: the percentile lies below its low end, or above its high one, with 2.5 % each."""
    p = Fraction(95, 100)
    chances = [comb(count, hits) * p**hits * (1 - p) ** (count - hits) for hits in range(count + 1)]

    low, high = confidence([Fraction(place + 1) for place in range(count)], p)

    missed = [sum(chances[: int(low or 0)], Fraction(0)), sum(chances[int(high or count + 1) :], Fraction(0))]
    assert [chance <= Fraction(25, 1000) for chance in missed] == [True, True]


@pytest.mark.parametrize(("p", "told"), [("0.95", []), ("0.9", ["the percentile that is shown is 0.9"])])
def test_lint_tells_a_percentile_that_is_not_what_is_promised(p: str, told: list[str]) -> None:
    """p95 below T is what `target: 0.95` says; another percentile beside it misleads."""
    slo = promised(percentile={"p": p, "threshold": "10m"})

    assert [text.split(", what")[0] for text in warnings(slo, at(0))] == told
