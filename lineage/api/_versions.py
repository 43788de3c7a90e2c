"""Versions of a job: what it read and wrote, run by run; runs that used the same datasets are of one version.

Producers do not number their jobs. Like Marquez's, a version is a UUID made of the job and its datasets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

import msgspec

from lineage.model import NodeId, Side, Use
from lineage.store.base import Store

_USES = 5_000  # the newest, of which the versions of a job are made


@dataclass(frozen=True, slots=True)
class JobVersion:
    """What a job read and wrote in some of its runs, the *newest* of which is named; None: it said so without one."""

    id: str
    inputs: tuple[NodeId, ...]
    outputs: tuple[NodeId, ...]
    first_at: datetime
    last_at: datetime
    newest: str | None


def versions_of(store: Store, job: NodeId, most: int = _USES) -> list[JobVersion]:
    """The versions of *job*, the last used first, as far as the newest *most* uses tell."""
    uses = store.uses(job=job, limit=most)
    by_run: dict[str | None, list[Use]] = {}
    for use in uses:
        by_run.setdefault(use.run, []).append(use)
    if len(uses) == most and len(by_run) > 1:
        by_run.popitem()  # the oldest may be cut in half
    found: dict[str, JobVersion] = {}
    for run, used in by_run.items():
        made = _version(job, run, used)
        known = found.get(made.id)
        found[made.id] = made if known is None else _together(known, made)
    return sorted(found.values(), key=lambda version: (version.last_at, version.id), reverse=True)


def newest_version(store: Store, job: NodeId) -> str | None:
    """The id of the version that *job* was last in; None when it is not known to have used any dataset."""
    newest = store.uses(job=job, limit=1)
    if not newest:
        return None
    run = newest[0].run
    used = store.uses(run=run) if run is not None else store.uses(job=job, limit=_USES)
    return _version(job, run, [use for use in used if use.run == run]).id


def version_id(job: NodeId, uses: Iterable[Use]) -> str:
    """The id of the version that a run of *job* was in, which made these uses."""
    sides: dict[Side, set[NodeId]] = {"input": set(), "output": set()}
    for use in uses:
        if use.effective:
            sides[use.side].add(use.dataset)
    return _id(job, sides)


def _version(job: NodeId, run: str | None, uses: list[Use]) -> JobVersion:
    sides: dict[Side, set[NodeId]] = {"input": set(), "output": set()}
    for use in (use for use in uses if use.effective):
        sides[use.side].add(use.dataset)
    return JobVersion(
        id=_id(job, sides),
        inputs=tuple(sorted(sides["input"])),
        outputs=tuple(sorted(sides["output"])),
        first_at=min(use.first_at for use in uses),
        last_at=max(use.last_at for use in uses),
        newest=run,
    )


def _together(one: JobVersion, other: JobVersion) -> JobVersion:
    newer = max(one, other, key=lambda version: (version.last_at, version.newest or ""))
    return JobVersion(
        one.id, one.inputs, one.outputs, min(one.first_at, other.first_at), newer.last_at, newer.newest or one.newest
    )


def _id(job: NodeId, sides: dict[Side, set[NodeId]]) -> str:
    return str(
        uuid5(NAMESPACE_URL, msgspec.json.encode([job, sorted(sides["input"]), sorted(sides["output"])]).decode())
    )
