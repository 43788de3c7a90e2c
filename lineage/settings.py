"""Every knob, its default and one sentence of help; from here to flags, `headwater.yaml`, `HEADWATER_*` and Helm."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, create_model
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from lineage.errors import InvalidDefinition

SectionModel = TypeVar("SectionModel", bound="Section")

MIB = 1024 * 1024

Role = Literal["api", "collector", "dashboards", "scheduler"]
ROLES: tuple[Role, ...] = ("api", "collector", "dashboards", "scheduler")


class Section(BaseModel):
    """Settings of one part, under the part's own word. Secrets are SecretStr: never printed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NamespaceAlias(Section):
    """Hosts, or namespaces like a pattern, that are one: `{namespace: "kafka://prod", hosts: [k1, "k2:9092"]}`."""

    namespace: str
    hosts: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None


class Ingest(Section):
    """What the door takes."""

    max_event_bytes: int = Field(10 * MIB, description="Largest event after inflating, in bytes; larger answers 413.")
    max_batch_bytes: int = Field(64 * MIB, description="Largest batch after inflating, in bytes; larger answers 413.")
    max_batch_events: int = Field(50_000, ge=1, description="Most events in one batch; more answer 413.")
    strict: bool = Field(False, description="Take only what OpenLineage's own schema takes, formats included.")
    dead_letters_kept: int = Field(10_000, ge=0, description="Refused bodies that are kept; beyond it the oldest go.")
    namespace_aliases: tuple[NamespaceAlias, ...] = Field(
        (), description="Namespaces that are one: a list of {namespace, hosts, pattern}; a change rebuilds at start."
    )
    fold_case: Mapping[str, Literal["upper", "lower", "keep"]] = Field(
        {}, description="By scheme, how names are folded: {mysql: lower, snowflake: keep}; a change rebuilds at start."
    )
    attendance_s: float = Field(
        30,
        ge=0,
        description="Seconds between two marks that a collector is there: what was due in a gap of more than three is"
        " UNKNOWN, not BAD, until its events come. 0: no marks.",
    )
    queue_events: int = Field(20_000, description="Bodies that may wait for the writer; beyond it the door says 503.")
    queue_bytes: int = Field(128 * MIB, description="Bytes that may wait for the writer; beyond it the door says 503.")


class Slo(Section):
    """How SLOs are judged."""

    interval_s: float = Field(30, description="Seconds between two evaluations of all SLOs.")
    metadata_grace_s: float = Field(60, description="Seconds a deadline waits for an event on its way (DECISIONS 25).")
    group_wait_s: float = Field(0, description="Seconds an incident waits for its root cause before the first message.")


class Alerts(Section):
    """Where messages go when nothing nearer says so."""

    channel: str | None = Field(
        None, description="The channel word for incidents; unset: slack if configured, else log."
    )
    to: str | None = Field(None, description="Default destination inside the channel, as a Slack channel id.")


class Neo4j(Section):
    """How a Neo4j server is reached, where `store` names one."""

    user: str | None = Field(None, description="Who asks, unless the URL says it; unset: a server without passwords.")
    password: SecretStr | None = Field(None, description="The password of that user; give it by environment.")
    database: str | None = Field(None, description="The database, unless the URL names one; unset: neo4j.")
    pool: int = Field(50, ge=1, description="Most connections that are open at once.")
    connect_s: float = Field(5, gt=0, description="Seconds that a new connection may take.")
    read_s: float = Field(10, gt=0, description="Seconds that a question may take.")
    write_s: float = Field(60, gt=0, description="Seconds that a write may take.")
    retry_s: float = Field(
        3, ge=0, description="Seconds that what may succeed is tried again, before the door says 503."
    )
    lifetime_s: float = Field(3600, gt=0, description="Seconds after which a connection is made anew.")


class Log(Section):
    """What is logged and how."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least level that is printed.")
    style: Literal["auto", "json", "text"] = Field(
        "auto", description="auto prints words on a terminal, JSON elsewhere."
    )


class Settings(BaseSettings):
    """The knobs of the service; parts add a section each (see `load`)."""

    model_config = SettingsConfigDict(
        env_prefix="HEADWATER_", env_nested_delimiter="__", extra="forbid", frozen=True, case_sensitive=False
    )

    store: str = Field("sqlite:///headwater.db", description="Where the graph lives; the scheme names the store.")
    ledger: str | None = Field(
        None, description="Where the ledger lives, unless beside the graph: s3://…, gs://…, az://… or file:///folder."
    )
    writer: str | None = Field(
        None, description="Name of this process's own chain in such a ledger; unset: host and port of the server."
    )
    roles: tuple[Role, ...] = Field(
        ROLES, min_length=1, description="What this process does, of api, collector, dashboards and scheduler."
    )
    slos: Path | None = Field(None, description="Folder of SLO files; watched, and owned by the folder.")
    host: str = Field("127.0.0.1", description="Address to listen on; one that is not loopback needs an API key first.")
    port: int = Field(5000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_url: str | None = Field(None, description="How people reach this server; used in messages and Host checks.")
    api_key: SecretStr | None = Field(None, description="A first API key with all scopes; give it by environment.")
    forward: tuple[SecretStr, ...] = Field(
        (), description="Backends that accepted events go on to: http://host:port; user:password@ or :key@ before it."
    )
    ingest: Ingest = Field(Ingest(), description="What the door takes.")
    slo: Slo = Field(Slo(), description="How SLOs are judged.")
    alerts: Alerts = Field(Alerts(), description="Where messages go by default.")
    log: Log = Field(Log(), description="What is logged and how.")
    neo4j: Neo4j = Field(Neo4j(), description="How a Neo4j server is reached.")

    @classmethod
    def settings_customise_sources(  # noqa: D102 - pydantic-settings asks for it by this name
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - its signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - its signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - its signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # Flags and the file come merged in `load`; the file must lose against the environment.
        return (init_settings, env_settings, _FileSource(cls))

    def section(self, word: str, model: type[SectionModel]) -> SectionModel:
        """The section of the part *word*, as its own model; its defaults when it was not loaded with one."""
        found = getattr(self, word, None)
        return found if isinstance(found, model) else model()


def without_password(url: str) -> str:
    """*url* as it may be shown: the password in it is hidden."""
    scheme, mark, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    who, at, host = place.rpartition("@")
    user, colon, _ = who.partition(":")
    return f"{scheme}{mark}{user}{colon and ':**********'}{at}{host}{slash}{path}"


class _FileSource(PydanticBaseSettingsSource):
    """The values of the configuration file that `load` is reading."""

    values: Mapping[str, Any] = {}

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - its signature
        return self.values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(self.values)


def load(config: Path | None = None, sections: Mapping[str, type[Section]] | None = None, **flags: Any) -> Settings:
    """Read the settings: flags (None: not given) over `HEADWATER_*` over *config* over defaults.

    *sections* are the parts' own models by their words. Raises InvalidDefinition that names the file or variable, the
    knob and what would do.
    """
    # A part whose word is already a knob, as the channel `log` is, has no section of its own.
    parts = {word: model for word, model in (sections or {}).items() if word not in Settings.model_fields}
    fields: dict[str, Any] = {word: (model, model()) for word, model in parts.items()}
    model = create_model("Settings", __base__=Settings, **fields)
    _FileSource.values = _read(config)
    try:
        return model(**{knob: value for knob, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        knob = ".".join(str(part) for part in first["loc"])
        origin = str(config) if config is not None and first["loc"][0] in _FileSource.values else "settings"
        raise InvalidDefinition(f"{origin}: {knob}: {first['msg']}", field=knob) from None
    finally:
        _FileSource.values = {}


def _read(config: Path | None) -> Mapping[str, Any]:
    if config is None:
        return {}
    try:
        values = yaml.safe_load(config.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidDefinition(f"{config}: cannot be read: {error.strerror}; give another --config") from None
    except yaml.YAMLError as error:
        raise InvalidDefinition(f"{config}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values or {}, dict):
        raise InvalidDefinition(f"{config}:1:1: a mapping of settings is wanted, as in `port: 5000`")
    return values or {}


__all__ = [
    "ROLES",
    "Alerts",
    "Ingest",
    "Log",
    "NamespaceAlias",
    "Neo4j",
    "Role",
    "SecretStr",
    "Section",
    "Settings",
    "Slo",
    "load",
    "without_password",
]
