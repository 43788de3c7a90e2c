"""Run ids in one spelling, and node ids as people and Marquez's clients write them."""

import pytest

from lineage.model import dataset_id, job_id, run_id
from lineage.names import run_key, split_node_id, split_version

RUN = "0197d5f0-abcd-7000-8000-00000000000f"


@pytest.mark.parametrize("text", [RUN, RUN.upper(), RUN.replace("-", ""), RUN.replace("-", "").upper()])
def test_a_run_has_one_spelling(text):
    """Case and dashes do not make another run."""
    assert run_key(text) == RUN


@pytest.mark.parametrize("text", ["", "run_id", RUN[:-1], RUN + "0", "{" + RUN + "}", f"urn:uuid:{RUN}", RUN + "\n"])
def test_what_is_no_uuid_is_no_run(text):
    """Nothing but hex digits in the one shape, or 32 of them."""
    assert run_key(text) is None


LIKELIEST = {
    "dataset:food_delivery:public.orders": dataset_id("food_delivery", "public.orders"),
    "dataset:postgres://dw:5432:shop.public.orders": dataset_id("postgres://dw:5432", "shop.public.orders"),
    "dataset:s3://bucket:/raw/orders": dataset_id("s3://bucket", "/raw/orders"),
    "dataset:kafka://broker-1:9092:orders": dataset_id("kafka://broker-1:9092", "orders"),
    "job:airflow prod:dag.täsk": job_id("airflow prod", "dag.täsk"),
    f"run:{RUN.upper()}": run_id(RUN),
}


@pytest.mark.parametrize(("text", "node"), LIKELIEST.items())
def test_the_likeliest_reading_comes_first(text, node):
    """The first candidate is where Marquez splits: at the first colon before neither `//` nor a digit."""
    assert node == split_node_id(text)[0]


AMBIGUOUS = {
    "job:arn:aws:glue:name": job_id("arn:aws:glue", "name"),
    "dataset:pubsub:topic:proj:orders": dataset_id("pubsub", "topic:proj:orders"),
    "dataset:lake:2026_orders": dataset_id("lake", "2026_orders"),
    "dataset:file://host:/a/b:c": dataset_id("file://host", "/a/b:c"),
}


@pytest.mark.parametrize(("text", "node"), AMBIGUOUS.items())
def test_every_reading_is_among_the_candidates(text, node):
    """Namespaces and names may hold colons: whatever is known can be found among the candidates."""
    assert node in split_node_id(text)


@pytest.mark.parametrize("text", ["", "dataset", "dataset:", "dataset:x", "dataset::x", "field:a:b", "run:x", "a:b:c"])
def test_what_names_no_node_gives_no_candidate(text):
    """An unknown kind, a missing half or a run that is no UUID."""
    assert split_node_id(text) == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("dataset:a:b#v1", ("dataset:a:b", "v1")),
        ("dataset:a:b#c#v1", ("dataset:a:b#c", "v1")),
        ("dataset:a:b", ("dataset:a:b", None)),
        ("dataset:a:b#", ("dataset:a:b#", None)),
    ],
)
def test_a_version_stands_behind_the_last_hash(text, parts):
    """Names may hold `#` themselves."""
    assert parts == split_version(text)
