"""Normal forms: which spellings of a dataset's identity are one (OPENLINEAGE 3.3), as rules that name themselves.

A rule never takes a raw identity away: it declares that the raw identity and its normal form are one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Final, Literal, NamedTuple, Protocol

from lineage.model import NodeId, SameAs, dataset_id

Case = Literal["upper", "lower", "keep"]

RULE: Final = "rule: "  # how the *why* of a declaration begins that a rule made
REMEMBERED: Final = 65_536  # identities whose normal form is not worked out again

SCHEMES: Final = {
    "s3a": "s3", "s3n": "s3", "gcs": "gs", "abfs": "abfss", "wasb": "wasbs", "postgresql": "postgres",
    "sqlserver": "mssql",
}  # fmt: skip
# Without hive: its metastore and its server listen on different ports, and both are written without.
PORTS: Final = {
    "postgres": 5432, "mysql": 3306, "mssql": 1433, "oracle": 1521, "redshift": 5439, "trino": 8080, "cassandra": 9042,
    "kafka": 9092, "hdfs": 8020, "milvus": 19530,
}  # fmt: skip
OBJECTS: Final = frozenset({"s3", "gs", "abfss", "wasbs"})
PATHS: Final = frozenset({"file", "hdfs", "dbfs"})
CASES: Final[Mapping[str, Case]] = {  # how a database keeps what was not quoted
    "snowflake": "upper", "oracle": "upper", "hive": "lower", "redshift": "lower",
}  # fmt: skip
CATALOGS: Final = frozenset({"trino", "awsathena", "unitycatalog"})  # their names are catalog.schema.table
HOSTLESS: Final = frozenset({"duckdb", "sqlite", "inmemory", "memory", "dbfs", "spanner"})

_NAMESPACE: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/]*)(.*)", re.DOTALL)
_SNOWFLAKE: Final = ".snowflakecomputing.com"
_CLUSTER: Final = re.compile(r"[A-Za-z0-9_-]{22}")  # the id of a Kafka cluster: 16 bytes in base64, no host
_DATABASE: Final = re.compile(r"(.*/)([^/]+)\.db(/[^/]+)", re.DOTALL)
_TWICE: Final = re.compile(r"(^|/)([^/]+\.db)/\2(?=/)")
_DAY: Final = r"(?:19|20)\d\d-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])"
_MONTH: Final = r"(?:19|20)\d\d-?(?:0[1-9]|1[0-2])"
_PARTITION: Final = re.compile(rf"[A-Za-z_][\w.-]*=[^/]*|{_DAY}(?:T[\d:.]+Z?)?|{_MONTH}", re.ASCII)
_DIRECTORIES: Final = re.compile(
    r"(.*[^/])/+((?:19|20)\d\d/(?:0?[1-9]|1[0-2])(?:/(?:0?[1-9]|[12]\d|3[01])(?:/(?:[01]?\d|2[0-3]))?)?)",
    re.ASCII | re.DOTALL,
)
_STAMPED: Final = re.compile(r"(.*[^/_])_(1\d{12})", re.ASCII | re.DOTALL)  # milliseconds from 2001 to 2033


class Normal(NamedTuple):
    """The normal form of an identity, the rules that led there, and the *subset* of it that the raw name means."""

    dataset: NodeId
    rules: tuple[str, ...] = ()
    subset: str = ""


class Alias(Protocol):
    """A rule of the operator's own: datasets of these *hosts*, or of namespaces like *pattern*, are of *namespace*.

    A host is written with or without its port and counts under the scheme of *namespace*; a *pattern* must match the
    whole namespace.
    """

    @property
    def namespace(self) -> str:
        """Where they are."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Hosts, with or without port."""

    @property
    def pattern(self) -> re.Pattern[str] | None:
        """What namespaces look like."""


@dataclass(slots=True)
class _Form:
    """An identity on its way to its normal form."""

    scheme: str
    authority: str  # where the namespace is `scheme://authority/path`
    path: str
    name: str
    rules: list[str] = field(default_factory=list)

    def rule(self, what: str) -> None:
        self.rules.append(what)


class Rules:
    """The rules of OPENLINEAGE 3.3, after the operator's own *aliases* and *cases*. What was asked once is remembered.

    *word* names what the operator said, so that it is seen when a graph was made under other rules; empty without any.
    """

    def __init__(self, aliases: Sequence[Alias] = (), cases: Mapping[str, Case] = {}) -> None:
        self.aliases = [(alias, {host.lower() for host in alias.hosts}) for alias in aliases]
        self.cases = {**CASES, **cases}
        said: list[object] = [
            (alias.namespace, alias.hosts, alias.pattern and alias.pattern.pattern) for alias in aliases
        ]
        said += sorted(cases.items())
        self.word = sha256(repr(said).encode()).hexdigest()[:16] if said else ""
        self.normal: Callable[[NodeId], Normal] = lru_cache(REMEMBERED)(self._normal)
        self.same: Callable[[NodeId], tuple[SameAs, ...]] = lru_cache(REMEMBERED)(self._same)

    def catalogued(self, dataset: NodeId, framework: str, catalog: str) -> tuple[SameAs, ...]:
        """What follows of *dataset* from its catalog facet, which names the *framework* and the *catalog*.

        In an Iceberg warehouse the directory `shop.db` is the database shop (Flink and Hive write the one, Spark the
        other); and where a name wants a catalog and has none, the facet's is meant.
        """
        found = _DATABASE.fullmatch(dataset.name) if framework.lower() == "iceberg" else None
        if found:
            name, why = "".join(found.groups()), "in an Iceberg warehouse DATABASE.db is DATABASE"
        elif catalog and dataset.namespace.partition("://")[0] in CATALOGS and dataset.name.count(".") == 1:
            name, why = f"{catalog}.{dataset.name}", "a name without its catalog is of the one in the catalog facet"
        else:
            return ()
        return (SameAs(self.normal(dataset_id(dataset.namespace, name)).dataset, dataset, RULE + why),)

    def _same(self, dataset: NodeId) -> tuple[SameAs, ...]:
        """What the rules declare of *dataset*; nothing where its name is its normal form."""
        normal = self.normal(dataset)
        found = []
        if normal.dataset != dataset:
            found.append(SameAs(normal.dataset, dataset, RULE + "; ".join(normal.rules)))
        for broker in _brokers(dataset.namespace):
            alias = self.normal(dataset_id(broker, dataset.name)).dataset
            if alias != normal.dataset:
                found.append(SameAs(normal.dataset, alias, f"{RULE}a broker of {dataset.namespace}"))
        return tuple(found)

    def _normal(self, dataset: NodeId) -> Normal:
        form = _read(dataset)
        if form.scheme:
            for step in _STEPS:
                step(form)
            _name_case(form, self.cases.get(form.scheme, "keep"))
        subset = _trim(form) if form.scheme in OBJECTS | PATHS else ""
        namespace = _written(form) if form.scheme else dataset.namespace
        alias = self._alias(dataset.namespace, namespace, form)
        if alias is not None and alias != namespace:
            namespace = alias
            form.rule(f"ingest.namespace_aliases says {alias}")
        changed = dataset_id(namespace, form.name)
        return Normal(changed, tuple(form.rules), subset) if changed != dataset else Normal(dataset)

    def _alias(self, raw: str, namespace: str, form: _Form) -> str | None:
        """Where the first alias leads that speaks of the namespace; None without one."""
        host = form.authority.rpartition("@")[2]
        for alias, hosts in self.aliases:
            scheme = alias.namespace.partition("://")[0]
            if form.scheme == scheme and hosts & {host, host.partition(":")[0]}:
                return alias.namespace
            if alias.pattern and (alias.pattern.fullmatch(raw) or alias.pattern.fullmatch(namespace)):
                return alias.namespace
        return None


def differs(one: NodeId, other: NodeId) -> tuple[str, ...]:
    """By what two datasets differ, of case, scheme, host and catalog; empty where by more, or by scheme and host.

    They differ by the catalog where a name of two parts is the end of one of three, in one namespace.
    """
    if other.name.partition(".")[2].lower() == one.name.lower() and one.name.count(".") == 1:
        return ("catalog",) if one.namespace == other.namespace else ()
    if one.name.strip("/").lower() != other.name.strip("/").lower():
        return ()
    left, right = _read(one), _read(other)
    found = ["case"] if one.name.strip("/") != other.name.strip("/") else []
    if one.namespace.lower() == other.namespace.lower():
        return tuple(found) or (("case",) if one.namespace != other.namespace else ())
    if not left.authority or not right.authority or left.path != right.path:
        return ()
    scheme, host = left.scheme != right.scheme, left.authority.lower() != right.authority.lower()
    return () if scheme and host else (*found, "scheme" if scheme else "host")


def _read(dataset: NodeId) -> _Form:
    found = _NAMESPACE.fullmatch(dataset.namespace)
    if found:
        scheme, authority, path = found.groups()
        form = _Form(scheme.lower(), authority, path, dataset.name)
        if form.scheme == "file" and not authority:
            form.rule("file:// is file")
        return form
    return _Form("file" if dataset.namespace == "file" else "", "", "", dataset.name)


def _written(form: _Form) -> str:
    if form.scheme == "file" and not form.authority and not form.path:
        return "file"
    return f"{form.scheme}://{form.authority}{form.path}"


def _scheme(form: _Form) -> None:
    if form.scheme in SCHEMES:
        form.rule(f"{form.scheme}:// is {SCHEMES[form.scheme]}://")
        form.scheme = SCHEMES[form.scheme]


def _namespace_slash(form: _Form) -> None:
    if form.path.endswith("/") and form.scheme not in HOSTLESS:
        form.path = form.path.rstrip("/")
        form.rule("a slash at the end of a namespace means nothing")


def _host_case(form: _Form) -> None:
    user, at, host = form.authority.rpartition("@")
    if form.scheme == "kafka" and _CLUSTER.fullmatch(host):
        return
    if form.scheme not in HOSTLESS and host != host.lower() and host.partition(":")[0] != "None":
        form.authority = f"{user}{at}{host.lower()}"
        form.rule("hosts have no case")


def _brokers_sorted(form: _Form) -> None:
    if form.scheme == "kafka" and "," in form.authority:
        hosts = sorted(_with_port(host.strip(), "kafka") for host in form.authority.split(",") if host.strip())
        if hosts:
            form.authority = hosts[0]
            form.rule("the least of its bootstrap servers speaks for a cluster")


def _port(form: _Form) -> None:
    if form.scheme not in HOSTLESS and form.authority.lower().endswith(":none"):
        form.authority = form.authority[:-5]
        form.rule("a port None is none")
    if (
        form.scheme in PORTS
        and form.authority
        and not (form.scheme == "kafka" and _CLUSTER.fullmatch(form.authority))
        and form.authority != (ported := _with_port(form.authority, form.scheme))
    ):
        form.authority = ported
        form.rule(f"the port of {form.scheme} is {PORTS[form.scheme]}")


def _snowflake(form: _Form) -> None:
    if form.scheme == "snowflake" and form.authority.endswith(_SNOWFLAKE):
        form.authority = form.authority.removesuffix(_SNOWFLAKE)
        form.rule(f"{_SNOWFLAKE} is no part of an account")


def _name_case(form: _Form, case: Case) -> None:
    folded = form.name.upper() if case == "upper" else form.name.lower() if case == "lower" else form.name
    if folded != form.name:
        form.name = folded
        form.rule(f"names of {form.scheme} have no case")


def _slashes(form: _Form) -> None:
    if form.scheme not in OBJECTS | PATHS:
        return
    name = form.name.rstrip("/") or "/"
    if name != form.name:
        form.name = name
        form.rule("a slash at the end of a path means nothing")
    name = form.name.lstrip("/") or "/" if form.scheme in OBJECTS else "/" + form.name.lstrip("/")
    if name != form.name:
        form.name = name
        form.rule("an object's key begins without a slash" if form.scheme in OBJECTS else "a path begins with a slash")
    name = _TWICE.sub(r"\1\2", form.name)
    if name != form.name:  # OPENLINEAGE 4.5: so Spark names what it drops
        form.name = name
        form.rule("the directory of a database stands in a path once")


def _trim(form: _Form) -> str:
    """Cut the partition from the end of a path, as the clients' own trimmers do; answers what was cut."""
    subset: list[str] = []
    while cut := _cut(form.name):
        form.name, last = cut
        subset.insert(0, last)
    if subset:
        form.rule("a partition is a part of its dataset")
    return "/".join(subset)


def _cut(name: str) -> tuple[str, str] | None:
    head, _, last = name.rpartition("/")
    if head.strip("/") and _PARTITION.fullmatch(last):
        return head, last
    found = _DIRECTORIES.fullmatch(name) or _STAMPED.fullmatch(name)
    return (found.group(1), found.group(2)) if found else None


def _with_port(host: str, scheme: str) -> str:
    bare = host.rpartition("]")[2]  # an IPv6 address has colons of its own
    missing = ":" not in bare or bare.endswith(":")
    return f"{host.rstrip(':') if bare.endswith(':') else host}:{PORTS[scheme]}" if missing and host != "None" else host


def _brokers(namespace: str) -> list[str]:
    scheme, _, hosts = namespace.partition("://")
    if scheme.lower() != "kafka" or "," not in hosts:
        return []
    return [f"kafka://{host.strip()}" for host in hosts.split(",") if host.strip()]


_STEPS: Final = (
    _scheme, _namespace_slash, _host_case, _brokers_sorted, _port, _snowflake, _slashes,
)  # fmt: skip

PLAIN: Final = Rules()


class Naming(Protocol):
    """What an operator may say of names (`lineage.settings.Ingest`)."""

    @property
    def namespace_aliases(self) -> tuple[Alias, ...]:
        """Which namespaces are one."""

    @property
    def fold_case(self) -> Mapping[str, Case]:
        """By scheme, how it keeps what was not quoted, where CASES says otherwise or nothing."""


def rules(naming: Naming) -> Rules:
    """The rules under *naming*, the same object for the same words, so that what it remembers serves all."""
    return _rules(naming.namespace_aliases, tuple(naming.fold_case.items()))


@lru_cache(maxsize=8)
def _rules(aliases: tuple[Alias, ...], cases: tuple[tuple[str, Case], ...]) -> Rules:
    return Rules(aliases, dict(cases)) if aliases or cases else PLAIN
