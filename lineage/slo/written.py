"""Definitions as a person would write them: only what differs from the default, numbers exact, times in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import yaml

from lineage.slo.spec import ANY, DataSLO
from lineage.slo.terms import spell

WIDTH = 110


class _Dumper(yaml.SafeDumper):
    """SafeDumper that knows the words of definitions, and writes no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML asks of each
        """Write everything out."""
        return True

    def number(self, value: Decimal) -> yaml.ScalarNode:
        """0.999, exactly."""
        text = format(value, "f")
        return self.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)

    def span(self, value: timedelta) -> yaml.ScalarNode:
        """28d."""
        return self.represent_str(spell(value))

    def instant(self, value: datetime) -> yaml.ScalarNode:
        """2026-11-01T00:00:00Z, in quotes: within braces YAML has no plain text with a colon."""
        return self.represent_str(value.astimezone(UTC).isoformat().replace("+00:00", "Z"))

    def sequence(self, value: tuple[Any, ...]) -> yaml.SequenceNode:
        """A list."""
        return self.represent_list(value)


_Dumper.add_representer(Decimal, _Dumper.number)
_Dumper.add_representer(timedelta, _Dumper.span)
_Dumper.add_representer(datetime, _Dumper.instant)
_Dumper.add_representer(tuple, _Dumper.sequence)


def body_of(slo: DataSLO, mode: Literal["json", "python"] = "json") -> dict[str, Any]:
    """What a document would hold of *slo* that is not the default: as JSON values, or as Python's own.

    `define` makes the same SLO of it.
    """
    body = slo.model_dump(mode=mode, by_alias=True, exclude_none=True, exclude_defaults=True)
    if slo.spec.path is not None or slo.spec.dataset == ANY:
        del body["spec"]["dataset"]  # where the path leads to, or that of a member
    return {"apiVersion": slo.api_version, "kind": slo.kind, **body}


def yaml_of(documents: Iterable[Mapping[str, Any]]) -> str:
    """*documents* as YAML, one after the other; numbers exactly, spans as `28d`."""
    made = (
        yaml.dump(
            dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=None
        )
        for document in documents
    )
    return "---\n".join(made)


def written(slo: DataSLO) -> str:
    """*slo* as the YAML that a person would write for it."""
    return yaml_of([body_of(slo, "python")])
