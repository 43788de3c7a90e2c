"""Latency: what was judged once stays as it was, however often it is looked at and whatever comes after."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from lineage.model import NodeId, Side, Use, VerdictState
from lineage.slo.evidence import Ancestry, Beat, Beats, Delivery, Evidence
from lineage.slo.indicators.latency import measure
from lineage.slo.spec import DataSLO, define
from tests.support.deltas import at, dataset, job
from tests.support.promises import document

ORDERS, REPORT = dataset("orders"), dataset("report")
HOURS = 8

gaps = st.lists(st.integers(1, 40), min_size=1, max_size=14)
loading = st.lists(st.tuples(st.integers(1, 90), st.integers(0, 30), st.booleans()), max_size=8)
believed = st.sampled_from((["datasetVersion"], ["datasetVersion", "asOfStart"], ["heartbeat", "asOfStart"]))
looking = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 45), st.booleans()), max_size=10)


def promised(correlate: list[str]) -> DataSLO:
    """From orders to report in 25 minutes, by no grace."""
    sli = {"type": "latency", "percentile": {"threshold": "25m"}, "metadataGrace": "0m", "correlate": correlate}
    said = document(sli=sli, target="0.95")
    del said["spec"]["dataset"], said["spec"]["schedule"]
    said["spec"]["path"] = {"from": ORDERS._asdict(), "to": REPORT._asdict()}
    for end in said["spec"]["path"].values():
        del end["kind"]
    return define(said)


def running(distances: Sequence[int]) -> list[int]:
    """Minutes that ascend by *distances*."""
    return [sum(distances[: place + 1]) for place in range(len(distances))]


def wrote(minute: float, run: str, by: str, began: float | None = None) -> Delivery:
    """A run that ended then."""
    return Delivery(at(minute), run, job(by), events=(run,), started_at=at(minute if began is None else began))


def used(delivery: Delivery, of: NodeId, side: Side, version: str | None = None) -> Use:
    """What a run used."""
    began = delivery.started_at or delivery.at
    return Use(delivery.run, delivery.job, of, side, began, delivery.at, version=version)


def uses(taken: Sequence[Delivery], loaded: Sequence[Delivery], naming: Collection[str]) -> dict[str, list[Use]]:
    """What each run used; those in *naming* name the newest version that there was when they began."""
    found = {each.run: [used(each, ORDERS, "output", each.run)] for each in taken}
    for each in loaded:
        there = [one.run for one in taken if one.at <= (each.started_at or each.at)]
        read = used(each, ORDERS, "input", there[-1] if there and each.run in naming else None)
        found[each.run] = [read, used(each, REPORT, "output")]
    return found


def known(told: Ancestry, minute: float, correlate: list[str]) -> dict[str, VerdictState]:
    """What is judged, for good, of what of all that is *told* has happened by then."""
    now = at(minute)
    deliveries = {of: [each for each in come if each.at <= now] for of, come in told.deliveries.items()}
    heard = [
        of._replace(
            sent=[each for each in of.sent if each.at <= now], seen=[each for each in of.seen if each.at <= now]
        )
        for of in told.beats
    ]
    ancestry = replace(told, deliveries=deliveries, beats=heard)
    evidence = Evidence(told.begin, deliveries[REPORT], asked_from=told.begin, grace=timedelta(0), ancestry=ancestry)
    return {each.occurrence: each.state for each in measure(promised(correlate), evidence, now)}


@given(gaps, loading, st.integers(1, 60 * HOURS), believed)
def test_no_later_look_changes_a_verdict_of_versions(
    apart: list[int], loads: list[tuple[int, int, bool]], minute: int, correlate: list[str]
) -> None:
    """Of those that a version brought, and of those on their way, also when the path stands still and goes on."""
    taken = [wrote(each, f"take {each}", "take") for each in [0, *running(apart)]]
    begun = running([each for each, _, _ in loads])
    loaded = [wrote(0.5, "load 0", "load")]  # what was there before the first version is of no concern
    loaded += [
        wrote(each + took, f"load {each}", "load", each) for each, (_, took, _) in zip(begun, loads, strict=True)
    ]
    loaded.sort(key=lambda each: (each.at, each.run))
    naming = {f"load {each}" for each, (_, _, names) in zip(begun, loads, strict=True) if names}
    deliveries = {ORDERS: taken, REPORT: loaded}
    told = Ancestry(REPORT, frozenset([ORDERS]), at(-60 * HOURS), deliveries, uses(taken, loaded, naming))

    first, last = (known(told, look, correlate) for look in (minute, 60 * HOURS))

    assert first == {name: last.get(name) for name in first}


@given(gaps, looking, st.integers(1, 60 * HOURS))
def test_no_later_look_changes_a_verdict_of_beats(
    apart: list[int], looks: list[tuple[int, int, bool]], minute: int
) -> None:
    """Seen one by one or up to a number, out of order or never."""
    emitted = running(apart)
    sent = [Beat(place, at(each), at(each), f"sent {place}") for place, each in enumerate(emitted)]
    seen = [
        Beat(place, at(emitted[place]), at(each), f"seen {each}", through=through)
        for each, (_, late, through) in zip(running([each for each, _, _ in looks]), looks, strict=True)
        for place, when in enumerate(emitted)
        if when <= each - late and place == max(i for i, e in enumerate(emitted) if e <= each - late)
    ]
    beats = [Beats(job("heart"), frozenset([ORDERS]), sent, seen)]
    told = Ancestry(REPORT, frozenset([ORDERS]), at(-60 * HOURS), {ORDERS: [], REPORT: []}, {}, beats=beats)

    first, last = (known(told, look, ["heartbeat", "asOfStart"]) for look in (minute, 60 * HOURS))

    assert first == {name: last.get(name) for name in first}
