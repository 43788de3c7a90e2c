"""Great Expectations: results under a name of its own, and booleans that numpy turned into texts (OPENLINEAGE 4.7).

A validation sends COMPLETE and nothing else, also when it fails: its run has no start, and the results alone tell. One
action object keeps one run id, so that validations that are repeated become one run, of which the newest results speak.
"""

from __future__ import annotations

from typing import Any, Final

from collectors.producers._wire import content, each_dataset, entries, with_facet
from lineage.events import Dataset, Event

_OWN: Final = "greatExpectations_assertions"
_STANDARD: Final = "dataQualityAssertions"
_TRUTH: Final = {"true": True, "false": False}


def normalise(event: Event) -> Event:
    """With the results as `dataQualityAssertions`; of those, what is no boolean any more was not evaluated."""
    if not any(_OWN in dataset.side_facets for dataset in event.inputs):
        return event
    return each_dataset(event, _with_results)


def _with_results(dataset: Dataset) -> Dataset:
    if _OWN not in dataset.side_facets or _STANDARD in dataset.side_facets:
        return dataset
    own = content(dataset.side_facets, _OWN)
    results = [found for each in entries(own.get("assertions")) if (found := _result(each)) is not None]
    said = {"_producer": own["_producer"], "_schemaURL": own["_schemaURL"], "assertions": results}
    return dataset._replace(side_facets=with_facet(dataset.side_facets, _STANDARD, said))


def _result(assertion: dict[str, Any]) -> dict[str, Any] | None:
    """One assertion as the standard facet spells it; None for one whose result is lost."""
    name, success = assertion.get("expectationType") or assertion.get("assertion"), assertion.get("success")
    if isinstance(success, str):
        success = _TRUTH.get(success.strip().lower())
    if not isinstance(name, str) or not isinstance(success, bool):
        return None
    column = assertion.get("columnId") or assertion.get("column")
    return {"assertion": name, "success": success} | ({"column": column} if isinstance(column, str) else {})
