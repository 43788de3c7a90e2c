"""A new indicator is one file: the one of docs/add-an-indicator.md, taken from the page, measures."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from lineage.parts import part
from lineage.slo import indicators
from lineage.slo.budget import judge
from lineage.slo.evidence import Evidence
from lineage.slo.spec import INDICATORS
from tests.support.promises import HOUR, NOON, delivery, promise, states

PAGE = Path(__file__).parent.parent.parent.parent / "docs" / "add-an-indicator.md"


def test_the_indicator_on_the_page_is_read_measured_and_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropped into the folder, it takes its word of the format, gives verdicts and a status; nothing else is edited."""
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    (tmp_path / "first_try.py").write_text(code[1], encoding="utf-8")
    monkeypatch.setattr(indicators, "__path__", [*indicators.__path__, str(tmp_path)])
    slo = promise(sli={"type": "first_try"})
    last, before = (NOON - HOUR, NOON), (NOON - 2 * HOUR, NOON - HOUR)
    deliveries = (
        delivery(NOON - HOUR + timedelta(minutes=5), "a", nominal=before),
        delivery(NOON + timedelta(minutes=5), "b", nominal=last, state="FAIL"),
        delivery(NOON + timedelta(minutes=9), "c", nominal=last),
    )
    now = NOON + timedelta(minutes=20)

    verdicts = part(INDICATORS, "first_try").measure(slo, Evidence(now - 3 * HOUR, deliveries), now)

    assert (states(verdicts), judge(slo, verdicts, now).counts["bad"]) == ("UGB", 1)
