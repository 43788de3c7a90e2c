"""What came in decides the graph, not how: any order, repetition, batching and door, over every file of events.

From bytes to the dump: redaction, producers, ledger and merge included. Received times belong to the bytes, for they
are part of what the graph is a function of (DECISIONS 1).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.admission import Found, admit
from collectors.journal import Admitted, Journal
from lineage.auth import ANONYMOUS
from lineage.homes import Homes, open_homes
from lineage.settings import Ingest
from tests.support.events import all_files, bodies, digest, told_bodies

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = b"s" * 32
ROOT = Path(__file__).parents[2]

Arrival = tuple[int, Sequence[bytes]]  # through which door, and what came together


@cache
def everything() -> list[bytes]:
    """All good events of all files: captured, hand-made, and those that tell a rule or a difference of names."""
    found = [body for name in all_files() for body in bodies(name)] + told_bodies()
    return [body for body in found if isinstance(read(body), Admitted)]


@cache
def received_at(body: bytes) -> datetime:
    """When *body* was received, wherever and however often it comes."""
    return NOON + timedelta(minutes=digest(body)[0] % 5)


@cache
def read(body: bytes) -> Found:
    """*body* as the door reads it."""
    return admit(body, ANONYMOUS, Ingest(), SECRET)


def bring(homes: Homes, batch: Sequence[bytes]) -> None:
    """Commit *batch*, in one commit as far as its received times allow."""
    journal = Journal(homes.ledger, homes.store)
    for at, together in groupby(batch, received_at):
        journal.commit([found for body in together if isinstance(found := read(body), Admitted)], [], at)


def arrived(folder: Path, arrivals: Sequence[Arrival], doors: int = 1) -> tuple[list[bytes], list[object]]:
    """The dump, and what is wrong with the chain, after *arrivals* at so many *doors* of one file."""
    with ExitStack() as stack:
        opened = [stack.enter_context(open_homes(f"sqlite:///{folder / 'headwater.db'}")) for _ in range(doors)]
        for door, batch in arrivals:
            bring(opened[door], batch)
        return list(opened[0].store.dump()), list(opened[0].ledger.verify())


@pytest.fixture(scope="module")
def plainly(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The dump after every event came once, alone, in the order of its file, through one door."""
    return arrived(tmp_path_factory.mktemp("plain"), [(0, [body]) for body in everything()])[0]


@st.composite
def arrivals(draw: st.DrawFn, doors: int) -> list[Arrival]:
    """Every event at least once, some of them again, in any order, a few at a time, through any door."""
    chance = Random(draw(st.integers(0, 2**32)))  # a permutation of hundreds is no choice that shrinking could improve
    coming = everything() + chance.sample(everything(), draw(st.integers(0, 60)))
    chance.shuffle(coming)
    most = draw(st.sampled_from((1, 7, 60, 1000)))
    found: list[Arrival] = []
    while coming:
        size = chance.randint(1, most)
        batch, coming = sorted(coming[:size], key=received_at), coming[size:]
        found.append((chance.randrange(doors), batch))
    return found


def test_there_is_lineage_in_the_files(plainly: list[bytes]) -> None:
    """The graph that the others are compared with is one."""
    assert len(plainly) > len(everything())


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(coming=arrivals(doors=1))
def test_any_order_repetition_and_batching_gives_the_same_graph(
    tmp_path_factory: pytest.TempPathFactory, plainly: list[bytes], coming: list[Arrival]
) -> None:
    """Graph, states, hierarchy, names and column lineage, to the byte."""
    assert (plainly, []) == arrived(tmp_path_factory.mktemp("arrived"), coming)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(coming=arrivals(doors=2))
def test_two_doors_of_one_file_give_the_same_graph(
    tmp_path_factory: pytest.TempPathFactory, plainly: list[bytes], coming: list[Arrival]
) -> None:
    """Each door has its own connection, its own writer and caches of its own; between commits the other one writes."""
    assert (plainly, []) == arrived(tmp_path_factory.mktemp("split"), coming, doors=2)


def test_two_processes_on_one_file_give_the_same_graph(tmp_path: Path, plainly: list[bytes]) -> None:
    """Both at once, each in an order of its own, with a third of the events coming through both."""
    command = [sys.executable, "-c", "import sys; from tests.collectors.test_any_arrival import half; half(sys.argv)"]
    halves = [
        subprocess.Popen([*command, str(tmp_path), part, "2"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for part in ("0", "1")
    ]
    for process in halves:
        assert process.stdout is not None
        process.stdout.readline()  # It has the file open.
    for process in halves:
        process.communicate(b"\n", timeout=60)

    assert ((plainly, []), [0, 0]) == (arrived(tmp_path, []), [process.returncode for process in halves])


def half(arguments: list[str]) -> None:
    """Bring one part of all events, shuffled: a process of its own."""
    _, folder, part, parts = arguments
    mine = [body for at, body in enumerate(everything()) if at % int(parts) == int(part) or at % 3 == 0]
    Random(part).shuffle(mine)
    with open_homes(f"sqlite:///{folder}/headwater.db") as homes:
        sys.stdout.write("open\n")
        sys.stdout.flush()
        sys.stdin.readline()
        for begin in range(0, len(mine), 5):
            bring(homes, sorted(mine[begin : begin + 5], key=received_at))
