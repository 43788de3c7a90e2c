"""From the store to schemas: which columns runs told of, where they changed, and who used them then (SLO.md b.9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from lineage.slo.asking import Asked
from lineage.slo.copies import copies, origins
from lineage.slo.drift import Columns, read_columns
from lineage.slo.evidence import SchemaTold
from lineage.slo.usage import Usage, usage

NEAR = 4  # versions back from one, of which one may have told of its columns
MOST = 1_000  # words on columns that are looked through: whoever reads tells of them too
TICK = timedelta(microseconds=1)


def schemas(asked: Asked) -> Iterator[SchemaTold]:
    """What runs told of the columns, by time; equal bodies are read once, column lineage is asked where they change."""
    read: dict[bytes, Columns | None] = {}
    found: dict[str, tuple[Usage, Mapping[str, frozenset[str]]]] = {}
    last: Columns | None = None
    if (before := schema_before(asked)) is not None:
        last = before.columns
        yield before
    told = sorted(asked.facets("schema"), key=lambda facet: (facet.at, facet.digest))
    ends = {facet.run: facet.at for facet in told}
    for facet in told:
        if facet.run is None:
            continue
        if facet.body not in read:
            read[facet.body] = read_columns(facet.body)
        columns = read[facet.body]
        if columns is not None and last not in (None, columns):
            before_it = facet.at - TICK
            found[facet.run] = (
                usage(asked.dataset, asked.store, before_it, asked.known_at),
                _origins(asked, before_it, ends[facet.run]),
            )
        last = last if columns is None else columns
        yield SchemaTold(facet.run, facet.at, columns, facet.digest, *found.get(facet.run, ()))


def schema_before(asked: Asked) -> SchemaTold | None:
    """What the newest version from before all that is asked for told of its columns, if it is among the last few."""
    before = asked.store.versions(asked.dataset, until=asked.since, known_at=asked.known_at, delivered=True, limit=NEAR)
    runs = {version.run.id for version in before.items}
    told = asked.store.facet_history(asked.dataset, ["schema"], until=asked.since, known_at=asked.known_at, limit=MOST)
    for facet in told if runs else ():
        columns = read_columns(facet.body) if facet.run in runs else None
        if facet.run is not None and columns is not None:
            return SchemaTold(facet.run, facet.at, columns, facet.digest)
    return None


def documented(asked: Asked) -> SchemaTold | None:
    """What anybody told last, before all that is asked for, of the columns: also who made no version of it."""
    told = asked.store.facet_history(asked.dataset, ["schema"], until=asked.since, known_at=asked.known_at, limit=MOST)
    read = ((facet, read_columns(facet.body)) for facet in told)
    return next(
        (SchemaTold(facet.run or "", facet.at, columns, facet.digest) for facet, columns in read if columns), None
    )


def _origins(asked: Asked, before: datetime, after: datetime) -> Mapping[str, frozenset[str]]:
    was, now = (copies(asked.dataset, asked.store, each, asked.known_at) for each in (before, after))
    return origins(was, now)
