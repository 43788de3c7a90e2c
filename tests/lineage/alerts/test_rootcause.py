"""What broke first: up the river from the dataset that is late."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from lineage.alerts.rootcause import Scene, Suspect, Symptom, failing, find
from lineage.model import Graph, NodeId, dataset_id, job_id
from tests.support.alerting import BUILD, HOUR, LOAD, NOW, ORDERS, REVENUE, RIVER, SETTLEMENTS, SUM, edges, run

BROKE = NOW.replace(hour=5, minute=54)
LATE = Symptom("orders", "freshness", ORDERS, NOW)


def graph(root: NodeId, pairs: Iterable[tuple[NodeId, NodeId]] = RIVER) -> Graph:
    """What a walk upstream of *root* would answer, less the nodes, which the search does not read."""
    return Graph(root, nodes={}, edges=edges(pairs), hops={})


def failed(job: NodeId, *at: datetime) -> Suspect:
    """*job* as a suspect that failed at these times, the oldest first."""
    suspect = failing(job, [run(n, job, "FAIL", when) for n, when in reversed(list(enumerate(at)))])
    assert suspect is not None
    return suspect


def cause(symptom: Symptom = LATE, **scene: Any) -> tuple[str | None, tuple[str, ...]]:
    """The name of what broke first, and the path from it."""
    found = find(symptom, Scene(graph(symptom.dataset), **scene), NOW)
    if found is None:
        return None, ()
    return (found.job or found.dataset or ("", ""))[1], found.path


def test_the_failing_job_upstream_is_the_cause() -> None:
    """A job two hops up that keeps failing explains a late dataset, with the path down to it."""
    expected = (LOAD.name, tuple(map(str, (LOAD, SETTLEMENTS, BUILD, ORDERS))))

    assert expected == cause(failures=[failed(LOAD, BROKE)])


def test_the_sentence_counts_the_failures() -> None:
    """The sentence says what failed, how often and since when."""
    times = [BROKE + n * timedelta(minutes=20) for n in range(3)]
    found = find(LATE, Scene(graph(ORDERS), [failed(LOAD, *times)]), NOW)

    assert (found and found.sentence) == "settlements.load_settlements has failed 3 times since 05:54 UTC"


def test_nothing_wrong_upstream_is_no_cause() -> None:
    """Without a suspect there is no cause."""
    assert cause() == (None, ())


def test_what_broke_first_explains_what_broke_after() -> None:
    """Of two failing jobs on one path the upper one is the cause when it failed first."""
    failures = [failed(BUILD, BROKE + HOUR), failed(LOAD, BROKE)]

    assert cause(failures=failures)[0] == LOAD.name


def test_a_job_that_failed_first_needs_no_other() -> None:
    """A job above that failed only later explains nothing: the nearer one is the cause."""
    failures = [failed(BUILD, BROKE), failed(LOAD, BROKE + HOUR)]

    assert cause(failures=failures)[0] == BUILD.name


def test_what_goes_wrong_later_is_no_cause() -> None:
    """A job that failed an hour after the dataset was late did not make it late."""
    assert cause(failures=[failed(LOAD, NOW + HOUR)]) == (None, ())


def test_a_late_dataset_upstream_is_a_cause_without_a_failing_job() -> None:
    """The missing occurrence of an upstream SLO explains a late dataset."""
    upstream = Symptom("settlements", "freshness", SETTLEMENTS, BROKE)

    assert cause(symptoms=[upstream, LATE])[0] == SETTLEMENTS.name


def test_the_search_goes_on_from_a_late_dataset_to_its_job() -> None:
    """A late dataset on the way is itself explained by the job above it."""
    upstream = Symptom("settlements", "freshness", SETTLEMENTS, BROKE + HOUR)

    assert cause(symptoms=[upstream], failures=[failed(LOAD, BROKE)])[0] == LOAD.name


def test_a_failed_job_does_not_explain_wrong_values() -> None:
    """Checks that fail are not explained by a job that did not run."""
    wrong = Symptom("orders", "correctness", ORDERS, NOW)

    assert cause(wrong, failures=[failed(LOAD, BROKE)]) == (None, ())


def test_wrong_values_upstream_explain_wrong_values() -> None:
    """A correctness breach upstream is the cause of one downstream."""
    wrong = Symptom("orders", "correctness", ORDERS, NOW)
    upstream = Symptom("settlements", "correctness", SETTLEMENTS, BROKE)

    assert cause(wrong, symptoms=[upstream, wrong])[0] == SETTLEMENTS.name


def test_a_delivery_since_clears_the_job_above_it() -> None:
    """A watched dataset on the way that was delivered after the job broke shows that the job is not in the way."""
    delivered = {SETTLEMENTS: BROKE + HOUR}

    assert cause(failures=[failed(LOAD, BROKE)], delivered=delivered) == (None, ())


def test_a_retry_under_way_has_not_succeeded() -> None:
    """A run that is still going does not end a streak of failures; one that completed does."""
    runs = [run(3, LOAD, "RUNNING", NOW), run(2, LOAD, "FAIL", NOW - HOUR), run(1, LOAD, "COMPLETE", BROKE)]
    suspect = failing(LOAD, runs)

    assert (len(suspect.failures) if suspect else 0, failing(LOAD, [run(4, LOAD, "COMPLETE", NOW), *runs])) == (1, None)


def test_a_cycle_ends() -> None:
    """Two late datasets that feed each other have a cause, and the search ends."""
    pairs = [*RIVER, (ORDERS, LOAD)]
    upstream = Symptom("settlements", "freshness", SETTLEMENTS, BROKE)
    found = find(LATE, Scene(graph(ORDERS, pairs), symptoms=[upstream]), NOW)

    assert (found and found.dataset) == (SETTLEMENTS.namespace, SETTLEMENTS.name)


def test_the_nearest_of_two_branches_counts() -> None:
    """Of two failing jobs on different branches the nearer explains, whichever failed first."""
    near = job_id("airflow", "marts.near")
    pairs = [*RIVER, (near, ORDERS)]
    scene = Scene(graph(REVENUE, pairs), [failed(near, BROKE + HOUR), failed(LOAD, BROKE)])
    found = find(Symptom("revenue", "freshness", REVENUE, NOW), scene, NOW)

    assert (found and found.path) == tuple(map(str, (near, ORDERS, SUM, REVENUE)))


def test_what_a_late_dataset_is_not_made_of_is_no_cause() -> None:
    """One job copies a to x and b to y: that the job above b failed says nothing of x, and something of y."""
    a, b, x, y = (dataset_id("lake", name) for name in "abxy")
    mirror, above = job_id("etl", "mirror"), job_id("etl", "above")
    pairs = [(above, b), (a, mirror), (b, mirror), (mirror, x), (mirror, y)]
    made_of = {x: (a,), y: (b,)}
    drawn = graph(x, pairs)
    flows = replace(drawn, edges=tuple(replace(edge, made_of=made_of.get(edge.target)) for edge in drawn.edges))

    found = [find(Symptom("s", "freshness", of, NOW), Scene(flows, [failed(above, BROKE)]), NOW) for of in (x, y)]

    assert [None, (above.namespace, above.name)] == [cause and cause.job for cause in found]
