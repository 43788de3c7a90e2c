"""What is said of a dataset that was created, renamed, emptied and dropped: OPENLINEAGE 2.3 and 4.5."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from lineage.model import dataset_id
from tests.support.events import bodies
from tests.support.reading import Reading, dataset, facet, minutes, reading, whole_run

B = dataset_id("pg", "b")
LAKE = "/namespaces/file/datasets/" + quote("/data/lake/warehouse/shop.db/", "")


@pytest.fixture
def world(tmp_path):
    """A world that knows nothing yet."""
    with reading(tmp_path) as found:
        yield found


GONE = {
    "v_orders": True,
    "by_country2": True,  # under a wrong path, which a symlink gives away
    "by_country": True,  # its name before
    "orders": False,
}


@pytest.mark.parametrize(("name", "wanted"), GONE.items())
def test_what_spark_dropped_is_gone(world: Reading, name: str, *, wanted: bool) -> None:
    """DROP sets a tombstone on the dataset under all its names."""
    world.tell(bodies("spark/4.0.5-sql-parquet"))

    found = world.get(LAKE + name)

    assert (wanted, wanted) == (found["deleted"], found["droppedAt"] is not None)


def test_the_history_of_what_was_dropped_stays(world: Reading) -> None:
    """Its versions are still told, and so is its lineage."""
    world.tell(bodies("spark/4.0.5-sql-parquet"))

    assert world.get(f"{LAKE}by_country/versions")["totalCount"] > 1


def dropped(run: int, at: float) -> list[bytes]:
    """A run that drops `b`."""
    return whole_run(run, "ddl", at, [], [dataset("b", lifecycleStateChange=facet(lifecycleStateChange="DROP"))])


def test_what_is_written_anew_is_there(world: Reading) -> None:
    """By a producer that says nothing of CREATE; until then it was gone."""
    world.tell([*whole_run(1, "load", 0, ["a"], ["b"]), *dropped(2, 10), *whole_run(3, "load", 20, ["a"], ["b"])])

    then = world.homes.store.get([B], as_of=minutes(15))[B].dropped_at

    assert (False, True) == (world.get("/namespaces/pg/datasets/b")["deleted"], then is not None)
