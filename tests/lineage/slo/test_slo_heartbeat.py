"""Freshness by heartbeat: which beats were seen in time, and what is said of those that were never sent."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from lineage.model import Verdict
from lineage.slo.budget import judge
from lineage.slo.evaluate import evaluate
from lineage.slo.evidence import Beat, Evidence
from lineage.slo.findings import findings
from lineage.slo.indicators.freshness import describe, figures, measure, needs
from lineage.slo.spec import DataSLO
from lineage.slo.unobserved import Gap
from tests.support.promises import DAY, HOUR, NOON, Lake, event, promise, states

MINUTE = timedelta(minutes=1)
BEATS = {"emitter": "heartbeat/orders", "interval": "1m", "threshold": "5m"}


def beating(**changes: Any) -> DataSLO:
    """99 % of the beats of a window of an hour, one a minute, are seen within five minutes."""
    block = BEATS | {key: changes.pop(key) for key in list(changes) if key in {"onSilentEmitter", "interval"}}
    return promise(sli={"method": "heartbeat", "heartbeat": block}, window=changes.pop("window", "1h"), **changes)


def sent(minute: float, seq: int | None = None, partition: str = "") -> Beat:
    """A beat sent so many minutes after NOON; its number is its minute."""
    at = NOON + minute * MINUTE
    return Beat(int(minute) if seq is None else seq, at, at, f"sent {minute}", partition)


def seen(minute: float, after: float, *, through: bool = False, partition: str = "") -> Beat:
    """That beat, seen so many minutes after it was sent."""
    return sent(minute, partition=partition)._replace(
        at=NOON + (minute + after) * MINUTE, event=f"seen {minute} {after}", through=through
    )


def measured(*told: Beat, now: float = 6, of: DataSLO | None = None, since: float = 4.5) -> list[Verdict]:
    """What beats come to; by default the window begins so that the beat of NOON is the first due."""
    emissions = [beat for beat in told if beat.event.startswith("sent")]
    sightings = [beat for beat in told if beat.event.startswith("seen")]
    evidence = Evidence(NOON + since * MINUTE, sent=emissions, seen=sightings)
    return measure(of or beating(), evidence, NOON + now * MINUTE)


def test_a_beat_seen_on_its_threshold_is_good() -> None:
    """At most the threshold is good; the verdict says how long it took, and names both events."""
    verdict = measured(sent(0), seen(0, 5))[0]

    assert (states([verdict]), verdict.value, verdict.evidence) == ("G", 300, ("sent 0", "seen 0 5"))


@pytest.mark.parametrize(("now", "expected"), [(4.9, ""), (5, "P"), (5.9, "P"), (6, "B"), (60 * 24, "B")])
def test_a_beat_that_is_not_seen_becomes_bad_when_it_is_due(now: float, expected: str) -> None:
    """Absence is bad at e + T and a grace for the event on its way, not when the beat finally lands (censoring)."""
    assert states([verdict for verdict in measured(sent(0), now=now) if verdict.evidence]) == expected


def test_a_beat_that_lands_late_stays_bad() -> None:
    """What was not there in time was not; the verdict keeps by how much."""
    verdict = measured(sent(0), seen(0, 7), now=8)[0]

    assert (states([verdict]), verdict.value) == ("B", 420)


def test_the_earliest_sighting_of_a_beat_counts() -> None:
    """Duplicate beats: min(o) for each number, in whatever order events come."""
    told = [sent(0), seen(0, 3), seen(0, 1), seen(0, 9), sent(0)]

    assert [Fraction(60)] * 2 == [measured(*order, now=5)[0].value for order in (told, told[::-1])]


def test_beats_may_overtake_each_other() -> None:
    """A later beat that was seen says nothing of an earlier one, unless all up to it were seen."""
    overtaken = measured(sent(0), sent(1), seen(1, 1), now=6)
    through = measured(sent(0), sent(1), seen(1, 1, through=True), now=6)

    assert ("BG", "GG") == (states(overtaken), states(through))


def test_who_saw_through_a_later_beat_saw_an_earlier_one_at_the_earliest_such_moment() -> None:
    """max(seq) as a sink tells it: the first report that reached a number is when that number was there."""
    found = measured(sent(0), sent(1), sent(2), seen(2, 3, through=True), seen(1, 1, through=True), now=7)

    assert [120, 60, 180] == [verdict.value for verdict in found]


def test_a_beat_whose_sending_was_lost_is_known_by_its_arrival() -> None:
    """The payload says when it was sent: a lost event of the emitter takes no beat from the total."""
    assert states(measured(seen(0, 2), now=5)) == "G"


@pytest.mark.parametrize(("policy", "expected"), [("unknown", "GUUUG"), ("bad", "GBBBG")])
def test_a_silent_emitter_is_not_the_path(policy: str, expected: str) -> None:
    """No beat for more than two intervals: the probe is broken, UNKNOWN; BAD where the definition says so."""
    told = [sent(0), seen(0, 1), sent(4), seen(4, 1)]

    assert states(measured(*told, now=9, of=beating(onSilentEmitter=policy))) == expected


def test_one_missing_beat_is_no_silence() -> None:
    """A gap of two intervals is jitter, and nothing is missed."""
    assert states(measured(sent(0), seen(0, 1), sent(2), seen(2, 1), now=7)) == "GG"


def test_an_emitter_that_never_sent_says_nothing() -> None:
    """Without a single beat all is UNKNOWN: no data, and no SLI."""
    slo = beating(window="1h")
    found = measure(slo, Evidence(NOON - HOUR), NOON)

    assert ({*states(found)}, judge(slo, found, NOON).state) == ({"U"}, "no_data")


def test_a_later_beat_renames_none_that_is_missing() -> None:
    """What was missed keeps its name when the emitter comes back between two whole intervals."""
    before = measured(sent(0.3), seen(0.3, 1), now=11)
    after = measured(sent(0.3), seen(0.3, 1), sent(8.7), seen(8.7, 1), now=11)

    missed = [{v.occurrence for v in found if states([v]) == "U"} for found in (before, after)]
    assert missed[0] <= missed[1]


def test_each_partition_has_beats_of_its_own() -> None:
    """One stuck partition is bad by itself, is named, and the ratio is over all beats."""
    told = [sent(0, partition=name) for name in "ab"] + [seen(0, 1, partition="a")]
    found = measured(*told, now=6)

    assert [(states([v]), v.reason) for v in found if v.total] == [
        ("G", "partition a: the beat was seen after 1 m"),
        ("B", "partition b: the beat was not seen within 5 m"),
    ]


def test_the_worst_of_several_partitions_is_shown() -> None:
    """Of a promise over two partitions, how the worse one does; of one alone its ratio is the SLI."""
    both = measured(*(sent(0, partition=name) for name in "ab"), seen(0, 1, partition="a"))

    assert [figures(beating(), both), figures(beating(), measured(sent(0)))] == [{"partition.b.sli": 0}, {}]


def test_a_silent_emitter_is_told_of() -> None:
    """What it measures may be well: nobody knows, and its owner hears of it. It is over with the next beat."""
    told, late, slo = [sent(0), seen(0, 1)], [sent(9), sent(11), sent(13)], beating()
    evidence, at = Evidence(NOON, grace=MINUTE), NOON + 15 * MINUTE

    ways = [findings(slo, evidence, measured(*told, *more, now=15), at) for more in ([], late)]

    assert [[(each.kind, each.at) for each in found] for found in ways] == [[("silent", NOON + MINUTE)], []]


def test_while_nobody_was_there_no_emitter_is_silent() -> None:
    """What no collector could hear of is no fault of who sent it."""
    evidence = Evidence(NOON, grace=MINUTE, gaps=[Gap(NOON, NOON + HOUR)])

    assert findings(beating(), evidence, measured(sent(0), seen(0, 1), now=15), NOON + 15 * MINUTE) == ()


def test_the_sentence_says_what_and_since_when() -> None:
    """The first beat of the unbroken row that is missing dates it."""
    streak = [verdict for verdict in measured(sent(0), sent(1), sent(2), now=8) if verdict.total]

    told = describe(streak, NOON + 8 * MINUTE)

    assert told == "The beat was not seen within 5 m, 3 in a row, since 2026-11-20 12:00 UTC"


def test_beats_are_asked_for_as_long_before_the_window_as_one_may_take() -> None:
    """The first one due was sent a threshold before the window; the one before it tells whether any is missing."""
    assert needs(beating()).history == 8 * MINUTE


def test_burn_rates_speak_of_beats() -> None:
    """40,320 beats a window: the catalogue's windows, the short one as it stands."""
    slo = beating(window="28d")
    told = [sent(minute) for minute in range(-7 * 24 * 60, 0)]
    evidence = Evidence(NOON - 7 * DAY, sent=told, seen=[beat._replace(event="seen") for beat in told])

    status = judge(slo, measure(slo, evidence, NOON), NOON)

    assert next((rate.long_s, rate.short_s) for rate in status.burn_rates) == (3600, 300)


# ── From stored events. ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty store."""
    lake = Lake(tmp_path)
    yield lake
    lake.homes.close()


def beat_events(minute: int, took: float | None) -> list[dict[str, Any]]:
    """What the emitter and whoever sees the beat tell of it."""
    at = NOON + minute * MINUTE
    facet = {"source": "heartbeat/orders", "seq": minute + 1000, "emittedAt": at.isoformat()}
    mark = {"_producer": "https://example.org/tests", "_schemaURL": "https://example.org/facet.json"}
    emitted = event("RUNNING", at, "emitter", job="orders", outputs=("raw_orders",))
    emitted["job"] = {"namespace": "heartbeat", "name": "orders", "facets": {"heartbeat": mark | facet}}
    if took is None:
        return [emitted]
    arrived = event("RUNNING", at + took * MINUTE, "probe", job="orders probe", inputs=("orders",), outputs=())
    arrived["inputs"][0]["inputFacets"] = {"heartbeat": mark | facet}
    return [emitted, arrived]


def test_stored_beats_are_judged_by_their_events(lake: Lake) -> None:
    """Emitter and probe tell of each beat; one that does not come is bad."""
    lake.put(*(body for minute in range(-70, 0) for body in beat_events(minute, None if minute == -30 else 2)))

    status = evaluate(beating(), lake.store, NOON)

    assert (status.counts["good"], status.counts["bad"], status.sli) == (59, 1, Fraction(59, 60))


def test_beats_of_another_emitter_say_nothing(lake: Lake) -> None:
    """A dataset may be reached by several emitters; each promise has its own."""
    others = [body for minute in range(-70, 0) for body in beat_events(minute, 2)]
    for body in others:
        for facet in [body["job"]["facets"].get("heartbeat")] + [
            each["inputFacets"]["heartbeat"] for each in body["inputs"]
        ]:
            if facet:
                facet["source"] = "heartbeat/customers"
    lake.put(*others)

    assert evaluate(beating(), lake.store, NOON).sli is None


def test_the_order_in_which_beats_are_told_changes_nothing(tmp_path: Path) -> None:
    """A function of the set of events: shuffled and repeated they give the same status."""
    bodies = [body for minute in range(-70, 0) for body in beat_events(minute, minute % 7)]
    found = []
    for seed in (1, 2):
        (tmp_path / str(seed)).mkdir()
        lake = Lake(tmp_path / str(seed))
        shuffled = random.Random(seed).sample(bodies, len(bodies))
        lake.put(*shuffled, *shuffled[:9], received_at=NOON)
        found.append(evaluate(beating(), lake.store, NOON))
        lake.homes.close()

    assert found[0] == found[1]


def test_an_emitter_delivers_no_data(lake: Lake) -> None:
    """A job that only beats writes the source in lineage; what waits for data there still waits."""
    bodies = [body for minute in range(-60, 0, 10) for body in beat_events(minute, None)]
    for body in bodies:
        body["job"]["facets"]["jobType"] = {
            "_producer": "https://example.org/tests",
            "_schemaURL": "https://example.org/facet.json",
            "processingType": "STREAMING",
            "integration": "HEADWATER",
            "jobType": "HEARTBEAT",
        }
        body["outputs"][0]["name"] = "orders"
    lake.put(*bodies)

    assert states(evaluate(promise(window="1h"), lake.store, NOON + 20 * MINUTE).occurrences) == "B"


@pytest.mark.parametrize("emitted", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "2026-11-20T12:07:00Z"])
def test_a_beat_of_no_time_that_can_be_is_none(lake: Lake, emitted: str) -> None:
    """One odd event neither stops the judging nor asks for two thousand years of beats."""
    odd = beat_events(0, 1)
    for body in odd:
        for told in (body["job"]["facets"], *(each["inputFacets"] for each in body["inputs"])):
            if "heartbeat" in told:
                told["heartbeat"]["emittedAt"] = emitted
    lake.put(*odd, *(body for minute in (1, 2) for body in beat_events(minute, 1)))

    found = evaluate(beating(), lake.store, NOON + 9 * MINUTE).occurrences

    assert [states([one]) for one in found if one.evidence] == ["G", "G"]
