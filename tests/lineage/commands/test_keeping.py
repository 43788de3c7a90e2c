"""The commands that keep the store safe and say what is in it: rebuild, audit verify, backup, restore, dump."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import count
from pathlib import Path
from threading import Event
from time import sleep

import httpx2
import pytest
from typer.testing import CliRunner, Result

from collectors.rebuild import catch_up
from lineage import cli
from lineage.commands._open import NOT_WHOLE
from lineage.errors import Conflict, HeadwaterError, StoreUnusable
from lineage.homes import open_homes
from lineage.model import Draft
from lineage.store.making import UNFINISHED
from tests.support import posting
from tests.support.ledgers import event, minute
from tests.support.making import RUN, body
from tests.support.server import Server


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with three entries, one of which is no event."""
    path = tmp_path / "headwater.db"
    with open_homes(f"sqlite:///{path}") as homes:
        bodies = [body(), body(run={"runId": RUN.replace("1", "2")})]
        drafts = [Draft("event", one, sha256(one).digest(), "anonymous") for one in bodies]
        homes.ledger.append([*drafts, event("not JSON")], minute(0))
        catch_up(homes.ledger, homes.store)
    return path


def headwater(path: Path, *words: str) -> Result:
    """What the command prints; a foreseen failure is raised."""
    result = CliRunner().invoke(cli.build(), [*words, "--store", f"sqlite:///{path}"])
    if isinstance(result.exception, HeadwaterError):
        raise result.exception
    return result


def forge(path: Path) -> None:
    hand = sqlite3.connect(path)
    hand.execute("UPDATE ledger SET principal = 'mallory' WHERE seq = 2")
    hand.commit()
    hand.close()


def test_rebuild_says_what_came_of_it(path: Path) -> None:
    """Rebuild counts the events that it merged, and those that it could not."""
    printed = headwater(path, "rebuild").stdout.splitlines()

    assert printed == [
        "Events merged: 2.",
        "Events left out: 1; the log says why, and the ledger keeps them.",
    ]


def test_a_graph_that_is_not_whole_is_spoken_of(path: Path) -> None:
    """Beside what a command prints, until a rebuild has made it whole."""
    with open_homes(f"sqlite:///{path}") as homes:
        homes.store.put([UNFINISHED])

    assert [NOT_WHOLE + "\n", "", ""] == [headwater(path, word).stderr for word in ("dump", "rebuild", "dump")]


def test_rebuild_prints_json(path: Path) -> None:
    """With --json the counts are one JSON object."""
    assert json.loads(headwater(path, "rebuild", "--json").stdout) == {"merged": 2, "unprojected": 1}


def test_a_sound_ledger_is_verified(path: Path) -> None:
    """Verify prints the head of each chain and exits with 0."""
    result = headwater(path, "audit", "verify")

    assert (
        result.exit_code,
        result.stdout.startswith("3 entries by "),
        result.stdout.splitlines()[-1],
    ) == (0, True, "All as it was written.")


def test_a_forged_ledger_is_told(path: Path) -> None:
    """Verify names the entry that was changed and exits with 1."""
    forge(path)
    result = headwater(path, "audit", "verify")

    assert (result.exit_code, ":2: a field, the order or the chain is not what it was" in result.stdout) == (1, True)


def test_a_forged_ledger_is_told_in_json(path: Path) -> None:
    """With --json heads and problems are lists."""
    forge(path)
    answer = json.loads(headwater(path, "audit", "verify", "--json").stdout)

    assert (
        answer["entries"],
        [head["seq"] for head in answer["heads"]],
        [problem["seq"] for problem in answer["problems"]],
    ) == (3, [3], [2])


def test_a_backup_restored_is_the_same(path: Path, tmp_path: Path) -> None:
    """What backup copied and restore brought back has the same graph and a sound ledger."""
    backup, restored = tmp_path / "backup.db", tmp_path / "restored.db"
    copied = headwater(path, "backup", str(backup), "--json")
    headwater(restored, "restore", str(backup))

    assert (backup.stat().st_size, headwater(path, "dump").stdout, 0) == (
        json.loads(copied.stdout)["bytes"],
        headwater(restored, "dump").stdout,
        headwater(restored, "audit", "verify").exit_code,
    )


def test_a_backup_is_made_while_the_store_is_in_use(path: Path, tmp_path: Path) -> None:
    """Backup works beside a process that has the store open, even in the middle of a transaction."""
    with open_homes(f"sqlite:///{path}") as homes:
        homes.store.together(lambda: headwater(path, "backup", str(tmp_path / "backup.db")))

    assert headwater(path, "dump").stdout == headwater(tmp_path / "backup.db", "dump").stdout


def test_a_backup_made_while_events_stream_in_is_whole(tmp_path: Path) -> None:
    """Beside a server that takes events: all that was acknowledged before is in it, and its graph is its ledger's."""
    backup, restored = tmp_path / "backup.db", tmp_path / "restored.db"
    acknowledged: list[str] = []
    is_enough = Event()

    def stream(url: str) -> None:
        for number in count():
            answer = httpx2.post(f"{url}/api/v1/lineage", content=posting.event(number), trust_env=False)
            if is_enough.is_set():
                return
            assert answer.status_code == 201
            acknowledged.append(f"00000000-0000-4000-8000-{number:012d}")

    with Server(tmp_path / "headwater.db") as server, ThreadPoolExecutor(1) as client:
        streaming = client.submit(stream, server.url)
        while len(acknowledged) < 20 and not streaming.done():
            sleep(0.01)
        before = list(acknowledged)
        headwater(tmp_path / "headwater.db", "backup", str(backup))
        is_enough.set()
        streaming.result()
    headwater(restored, "restore", str(backup))
    dumps = [headwater(path, "dump").stdout for path in (backup, restored)]
    headwater(restored, "rebuild")
    dumps.append(headwater(restored, "dump").stdout)

    assert (1, [], 0) == (
        len(set(dumps)),
        [run for run in before if run not in dumps[0]],
        headwater(restored, "audit", "verify").exit_code,
    )


def test_there_must_be_something_to_back_up(tmp_path: Path) -> None:
    """A store that does not exist is not made by backing it up."""
    with pytest.raises(StoreUnusable, match="nothing to back up"):
        headwater(tmp_path / "missing.db", "backup", str(tmp_path / "backup.db"))

    assert list(tmp_path.iterdir()) == []


def test_restore_replaces_only_what_it_may(path: Path, tmp_path: Path) -> None:
    """A store that is there stays, unless --replace says that it may be lost."""
    backup = tmp_path / "backup.db"
    headwater(path, "backup", str(backup))
    with pytest.raises(Conflict, match="--replace"):
        headwater(path, "restore", str(backup))

    assert headwater(path, "restore", str(backup), "--replace").exit_code == 0


def test_the_digest_is_that_of_the_dump(path: Path) -> None:
    """`dump --digest` prints the SHA-256 of what `dump` prints."""
    whole = headwater(path, "dump").stdout_bytes

    assert (sha256(whole).hexdigest(), {"sha256": sha256(whole).hexdigest()}) == (
        headwater(path, "dump", "--digest").stdout.strip(),
        json.loads(headwater(path, "dump", "--digest", "--json").stdout),
    )


def test_a_dump_is_json_line_by_line(path: Path) -> None:
    """Each line of a dump is a JSON value."""
    lines = headwater(path, "dump").stdout.splitlines()

    assert {True} == {json.loads(line) is not None for line in lines}
