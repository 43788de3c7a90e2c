"""Events from files: JSON lines or one JSON document, plain or gzip; a folder means all in it, `-` standard input."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from collectors.bodies import elements, lines
from lineage.errors import InvalidInput

ENDINGS = (".jsonl", ".ndjson", ".json")
STDIN = "-"


def read(sources: Iterable[str]) -> Iterator[bytes]:
    """The events of all *sources* in order, each with its own bytes; files of a folder by name, at any depth.

    A `.json` file that is one document is one event, or an array of them; every other file holds an event per line.
    Raises InvalidInput for a source that is not there or a folder without events.
    """
    for source in sources:
        if source == STDIN:
            yield from _lines(sys.stdin.buffer)
        else:
            for path in _files(Path(source)):
                yield from _events(path)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InvalidInput(f"{path}: no such file or folder")
    found = sorted(file for file in path.rglob("*") if file.is_file() and _ending(file) in ENDINGS)
    if not found:
        raise InvalidInput(f"{path}: no file in it ends in {', '.join(ENDINGS)}, with or without .gz")
    return found


def _ending(path: Path) -> str:
    return path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix


def _events(path: Path) -> Iterator[bytes]:
    try:
        with _open(path) as file:
            if _ending(path) == ".json":
                yield from _document(file.read())
            else:
                yield from _lines(file)
    except (OSError, EOFError) as error:
        raise InvalidInput(f"{path}: cannot be read: {error}") from error


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")  # "rb" is gzip's default


def _lines(file: BinaryIO) -> Iterator[bytes]:
    return (line for line in map(bytes.strip, file) if line)


def _document(body: bytes) -> list[bytes]:
    try:
        json.loads(body)
    except ValueError:
        return lines(body)
    except RecursionError:  # one document all the same, which the door refuses by its depth
        pass
    return elements(body) if body.lstrip().startswith(b"[") else [body.strip()]
