"""Pages of runs and jobs that need reading with care: lost, repaired, tried again, part of something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboards.pages import dead_letters
from lineage.app import Headwater, build, open_headwater
from lineage.channels.base import sections
from lineage.model import job_id
from lineage.settings import load
from tests.support.events import bodies
from tests.support.reading import NOON, facet, minutes, run_event, run_uuid, whole_run
from tests.support.shop import TELLER

STREAM = {"jobType": facet(processingType="STREAMING", integration="FLINK")}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Headwater]:
    """A house whose clock says: a day after noon."""
    settings = load(None, sections(), store=f"sqlite:///{tmp_path / 'headwater.db'}")
    services = open_headwater(settings, lambda: NOON + timedelta(days=1))
    try:
        services.intake.start()
        yield services
    finally:
        services.close()


def html(house: Headwater, path: str) -> str:
    """A page."""
    app = build(house.settings, house)
    app.state.services = house  # the house is open already; the lifespan would start its clock
    client = TestClient(app, base_url="http://127.0.0.1:5000", headers={"Accept": "text/html"})
    return client.get(path).text


def page(house: Headwater, path: str) -> str:
    """The words of a page."""
    found = re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<script.*?</script>|<wbr>", "", html(house, path)))
    return re.sub(r"\s+", " ", found)


def test_a_lost_run_is_called_lost_everywhere(house: Headwater) -> None:
    """On its own page with the reason, on its job's, in the list of jobs, in the search and in the overview."""
    house.intake.take([run_event(1, "load", "START", minutes(0), outputs=["b"])], TELLER)
    paths = (f"/runs/{run_uuid(1)}", "/jobs/af/load", "/jobs", "/search?q=load", "/")

    words = [page(house, path) for path in paths]

    assert [True] * 6 == [*("lost" in each.lower() for each in words), "nothing was heard of it" in words[0]]


def test_a_stream_that_says_nothing_is_silent(house: Headwater) -> None:
    """It may come back, and is not lost."""
    told = [run_event(1, "sink", "RUNNING", minutes(at), outputs=["b"], job_facets=STREAM) for at in range(5)]
    house.intake.take(told, TELLER)

    assert "Silent" in page(house, f"/runs/{run_uuid(1)}")


def test_a_run_that_runs_is_still_running(house: Headwater) -> None:
    """A run within its patience is counted as nothing else."""
    house.intake.take([run_event(1, "load", "START", NOON + timedelta(hours=23), outputs=["b"])], TELLER)

    assert "1 h so far" in page(house, f"/runs/{run_uuid(1)}")


def test_a_task_that_was_tried_twice_shows_both(house: Headwater) -> None:
    """Each try names the other."""
    house.intake.take(bodies("airflow/3.3.2"), TELLER)
    runs = house.store.newest_runs([run.job for run in house.store.runs(limit=100).items if run.id.endswith("c9057a")])
    (newest,) = next(iter(runs.values()))

    assert "Tries 2" in page(house, f"/runs/{newest.id}")


def test_a_job_says_where_it_stands(house: Headwater) -> None:
    """Above it up to the DAG, what it waits for, what comes then, and what runs in it."""
    house.intake.take(bodies("airflow/3.3.2-starts-spark"), TELLER)

    words = page(house, "/jobs/shop-airflow/shop.add_up")

    wanted = ["part of shop", "Waits for shop.fetch", "Then shop.hand_on", "Runs in it revenue_by_country"]
    assert wanted == [each for each in wanted if each in words]


def test_what_succeeded_is_no_cause_for_alarm(house: Headwater) -> None:
    """The overview names no lost run where all have ended."""
    house.intake.take(whole_run(1, "load", 0, ["a"], ["b"]), TELLER)

    assert "Lost" not in page(house, "/")


def test_a_task_shows_what_its_queries_read_and_wrote(house: Headwater) -> None:
    """The SQL of a hook alone names datasets; the task's page tells them, and through which query."""
    house.intake.take(bodies("airflow/3.3.2"), TELLER)
    task = next(run for run in house.store.runs(limit=100).items if run.id.endswith("af820e"))

    words = page(house, f"/runs/{task.id}")

    assert "warehouse.public.hooked through orders_etl.hook_task.query.1" in words


def test_the_batches_of_a_stream_are_folded(house: Headwater) -> None:
    """An application's page has a row for each job, not for each of its batches."""
    house.intake.take(bodies("spark/4.0.5-stream-file"), TELLER)
    job = job_id("spark-prod", "stream_file")
    (application,) = house.store.newest_runs([job])[job]

    words = page(house, f"/runs/{application.id}")

    assert ("What ran in it 4 jobs" in words, "the last of 8 runs" in words) == (True, True)


def test_a_dag_run_names_the_tasks_that_did_not_succeed(house: Headwater) -> None:
    """Also where it succeeded itself, and where the task said nothing."""
    house.intake.take(bodies("airflow/3.3.2"), TELLER)
    dag = next(run for run in house.store.runs(limit=100).items if run.id.endswith("72f5ab"))

    words = page(house, f"/runs/{dag.id}")

    assert "4 tasks did not do what they should" in words


def test_an_edge_that_was_left_behind_is_drawn_as_such(house: Headwater) -> None:
    """What the last three COMPLETE runs no longer read is dotted."""
    house.intake.take(whole_run(1, "load", 0, ["a", "old"], ["b"]), TELLER)
    told = [body for number in (2, 3, 4) for body in whole_run(number, "load", 5 * number, ["a"], ["b"])]
    house.intake.take(told, TELLER)

    drawn = re.findall(r'class="e stale" data-a="(\S+)" data-b="(\S+)"', html(house, "/datasets/pg/b?jobs=full"))

    assert [("dataset:pg:old", "job:af:load")] == drawn


def test_an_edge_that_closes_a_circle_is_told_from_one_that_was_left_behind(house: Headwater) -> None:
    """Both may be true of one; the legend names what is drawn, and nothing else."""
    house.intake.take([*whole_run(1, "load", 0, ["a"], ["b"]), *whole_run(2, "again", 5, ["b"], ["a"])], TELLER)

    shown = html(house, "/datasets/pg/b")

    assert (True, True, False) == (
        'class="e back"' in shown,
        "leftwards: closes a circle" in shown,
        "dotted: no longer used" in shown,
    )


def test_a_job_without_datasets_says_so_where_its_lineage_would_be(house: Headwater) -> None:
    """An empty drawing would look like one that failed, and a script would trip over it."""
    house.intake.take([run_event(1, "dag", "COMPLETE", minutes(0))], TELLER)

    shown = html(house, "/jobs/af/dag")

    assert (True, False) == ("It neither read nor wrote anything" in shown, 'class="cv"' in shown)


def test_the_newest_dead_letters_are_listed_and_all_are_counted(
    house: Headwater, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However their ids sort: one letter more than the page lists is told of, and is the oldest."""
    monkeypatch.setattr(dead_letters, "LISTED", 3)
    house.intake.take([b'{"poison": %d}' % poison for poison in range(4)], TELLER)

    assert "4 bodies refused, the newest 3 are listed" in page(house, "/dead-letters")
