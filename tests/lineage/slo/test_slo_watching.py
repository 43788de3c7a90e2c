"""A watch says at each instant what `evaluate` says of it, and asks the store no more than it must."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.model import Entry, Verdict
from lineage.slo import watching
from lineage.slo.composites import join
from lineage.slo.decided import Correction, correcting, excluding, of
from lineage.slo.evaluate import evaluate
from lineage.slo.exclusions import Exclusion
from lineage.slo.gather import renewal
from lineage.slo.indicators import freshness
from lineage.slo.spec import DataSLO
from lineage.slo.watching import Watch
from lineage.statements import Statement, written
from tests.support.composites import composite, slices
from tests.support.promises import DAY, HOUR, NOON, Lake, event, facet, promise

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
ALONG = {"from": {"namespace": "lake", "name": "orders"}, "to": {"namespace": "lake", "name": "report"}}
BEATS = {"emitter": "heartbeat/orders", "interval": "10m", "threshold": "15m"}
SEASONAL = {"mode": "seasonal", "season": "hour_of_week", "history": 2, "minHistory": 1}
NIGHTLY = {"start": NOON - 30 * DAY, "duration": "1h", "rrule": "FREQ=DAILY", "reason": "patching"}
TODAY = {
    "timeWindow": [
        {"duration": "1d", "isRolling": False, "calendar": {"startTime": "2026-01-01 09:00:00", "timeZone": "UTC"}}
    ]
}
SLOS = [
    *(promise(kind, window="6h") for kind in ("freshness", "completeness", "correctness")),
    promise(window="6h", name="young", effectiveFrom=NOON - 3 * HOUR, exclusions=[NIGHTLY]),
    promise("completeness", sli={"expected": SEASONAL}, window="6h", name="seasonal"),
    promise("completeness", sli={"settle": "20m", "metadataGrace": "5m"}, window="6h", name="settling"),
    promise(sli={"metadataGrace": "10m"}, window="6h", name="patient", lateMetadata={"correctionHorizon": "30m"}),
    promise(sli={"method": "age", "threshold": "90m"}, window="6h", name="age"),
    promise(sli={"method": "heartbeat", "heartbeat": BEATS}, window="3h", name="beats"),
    promise(sli={"type": "job_success"}, window="6h", name="jobs"),
    promise(sli={"type": "schema_stability"}, window="6h", name="schema"),
    promise(
        sli={"type": "latency", "percentile": {"threshold": "75m"}},
        path=ALONG, dataset=ALONG["to"], window="6h", name="latency",
    ),
    promise(sli={"method": "age", "threshold": "90m", "watermark": "lastUpdated"}, window="6h", name="claimed"),
    promise(
        sli={"type": "replication_lag", "threshold": "30m"},
        path=ALONG, dataset=ALONG["to"], window="6h", name="copied",
    ),
    promise(
        sli={"type": "dead_letters", "queue": {"namespace": "lake", "name": "refused"}}, window="6h", name="refused"
    ),
    promise(sli={"type": "ownership"}, window="3d", name="owned"),
    promise(window="6h", name="sliced", **slices("2h"), exclusions=[NIGHTLY]),
    promise(sli={"method": "heartbeat", "heartbeat": BEATS}, window="3h", name="sliced-beats", **slices("30m")),
    promise(**(TODAY | slices("3h")), name="day"),
]  # fmt: skip
PARTS = ["orders-freshness", "settling", "patient", "beats", "latency", "sliced"]
SLOS += (
    join(each, {slo.name: slo for slo in SLOS})
    for each in (
        composite(*PARTS, window="6h", name="together"),
        composite(*PARTS, name="slices-together", **(TODAY | slices("1h"))),
    )
)

steps = st.sampled_from((0 * SECOND, 30 * SECOND, 5 * MINUTE, 15 * MINUTE, 16 * MINUTE, HOUR, 7 * HOUR))
delays = st.sampled_from((0 * SECOND, 30 * SECOND, 10 * MINUTE, 50 * MINUTE, 25 * HOUR))
jobs = st.sampled_from(
    ("orders.load", "orders.load", "report", "orders.test", "beat", "look", "claim", "names", "probe")
)


def _read(job: str, run: str, when: datetime) -> dict[str, Any]:
    """A run that only reads, and tells what it found: a beat at the end of the path, or what waits in a queue."""
    seq = int(when.timestamp() // 600)
    told_of: dict[str, tuple[str, str, dict[str, Any]]] = {
        "look": ("report", "heartbeat", {"source": "heartbeat/orders", "seq": seq, "emittedAt": when.isoformat()}),
        "claim": ("orders", "dataQualityMetrics", {"lastUpdated": (when - 3 * MINUTE).isoformat()}),
        "probe": ("refused", "queue", {"depth": seq % 3, "oldestAt": (when - 3 * MINUTE).isoformat()}),
    }
    of, name, said = told_of[job]
    body = event("RUNNING", when, f"{job} {run}", job=job, inputs=(of,))
    body["inputs"][0]["facets"] = {name: said | {"_producer": "https://x", "_schemaURL": "https://x"}}
    body["outputs"] = []
    return body


@st.composite
def told(draw: st.DrawFn, at: datetime) -> dict[str, Any]:
    """Any event of around *at* that says something of what is promised, or of another name of it."""
    job, run = draw(jobs), f"{draw(st.integers(0, 5))}"
    when, type_ = at - draw(delays), draw(st.sampled_from(("START", "COMPLETE", "COMPLETE", "FAIL")))
    hour = when.replace(minute=0, second=0)
    if job == "beat":
        body = event("RUNNING", when, "beats", job="orders", outputs=draw(st.sampled_from(((), ("orders",)))))
        seq = int(when.timestamp() // 600)
        beat = {"source": "heartbeat/orders", "seq": seq, "emittedAt": (when - 3 * MINUTE).isoformat()}
        told_by: list[dict[str, Any]] = body["outputs"] or [body["job"]]
        body["job"]["namespace"] = "heartbeat"
        body["outputs"] = body["outputs"] or event(type_, when, run)["outputs"]  # it writes the orders either way
        told_by[0]["facets"] = {"heartbeat": beat | {"_producer": "https://x", "_schemaURL": "https://x"}}
        return body
    if job in {"look", "claim", "probe"}:
        return _read(job, run, when)
    if job == "names":
        body = event(type_, when, f"names {run}", job="copy", outputs=("alias",))
        link = {"identifiers": [{"namespace": "lake", "name": "orders", "type": "TABLE"}]}
        body["outputs"][0]["facets"] = {"symlinks": link | {"_producer": "https://x", "_schemaURL": "https://x"}}
        return body
    if job == "report":
        return event(type_, when, f"report {run}", job=job, inputs=["orders"], outputs=["report"])
    if job == "orders.test":
        found = [{"assertion": "unique", "success": draw(st.booleans()), "column": "id", "actual": "0"}]
        return event(type_, when, f"test {run}", job=job, inputs=["orders"], outputs=[], assertions=found)
    outputs = draw(st.sampled_from((("orders",), ("orders",), ())))  # the end of a run need not name what it made
    nominal = draw(st.sampled_from(((hour - HOUR, hour), None)))
    return event(type_, when, f"load {run}", outputs=outputs, nominal=nominal, rows=draw(st.sampled_from((1000, 700))))


def say(lake: Lake, statement: Statement, received_at: datetime) -> None:
    """Let the store take in what somebody decided."""
    digest = hashlib.sha256(written(statement)).digest()
    lake.store.state([Entry("person", 1, "statement", digest, received_at, "ada")], [statement])


def decision(draw: Any, slo: DataSLO, now: datetime) -> Statement:
    """An exclusion of a span before *now*, or a verdict corrected by hand."""
    if draw(st.booleans()):
        span = Exclusion(start=now - 2 * HOUR, duration=HOUR, reason="a move")
        return excluding(of(slo.name), span, "ada", now, holds=draw(st.booleans()))
    at = (now - 2 * HOUR).replace(minute=0, second=0)
    name = f"{at.isoformat()[:19]}Z"
    return correcting(slo, name, Correction("GOOD", "it was there", "ada", now))


@pytest.mark.timeout(400)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_watch_says_what_judging_anew_says(data: st.DataObject) -> None:
    """After any interleaving of events, statements and ticks, late, of the future and of other names among them."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(watching, "MANY", data.draw(st.sampled_from((0, 1_000)), label="many"))
        lake = Lake(Path(folder))
        watch, now = Watch(lake.store), NOON
        for _ in range(data.draw(st.integers(2, 6), label="ticks")):
            now += data.draw(steps, label="later")
            for _ in range(data.draw(st.integers(0, 3), label="events")):
                ahead = data.draw(st.sampled_from((0 * SECOND, 20 * SECOND, -9 * MINUTE)), label="ahead")
                lake.put(data.draw(told(now)), received_at=now + ahead)
            if data.draw(st.integers(0, 5), label="said") == 0:
                say(lake, decision(data.draw, data.draw(st.sampled_from(SLOS[:4])), now), now)
            if data.draw(st.integers(0, 8), label="restart") == 0:
                watch = Watch(lake.store)
            watch.turn(now)

            assert [evaluate(slo, lake.store, now) for slo in SLOS] == [watch.status(slo) for slo in SLOS]
        lake.homes.close()


FAST = {"emitter": "heartbeat/orders", "interval": "1m", "threshold": "5m"}
FOLLOWED = [
    promise(sli={"method": "heartbeat", "heartbeat": FAST}, window="1h", name="minutes", exclusions=[NIGHTLY]),
    promise(
        sli={"method": "heartbeat", "heartbeat": FAST | {"onSilentEmitter": "bad"}},
        window="40m", name="strict", lateMetadata={"correctionHorizon": "10m"},
    ),
    promise(
        sli={"method": "heartbeat", "heartbeat": FAST | {"interval": "2m", "threshold": "1m"}, "metadataGrace": "3m"},
        window="6h", name="new", effectiveFrom=NOON - 10 * MINUTE,
    ),
]  # fmt: skip
REDEFINED = promise(
    sli={"method": "heartbeat", "heartbeat": FAST | {"threshold": "3m"}}, window="30m", name="minutes"
)  # fmt: skip
BEFORE_RENEWAL = (renewal(FOLLOWED[0], NOON) + DAY).replace(second=0) - 4 * MINUTE


def told_of(beat: dict[str, Any], at: datetime, *, seen: bool) -> dict[str, Any]:
    """An event of *at* that says of *beat* that it was sent, or that it was seen."""
    body = event("RUNNING", at, "beats", job="orders", outputs=("orders",) if seen else ())
    body["job"]["namespace"] = "heartbeat"
    of: dict[str, Any] = body["outputs"][0] if seen else body["job"]
    of["facets"] = {"heartbeat": facet(source="heartbeat/orders", **beat)}
    return body


@st.composite
def word(draw: st.DrawFn, now: datetime) -> dict[str, Any]:
    """A beat of one of two partitions, sent or seen; few are late, ahead, told twice or of a number that falls."""
    emitted = (now - draw(st.sampled_from((0, 0, 1, 2, 3, 7, 33, -2))) * MINUTE).replace(second=0)
    seq = int(emitted.timestamp() // 60) + draw(st.sampled_from((0,) * 20 + (-3, 2)))
    beat: dict[str, Any] = {"seq": seq, "emittedAt": emitted.isoformat()}
    beat["partition"] = draw(st.sampled_from(("", "", "", "b")))
    if not draw(st.booleans()):
        return told_of(beat, emitted, seen=False)
    beat["through"] = draw(st.integers(0, 3)) == 0
    return told_of(beat, min(now, emitted + draw(st.sampled_from((0, 1, 4, 6, 40))) * MINUTE), seen=True)


def beating(
    lake: Lake, since: datetime, until: datetime, partitions: Sequence[str], received_at: datetime | None
) -> None:
    """A beat a minute in each of *partitions*, seen after ten seconds but for every ninth.

    Told as one batch, or each as it happened.
    """
    told = []
    for minute in range((until - since) // MINUTE):
        at = since + minute * MINUTE
        for partition in partitions:
            beat = {"seq": int(at.timestamp() // 60), "emittedAt": at.isoformat(), "partition": partition}
            told.append(told_of(beat, at, seen=False))
            if minute % 9:
                told.append(told_of(beat, at + 10 * SECOND, seen=True))
    if told and received_at is not None:
        lake.put_at_once(*told, received_at=received_at)
    else:
        lake.put(*told)


def ruling(draw: Any, slo: DataSLO, now: datetime) -> Statement:
    """An exclusion of minutes that have just passed, or the verdict on a beat corrected by hand."""
    ago = draw(st.sampled_from((3, 12, 25)))
    if draw(st.booleans()):
        span = Exclusion(start=now - ago * MINUTE, duration=2 * MINUTE, reason="a move")
        return excluding(of(slo.name), span, "ada", now, holds=draw(st.booleans()))
    at = (now - ago * MINUTE).replace(second=0)
    state = draw(st.sampled_from(("GOOD", "BAD")))
    return correcting(slo, f"{at.isoformat()[:19]}Z", Correction(state, "seen by eye", "ada", now))


@pytest.mark.timeout(400)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_beats_that_are_followed_are_judged_as_anew(data: st.DataObject) -> None:
    """After beats late, twice and out of order, ticks, decisions, another definition, another day and restarts."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(watching, "MANY", data.draw(st.sampled_from((0, 1_000)), label="many"))
        lake, slos = Lake(Path(folder)), list(FOLLOWED)
        now = data.draw(st.sampled_from((NOON, NOON, BEFORE_RENEWAL)), label="begin")
        since = now - data.draw(st.sampled_from((20 * MINUTE, 70 * MINUTE)), label="history")
        heard = data.draw(st.sampled_from((None, None, now)), label="heard")
        beating(lake, since, now, data.draw(st.sampled_from((("",), ("", "b"))), label="partitions"), heard)
        watch = Watch(lake.store)
        for _ in range(data.draw(st.integers(3, 7), label="ticks")):
            before, now = now, now + data.draw(st.sampled_from((30, 60, 60, 90, 180, 600)), label="later") * SECOND
            if data.draw(st.booleans(), label="goes on"):
                beating(lake, before, now, ("",), data.draw(st.sampled_from((None, now)), label="told"))
            for _ in range(data.draw(st.integers(0, 2), label="words")):
                ahead = data.draw(st.sampled_from((0, 0, 20, -360)), label="ahead") * SECOND
                lake.put(data.draw(word(now)), received_at=now + ahead)
            if data.draw(st.integers(0, 5), label="said") == 0:
                say(lake, ruling(data.draw, data.draw(st.sampled_from(slos)), now), now)
            if data.draw(st.integers(0, 8), label="defined") == 0:
                slos[0] = FOLLOWED[0] if slos[0] is REDEFINED else REDEFINED
            if data.draw(st.integers(0, 8), label="restart") == 0:
                watch = Watch(lake.store)
            watch.turn(now)

            assert [evaluate(slo, lake.store, now) for slo in slos] == [watch.status(slo) for slo in slos]
        lake.homes.close()


class Counting:
    """A store that counts what it is asked."""

    def __init__(self, store: Any) -> None:
        self.store, self.asked = store, 0

    def __getattr__(self, question: str) -> Any:
        self.asked += 1
        return getattr(self.store, question)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Five hours of deliveries."""
    lake = Lake(tmp_path)
    lake.runs(NOON - 6 * HOUR, 6)
    yield lake
    lake.homes.close()


def asked(watch: Watch, store: Counting, now: datetime) -> int:
    """How many questions one tick over two SLOs asks of the store."""
    store.asked = 0
    watch.turn(now)
    for name in ("orders", "customers"):
        watch.status(promise(window="6h", name=name, dataset={"namespace": "lake", "name": name}))
    return store.asked


def test_a_tick_reads_only_what_is_new(lake: Lake) -> None:
    """One question when nothing is, also when a deadline passes; those of one SLO where its dataset was written."""
    store: Any = Counting(lake.store)
    watch = Watch(store)
    first = asked(watch, store, NOON + 20 * MINUTE)

    idle = [asked(watch, store, NOON + 21 * MINUTE), asked(watch, store, NOON + 90 * MINUTE)]
    lake.put(event("COMPLETE", NOON + HOUR + 5 * MINUTE, "next", nominal=(NOON, NOON + HOUR)))

    assert (idle, 1 < asked(watch, store, NOON + 91 * MINUTE) < first) == ([1, 1], True)


@pytest.mark.parametrize("kind", ["freshness", "completeness"])
def test_what_is_closed_stays_the_very_same(lake: Lake, kind: str) -> None:
    """When an hour ends, only the new one is judged; nobody compares the others again."""
    watch, slo = Watch(lake.store), promise(kind, window="6h")
    watch.turn(NOON + 20 * MINUTE)
    before = watch.status(slo).occurrences

    watch.turn(NOON + 80 * MINUTE)

    assert [True] * 5 == [one is other for one, other in zip(before[1:], watch.status(slo).occurrences, strict=False)]


def test_what_is_closed_in_a_composite_is_not_judged_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """When an hour ends, only the new one is, of each of its members."""
    counts, measure = [], freshness.measure

    def noted(*given: Any) -> list[Verdict]:
        counts.append(len(found := measure(*given)))
        return found

    monkeypatch.setattr(freshness, "measure", noted)
    known = {"loads": promise(name="loads"), "others": promise(name="others")}
    watch, slo = Watch(lake.store), join(composite("loads", "others", window="6h"), known)
    for minutes in (20, 80):
        watch.turn(NOON + minutes * MINUTE)
        watch.status(slo)

    assert counts == [6, 6, 1, 1]


def test_a_new_day_is_read_anew(lake: Lake) -> None:
    """Or what was read would grow with every day."""
    store: Any = Counting(lake.store)
    watch = Watch(store)
    asked(watch, store, NOON)

    assert asked(watch, store, NOON + DAY) > 1


def test_each_is_read_anew_at_a_time_of_its_own() -> None:
    """Or the first tick of a day would read all of them: a thousand fall into more than 200 parts of five minutes."""
    times = [renewal(promise(name=f"promise-{number}"), NOON) for number in range(1_000)]

    assert [True] * 1_000 == [NOON - DAY < at <= NOON for at in times]
    assert len({(NOON - at) // (5 * MINUTE) for at in times}) > 200


def test_a_definition_that_changed_is_read_anew(lake: Lake) -> None:
    """Under the same name, on the fly."""
    watch = Watch(lake.store)
    watch.turn(NOON + 20 * MINUTE)
    watch.status(promise(window="6h"))
    changed = promise(window="2h")

    assert evaluate(changed, lake.store, NOON + 20 * MINUTE) == watch.status(changed)


def test_an_event_of_others_that_came_before_all_makes_history_begin_earlier(tmp_path: Path) -> None:
    """Of whatever it tells: what was due since then is no history any more."""
    lake = Lake(tmp_path)
    lake.put(event("START", NOON, "load", outputs=()), received_at=NOON)
    watch, slo = Watch(lake.store), next(slo for slo in SLOS if slo.name == "beats")
    watch.turn(NOON)
    watch.status(slo)
    lake.put(event("START", NOON - HOUR, "else", job="else", outputs=("else",)), received_at=NOON - HOUR)

    watch.turn(NOON)

    assert watch.status(slo) == evaluate(slo, lake.store, NOON)
