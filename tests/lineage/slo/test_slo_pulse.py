"""A pulse says of beats, as they come, what judging all of them says."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.slo.decided import Correction, Decided
from lineage.slo.evaluate import GRACE, Basis, judged
from lineage.slo.evidence import Beat, Evidence
from lineage.slo.exclusions import Exclusion
from lineage.slo.gather import window_of
from lineage.slo.pulse import Pulse, heartbeat
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.slo.unobserved import Gap
from tests.support.promises import DAY, HOUR, NOON, promise

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
BLOCK = {"emitter": "heartbeat/orders", "interval": "1m", "threshold": "5m"}
CALENDAR = {"startTime": "2026-01-01 12:10:00", "timeZone": "UTC"}
SLOS = [
    promise(sli={"method": "heartbeat", "heartbeat": BLOCK}, window="1h"),
    promise(
        sli={"method": "heartbeat", "heartbeat": BLOCK | {"onSilentEmitter": "bad"}, "metadataGrace": "3m"},
        window="40m",
        lateMetadata={"correctionHorizon": "10m"},
    ),
    promise(sli={"method": "heartbeat", "heartbeat": BLOCK}, window="6h", effectiveFrom=NOON - 10 * MINUTE),
    promise(
        sli={"method": "heartbeat", "heartbeat": BLOCK},
        window="1h",
        budgetingMethod="Timeslices",
        objectives=[{"target": "0.9", "timeSliceTarget": "0.8", "timeSliceWindow": "10m"}],
    ),
    promise(
        sli={"method": "heartbeat", "heartbeat": BLOCK},
        timeWindow=[{"duration": "1d", "isRolling": False, "calendar": CALENDAR}],
        effectiveFrom=NOON - 64 * MINUTE,
        budgetingMethod="RatioTimeslices",
        objectives=[{"target": "0.9", "timeSliceWindow": "5m"}],
    ),
]
NIGHTLY = Exclusion(start=NOON - 30 * DAY, duration=20 * MINUTE, rrule="FREQ=DAILY", reason="patching")
FIXED = Correction("GOOD", "it was there", "ada", NOON)
SAID = [
    Decided(),
    Decided(
        [NIGHTLY], {"2026-11-20T11:55:00Z": FIXED}, (Gap(NOON - 9 * MINUTE, NOON - 4 * MINUTE),)
    ),
]  # fmt: skip
minutes = st.integers(-3, 0).flatmap(lambda near: st.sampled_from((near, near, near - 8, near - 35)))


@st.composite
def words(draw: st.DrawFn) -> tuple[bool, int, int, str, bool, int]:
    """Whether a beat was seen; how many minutes ago it was sent, its number beside the usual, where, when told."""
    odd = draw(st.sampled_from((0,) * 20 + (-3, 2)))
    partition, through = draw(st.sampled_from(("", "", "b"))), draw(st.sampled_from((False, False, True)))
    return draw(st.booleans()), draw(minutes), odd, partition, through, draw(st.sampled_from((0, 10, 60, 400)))


ticks = st.lists(
    st.tuples(st.sampled_from((30, 60, 60, 90, 180, 900)), st.booleans(), st.lists(words(), max_size=3)), max_size=12
)


def steady(since: int, until: int, partition: str = "") -> tuple[list[Beat], list[Beat]]:
    """A beat a minute, by minutes after NOON, seen after ten seconds; every ninth is not."""
    sent = []
    for minute in range(since, until):
        at = NOON + minute * MINUTE
        sent.append(Beat(minute, at, at, f"sent {minute}{partition}", partition, told_at=at))
    told = [each._replace(at=each.at + 10 * SECOND, event=f"seen {each.event}", told_at=each.at) for each in sent]
    return sent, [each for each in told if each.seq % 9]


@settings(deadline=None)
@given(st.sampled_from(SLOS), st.sampled_from(SAID), st.sampled_from((15, 70)), st.sampled_from(("", "b")), ticks)
def test_a_pulse_says_what_judging_all_says(
    slo: DataSLO, said: Decided, history: int, other: str, steps: list[tuple[int, bool, list[Any]]]
) -> None:
    """At every instant, of beats late, twice, out of order and of falling numbers, and of what people decided."""
    beats, now = heartbeat(slo), NOON
    assert beats is not None
    sides = steady(-history, 0)
    for side, more in zip(sides, steady(-history, -2, other) if other else ([], []), strict=True):
        side.extend(more)
    evidence = Evidence(NOON, observed_since=NOON - DAY, asked_from=window_of(slo, NOON) - HOUR)

    def read(since: datetime | None = None) -> Basis:
        kept = ([each for each in side if each.at <= now and (since is None or each.at >= since)] for side in sides)
        sent, seen = (sorted(side, key=lambda each: each.at, reverse=True) for side in kept)
        return Basis(replace(evidence, sent=tuple(sent), seen=tuple(seen)), said)

    pulse, followed, whole = Pulse(slo, beats, read(), now, GRACE), list[Status](), list[Status]()
    for number, (later, goes_on, told) in enumerate(steps):
        before, now = now, now + later * SECOND
        new: tuple[list[Beat], list[Beat]] = ([], [])
        if goes_on:
            new = steady((before - NOON) // MINUTE, (now - NOON) // MINUTE)
        for is_seen, ago, odd, partition, through, after in told:
            minute = (now - NOON) // MINUTE + ago
            sent = NOON + minute * MINUTE
            at = min(now, sent + after * SECOND * is_seen)
            event = f"{number} {is_seen} {minute} {at}"
            new[is_seen].append(Beat(minute + odd, sent, at, event, partition, is_seen and through, now))
        for side, more in zip(sides, new, strict=True):
            side.extend(more)
        came = [each.at for side in new for each in side] + [
            each.at for s in sides for each in s if before < each.at <= now
        ]
        since = min(came, default=None)
        if not pulse.steady or not pulse.follow(None if since is None else read(since), since, now):
            pulse = Pulse(slo, beats, read(), now, GRACE)
        followed.append(pulse.status)
        whole.append(judged(slo, read(), now))

    assert whole == followed
