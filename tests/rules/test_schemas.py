"""OPENLINEAGE 1.2 and 2: facets against the official facet schemas, whose older core versions mean 2-0-2."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from lineage.estate.history import history
from lineage.estate.story import Story
from tests.support.rules import FOLDER, bodies
from tests.support.schemas import OLDER, conformance, core, facet, facets

pytestmark = conformance

Places = Iterator[tuple[str, str, Any]]

HEAD = {"_producer": "https://example.com/test", "_schemaURL": "https://example.com/facet.json"}
ODD = {"odd-but-good", "acceptance"}  # files whose point is a facet that is not as its schema says
RULES = sorted(path.stem for path in FOLDER.glob("*.json") if path.stem not in ODD)


def carried(event: dict[str, Any]) -> Places:
    """Whose facet, its key and its body, for every facet of *event*."""
    for owner in ("run", "job", "dataset"):
        yield from ((owner, key, body) for key, body in event.get(owner, {}).get("facets", {}).items())
    for side in ("input", "output"):
        for dataset in event.get(f"{side}s", ()):
            yield from (("dataset", key, body) for key, body in dataset.get("facets", {}).items())
            yield from ((side, key, body) for key, body in dataset.get(f"{side}Facets", {}).items())


def faults(event: dict[str, Any]) -> list[str]:
    """What in *event* is not as the official schemas say; a facet that they do not know is none."""
    known = facets()
    wrong = [f"{owner}.{key}" for owner, key, body in carried(event) if not _is_good(known, owner, key, body)]
    return wrong if core(formats=False).is_valid(event) else ["the event", *wrong]


def _is_good(known: Any, owner: str, key: str, body: Any) -> bool:
    schema = known.get(f"{owner}.{key}")
    return schema is None or schema.is_valid({key: body})


@pytest.mark.parametrize("rule", RULES)
def test_the_facets_of_our_rules_are_as_their_schemas_say(rule: str) -> None:
    """A rule that is told by events which no producer may send proves little."""
    assert [] == [fault for body in bodies(rule) for fault in faults(json.loads(body))]


def test_the_example_estate_speaks_openlineage() -> None:
    """What `headwater demo` tells itself would pass anywhere."""
    told = history(Story(datetime(2026, 11, 20, 9, 52, tzinfo=UTC), 1))

    assert [] == [fault for body in told for fault in faults(json.loads(body))]


@pytest.mark.parametrize("version", OLDER)
def test_a_facet_schema_of_an_older_core_means_the_newest(version: str) -> None:
    """What such a schema refers to was never published; it asks for producer and schema all the same."""
    core_facet = f"https://openlineage.io/spec/{version}/OpenLineage.json#/$defs/RunFacet"
    schema = facet({"$id": "https://example.com/TeamRunFacet.json", "allOf": [{"$ref": core_facet}]})

    assert (True, False) == (schema.is_valid(HEAD | {"team": "orders"}), schema.is_valid({"team": "orders"}))


WRONG = [
    ("run", "nominalTime", {"nominalStartTime": 5}),
    ("job", "sql", {"query": None}),
    ("dataset", "schema", {"fields": [{"type": "BIGINT"}]}),
    ("input", "dataQualityAssertions", {"assertions": [{"assertion": "not_null"}]}),
    ("output", "outputStatistics", {"rowCount": "12"}),
]


@pytest.mark.parametrize(("owner", "key", "body"), WRONG)
def test_a_facet_that_breaks_its_schema_is_found(owner: str, key: str, body: dict[str, Any]) -> None:
    """The schemas are asked, and they answer."""
    assert not _is_good(facets(), owner, key, HEAD | body)
