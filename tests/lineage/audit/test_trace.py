"""Traces: which version a run read, and which run had written it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lineage.audit.consequences import consequences
from lineage.audit.trace import Trace, trace, trace_dataset
from lineage.errors import NotFound
from lineage.model import dataset_id
from tests.support.reading import NOON, Reading, dataset, facet, minutes, run_event, run_uuid, whole_run

ORDERS = dataset_id("pg", "orders")


def runs_of(found: Trace) -> dict[str, int]:
    """Which runs, and how far away."""
    return {run_id[-2:].lstrip("0"): each.hop for run_id, each in found.runs.items()}


def reads_of(found: Trace, run: int) -> dict[str, tuple[str, str]]:
    """What *run* read: dataset to (the run that wrote it or the word for it, level)."""
    return {
        found.versions[link.version].dataset.name: (link.version.partition("#")[2][-2:].lstrip("0"), link.level)
        for link in found.links
        if link.run == run_uuid(run) and link.side == "input"
    }


def test_a_run_read_what_had_been_delivered_before_it_began(world: Reading) -> None:
    """Of three deliveries of an input the last one before the start counts, not the newest."""
    world.tell(whole_run(1, "load", 0, [], ["staged"]))
    world.tell(whole_run(2, "load", 10, [], ["staged"]))
    world.tell(whole_run(3, "load", 30, [], ["staged"]))
    world.tell(whole_run(9, "report", 20, ["staged"], ["orders"]))

    found = trace(world.store, run_uuid(9))

    assert (runs_of(found), reads_of(found, 9)) == ({"9": 0, "2": 1}, {"staged": ("2", "as_of")})


def test_a_failed_run_delivered_nothing(world: Reading) -> None:
    """What a run left behind when it failed is no version that others read."""
    world.tell(whole_run(1, "load", 0, [], ["staged"]))
    world.tell([run_event(2, "load", kind, minutes(10), outputs=["staged"]) for kind in ("START", "FAIL")])
    world.tell(whole_run(9, "report", 20, ["staged"], ["orders"]))

    assert reads_of(trace(world.store, run_uuid(9)), 9) == {"staged": ("1", "as_of")}


def test_the_version_that_a_run_names_beats_the_order_of_times(world: Reading) -> None:
    """A snapshot id in the version facet says exactly what was read."""
    first, second = (dataset("staged", version=facet(datasetVersion=f"snap-{n}")) for n in (1, 2))
    world.tell(whole_run(1, "load", 0, [], [first]))
    world.tell(whole_run(2, "load", 10, [], [second]))
    world.tell(whole_run(9, "report", 20, [first], ["orders"]))

    assert reads_of(trace(world.store, run_uuid(9)), 9) == {"staged": ("1", "version")}


def test_a_named_version_of_which_nobody_knows_the_writer_is_not_guessed(world: Reading) -> None:
    """When other versions bear other names, the last one before the start is surely not it."""
    world.tell(whole_run(1, "load", 0, [], [dataset("staged", version=facet(datasetVersion="snap-1"))]))
    world.tell(whole_run(9, "report", 20, [dataset("staged", version=facet(datasetVersion="X7"))], ["orders"]))

    found = trace(world.store, run_uuid(9))

    assert (runs_of(found), reads_of(found, 9)) == ({"9": 0}, {"staged": ("X7", "version")})


def test_a_source_has_no_version(world: Reading) -> None:
    """An input that nobody is known to write ends the trace, and is said."""
    world.tell(whole_run(9, "report", 20, ["raw"], ["orders"]))

    assert reads_of(trace(world.store, run_uuid(9)), 9) == {"raw": ("", "none")}


def test_a_trace_goes_back_to_the_sources(world: Reading) -> None:
    """Run by run, each a dataset further away."""
    for hop in range(6):
        world.tell(whole_run(hop + 1, f"step{hop}", hop * 10, [f"d{hop}"], [f"d{hop + 1}"]))

    found = trace(world.store, run_uuid(6))

    assert runs_of(found) == {"6": 0, "5": 1, "4": 2, "3": 3, "2": 4, "1": 5}


def test_depth_ends_a_trace_without_calling_it_truncated(world: Reading) -> None:
    """One who asks for two hops gets two."""
    for hop in range(6):
        world.tell(whole_run(hop + 1, f"step{hop}", hop * 10, [f"d{hop}"], [f"d{hop + 1}"]))

    found = trace(world.store, run_uuid(6), depth=2)

    assert (runs_of(found), found.truncated) == ({"6": 0, "5": 1, "4": 2}, False)


def test_a_budget_ends_a_trace_and_names_where_to_go_on(world: Reading) -> None:
    """No more runs than asked for, and those left out are the frontier."""
    for source in range(1, 6):
        world.tell(whole_run(source, f"load{source}", 0, [], [f"s{source}"]))
    world.tell(whole_run(9, "report", 20, [f"s{source}" for source in range(1, 6)], ["orders"]))

    found = trace(world.store, run_uuid(9), max_runs=3)

    assert (len(found.runs), found.truncated, found.frontier) == (3, True, (run_uuid(3), run_uuid(4), run_uuid(5)))


def test_a_run_that_reads_what_it_writes_read_the_version_before(world: Reading) -> None:
    """A merge into a table builds on the merge before it, and no run is its own ancestor."""
    for day in range(3):
        world.tell(whole_run(day + 1, "merge", day * 10, ["orders"], ["orders"]))

    found = trace(world.store, run_uuid(3))

    assert (runs_of(found), reads_of(found, 1)) == ({"3": 0, "2": 1, "1": 2}, {"orders": ("", "none")})


def test_a_circle_of_jobs_unrolls_in_time(world: Reading) -> None:
    """Two jobs that feed each other give a chain of runs, as each read what was there before it."""
    for turn in range(3):
        world.tell(whole_run(2 * turn + 1, "there", turn * 20, ["a"], ["b"]))
        world.tell(whole_run(2 * turn + 2, "back", turn * 20 + 10, ["b"], ["a"]))

    assert runs_of(trace(world.store, run_uuid(6))) == {"6": 0, "5": 1, "4": 2, "3": 3, "2": 4, "1": 5}


def test_every_run_and_link_names_its_events(world: Reading) -> None:
    """The digests are those of the bodies that said so, the newest first."""
    loaded = world.tell(whole_run(1, "load", 0, [], ["staged"]))
    reported = world.tell(whole_run(9, "report", 20, ["staged"], ["orders"]))

    found = trace(world.store, run_uuid(9))

    assert {run_id: each.evidence for run_id, each in found.runs.items()} == {
        run_uuid(1): tuple(reversed(loaded)),
        run_uuid(9): tuple(reversed(reported)),
    }
    assert {link.evidence for link in found.links} == {tuple(reversed(loaded)), tuple(reversed(reported))}


def test_a_run_tells_its_code(world: Reading) -> None:
    """The digest of the SQL that ran then, and where the source of that day is kept; not today's."""
    for run, (query, commit) in enumerate([("SELECT 1", "abc"), ("SELECT 2", "def")], 1):
        facets = {
            "sql": facet(query=query),
            "sourceCodeLocation": facet(type="git", url="https://git.example.org/dw", version=commit),
        }
        world.tell(whole_run(run, "load", run * 10, [], ["orders"], job_facets=facets))

    code = trace(world.store, run_uuid(1)).runs[run_uuid(1)].code

    expected = "e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5"  # printf 'SELECT 1' | sha256sum
    assert (code.sql_digest, code.source_url, code.source_version) == (expected, "https://git.example.org/dw", "abc")


def test_a_dataset_is_traced_as_of_an_instant(world: Reading) -> None:
    """What was in force then, not what is now."""
    world.tell(whole_run(1, "load", 0, [], ["orders"]))
    world.tell(whole_run(2, "load", 60, [], ["orders"]))

    assert trace_dataset(world.store, ORDERS, as_of=minutes(30)).root == run_uuid(1)


def test_known_at_traces_what_was_known_on_the_day(world: Reading) -> None:
    """A delivery that was reported late explains nothing that was filed before the report."""
    world.tell(whole_run(1, "load", 0, [], ["staged"]), received_at=minutes(2))
    world.tell(whole_run(2, "load", 5, [], ["staged"]), received_at=NOON + timedelta(days=2))
    world.tell(whole_run(9, "report", 20, ["staged"], ["orders"]), received_at=minutes(22))

    then = trace(world.store, run_uuid(9), known_at=NOON + timedelta(days=1))
    now = trace(world.store, run_uuid(9))

    assert [reads_of(found, 9)["staged"][0] for found in (then, now)] == ["1", "2"]


@pytest.mark.parametrize("ask", [lambda store: trace(store, run_uuid(5)), lambda store: trace_dataset(store, ORDERS)])
def test_what_is_unknown_is_said(world: Reading, ask: Any) -> None:
    """No run, no delivery: NotFound."""
    with pytest.raises(NotFound):
        ask(world.store)


# ── Explicit lineage. ────────────────────────────────────────────────────────────────────────────────────────────────


def made_of(name: str, *sources: str) -> dict[str, Any]:
    """The dataset *name* as an output that says what it was made of."""
    return dataset(name, lineage=facet(inputs=[dataset(source) | {"type": "DATASET"} for source in sources]))


def mirrored(world: Reading) -> None:
    """Runs 1 and 2 write a and b; run 3 copies a to x and b to y; 4 reads x, 5 reads y, 6 reads both."""
    world.tell(whole_run(1, "one", 0, [], ["a"]))
    world.tell(whole_run(2, "two", 0, [], ["b"]))
    world.tell(whole_run(3, "mirror", 10, ["a", "b"], [made_of("x", "a"), made_of("y", "b")]))
    world.tell(whole_run(4, "left", 20, ["x"], ["left"]))
    world.tell(whole_run(5, "right", 20, ["y"], ["right"]))
    world.tell(whole_run(6, "both", 20, ["x", "y"], ["both"]))


@pytest.mark.parametrize(("run", "expected"), [(4, {"4", "3", "1"}), (5, {"5", "3", "2"}), (6, {"6", "3", "1", "2"})])
def test_a_run_is_left_only_to_what_it_made_the_version_of(world: Reading, run: int, expected: set[str]) -> None:
    """Of the mirror's two flows the other one is no ancestry; who reads both comes of both."""
    mirrored(world)

    assert expected == runs_of(trace(world.store, run_uuid(run))).keys()


def test_the_ancestry_of_a_version_is_its_own(world: Reading) -> None:
    """Of the run itself all counts, of the version what it was made of."""
    mirrored(world)

    assert ({"3", "1", "2"}, {"3", "1"}) == (
        runs_of(trace(world.store, run_uuid(3))).keys(),
        runs_of(trace_dataset(world.store, dataset_id("pg", "x"))).keys(),
    )


@pytest.mark.parametrize(("run", "expected"), [(1, "1346"), (2, "2356"), (3, "3456")])
def test_what_came_of_a_run_goes_by_what_was_made_of_it(world: Reading, run: int, expected: str) -> None:
    """Run 4 read what came of a, and nothing of b."""
    mirrored(world)

    found = consequences(world.store, run_uuid(run), depth=9, max_runs=99)

    assert sorted(expected) == sorted(each.run.id[-1] for each in found.runs)
