"""Latency: what was judged once stays as it was, however often it is looked at and whatever comes after."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from lineage.model import NodeId, Side, Use, VerdictState
from lineage.slo.evidence import Ancestry, Beat, Beats, Delivery, Evidence
from lineage.slo.indicators.latency import measure, needs
from lineage.slo.spec import DataSLO, define
from lineage.slo.upstream import BEFORE
from tests.support.deltas import at, dataset, job
from tests.support.promises import document

ORDERS, REPORT = dataset("orders"), dataset("report")
HOURS = 8

gaps = st.lists(st.integers(1, 40), min_size=1, max_size=14)
kinds = st.sampled_from(("by time", "by name", "streams", "again"))
loading = st.lists(st.tuples(st.integers(1, 90), st.integers(0, 30), kinds), max_size=12)
believed = st.sampled_from((["datasetVersion"], ["datasetVersion", "asOfStart"], ["heartbeat", "asOfStart"]))
looking = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 45), st.booleans()), max_size=10)


def promised(correlate: list[str], origin: str) -> DataSLO:
    """From orders to report in 25 minutes, by no grace."""
    sli = {"type": "latency", "percentile": {"threshold": "25m"}, "metadataGrace": "0m"}
    said = document(sli=sli | {"correlate": correlate, "origin": origin}, target="0.95")
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


class World(NamedTuple):
    """All that ever happened, what is believed of it, when it is looked at, and where the later window begins."""

    told: Ancestry
    correlate: list[str]
    looks: list[int]
    since: int


Told = dict[str, tuple[datetime, VerdictState]]


def known(slo: DataSLO, told: Ancestry, minute: float, since: float = -60 * HOURS) -> Told:
    """What is judged, for good, of what of all that is *told* has happened by then, and is still asked for."""
    now = at(minute)
    begin = at(since) - needs(slo).history

    def asked(come: Sequence[Delivery]) -> list[Delivery]:
        here = [each for each in come if each.at <= now]
        return [each for each in here if each.at <= begin][-BEFORE:] + [each for each in here if each.at > begin]

    deliveries = {of: asked(come) for of, come in told.deliveries.items()}
    heard = [
        of._replace(
            sent=[each for each in of.sent if begin < each.at <= now],
            seen=[each for each in of.seen if begin < each.at <= now],
        )
        for of in told.beats
    ]
    ancestry = replace(told, begin=begin, deliveries=deliveries, beats=heard)
    evidence = Evidence(at(since), deliveries[REPORT], asked_from=begin, grace=timedelta(0), ancestry=ancestry)
    return {each.occurrence: (each.due, each.state) for each in measure(slo, evidence, now)}


def both(world: World, origin: str = "oldest") -> tuple[Told, Told]:
    """What two looks, the later one over a narrower window, say of what both of them judge."""
    slo, told, looks, since = promised(world.correlate, origin), world.told, world.looks, world.since
    first, last = known(slo, told, min(looks)), known(slo, told, max(looks), since)
    return (
        {name: each for name, each in first.items() if each[0] > at(since)},
        {name: each for name, each in last.items() if each[0] <= at(min(looks))},
    )


def loaded_by(loads: Sequence[tuple[int, int, str]], pace: int) -> tuple[list[Delivery], set[str], set[str]]:
    """What wrote the report, by time, and which runs of it name what they read, and which are backfills."""
    begun = running([pace * each for each, _, _ in loads])
    found, naming, again = [], set(), set()
    for each, (_, took, kind) in zip(begun, loads, strict=True):
        version = wrote(each + took, f"load {each}", "load", each)
        found.append(version._replace(window=timedelta(0)) if kind == "streams" else version)
        naming |= {version.run} if kind == "by name" else set()
        again |= {version.run} if kind == "again" else set()
    return sorted(found, key=lambda each: (each.at, each.run)), naming, again


def beating(apart: Sequence[int], looks: Sequence[tuple[int, int, bool]], pace: int) -> Beats:
    """Beats that are seen one by one or up to a number, out of order or never."""
    emitted = running([pace * each for each in apart])
    sent = [Beat(place, at(each), at(each), f"sent {place}") for place, each in enumerate(emitted)]
    seen = []
    for each, (_, late, through) in zip(running([pace * each for each, _, _ in looks]), looks, strict=True):
        there = [place for place, when in enumerate(emitted) if when <= each - late]
        if there:
            seen.append(Beat(there[-1], at(emitted[there[-1]]), at(each), f"seen {each}", through=through))
    return Beats(job("heart"), frozenset([ORDERS]), sent, seen)


@st.composite
def worlds(draw: st.DrawFn, *, beats: bool) -> World:
    """By minutes, or so seldom that the window of the later look begins in between."""
    pace = draw(st.sampled_from((1, 1, 10, 40)))
    taken = [wrote(pace * each, f"take {each}", "take") for each in [0, *running(draw(gaps))]]
    loaded, naming, again = loaded_by(draw(loading), pace)
    told = Ancestry(
        REPORT,
        frozenset([ORDERS]),
        at(0),
        {ORDERS: taken, REPORT: loaded},
        uses(taken, loaded, naming),
        frozenset(again),
        beats=[beating(draw(gaps), draw(looking), pace)] if beats else [],
    )
    looks = draw(st.lists(st.integers(1, 60 * HOURS), min_size=2, max_size=2))
    since = draw(st.integers(-60 * HOURS, 60 * HOURS))
    return World(told, draw(believed), [pace * each for each in looks], pace * since)


@given(worlds(beats=False))
def test_no_later_look_changes_a_verdict_of_versions(world: World) -> None:
    """Of those that a version brought, and on their way, through streams and backfills, wherever the window begins."""
    first, last = both(world)

    assert first == last


@given(worlds(beats=True))
def test_no_later_look_changes_a_verdict_of_beats(world: World) -> None:
    """Seen one by one or up to a number, out of order or never, beside versions, which count while no beats do."""
    first, last = both(world)

    assert first == last


@given(worlds(beats=True))
def test_no_later_look_takes_a_verdict_back_where_the_newest_counts(world: World) -> None:
    """What lands late may add one: which it came with nobody knew before."""
    first, last = both(world, "newest")

    assert first.items() <= last.items()
