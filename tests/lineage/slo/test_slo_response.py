"""What is promised of incidents, as a definition says it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from lineage.slo.planning import differences
from lineage.slo.response import Response
from lineage.slo.spec import DataSLO, define
from lineage.slo.written import body_of
from tests.support.alerting import ORDERS, slo

ORDERED = slo("orders", ORDERS)


def promising(incidents: dict[str, Any]) -> DataSLO:
    """An SLO that promises *incidents*."""
    body = body_of(ORDERED)
    return define(body | {"spec": body["spec"] | {"incidents": incidents}})


def test_what_is_promised_comes_in_the_order_in_which_it_happens() -> None:
    """Seen, told, taken up, good again; what nobody promised is left out."""
    given = {"repair": "4h", "detect": "10m", "notify": "15m"}
    promised = promising(given).spec.incidents

    assert promised is not None
    assert list(promised.spans.items()) == [
        ("detect", timedelta(minutes=10)),
        ("notify", timedelta(minutes=15)),
        ("repair", timedelta(hours=4)),
    ]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "write detect, notify, acknowledge or repair, as in repair: 4h"),
        ({"repair": "0m"}, "nobody answers within nothing; write 10m"),
        ({"repair": "soon"}, "'soon' is not a duration"),
        ({"fix": "4h"}, "Extra inputs are not permitted"),
    ],
)
def test_what_promises_nothing_is_refused(given: dict[str, Any], told: str) -> None:
    """With what to write instead."""
    with pytest.raises(ValidationError, match=told):
        promising(given)


def test_a_plan_says_that_no_verdict_changes() -> None:
    """Whoever promises a repair changes no budget."""
    found = [(each.field, each.effect) for each in differences(ORDERED, promising({"repair": "4h"}))]

    assert found == [("spec.incidents.repair", "what answers to incidents are held to; no verdict changes")]


def test_spans_are_written_as_they_were_given() -> None:
    """As any duration of a definition."""
    promised = Response.model_validate({"detect": "10m", "repair": "4h"})

    assert promised.model_dump(mode="json", exclude_none=True) == {"detect": "10m", "repair": "4h"}
