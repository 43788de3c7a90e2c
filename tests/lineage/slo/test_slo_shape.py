"""Shape: a status as JSON."""

from __future__ import annotations

import json

from lineage.slo.budget import judge
from lineage.slo.shape import label, shape
from tests.support.promises import NOON, promise, verdicts


def shaped(letters: str, **changes: object) -> dict[str, object]:
    slo = promise(**changes)
    answer: dict[str, object] = json.loads(json.dumps(shape(judge(slo, verdicts(letters), NOON), slo)))
    return answer


def test_counts_are_whole_and_ratios_are_what_was_written() -> None:
    """No float noise: 0.999 is 0.999, and a count has no decimals."""
    answer = shaped("GGGB", target="0.999")

    assert json.dumps([answer[key] for key in ("target", "sli", "good", "bad", "total")]) == "[0.999, 0.75, 3, 1, 4]"


def test_nothing_of_nothing_is_null() -> None:
    """0 of 0 is never 1."""
    assert shaped("U")["sli"] is None


def test_the_burn_is_shown_where_the_ladder_speaks() -> None:
    """BurnRates is empty then, for none of them speaks; burn has the catalogue's windows, quiet."""
    answer = shaped("GGGB")
    burn = answer["burn"]

    assert isinstance(burn, dict)
    assert (answer["burnRates"], [(name, rate["long"], rate["firing"]) for name, rate in burn.items()]) == (
        {},
        [("1h", 100, False), ("6h", 25, False), ("1d", 25, False), ("3d", 25, False)],
    )


def test_a_tier_is_named_by_its_long_window() -> None:
    """burnRates: {window: {long, short, threshold, firing}}."""
    rates = shaped("GGGB", alerting={"policy": "mwmb"})["burnRates"]

    assert isinstance(rates, dict)
    assert {name: rate["threshold"] for name, rate in rates.items()} == {
        "1h": 13.44,
        "6h": 5.6,
        "1d": 2.8,
        "3d": 0.9333333333333333,
    }


def test_windows_are_spelled_in_the_largest_unit() -> None:
    """As everywhere: 5m, 1h, 3d."""
    assert [label(seconds) for seconds in (300, 3600, 259_200, 90)] == ["5m", "1h", "3d", "90s"]
