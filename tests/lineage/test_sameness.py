"""Which links give way where people said that two names are apart: the weakest, and no other."""

from __future__ import annotations

import pytest

from lineage.sameness import CLUSTER, PERSON, RENAME, SYMLINK, Link, divided, strength

CHAIN = [Link("a", SYMLINK, "b"), Link("b", SYMLINK, "c"), Link("c", SYMLINK, "d")]

CUTS: dict[str, tuple[list[tuple[str, str]], list[set[str]]]] = {
    "nobody is apart": ([], [{"a", "b", "c", "d"}]),
    "two neighbours": ([("b", "c")], [{"a", "b"}, {"c", "d"}]),
    "the ends: the last link that would join them": ([("a", "d")], [{"a", "b", "c"}, {"d"}]),
    "one from two others": ([("a", "b"), ("b", "c")], [{"a"}, {"b"}, {"c", "d"}]),
    "who is not joined at all": ([("a", "x")], [{"a", "b", "c", "d"}]),
}


@pytest.mark.parametrize("case", CUTS)
def test_links_are_taken_one_by_one_as_long_as_they_join_no_such_pair(case: str) -> None:
    """Who is apart ends in two groups; everybody else stays with whom the first links give."""
    apart, expected = CUTS[case]

    assert sorted(map(sorted, expected)) == sorted(map(sorted, divided(CHAIN, apart)))


def test_a_person_is_believed_before_a_rule_and_a_rule_before_a_producer() -> None:
    """Spellings of one name stay one when a symlink can give way."""
    whys = [RENAME, SYMLINK, "rule: hosts have no case", CLUSTER, PERSON]

    assert [PERSON, "rule: hosts have no case", CLUSTER, SYMLINK, RENAME] == sorted(whys, key=strength)
