"""What a `lineage` facet says explicitly: the cases that are no graph, and who speaks for whom."""

from lineage.events import parse_event
from lineage.model import MadeOf, Touch, dataset_id, job_id, run_id
from lineage.projection import project
from tests.support.making import RUN, body, dataset, facet

LOAD = job_id("etl", "load")
SOURCE, TARGET = dataset_id("lake", "source"), dataset_id("lake", "target")
FROM_SOURCE = {"inputs": [{"namespace": "lake", "name": "source", "type": "DATASET"}]}


def seen(**parts):
    return project(parse_event(body(**parts)), b"d" * 32)


def with_lineage(name, **said):
    return dataset(name, facets={"lineage": facet(**said)})


def test_the_facet_of_an_output_speaks_of_the_events_job():
    """The run made it; so what it was made of is what the run's job says."""
    assert (MadeOf(LOAD, TARGET, (SOURCE,)),) == seen(outputs=[with_lineage("target", **FROM_SOURCE)]).made_of


def test_the_facet_of_an_input_is_the_inputs_own_definition():
    """Who reads a view did not make it: the view's definition reads and writes, as a job of its own name."""
    view = job_id("lake", "target")
    delta = seen(inputs=[with_lineage("target", **FROM_SOURCE)])

    assert (
        (MadeOf(view, TARGET, (SOURCE,)),),
        (
            Touch(run_id(RUN), TARGET, "input"),
            Touch(view, TARGET, "output", told=True),
            Touch(view, SOURCE, "input", told=True),
        ),
    ) == (delta.made_of, delta.touches)


def test_a_dataset_on_both_sides_is_spoken_of_by_the_job():
    """Producers repeat the facets of a table that is read and written; it needs no definition then."""
    told = with_lineage("target", **FROM_SOURCE)

    assert {LOAD} == {said.job for said in seen(inputs=[told], outputs=[told]).made_of}


def test_a_definition_is_marked_as_such():
    """A job that no scheduler knows says of itself what it is."""
    delta = seen(run=..., job=..., inputs=..., outputs=..., dataset=with_lineage("target", **FROM_SOURCE))

    marks = [b'"jobType":"DEFINITION"' in seen.body for seen in delta.facets if seen.name == "jobType"]
    assert ([True], TARGET) == (marks, delta.nodes[0])


def test_what_jobs_alone_make_has_no_definition():
    """The jobs that the facet names are the writers; a mark on a job that nothing names would be a mark on nobody."""
    feeds = {"inputs": [{"namespace": "etl", "name": "load", "type": "JOB"}]}
    delta = seen(run=..., job=..., inputs=..., outputs=..., dataset=with_lineage("target", **feeds))

    assert {LOAD, TARGET} == {*delta.nodes, *(told.of for told in delta.facets)}


def test_a_definition_that_is_taken_back_leaves_nothing():
    """Its lists count no more, as it has none but the facet's."""
    delta = seen(run=..., job=..., inputs=..., outputs=..., dataset=with_lineage("target", _deleted=True))

    assert ((MadeOf(job_id("lake", "target"), TARGET, ()),), ()) == (delta.made_of, delta.touches)


def test_the_facet_of_an_output_is_taken_back_alone():
    """A deletion on one output says nothing of the others."""
    delta = seen(outputs=[with_lineage("target", _deleted=True), dataset("other")])

    assert (MadeOf(LOAD, TARGET, None),) == delta.made_of


def test_what_is_taken_back_takes_its_columns_with_it():
    """Else column edges of a statement that nobody makes any more would stand for ever."""
    delta = seen(outputs=[with_lineage("target", _deleted=True)])

    assert [(TARGET, ())] == [(told.dataset, told.edges) for told in delta.columns]


def test_what_is_taken_back_leaves_the_column_lineage_beside_it():
    """The columnLineage of the same event speaks then."""
    source = {"namespace": "lake", "name": "source", "field": "id"}
    columns = facet(fields={"id": {"inputFields": [source]}})
    delta = seen(outputs=[dataset("target", facets={"lineage": facet(_deleted=True), "columnLineage": columns})])

    assert [(TARGET, 1)] == [(told.dataset, len(told.edges)) for told in delta.columns]


def test_what_a_facet_tells_is_marked_also_where_it_is_listed():
    """A list may be a plan; a statement is none."""
    listed = seen(inputs=[dataset("source"), dataset("other")], outputs=[with_lineage("target", **FROM_SOURCE)])

    assert {"source": True, "other": False, "target": True} == {
        touch.dataset.name: touch.told for touch in listed.touches
    }


def test_several_entries_for_one_target_are_one_statement():
    """The facets of the job and of the output may each know a part."""
    entry = {"namespace": "lake", "name": "target", "type": "DATASET", **FROM_SOURCE}
    other = {"namespace": "lake", "name": "other", "type": "DATASET"}
    told = {"namespace": "etl", "name": "load", "facets": {"lineage": facet(entries=[entry])}}

    delta = seen(job=told, outputs=[with_lineage("target", inputs=[other])])

    assert (MadeOf(LOAD, TARGET, (dataset_id("lake", "other"), SOURCE)),) == delta.made_of


def test_an_entry_without_sources_names_a_target_and_no_more():
    """That nothing is said of sources is another thing than that there are none."""
    entry = {"namespace": "lake", "name": "target", "type": "DATASET"}
    told = {"namespace": "etl", "name": "load", "facets": {"lineage": facet(entries=[entry])}}

    delta = seen(job=told)

    assert ((), (Touch(run_id(RUN), TARGET, "output", told=True),)) == (delta.made_of, delta.touches)


def test_what_the_job_itself_feeds_comes_of_all_that_it_reads():
    """A source that is the event's own job stands for its inputs, whatever else is named."""
    inputs = [*FROM_SOURCE["inputs"], {"type": "JOB"}]

    assert (MadeOf(LOAD, TARGET, None),) == seen(outputs=[with_lineage("target", inputs=inputs)]).made_of


def test_a_statement_that_cannot_be_read_is_warned_of():
    """Half of it would claim that there is no other source."""
    delta = seen(outputs=[with_lineage("target", inputs=[{"type": "DATASET", "name": "source"}])])

    assert ((), ("lineage: left out, a source is neither a DATASET nor a JOB with a name",)) == (
        delta.made_of,
        delta.warnings,
    )
