"""`kind: AlertWindows`: windows that several SLOs share, written in their file or in windows/NAME.yaml beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ValidationError

from lineage.errors import InvalidDefinition
from lineage.slo.alerting import AlertWindow
from lineage.slo.documents import Document, Say, documents, read
from lineage.slo.spec import Metadata
from lineage.slo.terms import Strict

KIND = "AlertWindows"
FOLDER = "windows"
SUFFIXES = (".yaml", ".yml")
WINDOWS = ("spec", "alerting", "windows")


def _some(windows: tuple[AlertWindow, ...]) -> tuple[AlertWindow, ...]:
    if not windows:
        raise ValueError("no window stands here; write {severity: page, long: 1h, short: 5m, budget: 0.02}")
    return windows


class Spec(Strict):
    """The windows, each with the share of the error budget that may burn in it before it speaks."""

    windows: Annotated[tuple[AlertWindow, ...], AfterValidator(_some)]


class AlertWindows(Strict):
    """A catalogue that an SLO names as `alerting: {windows: NAME}`."""

    api_version: Literal["headwater/v1"]
    kind: Literal["AlertWindows"]
    metadata: Metadata
    spec: Spec


def is_one(document: Document) -> bool:
    """Whether *document* is a catalogue of windows, and so no SLO."""
    return isinstance(document.body, Mapping) and document.body.get("kind") == KIND


def catalogues(found: Iterable[Document], say: Say) -> dict[str, Sequence[Any]]:
    """The windows of each catalogue among *found*, by name, as they are written. Raises InvalidDefinition."""
    named: dict[str, Sequence[Any]] = {}
    for document in found:
        if is_one(document):
            try:
                catalogue = AlertWindows.model_validate(document.body)
            except ValidationError as error:
                raise document.refused(error, say) from None
            named[catalogue.metadata.name] = document.body["spec"]["windows"]
    return named


def with_windows(
    document: Document, body: Any, known: Mapping[str, Sequence[Any]], beside: Path | None, say: Say
) -> Any:
    """*body* of *document* with the windows that it names: those *known* from its text, or of a file *beside* it.

    Raises InvalidDefinition with the place of a name that is nowhere.
    """
    spec = body.get("spec") if isinstance(body, Mapping) else None
    alerting = spec.get("alerting") if isinstance(spec, Mapping) else None
    name = alerting.get("windows") if isinstance(alerting, Mapping) else None
    if not isinstance(name, str):
        return body
    if beside is not None and name not in known and "/" not in name:
        files = (beside / FOLDER / f"{name}{suffix}" for suffix in SUFFIXES)
        told = [each for file in files if file.is_file() for each in documents(read(file), str(file))]
        known = {**known, **catalogues(told, say)}
    if name not in known:
        text = f"no {KIND} are named {name!r}; write them in this file or in {FOLDER}/{name}.yaml beside it"
        raise InvalidDefinition(f"{document.at(*WINDOWS)}: {'.'.join(WINDOWS)}: {text}")
    return body | {"spec": body["spec"] | {"alerting": body["spec"]["alerting"] | {"windows": known[name]}}}
