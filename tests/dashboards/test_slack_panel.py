"""A Slack message on a page: what Slack would draw, and nothing that a message could smuggle in."""

from __future__ import annotations

import pytest

from dashboards.panels.slack import Run, rows, runs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("late", (Run("text", "late"),)),
        ("*Owner*\n@ada", (Run("bold", "Owner"), Run("line", ""), Run("text", "@ada"))),
        ("<http://hw/slos/a|the SLO>", (Run("text", "the SLO", "http://hw/slos/a"),)),
        ("<http://hw/d|`stg.orders`>", (Run("code", "stg.orders", "http://hw/d"),)),
        ("<!date^1767261720^{date}|2026-01-01 10:02 UTC>", (Run("text", "2026-01-01 10:02 UTC"),)),
        ("<!subteam^S0DATA>", (Run("text", "!subteam^S0DATA"),)),
        ("a &lt; b &amp; c", (Run("text", "a < b & c"),)),
        ("<javascript:alert(1)|click>", (Run("text", "click"),)),
    ],
)
def test_mrkdwn_becomes_runs_of_text(text: str, expected: tuple[Run, ...]) -> None:
    """What our messages use of mrkdwn is drawn; only http(s) links."""
    assert expected == runs(text)


def test_blocks_become_rows() -> None:
    """Header, fields, buttons and context, in the order in which they were sent."""
    payload = {
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Page"}},
            {"type": "section", "fields": [{"type": "mrkdwn", "text": "*A*"}, {"type": "mrkdwn", "text": "b"}]},
            {"type": "actions", "elements": [{"text": {"text": "Incident"}, "url": "http://hw/incidents/INC-1"}]},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "INC-1"}]},
        ]
    }

    drawn = [(row.kind, [[run.text for run in cell] for cell in row.cells]) for row in rows(payload)]

    assert drawn == [
        ("header", [["Page"]]),
        ("section", [["A"], ["b"]]),
        ("actions", [["Incident"]]),
        ("context", [["INC-1"]]),
    ]
