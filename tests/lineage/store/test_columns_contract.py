"""What every store promises of column lineage: one hop, each way, now and at a cut, also of whole datasets."""

from __future__ import annotations

from lineage.model import WHOLE, ColumnEdge, Direction, FieldId, NodeId
from lineage.store.base import Store
from tests.support.deltas import at, columns, dataset, described, job, linked, merge, ran, received

ORDERS, LOAD = dataset("orders"), job("load")
ITEMS = dataset("items")


def edge(source: tuple[NodeId, str], target: tuple[NodeId, str]) -> ColumnEdge:
    return ColumnEdge(FieldId(*source), FieldId(*target), (("DIRECT", "IDENTITY", False),))


def test_columns_go_one_hop_both_ways(graph: Store) -> None:
    """From a field or from all fields of a dataset, with the job that said so."""
    merge(graph, received([
        ran("r", "COMPLETE", 1, columns=(columns(ORDERS, ("total", ITEMS, "price"), ("day", ITEMS, "at")),))
    ]))  # fmt: skip
    total, day = edge((ITEMS, "price"), (ORDERS, "total")), edge((ITEMS, "at"), (ORDERS, "day"))
    asked = [(FieldId(ORDERS, "total"), "up"), (FieldId(ITEMS, "at"), "down"), (ORDERS, "up"), (ITEMS, "down")]

    assert [[(LOAD, total)], [(LOAD, day)], [(LOAD, day), (LOAD, total)], [(LOAD, day), (LOAD, total)]] == [
        graph.columns([of], direction) for of, direction in asked
    ]


def test_the_newest_column_facet_speaks_for_each_job(graph: Store) -> None:
    """An older one is history, and is the answer as of then; another job's stands beside it."""
    old, new = columns(ORDERS, ("total", ITEMS, "net")), columns(ORDERS, ("total", ITEMS, "price"))
    merge(graph, received([ran("r2", "COMPLETE", 5, columns=(new,)), ran("r1", "COMPLETE", 1, columns=(old,))]))
    merge(graph, received([described("orders", 2, columns=(old,))], 2))
    net, price = edge((ITEMS, "net"), (ORDERS, "total")), edge((ITEMS, "price"), (ORDERS, "total"))

    assert ([(None, net), (LOAD, price)], [(LOAD, net)]) == (
        graph.columns([ITEMS], "down"), graph.columns([ITEMS], "down", as_of=at(1))
    )  # fmt: skip


def test_column_lineage_without_an_edge_speaks_too(graph: Store) -> None:
    """A job takes back what it said, and what others say stays."""
    seen = columns(ORDERS, ("total", ITEMS, "price"))
    merge(graph, received([
        ran("r", "COMPLETE", 1, columns=(seen,)), ran("s", "COMPLETE", 2, by="sum", columns=(seen,)),
        ran("r2", "COMPLETE", 3, columns=(columns(ORDERS),)),
    ]))  # fmt: skip

    assert [job("sum")] == [by for by, _ in graph.columns([ORDERS], "up")]


def test_columns_are_answered_under_canonical_names(graph: Store) -> None:
    """Aliases of both ends are seen through."""
    merge(graph, received([
        ran("r", "COMPLETE", 1, columns=(columns(ORDERS, ("total", ITEMS, "price")),)),
        described("items", 2, aliases=(linked("items", "a_table"),)),
    ]))  # fmt: skip
    table = dataset("a_table")

    assert [(LOAD, edge((table, "price"), (ORDERS, "total")))] == graph.columns([FieldId(table, "price")], "down")


def test_what_is_told_of_a_whole_dataset_is_told_of_each_column(graph: Store) -> None:
    """WHOLE stands for every column: who asks for one gets its edges too, and who asks for WHOLE gets all."""
    seen = columns(ORDERS, ("total", ITEMS, "price"), ("day", ITEMS, "at"), (WHOLE, ITEMS, "id"))
    merge(graph, received([
        ran("r", "COMPLETE", 1, columns=(seen,)),
        ran("s", "COMPLETE", 2, by="sum", columns=(columns(dataset("sums"), ("sum", ORDERS, WHOLE)),)),
    ]))  # fmt: skip
    total, day = edge((ITEMS, "price"), (ORDERS, "total")), edge((ITEMS, "at"), (ORDERS, "day"))
    every, onward = edge((ITEMS, "id"), (ORDERS, WHOLE)), edge((ORDERS, WHOLE), (dataset("sums"), "sum"))
    asked: list[tuple[FieldId, Direction]] = [
        (FieldId(ORDERS, "total"), "up"), (FieldId(ORDERS, "none"), "up"), (FieldId(ORDERS, WHOLE), "up"),
        (FieldId(ITEMS, "id"), "down"), (FieldId(ITEMS, WHOLE), "down"), (FieldId(ORDERS, "day"), "down"),
    ]  # fmt: skip

    assert [[every, total], [every], [day, every, total], [every], [day, every, total], [onward]] == [
        [found for _, found in graph.columns([of], direction)] for of, direction in asked
    ]


def test_columns_are_answered_as_they_were_known(graph: Store) -> None:
    """What was received later says nothing, also of a whole dataset."""
    merge(graph, received([
        ran("r", "COMPLETE", 1, columns=(columns(ORDERS, (WHOLE, ITEMS, "id")),)),
        ran("r", "COMPLETE", 2, columns=(columns(ORDERS, ("total", ITEMS, "price")),)),
    ], 5))  # fmt: skip

    assert [(LOAD, edge((ITEMS, "id"), (ORDERS, WHOLE)))] == graph.columns([ORDERS], "up", known_at=at(5))


def test_a_dataset_that_only_column_lineage_names_is_told_apart(graph: Store) -> None:
    """Until an event lists it, under any of its names; in the past it is what it was."""
    merge(graph, received([
        ran("r", "COMPLETE", 1, writes=["orders"], columns=(columns(ORDERS, ("total", ITEMS, "price")),)),
        ran("r", "COMPLETE", 2, reads=["a_table"]),
        described("a_table", 3, aliases=(linked("a_table", "items"),)),
    ]))  # fmt: skip

    assert [(True, False), (False, False)] == [
        tuple(graph.get([ITEMS, ORDERS], as_of=cut)[node].only_in_columns for node in (ITEMS, ORDERS))
        for cut in (at(1), None)
    ]
