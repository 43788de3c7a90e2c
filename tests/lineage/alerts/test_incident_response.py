"""How fast an incident was answered, held to what its SLOs promise."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from lineage.alerts.incidents import Incident
from lineage.alerts.response import answers
from lineage.slo.response import Response
from tests.support.alerting import HOUR, NOW
from tests.support.incidents import LATE, OPENED

MINUTE = timedelta(minutes=1)
PROMISED = Response.model_validate({"detect": "10m", "notify": "15m", "acknowledge": "30m", "repair": "4h"})


def incident(*, over: datetime | None = None, acked: datetime | None = None, **member: Any) -> Incident:
    """Bad since NOW, seen after 4 minutes, told a minute later."""
    moments = {"promised": PROMISED, "detected_at": NOW + 4 * MINUTE, "notified_at": NOW + 5 * MINUTE}
    hurt = LATE.model_copy(update={**moments, "restored_at": over, **member})
    state = "open" if over is None else "resolved"
    return OPENED.model_copy(update={"members": (hurt,), "acked_at": acked, "restored_at": over, "state": state})


def told(found: Incident, now: datetime = NOW + 6 * MINUTE) -> dict[str, tuple[timedelta | None, str]]:
    """What each promise came to."""
    return {each.what: (each.took, each.state) for each in answers(found, now)}


def test_each_span_runs_from_the_end_of_the_one_before() -> None:
    """And the repair from the first bad occurrence."""
    assert told(incident(over=NOW + 3 * HOUR, acked=NOW + 25 * MINUTE)) == {
        "detect": (4 * MINUTE, "kept"),
        "notify": (MINUTE, "kept"),
        "acknowledge": (20 * MINUTE, "kept"),
        "repair": (3 * HOUR, "kept"),
    }


def test_what_took_longer_was_missed() -> None:
    """Exactly as long as promised is kept."""
    late = incident(over=NOW + 4 * HOUR, acked=NOW + 36 * MINUTE, detected_at=NOW + 11 * MINUTE)

    assert {what: state for what, (_, state) in told(late).items()} == {
        "detect": "missed",
        "notify": "kept",
        "acknowledge": "missed",
        "repair": "kept",
    }


@pytest.mark.parametrize(("after", "state"), [(35 * MINUTE, "open"), (36 * MINUTE, "missed")])
def test_what_nobody_did_is_missed_once_the_time_is_up(after: timedelta, state: str) -> None:
    """Not only when somebody does it at last."""
    assert told(incident(), NOW + after)["acknowledge"] == (None, state)


def test_what_nobody_had_to_do_any_more_is_left_out() -> None:
    """All was good again while there was time to acknowledge it."""
    assert "acknowledge" not in told(incident(over=NOW + 20 * MINUTE), NOW + HOUR)


def test_what_has_not_begun_is_left_out() -> None:
    """Nobody can take up what nobody was told of."""
    assert [*told(incident(notified_at=None))] == ["detect", "notify", "repair"]


def test_who_had_taken_it_up_before_another_slo_was_hurt_took_no_time() -> None:
    """And not less than none."""
    assert told(incident(acked=NOW + MINUTE))["acknowledge"] == (timedelta(0), "kept")


def test_of_what_was_withdrawn_nothing_was_promised() -> None:
    """The data was in time."""
    assert told(incident(over=NOW + HOUR, withdrawn=True)) == {}


def test_what_was_withdrawn_of_an_incident_that_goes_on_is_no_broken_promise() -> None:
    """Only what it hurts in truth counts."""
    found = incident()
    late = found.members[0].model_copy(update={"slo": "late", "withdrawn": True, "restored_at": NOW + 9 * HOUR})
    both = found.model_copy(update={"members": (late, *found.members)})

    assert {each.slo for each in answers(both, NOW + HOUR)} == {LATE.slo}


def test_who_promises_nothing_is_held_to_nothing() -> None:
    """Most SLOs."""
    assert told(incident(promised=None)) == {}
