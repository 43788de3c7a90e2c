"""The columnLineage facet as edges: which columns a column was made of, and what affects all of them at once."""

import json
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.events import parse_event
from lineage.model import WHOLE, ColumnEdge, FieldId, dataset_id
from lineage.projection import project
from lineage.projection.columns import is_column
from tests.support.making import body, dataset, facet

SOURCE, TARGET = dataset_id("lake", "source"), dataset_id("lake", "target")

SUM = {"type": "DIRECT", "subtype": "AGGREGATION", "description": "sum", "masking": False}
HASH = {"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": True}
JOIN = {"type": "INDIRECT", "subtype": "JOIN"}
CASE = {"type": "INDIRECT", "subtype": "CONDITIONAL"}
FILTER = {"type": "INDIRECT", "subtype": "FILTER", "masking": True}


def seen(**parts):
    return project(parse_event(body(**parts)), b"d" * 32)


def of(name, *how, **more):
    return {"namespace": "lake", "name": "source", "field": name, "transformations": list(how), **more}


def fields(**columns):
    return {"fields": {name: {"inputFields": sources} for name, sources in columns.items()}}


def schema(*names):
    return {"schema": facet(fields=[{"name": name} for name in names])}


def edges(lineage, **facets):
    output = dataset("target", facets={"columnLineage": facet(**lineage), **facets})
    (found,) = seen(outputs=[output]).columns
    return found.edges


def edge(source, column, *how):
    return ColumnEdge(FieldId(SOURCE, source), FieldId(TARGET, column), how)


def told(how):
    return how["type"], how["subtype"], how.get("masking", False)


COLUMNS = {
    "with transformations": (
        fields(a=[of("x", SUM, HASH)]),
        [edge("x", "a", ("DIRECT", "AGGREGATION", False), ("DIRECT", "TRANSFORMATION", True))],
    ),
    "without": (fields(a=[of("x")]), [edge("x", "a")]),
    "named twice": (
        fields(a=[of("x", SUM), of("x", JOIN)]),
        [edge("x", "a", ("DIRECT", "AGGREGATION", False), ("INDIRECT", "JOIN", False))],
    ),
    "deprecated IDENTITY": (
        {"fields": {"a": {"inputFields": [of("x")], "transformationType": "IDENTITY"}}},
        [edge("x", "a", ("DIRECT", "IDENTITY", False))],
    ),
    "deprecated MASKED": (
        {"fields": {"a": {"inputFields": [of("x")], "transformationType": "MASKED"}}},
        [edge("x", "a", ("DIRECT", "TRANSFORMATION", True))],
    ),
    "deprecated and empty": (
        {"fields": {"a": {"inputFields": [of("x")], "transformationType": ""}}},
        [edge("x", "a")],
    ),
    "what affects the whole dataset": (
        fields(a=[of("x")]) | {"dataset": [of("k", JOIN)]},
        [edge("k", WHOLE, ("INDIRECT", "JOIN", False)), edge("x", "a")],
    ),
    "what affects only the whole": ({"fields": {}, "dataset": [of("k")]}, [edge("k", WHOLE)]),
    "what is said of the whole and of a column": (
        fields(a=[of("k", JOIN, SUM)]) | {"dataset": [of("k", JOIN)]},
        [edge("k", WHOLE, ("INDIRECT", "JOIN", False)), edge("k", "a", ("DIRECT", "AGGREGATION", False))],
    ),
    "an empty name": (fields(a=[of("")]), []),
    "nothing": ({"fields": {}}, []),
}


@pytest.mark.parametrize(("lineage", "wanted"), COLUMNS.values(), ids=COLUMNS.keys())
def test_column_lineage_becomes_one_edge_per_pair_of_columns(lineage, wanted):
    """One edge per (source, target) with the set of its transformations, in order."""
    assert tuple(wanted) == edges(lineage)


# ── What stands under every column. ──────────────────────────────────────────────────────────────────────────────────

COPIED = {
    "is one edge to the whole": (
        fields(a=[of("x", SUM), of("k", JOIN)], b=[of("k", JOIN)]),
        {},
        [edge("k", WHOLE, told(JOIN)), edge("x", "a", told(SUM))],
    ),
    "is split from what is direct": (
        fields(a=[of("k", SUM, JOIN)], b=[of("k", JOIN)]),
        {},
        [edge("k", WHOLE, told(JOIN)), edge("k", "a", told(SUM))],
    ),
    "is each transformation for itself": (
        fields(a=[of("k", JOIN, FILTER)], b=[of("k", FILTER)]),
        {},
        [edge("k", WHOLE, told(FILTER)), edge("k", "a", told(JOIN))],
    ),
    "is never direct": (fields(a=[of("k", SUM)], b=[of("k", SUM)]), {}, [edge("k", c, told(SUM)) for c in "ab"]),
    "is no copy under one column alone": (fields(a=[of("k", JOIN)]), {}, [edge("k", "a", told(JOIN))]),
    "decides over the rows of a literal too": (
        fields(a=[of("k", JOIN)], b=[of("k", JOIN)]),
        schema("a", "b", "c"),
        [edge("k", WHOLE, told(JOIN))],
    ),
    "is a condition of these columns where the schema knows another": (
        fields(a=[of("k", CASE, JOIN)], b=[of("k", CASE, JOIN)]),
        schema("a", "b", "c"),
        [edge("k", WHOLE, told(JOIN)), *(edge("k", c, told(CASE)) for c in "ab")],
    ),
    "is a condition of all where the schema knows no other": (
        fields(a=[of("k", CASE)], b=[of("k", CASE)]),
        schema("a", "b"),
        [edge("k", WHOLE, told(CASE))],
    ),
    "is a copy where only a struct's parts are named": (
        {"fields": {"s.a": {"inputFields": [of("k", JOIN)]}, "s[0].b": {"inputFields": [of("k", JOIN)]}}},
        schema("s"),
        [edge("k", WHOLE, told(JOIN))],
    ),
}


@pytest.mark.parametrize(("lineage", "facets", "wanted"), COPIED.values(), ids=COPIED.keys())
def test_what_stands_under_every_column(lineage, facets, wanted):
    """INDIRECT transformations that Spark copied to all columns of the schema are said once (OPENLINEAGE 2.6)."""
    assert tuple(sorted(wanted)) == edges(lineage, **facets)


transformations = st.lists(st.sampled_from([SUM, HASH, JOIN, CASE, FILTER]), max_size=3)
sources = st.lists(st.builds(lambda name, how: of(name, *how), st.sampled_from("xyk"), transformations), max_size=4)


def said(inputs):
    """What the facet says of a column with these inputs: transformations by source column."""
    found = {}
    for each in inputs:
        found.setdefault(each["field"], set()).update(map(told, each["transformations"]))
    return found


def by_column(found, names):
    """What *found* says of each of *names*: its own edges and those of WHOLE together, in the form of `said`."""
    together = {name: {} for name in names}
    for name, each in product(together, found):
        if each.target.name in {name, WHOLE}:
            together[name].setdefault(each.source.name, set()).update(each.transformations)
    return together


LINEAGE = st.dictionaries(st.sampled_from("abcd"), sources)


@given(LINEAGE, sources, st.lists(st.sampled_from("abcde"), unique=True))
def test_every_column_is_made_of_what_the_facet_says(columns, whole, known):
    """Own edges and those of WHOLE together are what a naive reading of the facet gives, column by column."""
    known = [*columns] if len(known) == len(columns) else known  # else positions may count

    found = edges(fields(**columns) | {"dataset": whole}, **schema(*known))

    assert {name: said([*columns[name], *whole]) for name in columns} == by_column(found, columns)


@given(LINEAGE, sources)
def test_a_column_without_lineage_is_affected_by_what_affects_rows(columns, whole):
    """A literal is as much filtered as the columns beside it; their conditions are not its own."""
    found = edges(fields(**columns) | {"dataset": whole}, **schema(*columns, "literal", "count"))

    expected, actual = said(whole), by_column(found, ["literal"])["literal"]
    beyond = {how for source, hows in actual.items() for how in hows - expected.get(source, set())}
    assert beyond <= {told(JOIN), told(FILTER)}
    assert {source: hows & actual.get(source, set()) for source, hows in expected.items()} == expected


def test_a_wide_distinct_stays_small():
    """300 columns, each affected by all 300 of the source, are 600 edges and not 90 000."""
    names = [f"c{number}" for number in range(300)]
    distinct = {"type": "INDIRECT", "subtype": "GROUP_BY"}
    every = [of(name, distinct) for name in names]
    found = edges(fields(**{name: [*every, of(name, SUM)] for name in names}), **schema(*names, "literal"))

    assert len(found) == 600


def test_equal_column_lineage_has_an_equal_digest():
    """A store expands equal bodies once; the target counts too, as Airflow sends one body for all outputs."""
    lineage = {"columnLineage": facet(**fields(a=[of("x")]))}
    first = seen(eventType="START", outputs=[dataset("target", facets=lineage)]).columns[0]
    second = seen(outputs=[dataset("target", facets=lineage), dataset("other", facets=lineage)]).columns

    assert (first.digest == second[0].digest, first.digest == second[1].digest) == (True, False)


def test_deleted_column_lineage_is_one_without_edges():
    """It takes back what was said before, where a facet that is left out says nothing."""
    ((deleted,), nothing) = (
        seen(outputs=[dataset("target", facets=facets)]).columns
        for facets in ({"columnLineage": facet(_deleted=True)}, {})
    )

    assert ((TARGET, ()), ()) == ((deleted.dataset, deleted.edges), nothing)


def test_what_the_schema_decides_is_part_of_the_digest():
    """One body that gives other edges beside another schema is another body to the store."""
    lineage = {"columnLineage": facet(**fields(a=[of("k", CASE, JOIN)], b=[of("k", CASE, JOIN)]))}
    digests = {
        seen(outputs=[dataset("target", facets=lineage | schema(*names))]).columns[0].digest
        for names in ("ab", "abc", "de", "ba")
    }

    assert len(digests) == 3


# ── Columns that the schema does not know. ───────────────────────────────────────────────────────────────────────────

NAMELESS = [
    (["_0", "_1", "name"], ["day", "total", "name"], ["day", "name", "total"]),
    (["d", "s"], ["day", "total"], ["day", "total"]),
    (["_0", "_1", "name"], ["day", "name", "total", "n"], ["_0", "_1", "name"]),
    (["_0", "name"], ["name", "total"], ["_0", "name"]),
    (["_0", "s.a"], ["s", "day"], ["_0", "s.a"]),
    (["_0"], [], ["_0"]),
]


@pytest.mark.parametrize(("sent", "known", "wanted"), NAMELESS)
def test_unknown_columns_take_the_schemas_names_by_position(sent, known, wanted):
    """Only where the counts agree and no known column stands elsewhere in the schema; else they stay as sent."""
    found = edges(fields(**{name: [of("x")] for name in sent}), **schema(*known))

    assert wanted == [each.target.name for each in found]


def test_a_column_without_a_name_is_told():
    """One that stays is a warning of its event."""
    output = dataset("target", facets={"columnLineage": facet(**fields(_0=[of("x")], a=[of("x")])), **schema("a")})

    assert seen(outputs=[output]).warnings == ("columnLineage of target: _0 are unresolved, kept as they are",)


def test_a_part_of_a_column_is_known():
    """Spark names the parts of structs, arrays and maps behind a dot."""
    known = ["order", "lines", "a.b"]

    assert [True, True, True, True, False, False] == [
        is_column(name, known) for name in ("order", "order.id", "lines[0].sku", "a.b", "a", "orders.id")
    ]


def test_an_odd_schema_decides_nothing():
    """Column lineage is read whatever is wrong with the schema beside it."""
    assert edges(fields(a=[of("x")]), schema=facet(fields=json.loads('[{"name": 5}]'))) == (edge("x", "a"),)
