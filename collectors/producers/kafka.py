"""Kafka, whoever speaks of it: a batch read of two topics arrives as one dataset `a,b` (OPENLINEAGE 4.5).

That a cluster goes by the name of whichever broker stood first in somebody's list is a matter of names, not of meaning:
`lineage.normal` and the namespace aliases of the settings make them one (3.3, row 8).
"""

from __future__ import annotations

from collections.abc import Iterator

from lineage.events import Dataset, Event
from lineage.model import dataset_id


def normalise(event: Event) -> Event:
    """Each topic a dataset of its own; the facets of the list go with each. A comma is in no topic's legal name."""
    if not any(_is_list(dataset) for dataset in (*event.inputs, *event.outputs)):
        return event
    return event._replace(
        inputs=tuple(topic for dataset in event.inputs for topic in _topics(dataset)),
        outputs=tuple(topic for dataset in event.outputs for topic in _topics(dataset)),
    )


def _is_list(dataset: Dataset) -> bool:
    return "," in dataset.id.name and dataset.id.namespace.startswith("kafka://")


def _topics(dataset: Dataset) -> Iterator[Dataset]:
    if not _is_list(dataset):
        yield dataset
        return
    for name in dict.fromkeys(filter(None, map(str.strip, dataset.id.name.split(",")))):
        # What was counted was counted over all of them: no topic alone has those rows.
        yield Dataset(dataset_id(dataset.id.namespace, name), dataset.facets, {})
