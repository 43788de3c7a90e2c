"""What one event says of the world: facets, counts, versions, columns, aliases, hierarchy."""

from datetime import UTC, datetime

import pytest

from lineage.events import parse_event
from lineage.model import (
    FacetSeen,
    SameAs,
    Statistics,
    Touch,
    dataset_id,
    job_id,
    run_id,
)
from lineage.projection import project
from tests.support.making import RUN, body, dataset, facet

LOAD = job_id("etl", "load")
SOURCE, TARGET = dataset_id("lake", "source"), dataset_id("lake", "target")


def seen(**parts):
    return project(parse_event(body(**parts)), b"d" * 32)


def source_field(name, **more):
    return {"namespace": "lake", "name": "source", "field": name, **more}


def target(columns, **facets):
    return dataset("target", facets={"columnLineage": facet(**columns), **facets})


# ── Who is named. ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_job_is_the_first_node():
    """Nodes come in order of first mention, each once; a job event's job is always the first."""
    delta = seen(inputs=[dataset("source")], outputs=[dataset("target"), dataset("source")])

    assert delta.nodes == (LOAD, SOURCE, TARGET)


def test_parent_and_root_are_nodes_before_they_ever_speak():
    """A parent may never emit an event of its own; its job has its place, its run is named."""
    other = "0197d5f0-0000-7000-8000-000000000002"
    parent = facet(run={"runId": other.upper()}, job={"namespace": "ops", "name": "dag"})
    delta = seen(run={"runId": RUN, "facets": {"parent": parent}})

    assert ((LOAD, job_id("ops", "dag")), run_id(other)) == (delta.nodes, delta.run.parent_run)


def test_no_run_is_its_own_parent():
    """A parent facet that names its own run would be a cycle of one."""
    parent = facet(run={"runId": RUN}, job={"namespace": "etl", "name": "load"})

    assert seen(run={"runId": RUN, "facets": {"parent": parent}}).run.parent_run is None


def test_a_parent_whose_run_is_no_uuid_is_warned_and_passed_over():
    """The facet stays, its typed view goes."""
    parent = facet(run={"runId": "scheduled__2026"}, job={"namespace": "ops", "name": "dag"})
    delta = seen(run={"runId": RUN, "facets": {"parent": parent}})

    assert (delta.run.parent_run, delta.warnings) == (None, ("parent: 'scheduled__2026' is not a UUID",))


def test_nominal_times_are_instants():
    """Zones are undone; an end that is missing stays unknown."""
    nominal = facet(nominalStartTime="2026-11-21T02:00:00+02:00")
    run = seen(run={"runId": RUN, "facets": {"nominalTime": nominal}}).run

    assert (datetime(2026, 11, 21, tzinfo=UTC), None) == (run.nominal_start, run.nominal_end)


# ── Facets. ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_facets_keep_the_bytes_that_were_sent():
    """A facet is data: its own slice, space and order of keys included."""
    raw = b'{"_schemaURL": "s",  "_producer": "p", "n": 8.8671912032199506E18}'
    sent = body(run={"runId": RUN, "facets": {"x": 0}}).replace(b'{"x": 0}', b'{"x": ' + raw + b"}")
    delta = project(parse_event(sent), b"d" * 32)

    assert (FacetSeen(run_id(RUN), "x", raw),) == delta.facets


def test_input_and_output_facets_know_their_side():
    """They describe one run's use of the dataset, not the dataset."""
    delta = seen(
        inputs=[dataset("source", inputFacets={"x": facet()})], outputs=[dataset("target", outputFacets={"x": facet()})]
    )

    assert [(found.of, found.side) for found in delta.facets] == [(SOURCE, "input"), (TARGET, "output")]


def test_a_deleted_facet_has_no_body():
    """`_deleted` on a job's or dataset's facet deletes; no typed view is taken of what is left."""
    delta = seen(outputs=[dataset("target", facets={"version": facet(_deleted=True)})])

    assert ((FacetSeen(TARGET, "version", b"", None, deleted=True),), None, ()) == (
        delta.facets,
        delta.touches[0].version,
        delta.warnings,
    )


def test_a_run_facet_cannot_be_deleted():
    """On run, input and output facets `_deleted` is an unknown key like any other."""
    assert not seen(run={"runId": RUN, "facets": {"x": facet(_deleted=True)}}).facets[0].deleted


def test_a_facet_that_breaks_its_schema_is_kept_unread():
    """The bytes stay, the typed view is ignored, and the producer is told."""
    delta = seen(run={"runId": RUN, "facets": {"nominalTime": facet(nominalStartTime=5)}})

    assert (
        len(delta.facets),
        delta.run.nominal_start,
        delta.warnings[0].startswith("nominalTime: kept unread, "),
    ) == (1, None, True)


# ── Counts and versions. ─────────────────────────────────────────────────────────────────────────────────────────────


def output(**facets):
    return seen(outputs=[dataset("target", outputFacets=facets)]).touches[0].statistics


COUNTS = {
    "all three": ({"outputStatistics": facet(rowCount=3, size=20, fileCount=1)}, Statistics(3, 20, 1)),
    "silence": ({}, Statistics()),
    "nulls": ({"outputStatistics": facet(rowCount=None)}, Statistics()),
    "zero is a count": ({"outputStatistics": facet(rowCount=0)}, Statistics(rows=0)),
    "minus one is none": ({"outputStatistics": facet(rowCount=-1, size=5)}, Statistics(bytes=5)),
    "a whole float": ({"outputStatistics": facet(rowCount=500.0)}, Statistics(rows=500)),
    "half a row": ({"outputStatistics": facet(rowCount=0.5)}, Statistics()),
    "more than a store holds": ({"outputStatistics": facet(rowCount=2**63)}, Statistics()),
    "a text": ({"outputStatistics": facet(rowCount="12")}, Statistics()),
    "metrics alone": ({"dataQualityMetrics": facet(columnMetrics={}, rowCount=7, bytes=9)}, Statistics(7, 9)),
    "statistics before metrics": (
        {"dataQualityMetrics": facet(rowCount=7, fileCount=2), "outputStatistics": facet(rowCount=3)},
        Statistics(3, None, 2),
    ),
}


@pytest.mark.parametrize(("facets", "counts"), COUNTS.values(), ids=COUNTS.keys())
def test_counts_are_whole_and_known_or_none(facets, counts):
    """Statistics first, data quality metrics where they are silent; what is no count is none, never 0."""
    assert counts == output(**facets)


def test_a_dataset_that_is_listed_twice_is_one_touch():
    """Airflow lists two assets that differ in a trailing slash as one dataset twice; what either says counts."""
    version = {"version": facet(datasetVersion=2558291514320865800)}
    delta = seen(
        inputs=[
            dataset("source", facets=version),
            dataset("source", inputFacets={"inputStatistics": facet(rowCount=4)}),
        ]
    )

    assert (Touch(run_id(RUN), SOURCE, "input", Statistics(rows=4), "2558291514320865800"),) == delta.touches


def test_a_job_event_reads_and_writes_as_a_job():
    """Without a run the job itself is the one that touches."""
    assert (Touch(LOAD, SOURCE, "input"),) == seen(run=..., inputs=[dataset("source")]).touches


def test_a_source_that_only_column_lineage_names_is_read():
    """The source of a Delta MERGE, and the seed of a dbt staging model, stand nowhere else (OPENLINEAGE 4.5)."""
    delta = seen(outputs=[target({"fields": {"a": {"inputFields": [source_field("x")]}}})])

    assert {(TARGET, "output"), (SOURCE, "input")} == {(touch.dataset, touch.side) for touch in delta.touches}


def test_a_source_that_only_column_lineage_names_is_told_apart():
    """One that the event lists, or declares to be another name, stands elsewhere too."""
    columns = target({"fields": {"a": {"inputFields": [source_field("x")]}}})
    link = target({"fields": {"a": {"inputFields": [source_field("x")]}}})
    link["facets"]["symlinks"] = facet(identifiers=[{"namespace": "lake", "name": "source"}])

    assert [(SOURCE,), (), ()] == [
        seen(inputs=inputs, outputs=[output]).only_columns
        for inputs, output in (([], columns), ([dataset("source")], columns), ([], link))
    ]


def test_a_table_that_is_made_of_itself_is_not_read_for_that():
    """UPDATE t gives column lineage from t to t; that alone is no input."""
    itself = {"namespace": "lake", "name": "target", "field": "a"}
    delta = seen(outputs=[target({"fields": {"a": {"inputFields": [itself]}}})])

    assert [(touch.dataset, touch.side) for touch in delta.touches] == [(TARGET, "output")]


# ── Names that are one thing, and things that are gone. ──────────────────────────────────────────────────────────────


def lifecycle(change, **more):
    return {"lifecycleStateChange": facet(lifecycleStateChange=change, **more)}


def test_an_alias_of_nothing_or_of_oneself_is_none():
    """An empty namespace (Marquez 2645) and the dataset's own name (OpenLineage 4638) join nothing."""
    links = [
        {"namespace": "", "name": "t"},
        {"namespace": "lake", "name": "target"},
        {"namespace": "hive", "name": "t"},
    ]
    delta = seen(outputs=[dataset("target", facets={"symlinks": facet(identifiers=links)})])

    assert (SameAs(TARGET, dataset_id("hive", "t"), "symlink"),) == delta.aliases


def test_a_rename_makes_two_names_one():
    """The old name and the new one are the same dataset; neither is dropped."""
    was = {"namespace": "lake", "name": "source"}
    delta = seen(outputs=[dataset("target", facets=lifecycle("RENAME", previousIdentifier=was))])

    assert ((SameAs(TARGET, SOURCE, "rename"),), ()) == (delta.aliases, delta.tombstones)


@pytest.mark.parametrize(
    ("event_type", "change", "wanted"),
    [
        ("START", "DROP", ((TARGET, True),)),
        ("COMPLETE", "CREATE", ((TARGET, False),)),
        ("COMPLETE", "TRUNCATE", ()),
        ("FAIL", "DROP", ()),
        ("ABORT", "DROP", ()),
    ],
)
def test_a_drop_is_a_tombstone_unless_it_failed(event_type, change, wanted):
    """DROP sets it, CREATE lifts it; what a failed run meant to drop may well be there."""
    delta = seen(eventType=event_type, outputs=[dataset("target", facets=lifecycle(change))])

    assert wanted == delta.tombstones
