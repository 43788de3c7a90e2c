"""The ancestry of a run as a tree to be read: what it read, who wrote that, and how sure each step is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lineage.audit.trace import Level, Link, Trace, TracedRun, TracedVersion

LEVELS: Mapping[Level, str] = {
    "version": "named by the reader",
    "as_of": "by time: the last delivered before it began",
    "none": "no earlier delivery is known",
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A version that a run read, how we know, and the branch of the run that wrote it.

    *again* marks a writer that stands elsewhere in the tree already.
    """

    version: TracedVersion
    level: str
    proven: bool
    writer: Branch | None
    again: str | None
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """A run, what it wrote that is asked about, and what it read."""

    run: TracedRun
    wrote: tuple[TracedVersion, ...]
    read: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """How complete the ancestry is."""

    runs: int
    proven: int
    inferred: int
    sources: int


def tree(trace: Trace) -> Branch:
    """The ancestry from the root on; a run met twice is drawn once, where it is nearest."""
    by_run: defaultdict[str, list[Link]] = defaultdict(list)
    for link in trace.links:
        by_run[link.run].append(link)
    return _branch(trace, by_run, trace.root, {trace.root})


def _branch(trace: Trace, by_run: Mapping[str, Sequence[Link]], run: str, drawn: set[str]) -> Branch:
    links = by_run.get(run, ())
    reads = [link for link in links if link.side == "input"]
    fresh: dict[str, str] = {}  # the version through which each new writer is reached
    for link in reads:
        writer = _writer(trace, link)
        if writer is not None and writer not in drawn and writer in trace.runs:
            drawn.add(writer)
            fresh[writer] = link.version
    leaves = []
    for link in reads:
        writer = _writer(trace, link)
        here = writer is not None and fresh.get(writer) == link.version
        leaves.append(
            Leaf(
                version=trace.versions[link.version],
                level=LEVELS[link.level],
                proven=link.level == "version",
                writer=_branch(trace, by_run, writer, drawn) if here and writer is not None else None,
                again=None if here else writer,
                evidence=link.evidence,
            )
        )
    wrote = tuple(trace.versions[link.version] for link in links if link.side == "output")
    return Branch(trace.runs[run], wrote, tuple(leaves))


def _writer(trace: Trace, link: Link) -> str | None:
    version = trace.versions[link.version].version
    return None if version is None else version.run.id


def tally(trace: Trace) -> Tally:
    """The steps that a reader named, those that times suggest, and the versions with no writer known."""
    reads = [link for link in trace.links if link.side == "input"]
    return Tally(
        runs=len(trace.runs),
        proven=sum(link.level == "version" for link in reads),
        inferred=sum(link.level == "as_of" for link in reads),
        sources=sum(version.version is None for version in trace.versions.values()),
    )
