"""The events of tests/events, and the graph that a reviewer says each file must give."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from collectors.producers import understand
from lineage.events import parse_event, split_array
from lineage.model import Delta, Listing, Moment, NodeId, RunConclusion, RunObserved
from lineage.projection import resolve

FOLDER = Path(__file__).parent.parent / "events"

Picture = dict[str, Any]  # a .graph file as YAML gives it, in canonical order


def all_files() -> list[str]:
    """The names of all files of events, as `spark/4.0.5-etl`, sorted."""
    return sorted(str(path.relative_to(FOLDER).with_suffix("")) for path in FOLDER.glob("*/*.jsonl"))


def bodies(name: str) -> list[bytes]:
    """The bodies in a file, in order of arrival."""
    return (FOLDER / f"{name}.jsonl").read_bytes().splitlines()


def told_bodies() -> list[bytes]:
    """The events of all files that tell a rule or a difference of names, good ones and bad ones."""
    found = []
    for path in sorted(FOLDER.glob("*/*.json")):
        events = split_array(path.read_bytes())
        cases = [json.loads(event).get("event") for event in events]  # of a table of cases
        found += [json.dumps(case).encode() if case else event for event, case in zip(events, cases, strict=True)]
    return found


def digest(body: bytes) -> bytes:
    """The identity of an event."""
    return hashlib.sha256(body).digest()


def deltas(name: str) -> list[Delta]:
    """The deltas of a file, in order of arrival."""
    return [understand(parse_event(body), digest(body)) for body in bodies(name)]


def expected(name: str) -> Picture:
    """The graph that the file must give, written by hand from its events.

    Names are `NAMESPACE NAME`, columns `NAMESPACE NAME COLUMN`, runs the last six digits of their ids. *reads* and
    *writes* are the effective ones. Under *columns*, *whole* are columns that affect every column of the target.
    *made_of* holds what each job says explicitly that it made its targets of.
    """
    given = yaml.safe_load((FOLDER / f"{name}.graph").read_text(encoding="utf-8"))
    picture: Picture = {
        "datasets": sorted(given.get("datasets", ())),
        "jobs": sorted(given.get("jobs", ())),
        "runs": {str(run): _uses(said) for run, said in given.get("runs", {}).items()},
        "declared": {job: _uses(said) for job, said in given.get("declared", {}).items()},
        "columns": sorted(_edges(given.get("columns", ()))),
        "same_as": sorted(map(tuple, given.get("same_as", ()))),
        "depends": sorted(map(tuple, given.get("depends", ()))),
        "dropped": sorted(given.get("dropped", ())),
        "made_of": {
            (job, target): sorted(sources)
            for job, said in given.get("made_of", {}).items()
            for target, sources in said.items()
        },
    }
    return picture


def _uses(said: dict[str, Any]) -> dict[str, Any]:
    uses = {side: sorted(said[side]) for side in ("reads", "writes") if side in said}
    return {key: str(value) if key in ("parent", "root") else value for key, value in said.items()} | uses


def _edges(columns: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for seen in columns:
        for column, sources in seen["from"].items():
            for source in sources:
                yield seen.get("job", ""), source, f"{seen['of']} {column}"
        for source in seen.get("whole", ()):
            yield seen.get("job", ""), source, f"{seen['of']} "


def picture(seen: Iterable[Delta]) -> Picture:
    """The graph that *seen* gives, folded in memory, in the shape of `expected`; any order gives the same."""
    found = sorted(dict.fromkeys(seen), key=lambda delta: (delta.at, delta.digest))
    runs = {delta.run.run: delta.run for delta in found if delta.run}
    named = {node for delta in found for node in delta.nodes}
    return {
        "datasets": sorted(words(node) for node in named if node.kind == "dataset"),
        "jobs": sorted(words(node) for node in named if node.kind == "job"),
        "runs": {run.name[-6:]: _run(run, found) for run in runs},
        "declared": _declared(found),
        "columns": sorted(_column_edges(found)),
        "same_as": sorted({(words(a.dataset), words(a.alias), a.why) for delta in found for a in delta.aliases}),
        "depends": sorted({(words(up), words(down)) for delta in found for up, down in delta.depends}),
        "dropped": sorted(
            words(node) for node, is_dropped in dict(t for d in found for t in d.tombstones).items() if is_dropped
        ),
        "made_of": _made_of(found),
    }


def words(node: NodeId) -> str:
    """A node as the .graph files spell it."""
    return f"{node.namespace} {node.name}"


def observed(run: NodeId, seen: Iterable[Delta]) -> RunObserved:
    """What *seen* says of one run, as a store hands it to `resolve`."""
    own = [delta for delta in seen if delta.run and delta.run.run == run]
    listed: dict[tuple[NodeId, Any], list[Delta]] = {}
    for delta in own:
        for touch in delta.touches:
            if touch.by == run:
                listed.setdefault((touch.dataset, touch.side), []).append(delta)
    told = {touch[1:3] for delta in own for touch in delta.touches if touch.by == run and touch.told}
    return RunObserved(
        run=run,
        moments=tuple(
            Moment(delta.type, delta.at, delta.digest) for delta in own if delta.type not in (None, "RUNNING", "OTHER")
        ),
        first_at=min(delta.at for delta in own),
        last_at=max(delta.at for delta in own),
        listings=tuple(
            Listing(dataset, side, frozenset(str(d.type) for d in by), by[0].at, by[-1].at, key in told)
            for key, by in listed.items()
            for dataset, side in (key,)
        ),
        types=frozenset(str(delta.type) for delta in own),
    )


def conclusion(run: NodeId, seen: Iterable[Delta]) -> RunConclusion:
    """What one run comes to."""
    return resolve(observed(run, sorted(seen, key=lambda delta: (delta.at, delta.digest))))


def _run(run: NodeId, found: list[Delta]) -> dict[str, Any]:
    said = [delta.run for delta in found if delta.run and delta.run.run == run]
    came_to = conclusion(run, found)
    shown: dict[str, Any] = {"job": words(said[-1].job), "state": came_to.state}
    if came_to.conflict:
        shown["conflict"] = True
    for key, ids in (("parent", [s.parent_run for s in said]), ("root", [s.root_run for s in said])):
        if named := [node.name[-6:] for node in ids if node]:
            shown[key] = named[-1]
    for key, side in (("reads", "input"), ("writes", "output")):
        if used := sorted(words(dataset) for dataset, on in came_to.effective if on == side):
            shown[key] = used
    if came_to.started_at and came_to.ended_at:
        shown["seconds"] = (came_to.ended_at - came_to.started_at).total_seconds()
    return shown


def _declared(found: list[Delta]) -> dict[str, Any]:
    jobs: dict[str, Any] = {}
    for touch in (touch for delta in found for touch in delta.touches if touch.by.kind == "job"):
        side = "reads" if touch.side == "input" else "writes"
        used = jobs.setdefault(words(touch.by), {}).setdefault(side, [])
        jobs[words(touch.by)][side] = sorted({*used, words(touch.dataset)})
    return jobs


def _made_of(found: list[Delta]) -> dict[tuple[str, str], list[str]]:
    said: dict[tuple[NodeId, NodeId], tuple[NodeId, ...]] = {}
    for delta in found:
        # What an event says of one target counts beside what it takes back of all.
        for job, target, sources in sorted(delta.made_of, key=lambda each: each.target is not None):
            said = {key: kept for key, kept in said.items() if key[0] != job or target not in (None, key[1])}
            if target is not None and sources is not None:
                said[job, target] = sources
    return {(words(job), words(target)): sorted(map(words, sources)) for (job, target), sources in said.items()}


def _column_edges(found: list[Delta]) -> Iterator[tuple[str, str, str]]:
    newest = {(delta.run.job if delta.run else None, seen.dataset): seen for delta in found for seen in delta.columns}
    for (job, _), seen in newest.items():
        for edge in seen.edges:
            source, target = edge.source, edge.target
            yield (
                words(job) if job else "",
                f"{words(source.dataset)} {source.name}",
                f"{words(target.dataset)} {target.name}",
            )
