"""What jobs said explicitly that they made a dataset of: for each job and dataset the newest event that speaks decides.

It speaks of the dataset under whichever of its names. A statement of every target of a job takes back what was said of
each before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from json import loads
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from lineage.model import NodeId
from lineage.store._codes import EVER
from lineage.store._cut import Cut
from lineage.store._identity import Component, all_names, hidden_since
from lineage.store._observations import Ref

Key = TypeVar("Key")


class Use(NamedTuple, Generic[Ref]):
    """A use of an output, *target* by its canonical name, by a run or by a job that spoke without one."""

    speaker: Ref
    job: Ref
    target: Ref
    first_at: int
    last_at: int


class Asked(NamedTuple, Generic[Ref]):
    """What *job* said of *target*, by that name, from *since* to *until*; with *run* only in events of it."""

    job: Ref
    target: Ref
    until: int
    since: int = -EVER
    run: Ref | None = None


class Word(NamedTuple):
    """What an event says of one target, or of every one; without *sources* it takes back."""

    at: int
    digest: bytes
    own: bool  # whether it names the target; what one event says of the target itself wins
    sources: str | None


class Said(Protocol[Ref]):
    """What one store knows of explicit statements, at the cut that is asked about."""

    at: Cut

    def any(self) -> bool:
        """Whether anything was ever said: as a rule nothing was, and then nothing more is asked."""

    def spoken(self, pairs: Collection[tuple[Ref, Ref]], jobs: Collection[Ref]) -> list[tuple[Ref, Ref, str | None]]:
        """Of *pairs*, and of all targets of *jobs*, those that were ever spoken of; with the sources that hold now."""

    def words(self, asked: Sequence[Asked[Ref]]) -> list[Word | None]:
        """The newest word on each, within the cut."""

    def components(self, names: Collection[Ref]) -> Mapping[Ref, Component[Ref]]:
        """The component of each of *names*."""

    def hidden(self, names: Collection[Ref]) -> Mapping[Ref, int]:
        """Those of *names* that are hidden, and since when."""

    def called(self, names: Collection[Ref]) -> Mapping[Ref, NodeId]:
        """Who *names* are."""


def statements(said: Said[Ref], pairs: Collection[tuple[Ref, Ref]]) -> dict[tuple[Ref, Ref], tuple[NodeId, ...]]:
    """What the jobs of *pairs* say that these targets, by their canonical names, are made of.

    What was hidden is left out.
    """
    if not pairs or not said.any():
        return {}
    found: dict[tuple[Ref, Ref], frozenset[Ref] | None] = {}
    asked: dict[tuple[Ref, Ref], list[Asked[Ref]]] = {}
    for pair, now in _spoken(said, set(pairs)).items():
        if said.at.whole and len(now) == 1:
            found[pair] = _read(*now.values())
        else:
            asked[pair] = [Asked(pair[0], name, said.at.as_of) for name in now]
    found |= {pair: _newest(words) for pair, words in _answered(said, asked).items()}
    unseen = _hidden(said, {source for sources in found.values() for source in sources or ()})
    return _canonical(said, {pair: None if sources is None else sources - unseen for pair, sources in found.items()})


def statements_of_runs(said: Said[Ref], uses: Collection[Use[Ref]]) -> dict[Use[Ref], tuple[NodeId, ...]]:
    """What each of *uses* made its target of: as the run's own events say, else as its job had said by then."""
    if not uses or not said.any():
        return {}
    spoken = _spoken(said, {(use.job, use.target) for use in uses})
    asked: dict[tuple[Use[Ref], bool], list[Asked[Ref]]] = {}
    for use in uses:
        until = min(use.last_at, said.at.as_of)
        names = spoken.get((use.job, use.target), ())
        asked[use, True] = [Asked(use.job, name, until, use.first_at, use.speaker) for name in names]
        asked[use, False] = [Asked(use.job, name, until) for name in names]
    words = _answered(said, asked)
    return _canonical(said, {use: _newest(words[use, True] or words[use, False]) for use in uses})


def _spoken(said: Said[Ref], pairs: set[tuple[Ref, Ref]]) -> dict[tuple[Ref, Ref], dict[Ref, str | None]]:
    """Under which names of *pairs* anything was ever said, and what holds of each now."""
    parts = dict(said.components({target for _, target in pairs}))
    alone = {pair for pair in pairs if len(parts[pair[1]].members) == 1}
    rows = said.spoken(alone, {job for job, _ in pairs - alone})
    parts |= said.components({target for _, target, _ in rows} - parts.keys())
    found: dict[tuple[Ref, Ref], dict[Ref, str | None]] = {}
    for job, target, sources in rows:
        if (pair := (job, parts[target].canonical)) in pairs:
            found.setdefault(pair, {})[target] = sources
    return found


def _answered(said: Said[Ref], asked: Mapping[Key, list[Asked[Ref]]]) -> dict[Key, list[Word]]:
    """The words on each, as far as there are any, all asked for at once."""
    flat = [(key, each) for key, several in asked.items() for each in several]
    found: defaultdict[Key, list[Word]] = defaultdict(list, {key: [] for key in asked})
    for (key, _), word in zip(flat, said.words([each for _, each in flat]), strict=True):
        if word is not None:
            found[key].append(word)
    return found


def _newest(words: Sequence[Word]) -> frozenset[Any] | None:
    """What the newest of *words* says; what one event says of several names of a dataset, together."""
    last = max((word[:2] for word in words), default=None)
    own = [_read(word.sources) for word in words if word[:2] == last and word.own]
    kept = [sources for sources in own if sources is not None]
    return frozenset().union(*kept) if kept and len(kept) == len(own) else None


def _read(sources: str | None) -> frozenset[Any] | None:
    return None if sources is None else frozenset(loads(sources))


def _hidden(said: Said[Ref], sources: Collection[Ref]) -> set[Ref]:
    parts = said.components(sources)
    hid = said.hidden(all_names(parts))
    return {source for source, part in parts.items() if hidden_since(part, hid) is not None}


def _canonical(said: Said[Ref], found: Mapping[Key, frozenset[Ref] | None]) -> dict[Key, tuple[NodeId, ...]]:
    listed = {key: sources for key, sources in found.items() if sources is not None}
    parts = said.components({source for sources in listed.values() for source in sources})
    called = said.called({part.canonical for part in parts.values()})
    return {
        key: tuple(sorted({called[parts[source].canonical] for source in sources})) for key, sources in listed.items()
    }
