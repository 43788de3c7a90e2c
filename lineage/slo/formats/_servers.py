"""Which dataset a contract means: OpenLineage's rules of naming over its servers (OPENLINEAGE 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from pydantic import Field

from lineage.model import NodeId, dataset_id
from lineage.slo.terms import Strict


class Server(Strict, extra="ignore"):
    """Where data is, as ODCS says it; which words there are depends on *type*."""

    type: str
    host: str | None = None
    port: int | None = None
    database: str | None = None
    schema_: str | None = Field(None, alias="schema")
    account: str | None = None
    project: str | None = None
    dataset: str | None = None
    catalog: str | None = None
    location: str | None = None
    environment: str | None = None


def _relational(scheme: str, port: int, *parts: str) -> Callable[[Server], tuple[str, list[str | None]]]:
    def by(server: Server) -> tuple[str, list[str | None]]:
        return f"{scheme}://{server.host}:{server.port or port}", [getattr(server, part) for part in parts]

    return by


TYPES: Mapping[str, Callable[[Server], tuple[str, list[str | None]]]] = {
    "postgres": _relational("postgres", 5432, "database", "schema_"),
    "postgresql": _relational("postgres", 5432, "database", "schema_"),
    "mysql": _relational("mysql", 3306, "database"),
    "sqlserver": _relational("mssql", 1433, "database", "schema_"),
    "redshift": _relational("redshift", 5439, "database", "schema_"),
    "trino": _relational("trino", 8080, "catalog", "schema_"),
    "snowflake": lambda server: (f"snowflake://{server.account}", [server.database, server.schema_]),
    "bigquery": lambda server: ("bigquery", [server.project, server.dataset]),
    "kafka": lambda server: (f"kafka://{server.host}", []),
}
FOLDERS = frozenset({"s3", "gcs"})


def dataset_of(server: Server, name: str) -> NodeId | None:
    """The dataset that *server* keeps under *name*; a name that is whole already stays. None: by no rule known here."""
    if server.type in FOLDERS and server.location is not None:
        place = urlsplit(server.location)
        key = place.path.split("*")[0].replace("{model}", name).strip("/")
        return dataset_id(f"{place.scheme}://{place.netloc}", key or name)
    if server.type not in TYPES:
        return None
    namespace, parts = TYPES[server.type](server)
    if "None" in namespace:
        return None
    missing = [part for part in parts if part][: max(0, len(parts) - name.count("."))]
    return dataset_id(namespace, ".".join([*missing, name]))
