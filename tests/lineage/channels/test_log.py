"""The log as a channel."""

from __future__ import annotations

import logging

import pytest

from lineage.channels import log as channel
from tests.support.incidents import OPENED


def test_a_message_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """The whole message is one warning, with its words and the incident's id as fields."""
    sender = channel.open(channel.Settings())
    with caplog.at_level(logging.WARNING):
        sender.send(sender.render(OPENED, "http://lineage"))
    (record,) = caplog.records

    assert (
        record.message,
        record.__dict__["incident"],
        "load_settlements" in record.__dict__["text"],
    ) == ("incident_told", "INC-7", True)
