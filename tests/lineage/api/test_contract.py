"""The API's description is committed, and what the program answers is what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import seed
from hypothesis import settings as examples
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from lineage.app import build, open_headwater
from lineage.channels.base import sections
from lineage.contract import contract
from lineage.settings import Settings, load

DOCUMENT = Path(__file__).parents[3] / "docs" / "openapi.json"
EXAMPLES = 50

# Words that only some texts are, and that no schema can tell from the others.
schemathesis.openapi.format("cursor", st.just(""))
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - it wants naive ones
schemathesis.openapi.format("date-time", TIMES.map(datetime.isoformat))
schemathesis.openapi.format("span", st.sampled_from(["2h", "90m", "1d"]))
schemathesis.openapi.format("rrule", st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SU"]))
schemathesis.openapi.format("timezone", st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns"]))

# A node is named by nodeId or by namespace and name, two datasets are not the same, and a text is a definition, of a
# name of its own: what goes together OpenAPI cannot say.
_IDENTITY = "/api/v1/namespaces/{namespace}/datasets/{name}/identity"
TOGETHER = {
    ("GET", "/api/v1/lineage"),
    ("GET", "/api/v1/audit/trace"),
    ("POST", "/api/v1/drift"),
    *(("POST", f"/api/v1/definitions/{step}") for step in ("plan", "apply")),
    *(("POST", f"{_IDENTITY}/{step}") for step in ("split", "join", "undo")),
}

api = schemathesis.openapi.from_path(DOCUMENT)
api.config.update(base_url="http://127.0.0.1")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """The whole program over a small store."""
    settings = load(None, sections(), store=f"sqlite:///{tmp_path_factory.mktemp('fuzzed') / 'headwater.db'}")
    house = open_headwater(settings)
    try:
        house.start()
        made = build(settings, house)
        made.state.services = house
        yield made
    finally:
        house.close()


def test_the_description_is_the_committed_one(settings: Settings) -> None:
    """A change of the API shows in review: `make openapi` writes it anew."""
    assert json.loads(DOCUMENT.read_text(encoding="utf-8")) == contract(build(settings))


@api.parametrize()
@examples(max_examples=EXAMPLES, deadline=None)
@seed(1)
def test_an_operation_answers_as_described(case: schemathesis.Case, app: FastAPI) -> None:
    """Whatever is asked: no fault of ours, no status, type or shape that the description lacks."""
    unsure = [positive_data_acceptance] if (case.method, case.operation.path) in TOGETHER else []

    answer = case.call(app=app, headers={"Host": "127.0.0.1"})

    assert case.validate_response(answer, excluded_checks=unsure) is None  # it raises what it finds
