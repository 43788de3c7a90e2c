"""Which datasets are one depends on the set of declarations and words of people alone; a cut, on those within it."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from lineage.model import SameAs
from lineage.sameness import CLUSTER, RENAME, SYMLINK
from lineage.statements import Statement, Word, of
from lineage.store.base import Store
from tests.support.any_graph import QUICK, merged
from tests.support.deltas import Said, at, dataset, decided, described, kept, received

NAMES = "abcdef"
MINUTES = range(5)

names = st.sampled_from(NAMES)
minutes = st.sampled_from(MINUTES)
cuts = st.none() | minutes.map(at)


@st.composite
def declarations(draw: st.DrawFn) -> Said:
    """An event that declares that two or three names are one; it mentions the first only, as rules do."""
    ends, why = draw(st.tuples(names, names, names)), draw(st.sampled_from((SYMLINK, CLUSTER, RENAME, "rule: case")))
    same = (SameAs(dataset(ends[0]), dataset(alias), why) for alias in ends[1:] if alias != ends[0])
    ((entry, delta),) = received([described(ends[0], draw(minutes), aliases=tuple(same))], draw(minutes))
    return entry, delta


@st.composite
def words(draw: st.DrawFn) -> Said:
    """Somebody's word about two names."""
    what = draw(st.sampled_from(("one", "apart", "apart")))
    word = Word(what, other=("lake", draw(names)), holds=draw(st.sampled_from((True, True, False))))
    statement: Statement = decided(draw(minutes), of(dataset(draw(names))), word)
    return kept(statement, draw(minutes))


stories = st.lists(st.one_of(declarations(), declarations(), words()), min_size=2, max_size=14)


@QUICK
@given(story=stories, data=st.data())
def test_splits_in_any_order_give_the_same_components(
    stores: tuple[Store, Store], story: list[Said], data: st.DataObject
) -> None:
    """Whether a symlink comes before a split or after it, one at a time, in batches or twice."""
    shuffled = data.draw(st.permutations(story)) + data.draw(st.lists(st.sampled_from(story), max_size=3))
    batch = data.draw(st.integers(1, len(shuffled)))

    expected, actual = merged(stores[0], story, len(story)), merged(stores[1], shuffled, batch)

    assert list(expected.dump()) == list(actual.dump())


@QUICK
@given(story=stories, as_of=cuts, known_at=cuts)
def test_a_cut_knows_the_splits_within_it_alone(
    stores: tuple[Store, Store], story: list[Said], as_of: datetime | None, known_at: datetime | None
) -> None:
    """Both clocks count for declarations and for words of people."""
    within = [
        (entry, said)
        for entry, said in story
        if (as_of is None or said.at <= as_of) and (known_at is None or entry.received_at <= known_at)
    ]
    asked = [dataset(name) for name in NAMES]

    whole, part = merged(stores[0], story, 3), merged(stores[1], within, 3)

    assert part.get(asked) == whole.get(asked, as_of=as_of, known_at=known_at)


@QUICK
@given(story=stories)
def test_nobody_is_one_with_whom_people_keep_apart(stores: tuple[Store, Store], story: list[Said]) -> None:
    """Whatever joins two names, also through others, their newest word counts."""
    store = merged(stores[0], story, 2)
    newest = {}
    for _, said in sorted(story, key=lambda pair: (pair[0].received_at, pair[0].digest)):
        if isinstance(said, Statement):
            (word,) = said.words
            newest[frozenset({said.subject.name, word.other[1] if word.other else ""})] = word
    apart = [sorted(pair) for pair, word in newest.items() if word.what == "apart" and word.holds and len(pair) > 1]
    found = store.get([dataset(name) for name in NAMES])

    assert [] == [
        pair
        for pair in apart
        if all(dataset(name) in found for name in pair) and len({found[dataset(name)].canonical for name in pair}) == 1
    ]
