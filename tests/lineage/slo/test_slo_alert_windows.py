"""AlertWindows: windows of one's own, written out in an SLO or shared by name."""

from __future__ import annotations

import json
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from lineage.errors import InvalidDefinition
from lineage.slo.reading import read_path, read_text
from lineage.slo.tiers import choose, tiers_of
from tests.support.promises import DAY, HOUR, document, promise

MINUTE = timedelta(minutes=1)
WINDOWS = [
    {"severity": "page", "long": "2h", "short": "10m", "budget": "0.05"},
    {"severity": "ticket", "long": "1d", "short": "2h", "budget": "0.2"},
]
OURS = {
    "apiVersion": "headwater/v1",
    "kind": "AlertWindows",
    "metadata": {"name": "ours"},
    "spec": {"windows": WINDOWS},
}


def slo(windows: Any, **alerting: Any) -> dict[str, Any]:
    return document(alerting={"policy": "mwmb", "windows": windows, **alerting})


def text(*documents: dict[str, Any]) -> str:
    return "\n---\n".join(json.dumps(each) for each in documents)


def test_an_slo_may_have_windows_of_its_own() -> None:
    """The factor is the share of the budget times the SLO's window by the long one, exactly."""
    found = promise(alerting={"policy": "mwmb", "windows": WINDOWS})

    assert [(tier.severity, tier.long, tier.factor(28 * DAY)) for tier in choose(found, HOUR)] == [
        ("page", 2 * HOUR, Fraction(5, 100) * 28 * 12),
        ("ticket", DAY, Fraction(2, 10) * 28),
    ]


def test_a_window_may_say_its_burn_rate() -> None:
    """The factor is that number, over whatever window of the SLO, and stays where `auto` stretches."""
    own = [{"severity": "page", "long": "1h", "short": "5m", "burnRate": 14.4}]
    found = promise(target="0.95", alerting={"windows": own})

    assert [(tier.long, tier.factor(28 * DAY), tier.factor(90 * DAY)) for tier in choose(found, HOUR)] == [
        (12 * HOUR, Fraction(144, 10), Fraction(144, 10))
    ]


def test_auto_stretches_them_as_it_does_the_catalogue() -> None:
    """Each window holds enough expected events, and a tier that cannot mean anything is left out."""
    found = promise(target="0.95", alerting={"windows": WINDOWS})

    assert [(tier.long, tier.short) for tier in choose(found, HOUR)] == [(12 * HOUR, 3 * HOUR), (DAY, 3 * HOUR)]


def test_windows_are_shared_within_a_file() -> None:
    """A catalogue beside the SLOs is named, and is no SLO itself."""
    (source,) = read_text(text(OURS, slo("ours")), "slos.yaml")

    assert [tier.budget for tier in tiers_of(source.slo)] == [Fraction(5, 100), Fraction(2, 10)]


def test_windows_are_shared_between_files(tmp_path: Path) -> None:
    """In windows/NAME.yaml beside them; what is kept of an SLO says them itself."""
    (tmp_path / "windows").mkdir()
    (tmp_path / "windows" / "ours.yaml").write_text(text(OURS))
    (tmp_path / "orders.yaml").write_text(text(slo("ours")))
    (source,) = read_path(tmp_path)

    assert (len(tiers_of(source.slo)), read_text(source.text, "elsewhere.yaml")[0].slo) == (2, source.slo)


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        (
            [slo("theirs")],
            "spec.alerting.windows: no AlertWindows are named 'theirs'; write them in",
        ),
        ([slo("../ours")], "spec.alerting.windows: no AlertWindows are named '../ours'; write them in this file or in"),
        ([OURS | {"spec": {"windows": []}}], "spec.windows: no window stands here; write"),
        (
            [OURS | {"spec": {"windows": [WINDOWS[0] | {"short": "3h"}]}}],
            "spec.windows.0: the short window is",
        ),
        ([slo([WINDOWS[0] | {"budget": 0}])], "spec.alerting.windows.0.budget: "),
    ],
)
def test_faults_have_their_place(tmp_path: Path, documents: list[dict[str, Any]], said: str) -> None:
    """A name that is nowhere, and windows that are none."""
    file = tmp_path / "slos.yaml"
    file.write_text(text(*documents))
    with pytest.raises(InvalidDefinition) as caught:
        read_path(file)

    assert str(caught.value).split(": ", 1)[1].startswith(said)
