"""Events from files of every form that people keep them in."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from collectors.transports.file import read
from lineage.errors import InvalidInput


def test_lines_are_events(tmp_path: Path) -> None:
    """Every line of a .jsonl file that is not blank is an event."""
    (tmp_path / "a.jsonl").write_bytes(b'{"a":1}\n\n  {"b": 2}\r\n')

    assert list(read([str(tmp_path / "a.jsonl")])) == [b'{"a":1}', b'{"b": 2}']


def test_a_document_is_one_event(tmp_path: Path) -> None:
    """A .json file over several lines is one event, byte for byte."""
    (tmp_path / "a.json").write_bytes(b'{\n "a": 1\n}\n')

    assert list(read([str(tmp_path / "a.json")])) == [b'{\n "a": 1\n}']


def test_an_array_is_many_events(tmp_path: Path) -> None:
    """A .json file with an array holds an event per element."""
    (tmp_path / "a.json").write_bytes(b'[{"a":1},\n{"b":2}]')

    assert list(read([str(tmp_path / "a.json")])) == [b'{"a":1}', b'{"b":2}']


def test_lines_in_a_json_file_are_events(tmp_path: Path) -> None:
    """A .json file that is no document is read as lines."""
    (tmp_path / "a.json").write_bytes(b'{"a":1}\n{"b":2}\n')

    assert list(read([str(tmp_path / "a.json")])) == [b'{"a":1}', b'{"b":2}']


def test_a_folder_is_all_in_it_by_name(tmp_path: Path) -> None:
    """Files of a folder come by name, at any depth, gzip or not; what holds no events is passed over."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.ndjson").write_bytes(b"2\n")
    (tmp_path / "README.md").write_bytes(b"no event")
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b"1\n"))

    assert list(read([str(tmp_path)])) == [b"1", b"2"]


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` reads lines from standard input."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"1\n2\n")))

    assert list(read(["-"])) == [b"1", b"2"]


@pytest.mark.parametrize("content", [None, b"\x1f\x8bnot gzip at all"])
def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    """A missing or damaged file is named."""
    path = tmp_path / "a.jsonl.gz"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(InvalidInput, match=r"a\.jsonl\.gz"):
        list(read([str(path)]))


def test_what_is_nested_too_deeply_is_left_to_the_door(tmp_path: Path) -> None:
    """Alone or in an array it is one body, which becomes a dead letter, and its neighbours are read."""
    deep = b"[" * 100_000 + b"]" * 100_000
    event = b'{"a":' + deep + b"}"
    (tmp_path / "a.json").write_bytes(event)
    (tmp_path / "b.json").write_bytes(b'[{"b":1},' + event + b',{"c":2}]')

    assert list(read([str(tmp_path)])) == [event, b'{"b":1}', event, b'{"c":2}']


def test_a_folder_without_events_is_refused(tmp_path: Path) -> None:
    """An empty folder is a mistake, not an empty replay."""
    with pytest.raises(InvalidInput, match="no file in it"):
        list(read([str(tmp_path)]))
