"""Where tags of columns go: with values, never in circles."""

from __future__ import annotations

import pytest

from lineage.model import WHOLE, ColumnEdge, FieldId, dataset_id
from lineage.tagging import inherited

EMAIL, CONTACT, SENT = (FieldId(dataset_id("lake", name), "c") for name in ("raw", "staged", "mart"))
EVERY = FieldId(dataset_id("lake", "staged"), WHOLE)

STEPS = {
    "unknown": ((), True),
    "copied": ((("DIRECT", "IDENTITY", False),), True),
    "aggregated": ((("DIRECT", "AGGREGATION", False),), True),
    "masked": ((("DIRECT", "TRANSFORMATION", True),), False),
    "filtered by": ((("INDIRECT", "FILTER", False),), False),
    "copied, and joined by": ((("DIRECT", "IDENTITY", False), ("INDIRECT", "JOIN", False)), True),
    "masked once, copied once": ((("DIRECT", "IDENTITY", False), ("DIRECT", "TRANSFORMATION", True)), True),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_tag_goes_with_values(step: str) -> None:
    """Masking ends its way, and what only chooses rows carries nothing."""
    transformations, goes = STEPS[step]
    found = inherited([ColumnEdge(EMAIL, CONTACT, transformations)], {EMAIL: ["pii"]})

    assert ({CONTACT: {"pii": {EMAIL}}} if goes else {}) == found


def test_a_circle_ends() -> None:
    """Columns that are made of each other inherit once; none inherits from itself."""
    found = inherited(
        [ColumnEdge(EMAIL, CONTACT), ColumnEdge(CONTACT, SENT), ColumnEdge(SENT, EMAIL)], {EMAIL: ["pii"]}
    )

    assert {CONTACT: {"pii": {EMAIL}}, SENT: {"pii": {EMAIL}}} == found


def test_what_affects_a_whole_dataset_carries_nothing() -> None:
    """A filter stands for every column at once; it chose rows by the tagged one."""
    assert {} == inherited([ColumnEdge(EMAIL, EVERY)], {EMAIL: ["pii"]})
