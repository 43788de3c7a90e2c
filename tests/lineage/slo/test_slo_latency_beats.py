"""Latency by beats: what went the way of the data tells how long that takes, also where a stream leads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lineage.model import Delta, FacetSeen, NodeId, Verdict
from lineage.slo.evaluate import evaluate
from lineage.slo.shape import shape, stamp
from lineage.slo.spec import DataSLO, define
from lineage.store.base import Store
from tests.support.deltas import STREAMING, as_they_came, at, dataset, job, merge, ran, sqlite
from tests.support.promises import document, states

NOW = 600  # minutes after noon
HEARTBEAT = b'{"processingType":"SERVICE","jobType":"HEARTBEAT"}'
FIRST = "etl/heart@2026-11-20T12:00:00Z"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with sqlite(tmp_path) as opened:
        yield opened


def promised(**sli: Any) -> DataSLO:
    """From orders to analytics in ten minutes."""
    said = document(sli={"type": "latency", "percentile": {"threshold": "10m"}} | sli, target="0.95")
    del said["spec"]["dataset"], said["spec"]["schedule"]
    lake = {"namespace": "lake"}
    said["spec"]["path"] = {"from": lake | {"name": "orders"}, "to": lake | {"name": "analytics"}}
    return define(said)


def beat(of: NodeId, emitted: float, side: Any = None, **said: Any) -> FacetSeen:
    """The facet of the beat of a minute."""
    body = {"source": "etl/heart", "seq": int(emitted), "emittedAt": stamp(at(emitted))} | said
    return FacetSeen(of, "heartbeat", json.dumps(body).encode(), side)


def sent(*minutes: float, into: str = "orders", **said: Any) -> list[Delta]:
    """A beat at each of *minutes*."""
    kind = FacetSeen(job("heart"), "jobType", HEARTBEAT)
    return [
        ran("heart", "RUNNING", each, by="heart", writes=[into], facets=[kind, beat(job("heart"), each, **said)])
        for each in minutes
    ]


def seen(emitted: float, minutes: float, **said: Any) -> list[Delta]:
    """A probe saw the beat of *emitted* at *minutes*."""
    facets = [FacetSeen(job("probe"), "jobType", HEARTBEAT), beat(dataset("analytics"), emitted, "input", **said)]
    return [ran("probe", "RUNNING", minutes, by="probe", reads=["analytics"], facets=facets)]


def flows(*minutes: float) -> list[Delta]:
    """A stream from orders to analytics that says at *minutes* that it goes on."""
    said: dict[str, Any] = {"by": "flow", "reads": ["orders"], "writes": ["analytics"]}
    kind = FacetSeen(job("flow"), "jobType", STREAMING)
    return [ran("flow", "START" if each < 0 else "RUNNING", each, facets=[kind], **said) for each in (-500, *minutes)]


def loads(began: float, ended: float, end: Any = "COMPLETE", facets: Any = ()) -> list[Delta]:
    """A run that carries orders on to analytics."""
    said: dict[str, Any] = {"by": "load", "reads": ["orders"], "writes": ["analytics"]}
    return [
        ran(f"load {began}", "START", began, **said),
        ran(f"load {began}", end, ended, facets=facets, **said),
    ]


def takes(minutes: float) -> list[Delta]:
    """A run that writes orders."""
    return [ran(f"take {minutes}", kind, minutes, by="take", writes=["orders"]) for kind in ("START", "COMPLETE")]


def judged(store: Store, *told: list[Delta], now: float = NOW, slo: DataSLO | None = None) -> list[Verdict]:
    """What the promise comes to when this is all that happened."""
    merge(store, as_they_came([event for events in told for event in events]))
    return list(evaluate(slo or promised(), store, at(now)).occurrences)


def figured(found: list[Verdict]) -> list[tuple[str, float | None, int | None]]:
    """State, seconds and level of each."""
    return [(states([one]), None if one.value is None else float(one.value), one.level) for one in found]


def test_beats_tell_how_long_a_stream_takes(store: Store) -> None:
    """From when each was sent to when it was seen at the end; the stream's own reports are no samples beside them."""
    found = judged(store, sent(-1, 0, 1), seen(-1, -0.5), flows(1.5), seen(0, 2), seen(1, 12), now=14)

    assert figured(found) == [("G", 30, 1), ("G", 120, 1), ("B", 660, 1)]


def test_a_beat_on_its_way_counts_once_it_is_too_late(store: Store) -> None:
    """PENDING for the grace, BAD then, and the same when it lands."""
    merge(store, as_they_came([*sent(-2, -1, 0), *seen(-1, -0.5, through=True), *seen(0, 20)]))
    looks = [evaluate(promised(), store, at(minutes)).occurrences for minutes in (9, 10, 11, 30)]

    assert [[(one.occurrence, states([one])) for one in look if one.occurrence == FIRST] for look in looks] == [
        [],
        [(FIRST, "P")],
        [(FIRST, "B")],
        [(FIRST, "B")],
    ]


@pytest.mark.parametrize(("origin", "seconds"), [("oldest", 240), ("newest", 120)])
def test_of_beats_that_come_together_the_origin_is_chosen(store: Store, origin: str, seconds: int) -> None:
    """A look that sees the newest of several is one sample, as a version is that brings several."""
    found = judged(
        store, sent(-1, 0, 1, 2), seen(-1, -0.5), seen(2, 4, through=True), now=15, slo=promised(origin=origin)
    )

    assert figured(found)[-1] == ("G", seconds, 1)


def test_a_look_at_what_several_versions_brought_is_one_sample(store: Store) -> None:
    """It is the look that counts, however the beats came."""
    beats = [*sent(*range(-1, 12)), *seen(-1, -0.5), *seen(2, 8, through=True)]
    versions = [*takes(0.5), *loads(1, 2), *takes(2.5), *loads(3, 4)]

    found = judged(store, beats, versions, now=12)

    assert figured(found)[1:] == [("G", 480, 1)]


def test_a_beat_that_others_overtook_is_judged_by_itself(store: Store) -> None:
    """It may be lost: what came after it says nothing of it."""
    before = [each for minute in range(-5, 0) for each in seen(minute, minute + 0.5)]
    found = judged(store, sent(*range(-5, 4)), before, seen(2, 3), seen(3, 4), now=15)

    assert [(one.occurrence[-9:], states([one])) for one in found[-5:]] == [
        ("11:59:00Z", "G"),
        ("12:00:00Z", "B"),
        ("12:01:00Z", "B"),
        ("12:02:00Z", "G"),
        ("12:03:00Z", "G"),
    ]


def test_each_partition_is_on_its_way_by_itself(store: Store) -> None:
    """One that stands still is bad while the other flows."""
    told = [
        each
        for name in "ab"
        for each in (*sent(-2, -1, 0, partition=name), *seen(-2, -1.5, partition=name), *seen(-1, 0, partition=name))
    ]

    found = judged(store, told, seen(0, 1, partition="a"), now=15)

    assert [(one.occurrence, states([one])) for one in found if FIRST in one.occurrence] == [
        (f"{FIRST}#a", "G"),
        (f"{FIRST}#b", "B"),
    ]


def test_without_beats_the_versions_are_walked(store: Store) -> None:
    """Where none was sent for more than two intervals, or none seen for a day, evidence of runs is what there is."""
    beats = [*sent(-3, -2, -1, 0), *seen(-1, -0.5, through=True), *seen(0, 1)]

    found = judged(store, beats, takes(30), loads(31, 33))

    assert figured(found)[-2:] == [("G", 60, 1), ("G", 180, 3)]


def test_what_was_there_when_no_beat_told_is_judged_by_versions(store: Store) -> None:
    """Whoever tells when it lands: BAD on its way and BAD then, though beats have begun meanwhile."""
    merge(store, as_they_came([*takes(0), *sent(20, 21, 22, 23), *seen(21, 21.5), *seen(22, 22.5)]))
    before = states(evaluate(promised(), store, at(15)).occurrences)

    merge(store, as_they_came([*loads(22, 23), *seen(23, 23.5)]))

    assert (before, states(evaluate(promised(), store, at(25)).occurrences)) == ("B", "B")


def test_beats_that_nobody_sees_at_the_end_measure_nothing(store: Store) -> None:
    """An emitter beside the way, with no probe there, does not make all of it late."""
    found = judged(store, sent(*range(40)), takes(30), loads(31, 33), now=41)

    assert figured(found) == [("G", 180, 3)]


def test_where_nothing_but_beats_is_believed_one_that_is_never_seen_is_bad(store: Store) -> None:
    """Absence is no goodness; and what runs tell is UNKNOWN."""
    slo = promised(correlate=["heartbeat"])

    found = judged(store, sent(0, 1), takes(30), loads(31, 33), slo=slo)

    assert [(states([one]), one.reason) for one in found] == [
        ("B", "on its way for 10 h, from heart"),
        ("U", "no beat tells how long it took"),
    ]


def test_beats_are_left_out_where_they_are_not_believed(store: Store) -> None:
    """The stream is UNKNOWN then."""
    slo = promised(correlate=["datasetVersion", "asOfStart"])

    assert states(judged(store, sent(0, 1), seen(0, 2), flows(1.5), now=9, slo=slo)) == "U"


def test_a_run_brings_the_beats_that_it_names_when_it_delivers(store: Store) -> None:
    """Not when it begins, and not where it fails."""
    named = [beat(dataset("analytics"), each, "output", through=True) for each in (0, 1)]
    failed = loads(2, 3, "FAIL", [named[0]])

    found = judged(store, sent(-1, 0, 1), seen(-1, -0.5), failed, loads(4, 6, facets=[named[1]]), now=15)

    assert figured(found)[-1] == ("G", 360, 1)


def test_beats_of_another_source_say_nothing(store: Store) -> None:
    """Who sends into something else is not on the path, whoever sees it at the end."""
    found = judged(store, sent(0, 1, into="payments"), seen(0, 1), takes(30), loads(31, 33))

    assert figured(found) == [("G", 180, 3)]


def test_the_stages_of_a_beat_are_those_of_the_version_that_it_came_with(store: Store) -> None:
    """And last, until somebody looked: the parts add up to the latency."""
    beats = [*sent(*range(-1, 9)), *seen(-1, -0.5), *seen(0, 8)]

    found = judged(store, beats, takes(2), loads(3, 6), now=10)

    assert [(str(stage.what), stage.job.name, int(stage.seconds)) for stage in found[-1].stages] == [
        ("made by", "take", 120),
        ("waiting for", "load", 60),
        ("running", "load", 180),
        ("seen by", "probe", 120),
    ]


def test_how_many_samples_there_are_of_each_level_is_told(store: Store) -> None:
    """In the figures, for whoever asks how sure the percentile is."""
    beats = [*sent(-3, -2, -1, 0), *seen(-1, -0.5, through=True), *seen(0, 1)]
    merge(store, as_they_came([*beats, *takes(30), *loads(31, 33)]))
    slo = promised()
    figures: Any = shape(evaluate(slo, store, at(NOW)), slo)["figures"]

    assert {name: count for name, count in figures.items() if name.startswith("level")} == {
        "level.1.samples": 2,
        "level.3.samples": 1,
    }


def test_a_path_that_stands_still_counts_as_often_as_beats_used_to_come(store: Store) -> None:
    """Of an hour in which nothing came, as many are bad as an hour has of them, while it lasts and after it."""
    flowing = [each for minute in range(-30, 0) for each in seen(minute, minute + 1)]
    merge(store, as_they_came([*sent(*range(-30, 61)), *flowing, *seen(60, 61, through=True)]))

    looks = [evaluate(promised(), store, at(minutes)).occurrences for minutes in (60, 61, 120)]

    assert [states(look).count("B") for look in looks] == [50, 51, 51]


def test_a_sentence_tells_what_is_on_its_way_for_longest(store: Store) -> None:
    """Of a path that stands still it is since when that counts."""
    merge(store, as_they_came([*sent(*range(-30, 61)), *seen(-30, -29)]))

    assert (
        evaluate(promised(), store, at(60)).sentence
        == "On its way for 1 h 29 m, from heart, since 2026-11-20 11:41 UTC"
    )


@pytest.mark.parametrize("correlate", [["asOfStart", "heartbeat"], ["heartbeat", "heartbeat"]])
def test_evidence_is_listed_strongest_first(correlate: list[str]) -> None:
    """Each once."""
    with pytest.raises(ValidationError, match="the strongest first; write"):
        promised(correlate=correlate)
