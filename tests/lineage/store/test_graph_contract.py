"""What every store promises of its graph: nodes, identities, edges, columns and search."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lineage.model import WHOLE, Node, NodeId
from lineage.store.answers import Namespace
from lineage.store.base import Store
from tests.support.deltas import (
    at,
    columns,
    dataset,
    described,
    facet,
    job,
    linked,
    merge,
    ran,
    received,
    stated,
)

ORDERS, LOAD = dataset("orders"), job("load")


def ends(store: Store, node: NodeId, direction: str = "both", **cut: object) -> list[tuple[str, str]]:
    return [(edge.source.name, edge.target.name) for edge in store.neighbours([node], direction, **cut)]


# ── get ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_get_answers_under_the_ids_as_they_were_asked_for(graph: Store) -> None:
    """Known datasets and jobs are answered, unknown ones and runs are absent."""
    merge(graph, received([ran("r", "COMPLETE", 0, writes=["orders"])]))

    assert {ORDERS, LOAD} == graph.get([ORDERS, LOAD, dataset("other"), NodeId("run", "", "r")]).keys()


def test_a_node_spans_the_events_that_mention_it(graph: Store) -> None:
    """first_at and last_at are event times, whatever order they came in."""
    merge(graph, received([ran("r", "COMPLETE", 5, writes=["orders"]), ran("r", "START", 2, writes=["orders"])]))

    assert Node(ORDERS, ORDERS, at(2), at(5)) == graph.get([ORDERS])[ORDERS]


def test_the_newest_facet_by_event_time_stands(graph: Store) -> None:
    """A facet replaces the older one of its name whole, also when it arrived earlier."""
    newer, older = (
        described("orders", when, facets=(facet(ORDERS, "owner", who),)) for when, who in ((9, "b"), (1, "a"))
    )
    merge(graph, received([newer, older]))
    expected = {"owner": b'"b"'}

    assert expected == graph.get([ORDERS])[ORDERS].facets


def test_a_deleted_facet_is_gone_until_a_newer_one_comes(graph: Store) -> None:
    """`_deleted` takes the facet away; what is deleted stays in its history."""
    merge(graph, received([
        described("orders", 1, facets=(facet(ORDERS, "owner", "a"), facet(ORDERS, "schema", "s"))),
        described("orders", 2, facets=(facet(ORDERS, "owner", ""), facet(ORDERS, "schema", ""))),
        described("orders", 3, facets=(facet(ORDERS, "schema", "t"),)),
    ]))  # fmt: skip
    expected = {"schema": b'"t"'}

    assert expected == graph.get([ORDERS])[ORDERS].facets


def test_facets_of_a_use_never_become_the_datasets_own(graph: Store) -> None:
    """What inputFacets and outputFacets say is of one run's use."""
    merge(graph, received([
        ran("r", "COMPLETE", 1, writes=["orders"], facets=[facet(ORDERS, "outputStatistics", "x", "output")])
    ]))  # fmt: skip
    expected = {}

    assert expected == graph.get([ORDERS])[ORDERS].facets


def test_a_drop_marks_the_dataset_until_it_is_created_again(graph: Store) -> None:
    """The newest of DROP and CREATE by event time decides."""
    drops = [
        described("orders", 2, tombstones=((ORDERS, True),)),
        described("items", 3, tombstones=((dataset("items"), True),)),
    ]
    merge(graph, received([described("items", 4, tombstones=((dataset("items"), False),)), *drops]))
    found = graph.get([ORDERS, dataset("items")])

    assert (at(2), None) == (found[ORDERS].dropped_at, found[dataset("items")].dropped_at)


def test_who_writes_a_dropped_dataset_anew_lifts_its_tombstone(graph: Store) -> None:
    """A COMPLETE that lists it after the drop; not that of the run which dropped it, nor a START."""
    dropped = ((ORDERS, True),)
    merge(graph, received([
        ran("drop", "START", 1, by="ddl", writes=["orders"], tombstones=dropped),
        ran("drop", "COMPLETE", 2, by="ddl", writes=["orders"]),
        ran("r", "START", 3, writes=["orders"]),
        ran("r", "COMPLETE", 4, writes=["orders"]),
    ]))  # fmt: skip

    found = [graph.get([ORDERS], as_of=as_of)[ORDERS].dropped_at for as_of in (at(2), at(3), at(4), None)]

    assert [at(1), at(1), None, None] == found


def test_get_as_of_knows_nothing_later(graph: Store) -> None:
    """Facets and spans are those of the time asked for; what was first seen later is unknown."""
    merge(graph, received([
        described("orders", 1, facets=(facet(ORDERS, "owner", "a"),)),
        described("orders", 5, facets=(facet(ORDERS, "owner", "b"),)),
        described("items", 5),
    ]))  # fmt: skip

    assert {ORDERS: Node(ORDERS, ORDERS, at(1), at(1), {"owner": b'"a"'})} == graph.get(
        [ORDERS, dataset("items")], as_of=at(4)
    )


# ── identity ─────────────────────────────────────────────────────────────────────────────────────────────────────────


RULE = "rule: case"


def test_spellings_are_one_dataset_and_their_normal_form_is_none(graph: Store) -> None:
    """What only a rule names joins those that events name, and stands in no list, count or alias."""
    spelled = [described(name, 1, aliases=(linked("normal", name, RULE),)) for name in ("Orders", "ORDERS")]
    merge(graph, received(spelled))

    assert (
        [dataset("ORDERS"), dataset("Orders")],
        (dataset("ORDERS"), (dataset("ORDERS"),)),
        (2, 2),
    ) == (
        [node.id for node in graph.find().items],
        ((found := graph.get([dataset("Orders")])[dataset("Orders")]).canonical, found.aliases),
        (graph.namespaces()[0].datasets, graph.stats()["datasets"]),
    )


def test_the_normal_form_may_be_asked_for(graph: Store) -> None:
    """Nobody called it so, and yet it is known which dataset is meant."""
    merge(graph, received([described("Orders", 1, aliases=(linked("normal", "Orders", RULE),))]))

    found = graph.get([dataset("normal")])[dataset("normal")]

    assert (dataset("Orders"), (dataset("Orders"),)) == (found.canonical, found.aliases)


def test_a_normal_form_that_is_named_at_last_is_a_dataset_as_the_others(graph: Store) -> None:
    """It may become the least name of all; the list and the counts know it from then on."""
    merge(graph, received([described("b", 1, aliases=(linked("a", "b", RULE),))]))
    merge(graph, received([described("a", 2)], 5))

    assert ([dataset("a")] * 2, 2, [1, 2]) == (
        [node.canonical for node in graph.find().items],
        graph.namespaces()[0].datasets,
        [len(graph.get([dataset("b")], as_of=at(minute))[dataset("b")].aliases) + 1 for minute in (1, 2)],
    )


def test_aliases_are_one_dataset_under_the_least_name(graph: Store) -> None:
    """Whichever name is asked for, the canonical id is the same and the others are its aliases."""
    merge(graph, received([described("path/b", 1, aliases=(linked("path/b", "a"), linked("path/b", "c")))]))
    found = graph.get([dataset("c")])[dataset("c")]

    assert (dataset("a"), (dataset("a"), dataset("path/b"))) == (found.canonical, found.aliases)


def test_a_symlink_that_comes_late_joins_what_is_there(graph: Store) -> None:
    """Edges of both names are found from either."""
    merge(graph, received([ran("w", "COMPLETE", 1, by="write", writes=["path"])]))
    merge(graph, received([ran("r", "COMPLETE", 2, by="read", reads=["table"])], 1))
    merge(graph, received([described("path", 3, aliases=(linked("path", "table"),))], 2))
    expected = [("table", "read"), ("write", "table")]

    assert expected == ends(graph, dataset("table"))


def test_a_repointed_symlink_leaves_its_old_target(graph: Store) -> None:
    """The newest declaration of an alias decides whose it is."""
    old = described("v1", 1, aliases=(linked("v1", "current"),))
    new = described("v2", 5, aliases=(linked("v2", "current"),))
    merge(graph, received([new, old]))
    found = graph.get([dataset("v1"), dataset("current")])

    assert ((), (dataset("v2"),)) == (found[dataset("v1")].aliases, found[dataset("current")].aliases)


def test_as_of_sees_the_identities_of_its_time(graph: Store) -> None:
    """Before a symlink was pointed elsewhere it belonged to its first target."""
    old = described("v1", 1, aliases=(linked("v1", "current"),))
    new = described("v2", 5, aliases=(linked("v2", "current"),))
    merge(graph, received([old, new]))

    assert (dataset("v1"),) == graph.get([dataset("current")], as_of=at(4))[dataset("current")].aliases


def test_a_rename_does_not_undo_a_symlink(graph: Store) -> None:
    """Declarations compete with those of their own kind only."""
    merge(graph, received([
        described("path", 1, aliases=(linked("path", "table"),)),
        described("new", 2, aliases=(linked("new", "table", "rename"),)),
    ]))  # fmt: skip

    assert (dataset("new"), dataset("path")) == graph.get([dataset("table")])[dataset("table")].aliases


# ── neighbours ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("node", "direction", "expected"),
    [
        (dataset("b"), "up", [("load", "b")]),
        (dataset("b"), "down", [("b", "next")]),
        (job("load"), "up", [("a", "load")]),
        (job("load"), "down", [("load", "b")]),
        (job("load"), "both", [("a", "load"), ("load", "b")]),
    ],
)
def test_neighbours_go_with_and_against_the_flow(
    graph: Store, node: NodeId, direction: str, expected: list[tuple[str, str]]
) -> None:
    """`up` gives writers of a dataset and inputs of a job, `down` the reverse."""
    one = ran("r1", "COMPLETE", 1, by="load", reads=["a"], writes=["b"])
    merge(graph, received([one, ran("r2", "COMPLETE", 2, by="next", reads=["b"], writes=["c"])]))

    assert expected == ends(graph, node, direction)


def test_an_edge_counts_runs_and_names_its_newest_events(graph: Store) -> None:
    """Span, runs, and the newest event of each of the three newest runs."""
    deltas = [ran(f"r{number}", "COMPLETE", number, writes=["orders"]) for number in range(5)]
    merge(graph, received(deltas))
    (edge,) = graph.neighbours([ORDERS], "up")

    assert (at(0), at(4), 5, tuple(delta.digest.hex() for delta in deltas[:1:-1])) == (
        edge.first_at, edge.last_at, edge.runs, edge.evidence
    )  # fmt: skip


def test_only_effective_listings_are_edges(graph: Store) -> None:
    """A dataset listed on START only is no edge once COMPLETE lists others of that side."""
    started = ran("r", "START", 1, reads=["phantom"])
    merge(graph, received([started]))
    before = ends(graph, LOAD)
    merge(graph, received([ran("r", "COMPLETE", 2, reads=["orders"])], 1))
    expected = ([("phantom", "load")], [("orders", "load")])

    assert expected == (before, ends(graph, LOAD))


def test_a_job_may_state_its_edges_without_a_run(graph: Store) -> None:
    """A JobEvent makes edges that count no run."""
    merge(graph, received([stated("load", 1, reads=["orders"])]))
    expected = [(ORDERS, LOAD, 0)]

    assert expected == [(e.source, e.target, e.runs) for e in graph.neighbours([LOAD], "up")]


def test_a_run_that_lists_two_names_of_a_dataset_counts_once(graph: Store) -> None:
    """A canonical dataset speaks for all its aliases, run by run."""
    one = ran("r1", "COMPLETE", 1, reads=["path", "table"], aliases=(linked("path", "table"),))
    merge(graph, received([one, ran("r2", "COMPLETE", 2, reads=["table"])]))

    assert [(dataset("table"), 2)] == [(edge.source, edge.runs) for edge in graph.neighbours([LOAD], "up")]


def test_a_run_that_changes_its_job_takes_its_edges_along(graph: Store) -> None:
    """The newest event names the job of record."""
    merge(graph, received([ran("r", "START", 1, by="old", writes=["orders"])]))
    merge(graph, received([ran("r", "COMPLETE", 2, by="new", writes=["orders"])], 1))
    expected = [("new", "orders")]

    assert expected == ends(graph, ORDERS)


def test_as_of_a_phantom_was_still_an_edge(graph: Store) -> None:
    """At a past instant a run is concluded from what it had said by then."""
    merge(graph, received([ran("r", "START", 1, reads=["phantom"]), ran("r", "COMPLETE", 3, reads=["orders"])]))
    expected = [("phantom", "load")]

    assert expected == ends(graph, LOAD, as_of=at(2))


def test_known_at_sees_only_what_was_received(graph: Store) -> None:
    """An event of long ago that arrived late was not known before."""
    merge(
        graph, received([ran("r1", "COMPLETE", 50, writes=["orders"]), ran("r2", "COMPLETE", 1, writes=["late"])], 60)
    )
    expected = [("load", "orders")]

    assert expected == ends(graph, LOAD, known_at=at(60))


def test_lookback_hears_only_recent_speakers(graph: Store) -> None:
    """Runs and jobs observed in (as_of - lookback, as_of] speak, with all that they said by then."""
    merge(graph, received([
        ran("old", "COMPLETE", 1, writes=["a"]),
        ran("long", "START", 0, writes=["b"]), ran("long", "RUNNING", 9),
        stated("load", 10, writes=["c"]),
        ran("later", "COMPLETE", 20, writes=["d"]),
    ]))  # fmt: skip
    expected = [("load", "b"), ("load", "c")]

    assert expected == ends(graph, LOAD, as_of=at(11), lookback=timedelta(minutes=10))


# ── find, namespaces ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ord", ["orders_daily", "shop.RawOrders"]),
        ("ders", ["orders_daily", "shop.RawOrders"]),
        ("ORDERS daily", ["orders_daily"]),
        ("da", ["orders_daily"]),
        ("ai", []),
        ("o", ["orders_daily", "shop.RawOrders"]),
        ("ra", ["shop.RawOrders"]),
        ("etl", ["load"]),
        ('"', []),
        ("orders\0dai", ["orders_daily"]),
        ("s_d", ["orders_daily"]),
        ("größe", ["Größen"]),
        ("", ["load", "Größen", "orders_daily", "shop.RawOrders"]),
    ],
)
def test_find_takes_words_at_the_start_of_a_part_and_long_ones_anywhere(
    graph: Store, words: str, expected: list[str]
) -> None:
    """Every word must be in namespace or name; parts end at signs and at camelCase borders."""
    names = ["orders_daily", "shop.RawOrders", "Größen"]
    merge(graph, received([ran("r", "COMPLETE", 1, writes=names)]))

    assert expected == [node.id.name for node in graph.find(words).items]


def test_find_filters_orders_and_pages(graph: Store) -> None:
    """By kind and namespace, last observed first, with the total of the same filter."""
    merge(graph, received([described(name, when) for name, when in (("a", 3), ("b", 1), ("c", 2))]))
    page = graph.find(kind="dataset", namespace="lake", order="updated", limit=2, offset=1)
    expected = (["c", "b"], 3)

    assert expected == ([node.id.name for node in page.items], page.total)


def test_find_answers_raw_identities(graph: Store) -> None:
    """An alias is found under its own name, and says whose it is."""
    merge(graph, received([described("path", 1, aliases=(linked("path", "a_table"),))]))
    (node,) = graph.find("path").items

    assert (dataset("path"), dataset("a_table")) == (node.id, node.canonical)


def test_namespaces_say_how_much_is_in_them(graph: Store) -> None:
    """By name, with spans over their nodes; runs do not count."""
    merge(graph, received([ran("r", "START", 1, writes=["a"]), ran("r", "COMPLETE", 4, writes=["b"])]))

    assert [Namespace("etl", at(1), at(4), 0, 1), Namespace("lake", at(1), at(4), 2, 0)] == graph.namespaces()


# ── about itself ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_replay_changes_nothing(graph: Store) -> None:
    """The same pairs again leave the same dump."""
    pairs = received([ran("r", "START", 1, writes=["a"]), ran("r", "COMPLETE", 4, writes=["a"], rows=3)])
    merge(graph, pairs)
    once = list(graph.dump())

    merge(graph, pairs)

    assert once == list(graph.dump())


def test_the_earliest_receipt_of_an_event_is_its_time(graph: Store) -> None:
    """One event globally, whichever entry is merged first."""
    ((entry, delta),) = received([described("orders", 0)], 9)
    merge(graph, [(entry, delta), (replace(entry, received_at=at(3)), delta)])
    merge(graph, [(replace(entry, received_at=at(5)), delta)])

    assert [at(3)] == [event.received_at for event in graph.events().items]


def test_a_merge_is_all_or_none(graph: Store) -> None:
    """A delta that cannot be merged leaves nothing of its neighbours, and the store usable."""
    good, bad = received([described("good", 1), described("bad", 2)])
    broken = bad[1]._replace(depends=((job("unnamed"), job("nowhere")),))

    with pytest.raises(KeyError):
        merge(graph, [good, (bad[0], broken)])
    merge(graph, [bad])

    assert {dataset("bad")} == graph.get([dataset("good"), dataset("bad")]).keys()


def test_the_revision_changes_with_the_graph(graph: Store) -> None:
    """Every merge and a clear give another word."""
    words = [graph.revision()]
    for pair in received([described("a", 1), described("b", 2)]):
        merge(graph, [pair])
        words.append(graph.revision())
    graph.clear()
    expected = 4

    assert expected == len({*words, graph.revision()})


def test_the_watermark_is_the_highest_place_of_each_writer(graph: Store) -> None:
    """By writer; a replay of an older place does not lower it."""
    first, second = received([described("a", 1), described("b", 2)])
    other = (replace(first[0], writer="other", seq=7), first[1])
    merge(graph, [first, second, other])
    merge(graph, [first])
    expected = {"writer": 2, "other": 7}

    assert expected == graph.watermark()


def test_stats_count_what_is_there(graph: Store) -> None:
    """Datasets, jobs, runs, events, distinct facet bodies and edges between columns, of which WHOLE is none."""
    merge(graph, received([
        ran("r", kind, when, writes=["a", "b"], facets=[facet(dataset("a"), "owner", "x")],
            columns=(columns(dataset("a"), ("p", dataset("b"), "q"), (WHOLE, dataset("b"), "r")),))
        for kind, when in (("START", 1), ("COMPLETE", 2))
    ]))  # fmt: skip
    counts = dict(graph.stats())
    counts.pop("bytes", None)  # where it is known
    expected = {"datasets": 2, "jobs": 1, "runs": 1, "events": 2, "facets": 1, "columns": 1}

    assert expected == counts


def test_clear_forgets_the_graph_only(graph: Store) -> None:
    """Documents stay; the graph is as new."""
    nothing = list(graph.dump())
    merge(graph, received([ran("r", "COMPLETE", 1, writes=["a"])]))

    graph.clear()

    assert (nothing, 0, 0) == (list(graph.dump()), graph.find("a").total, graph.stats()["events"])
