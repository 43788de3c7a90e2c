"""Explain: one verdict with its reasons and the events that prove it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from lineage.errors import NotFound
from lineage.model import Rule
from lineage.slo.evaluate import evaluate
from lineage.slo.explain import Explanation, explain, lines_of, shape_of
from lineage.slo.shape import shape
from tests.support.promises import HOUR, NOON, Lake, promise

LAST, MISSING = "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z"


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Five of six deliveries."""
    found = Lake(tmp_path)
    found.runs(NOON - 6 * HOUR, 5)
    yield found
    found.homes.close()


def explained(lake: Lake, occurrence: str) -> Explanation:
    slo = promise(window="6h", target="0.5")
    return explain(slo, evaluate(slo, lake.store, NOON + HOUR / 3), occurrence, lake.store)


def test_a_good_verdict_names_the_event_that_made_it_so(lake: Lake) -> None:
    """The digest leads to the bytes in the ledger."""
    (event,) = explained(lake, LAST).events

    assert (event.type, event.at) == ("COMPLETE", NOON - HOUR + timedelta(minutes=5))


def test_absence_is_told_as_such(lake: Lake) -> None:
    """Nothing came, so there is no event to be named; the rest is told for a person."""
    assert list(lines_of(explained(lake, MISSING))) == [
        "orders-freshness  2026-11-20T11:00:00Z  BAD",
        "  because    not delivered, and no run tried",
        "  due        2026-11-20 12:15 UTC",
        "  counts     0 good of 1 occurrences",
        "  spends     33.3 % of the error budget",
        "  stands     83.33 % good, objective 50 %; 66.6 % of the error budget left",
        "  event      none: absence is what it is judged by",
    ]


def test_it_says_what_the_status_says(lake: Lake) -> None:
    """The same words and numbers as the API and the page have."""
    slo = promise(window="6h", target="0.5")
    status = shape(evaluate(slo, lake.store, NOON + HOUR / 3), slo)["occurrences"]
    assert isinstance(status, list)

    said = shape_of(explained(lake, LAST))

    (shown,) = [one for one in status if one["occurrence"] == LAST]
    assert {key: said[key] for key in shown.keys() & said.keys()} == {
        key: shown[key] for key in shown.keys() & said.keys()
    }


def test_it_tells_which_rules_failed_and_what_would_be_ordinary(lake: Lake) -> None:
    """A line for each rule that failed; one that passed is told to programs alone."""
    plain = explained(lake, LAST)
    verdict = replace(
        plain.verdict, rules=(Rule("unique(id)", 1200), Rule("valid", 0)), ordinary=(Fraction(900), Fraction(1100))
    )

    told = [*lines_of(replace(plain, verdict=verdict))]
    said = shape_of(replace(plain, verdict=verdict))

    assert ([line for line in told if line.split()[0] in {"rule", "ordinary"}], said["rules"], said["ordinary"]) == (
        ["  ordinary   900 to 1,100", "  rule       1,200 failed unique(id)"],
        [{"name": "unique(id)", "failed": 1200}, {"name": "valid", "failed": 0}],
        [900, 1100],
    )


@pytest.mark.parametrize(("name", "wanted"), [("newest", MISSING), ("2026-11-20T11", MISSING), (LAST, LAST)])
def test_an_occurrence_may_be_named_in_short(lake: Lake, name: str, wanted: str) -> None:
    """By the beginning of its name, or as the newest that was judged."""
    assert explained(lake, name).verdict.occurrence == wanted


FAULTS = {
    "2026-11-20T1": "2 occurrences are meant by '2026-11-20T1'; begin so: 2026-11-20T10:00:00Z, 2026-11-20T11:00:00Z",
    "2026-11-19": "no occurrences are meant by '2026-11-19'; there are: 2026-11-20T07:00:00Z, 2026-11-20T08:00:00Z, ",
}


@pytest.mark.parametrize(("name", "message"), FAULTS.items())
def test_a_name_that_means_none_or_several_is_refused(lake: Lake, name: str, message: str) -> None:
    """With names that there are."""
    with pytest.raises(NotFound, match=re.escape(message)):
        explained(lake, name)


def test_before_anything_was_due_it_says_what_comes_next(lake: Lake) -> None:
    """Whatever was asked for: an SLO that began a moment ago has no occurrence to name."""
    slo = promise(window="6h", target="0.5").since(NOON)
    status = evaluate(slo, lake.store, NOON)

    with pytest.raises(NotFound, match=re.escape("nothing was due by then; the next is due 2026-11-20 12:15 UTC")):
        explain(slo, status, LAST, lake.store)


def test_before_anything_was_judged_the_newest_is_none(lake: Lake) -> None:
    """What there is was not judged: that is said, and not that its name means nothing."""
    slo = promise(window="6h", target="0.5")
    status = evaluate(slo, lake.store, NOON + HOUR / 3)
    unjudged = replace(status, occurrences=tuple(replace(each, total=Fraction(0)) for each in status.occurrences))

    with pytest.raises(NotFound, match=re.escape("nothing was judged by then; there are: 2026-11-20T07:00:00Z, ")):
        explain(slo, unjudged, "newest", lake.store)
