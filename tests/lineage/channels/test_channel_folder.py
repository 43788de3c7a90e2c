"""A channel is one file: found by its word, with its own settings."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

import lineage.channels
from lineage.channels.base import ready, sections
from lineage.settings import load
from tests.support.incidents import OPENED

PAPER = '''
    """A channel that prints to a file: the one of docs/add-a-channel.md."""

    from pathlib import Path

    from pydantic import Field

    from lineage.alerts.incidents import Incident
    from lineage.alerts.messages import Channel, Delivery, Message
    from lineage.alerts.phrases import told
    from lineage.errors import ChannelFailed
    from lineage.settings import Section


    class Settings(Section):
        """Where the paper lies."""

        path: Path | None = Field(None, description="The file that messages are added to.")


    class Paper:
        """Adds every message to a file."""

        def __init__(self, path: Path) -> None:
            self._path = path

        def render(self, incident: Incident, base_url: str) -> Message:
            return Message(to=None, text=told(incident, base_url))

        def send(self, message: Message) -> Delivery:
            try:
                with self._path.open("a") as paper:
                    paper.write(f"{message.text}\\n")
            except OSError as error:
                raise ChannelFailed(f"{self._path} cannot be written", recoverable=True) from error
            return Delivery({})


    def configured(settings: Settings) -> bool:
        return settings.path is not None


    def open(settings: Settings) -> Channel:
        return Paper(settings.path)
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A second folder of channels, with one file in it."""
    (tmp_path / "paper.py").write_text(dedent(PAPER), encoding="utf-8")
    monkeypatch.setattr(lineage.channels, "__path__", [*lineage.channels.__path__, str(tmp_path)])
    yield tmp_path
    sys.modules.pop("lineage.channels.paper", None)


def test_a_file_in_the_folder_is_a_channel(folder: Path) -> None:
    """One new file has its own section of settings, is opened when it is configured, and carries a message."""
    written = folder / "paper.txt"
    settings = load(sections=sections(), paper={"path": str(written)})
    paper = ready(settings)["paper"]
    paper.send(paper.render(OPENED, "http://lineage"))

    assert "load_settlements" in written.read_text(encoding="utf-8")


def test_channels_without_settings_are_not_opened() -> None:
    """Of what ships with the program only the log is ready without any settings."""
    assert {"log"} == ready(load(sections=sections())).keys()


def test_slack_is_configured_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """HEADWATER_SLACK__WEBHOOK_URL is all that a webhook needs."""
    monkeypatch.setenv("HEADWATER_SLACK__WEBHOOK_URL", "http://127.0.0.1:1/x")

    assert {"log", "slack"} == ready(load(sections=sections())).keys()
