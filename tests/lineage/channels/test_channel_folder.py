"""A channel is one file: found by its word, with its own settings."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import lineage.channels
from lineage.channels.base import ready, sections
from lineage.settings import load
from tests.support.incidents import OPENED

GUIDE = Path(__file__).parents[3] / "docs" / "add-a-channel.md"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A second folder of channels, with the file of the guide in it."""
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "paper.py").write_text(code, encoding="utf-8")
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
