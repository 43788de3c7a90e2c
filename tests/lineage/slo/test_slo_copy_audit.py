"""Copy audit: what probes summed up on both sides, and when a difference counts (SLO.md b.5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lineage.model import Verdict
from lineage.slo.evaluate import evaluate
from lineage.slo.evidence import Audit, Evidence, Sum
from lineage.slo.indicators.copy_audit import describe, figures, measure
from lineage.slo.spec import DataSLO
from tests.support.promises import DAY, HOUR, NOON, Lake, event, facet, promise, states

MINUTE = timedelta(minutes=1)
AUDIT = {"type": "copy_audit", "original": {"namespace": "lake", "name": "raw_orders"}, "settle": "30m"}
SAME, OTHER, SHORT = Sum(1000, "77"), Sum(1000, "78"), Sum(990, "12")


def promised() -> DataSLO:
    return promise(sli=AUDIT)


def told(at: datetime, *, beside: bool = False, **partitions: Sum) -> Audit:
    return Audit(at, beside, partitions, f"{'original' if beside else 'copy'} {at:%H:%M}")


def judged(*audits: Audit, now: datetime = NOON) -> list[Verdict]:
    return measure(promised(), Evidence(now - DAY, audits=audits), now)


ORIGINAL = told(NOON - HOUR, beside=True, a=SAME)
AFTER = NOON - 40 * MINUTE
CASES = {
    "the same": ([told(AFTER, a=SAME)], "G", "1,000 rows on both sides, with the same checksum"),
    "looked at a little before": ([told(NOON - 80 * MINUTE, a=SAME)], "G", "1,000 rows on both sides, with the same"),
    "other rows": ([told(AFTER, a=OTHER)], "B", "1,000 rows on both sides, and not the same ones"),
    "fewer rows": ([told(AFTER, a=SHORT)], "B", "990 rows of 1,000"),
    "no such partition": ([told(AFTER, b=SAME)], "B", "the copy lacks it, 1,000 rows"),
    "at last": ([told(NOON - 50 * MINUTE, a=SHORT), told(AFTER, a=SAME)], "G", "1,000 rows on both sides, with"),
    "too late": ([told(AFTER, a=SHORT), told(NOON - 10 * MINUTE, a=SAME)], "B", "990 rows of 1,000"),
    "nobody looked": ([], "U", "nobody audited the copy"),
    "looked at long before": ([told(NOON - 2 * HOUR, a=SAME)], "U", "nobody audited the copy"),
    "it changed meanwhile": (
        [told(NOON - 45 * MINUTE, beside=True, a=OTHER), told(AFTER, a=OTHER)],
        "N",
        "the original changed by 2026-11-20 11:15 UTC, before the copy was due",
    ),
}


@pytest.mark.parametrize(("audits", "letter", "reason"), CASES.values(), ids=CASES.keys())
def test_a_copy_holds_what_its_original_held(audits: list[Audit], letter: str, reason: str) -> None:
    """By the newest word on the copy when it was due: as many rows, and the same checksum."""
    found = next(each for each in judged(ORIGINAL, *audits) if each.occurrence == "a@2026-11-20T11:00:00Z")

    assert (states([found]), found.reason[: len(reason)]) == (letter, reason)


def test_what_only_the_copy_has_is_bad() -> None:
    """A partition that the original was not told to have by then."""
    found = judged(ORIGINAL, told(AFTER, a=SAME, b=SHORT))

    assert [(each.occurrence[0], states([each]), each.reason) for each in found] == [
        ("a", "G", "1,000 rows on both sides, with the same checksum"),
        ("b", "B", "the original has no such partition"),
    ]


def test_a_copy_that_is_due_is_waited_for() -> None:
    """An audit of it may be on its way, as long as any event may."""
    due = NOON - HOUR + 30 * MINUTE

    assert [states(judged(ORIGINAL, now=due + wait)) for wait in (timedelta(0), 2 * MINUTE)] == ["P", "U"]


def test_what_is_told_beyond_the_horizon_changes_nothing() -> None:
    """An audit of the copy that was received when the verdict stood: only a person corrects it then."""
    due = NOON - HOUR + 30 * MINUTE
    audits = [told(AFTER, a=SAME)._replace(told_at=due + 2 * HOUR + late) for late in (timedelta(0), MINUTE)]

    found = [
        measure(promised(), Evidence(NOON - DAY, audits=[ORIGINAL, audit], horizon=2 * HOUR), NOON + DAY - 2 * HOUR)
        for audit in audits
    ]

    assert [states(each) for each in found] == ["G", "U"]


def test_it_is_proved_by_both_sides() -> None:
    """The events that told of the original and of the copy; by how many rows they differ is the value."""
    (found,) = judged(ORIGINAL, told(AFTER, a=SHORT))

    assert (found.evidence, found.value) == (("original 11:00", "copy 11:20"), 10)


def test_a_difference_is_told() -> None:
    """Which partition, and how many more; the figures count the newest audit of each."""
    found = judged(ORIGINAL, told(NOON - 55 * MINUTE, beside=True, a=SAME, b=SAME), told(AFTER, a=SAME, b=SHORT))

    assert (describe(found[-1:], NOON), figures(promised(), found)) == (
        "Copy differs in b: 990 rows of 1,000",
        {"partitions": 2, "partitionsThatDiffer": 1},
    )


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty one."""
    lake = Lake(tmp_path)
    yield lake
    lake.homes.close()


def probe(at: datetime, **partitions: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """A run that read both, and told of them in the facet `checksums`."""
    body = event("COMPLETE", at, f"probe {at}", job="audit", inputs=list(partitions), outputs=())
    for each in body["inputs"]:
        each["inputFacets"] = {"checksums": facet(partitions=partitions[each["name"]])}
    return body


def test_one_probe_may_tell_of_both_sides(lake: Lake) -> None:
    """A checksum is text or a number; a body that is no such facet says nothing."""
    day = {"name": "2026-11-19", "count": 10}
    lake.put(
        probe(
            NOON - HOUR,
            raw_orders=[day | {"checksum": "18446744073709551615"}],
            orders=[day | {"checksum": 18446744073709551615}],
        ),
        probe(NOON - 50 * MINUTE, raw_orders=[{"name": "2026-11-19"}]),
    )

    found = evaluate(promised(), lake.store, NOON).occurrences

    assert [(each.occurrence, states([each])) for each in found] == [("2026-11-19@2026-11-20T11:00:00Z", "G")]
