"""dbt's freshness of sources: what `manifest.json`, and `sources.json` beside it, promise of each source's age.

dbt says how old data may be, and not when it is expected; the schedule comes of whoever imports.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from lineage.errors import InvalidDefinition
from lineage.model import NodeId, dataset_id
from lineage.slo.documents import Document
from lineage.slo.formats.base import Assumed, Imported, identity, named
from lineage.slo.spec import define
from lineage.slo.terms import Strict
from lineage.slo.wording import message, of_others

SCHEMAS = "https://schemas.getdbt.com/dbt/"
MANIFEST, LOOKS = "manifest", ("sources", "freshness")  # of the artifacts, what is promised and what was found
TARGET, WINDOW, DEADLINE = "0.99", "28d", "1h"  # dbt has no objective; the deadline counts for a seldom missed run
LETTERS = {"minute": "m", "hour": "h", "day": "d"}


class After(Strict, extra="ignore"):
    """So long after data was loaded; without *count* never."""

    count: int | None = None
    period: Literal["minute", "hour", "day"] | None = None

    def __str__(self) -> str:
        """As a definition spells it."""
        return f"{self.count}{LETTERS[self.period or 'day']}"


class Freshness(Strict, extra="ignore"):
    """When dbt warns, and when it fails."""

    warn_after: After | None = Field(None, alias="warn_after")
    error_after: After | None = Field(None, alias="error_after")
    filter: str | None = None

    def limits(self) -> Iterator[tuple[str, After]]:
        """Those that are said: `error`, `warn`."""
        for word, after in (("error", self.error_after), ("warn", self.warn_after)):
            if after is not None and after.count:
                yield word, after


class Config(Strict, extra="ignore"):
    """What newer versions of dbt say under `config`."""

    freshness: Freshness | None = None
    meta: dict[str, Any] = Field({})


class Relation(Strict, extra="ignore"):
    """A source of the manifest."""

    database: str | None = None
    schema_: str = Field(alias="schema")
    name: str
    identifier: str | None = None
    source_name: str = Field(alias="source_name")
    freshness: Freshness | None = None
    config: Config = Config()
    meta: dict[str, Any] = Field({})
    source_meta: dict[str, Any] = Field({}, alias="source_meta")

    @property
    def owner(self) -> str | None:
        """Who is said to own it."""
        told = self.config.meta | self.source_meta | self.meta
        return str(told["owner"]) if told.get("owner") else None


class Manifest(Strict, extra="ignore"):
    """`manifest.json`, as far as it speaks of sources."""

    metadata: dict[str, Any]
    sources: dict[str, Relation]


class Result(Strict, extra="ignore"):
    """What `dbt source freshness` found of one source."""

    unique_id: str = Field(alias="unique_id")
    status: str
    criteria: Freshness | None = None


class Results(Strict, extra="ignore"):
    """`sources.json`."""

    results: list[Result]


class _Source(NamedTuple):
    """A source with its limits, and the manifest that names it."""

    document: Document
    id: str
    relation: Relation
    freshness: Freshness
    adapter: str


def recognises(document: Document) -> bool:
    """Whether dbt says that it wrote it."""
    return _artifact(document) is not None


def _artifact(document: Document) -> str | None:
    """Which of its artifacts dbt says that *document* is, as `manifest`; None: none."""
    metadata = document.body.get("metadata") if isinstance(document.body, Mapping) else None
    version = metadata.get("dbt_schema_version") if isinstance(metadata, Mapping) else None
    is_one = isinstance(version, str) and version.startswith(SCHEMAS)
    return str(version).removeprefix(SCHEMAS).split("/")[0] if is_one else None


def read(documents: Sequence[Document], assumed: Assumed) -> Imported:
    """An SLO for each limit of each source: the warning's opens tickets, the error's pages.

    Raises InvalidDefinition.
    """
    found = Imported()
    of_kind: dict[str, list[Document]] = {kind: [] for kind in (MANIFEST, *LOOKS)}
    for document in documents:
        kind = _artifact(document)
        if kind not in of_kind:
            told = f"dbt's {kind}" if kind else "what names no schema of dbt"
            raise InvalidDefinition(f"{document.at()}: {told} says nothing of freshness; import manifest.json")
        of_kind[kind].append(document)
    results = {each.unique_id: each for look in LOOKS for document in of_kind[look] for each in _results(document)}
    manifests = of_kind[MANIFEST]
    if not manifests:
        raise InvalidDefinition(f"{documents[0].at()}: names no relations; import manifest.json with it")
    for document in manifests:
        try:
            manifest = Manifest.model_validate(document.body)
        except ValidationError as error:
            raise document.refused(error, of_others) from None
        adapter = str(manifest.metadata.get("adapter_type"))
        for id_, relation in sorted(manifest.sources.items()):
            result = results.get(id_)
            freshness = relation.freshness or relation.config.freshness
            if freshness is None and result is not None:
                freshness = result.criteria
            if freshness is None or not list(freshness.limits()):
                found.note(_place(document, id_), "promises no freshness")
                continue
            if result is not None and result.status.lower() not in {"pass", "success"}:
                found.note(_place(document, id_), f"was {result.status} when dbt looked last")
            _add(found, _Source(document, id_, relation, freshness, adapter), assumed)
    return found


def _place(document: Document, source: str) -> str:
    """`manifest.json:7:3: source.shop.landing.orders`: where *source* is written, and its name."""
    text = document.text
    at = max(0, text.find(f"{json.dumps(source)}:", max(0, text.find('"sources":'))))
    return f"{document.origin}:{text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at)}: {source}"


def _results(document: Document) -> list[Result]:
    try:
        return Results.model_validate(document.body).results
    except ValidationError as error:
        raise document.refused(error, of_others) from None


def _add(found: Imported, source: _Source, assumed: Assumed) -> None:
    place = _place(source.document, source.id)
    if assumed.cron is None:
        found.note(place, "is not taken over: dbt does not say when data is expected; import with --cron")
        return
    if source.freshness.filter:
        found.note(place, f"the filter {source.freshness.filter!r} is not taken over: all that was delivered counts")
    found.note(place, f"the objective {TARGET} over {WINDOW} is assumed; change it in the YAML")
    team = source.relation.owner or assumed.team
    if team is None:
        raise InvalidDefinition(f"{place}: nobody owns it; write meta: {{owner: …}} in dbt, or import with --team")
    dataset = _dataset(source, assumed)
    for word, after in source.freshness.limits():
        severity = "page" if word == "error" else "ticket"
        body = {
            "apiVersion": "headwater/v1",
            "kind": "DataSLO",
            "metadata": {
                "name": named(source.relation.source_name, source.relation.name, "age", word),
                "annotations": {"dbt/source": source.id, "headwater/assumed": "objective"},
            },
            "spec": {
                "dataset": identity(dataset),
                "owner": {"team": team},
                "schedule": {"cron": assumed.cron, "timezone": assumed.timezone, "deadline": DEADLINE},
                "sli": {"type": "freshness", "method": "age", "threshold": str(after)},
                "timeWindow": [{"duration": WINDOW, "isRolling": True}],
                "objectives": [{"target": TARGET}],
                "alerting": {"policy": "discrete", "ladder": [{"bad": 1, "severity": severity}]},
            },
        }
        try:
            found.slos.append(define(body))
        except ValidationError as error:
            raise source.document.refused(error, message, lambda _: ("sources", source.id)) from None


def _dataset(source: _Source, assumed: Assumed) -> NodeId:
    relation = source.relation
    parts = [relation.database, relation.schema_, relation.identifier or relation.name]
    namespace = assumed.namespace or ("bigquery" if source.adapter == "bigquery" else None)
    if namespace is None:
        text = f"which {source.adapter} it is stands in no file; import with --namespace, as events name it"
        raise InvalidDefinition(f"{_place(source.document, source.id)}: {text}")
    return dataset_id(namespace, ".".join(part for part in parts if part))
