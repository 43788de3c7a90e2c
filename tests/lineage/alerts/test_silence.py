"""Silence: messages are muted and nothing else, by a statement with who, why and until when."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from lineage.cli import build
from lineage.errors import InvalidInput
from lineage.slo.decided import of
from lineage.slo.silences import silencing, unsilencing
from lineage.statements import Kept, Statement
from tests.lineage.alerts.test_outbox import GOOD, LATE, Desk
from tests.support.alerting import HOUR, NOW
from tests.support.promises import Lake, document

MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk() -> Desk:
    """An SLO is late, and its owner silenced it ten minutes before, for two hours."""
    desk = Desk()
    state(desk, silencing("orders", 2 * HOUR, "the lake is being moved", "ana", NOW - 10 * MINUTE))
    desk.react(LATE)
    return desk


def state(desk: Desk, statement: Statement) -> None:
    desk.store.stated.append(Kept(statement.at, str(statement.at).encode(), statement))


def sent(desk: Desk, *after: timedelta) -> list[int]:
    """How many messages Slack has after each of these times."""
    found = []
    for each in after:
        desk.drain(NOW + each)
        found.append(len(desk.slack.sent))
    return found


def test_nobody_is_told_until_it_ends(desk: Desk) -> None:
    """The incident is open all the time; what is still wrong when the silence ends is told then."""
    assert (sent(desk, MINUTE, 109 * MINUTE, 110 * MINUTE), desk.incident().state) == ([0, 0, 1], "open")


def test_what_began_and_ended_meanwhile_is_told_to_nobody(desk: Desk) -> None:
    """It is on record; a message that something is over of which nobody knew helps nobody."""
    desk.react(GOOD)

    assert (sent(desk, HOUR, 3 * HOUR), desk.incident().state) == ([0, 0], "resolved")


def test_ended_early_it_is_told_at_once(desk: Desk) -> None:
    """The newest word counts."""
    state(desk, unsilencing("orders", "the lake is there", "ana", NOW + 5 * MINUTE))

    assert sent(desk, MINUTE, 6 * MINUTE) == [0, 1]


@pytest.mark.parametrize("length", [timedelta(0), timedelta(days=7, seconds=1)])
def test_no_silence_is_for_ever(length: timedelta) -> None:
    """A week at most, and with a reason."""
    with pytest.raises(InvalidInput, match="up to 7 d"):
        silencing("orders", length, "because", "ana", NOW)


def test_a_silence_has_a_reason() -> None:
    """It stays on record."""
    with pytest.raises(InvalidInput, match="say why"):
        silencing("orders", HOUR, " ", "ana", NOW)


def slo(*arguments: str) -> Result:
    return CliRunner().invoke(build(), ["slo", *arguments])


def applied(folder: Path) -> str:
    """A store in which the SLO orders is in force."""
    store, file = f"sqlite:///{folder / 'lake.db'}", folder / "orders.yaml"
    file.write_text(json.dumps(document(name="orders")))
    assert slo("apply", str(file), "--store", store).exit_code == 0
    return store


def test_the_command_silences(tmp_path: Path) -> None:
    """`headwater slo silence` keeps a statement, and --undo another one."""
    store = ("--store", applied(tmp_path), "--by", "ana", "--because", "moving")

    silent = json.loads(slo("silence", "orders", "--for", "30m", "--json", *store).stdout)
    again = slo("silence", "orders", "--undo", *store).stdout

    lake = Lake(tmp_path)
    kept = lake.store.statements([of("orders")])
    lake.homes.close()
    assert (silent["by"], silent["silencedUntil"] is None, again) == ("ana", False, "orders speaks again.\n")
    words = [word for each in kept for word in each.statement.words]
    assert [word.holds for word in words if word.what == "silenced"] == [True, False]


@pytest.mark.parametrize(
    "words",
    [("silence",), ("exclude", "--start", "2026-12-24T20:00:00Z", "--duration", "2h")],
    ids=lambda words: words[0],
)
def test_a_misspelt_name_is_no_slo(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Nobody believes that something is silent, or does not count, which is not."""
    done = slo(words[0], "order", *words[1:], "--because", "moving", "--store", applied(tmp_path))

    assert str(done.exception) == "no SLO is named 'order'; there are: orders"


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    """A span that cannot be read is one sentence that names the option."""
    store = f"sqlite:///{tmp_path / 'lake.db'}"
    done = slo("silence", "orders", "--for", "long", "--because", "x", "--store", store)

    assert str(done.exception).startswith("--for: ")
