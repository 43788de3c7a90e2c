"""To whom: the owner's channel, the default, Slack, the log."""

from __future__ import annotations

import pytest

from lineage.alerts.routing import Route, route
from lineage.settings import Alerts

BOTH = {"log", "slack"}


@pytest.mark.parametrize(
    ("wishes", "ready", "alerts", "expected"),
    [
        ({"slack": "C0"}, BOTH, Alerts(), Route("slack", "C0")),
        ({"pager": "P", "slack": "C0"}, BOTH, Alerts(), Route("slack", "C0")),
        ({"slack": "C0"}, {"log"}, Alerts(), Route("log", None)),
        ({}, BOTH, Alerts(channel=None, to="C9"), Route("slack", "C9")),
        ({}, BOTH, Alerts(channel="log", to=None), Route("log", None)),
        ({}, BOTH, Alerts(channel="pager", to="P"), Route("log", None)),
    ],
)
def test_the_nearest_ready_channel_is_taken(
    wishes: dict[str, str], ready: set[str], alerts: Alerts, expected: Route
) -> None:
    """Owner before default before Slack before the log; a channel that is not configured is passed over."""
    assert expected == route(wishes, ready, alerts)
