"""Files into definitions: YAML with line numbers, every fault as `file:line:column: what; what to write instead`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ValidationError

from lineage.errors import InvalidDefinition
from lineage.parts import part, words
from lineage.slo import spec
from lineage.slo.spec import INDICATORS, DataSLO, define

SUFFIXES = (".yaml", ".yml")

# Words of the format that need what this version does not measure yet.
LATER = frozenset({"consumer", "heartbeat", "trend", "country"} | {"reconcile", "Timeslices"})
LATER_SENTENCE = "is not measured by this version of Headwater"

HINTS = {
    "datetime_from_date_parsing": "write it as 2026-11-01T00:00:00Z",
    "union_tag_invalid": "write `mode: contract` or `mode: seasonal`",
}


class Source(NamedTuple):
    """A definition and the place that it came from: `orders.yaml:1`, and its own YAML."""

    slo: DataSLO
    place: str
    text: str


class _Loader(yaml.SafeLoader):
    """SafeLoader that keeps numbers exact and refuses a key written twice."""

    def exact(self, node: yaml.ScalarNode) -> object:
        """A float as the Decimal that was written; `.inf` and `.nan` stay floats, and are refused later."""
        text = str(self.construct_scalar(node)).replace("_", "")
        try:
            return Decimal(text)
        except ArithmeticError:
            return self.construct_yaml_float(node)

    def once(self, node: yaml.MappingNode) -> Iterator[dict[Any, Any]]:
        """A mapping whose keys differ."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"`{key.value}` is written twice; keep one", key.start_mark
                )
            seen.add(str(key.value))
        return self.construct_yaml_map(node)


_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.exact)
_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.once)


def read_path(path: Path) -> list[Source]:
    """All definitions in a file, or in the YAML files of a folder and its subfolders, by file name.

    Raises InvalidDefinition with every fault of the first file that has one, or for a name that is there twice.
    """
    if not path.is_dir():
        return read_file(path)
    return _different([source for file in files_of(path) for source in read_file(file)])


def sources_of(texts: Iterable[tuple[str, str]]) -> list[Source]:
    """The definitions in (text, place) pairs. Raises InvalidDefinition, also for a name that is there twice."""
    found = ((source, place) for text, place in texts for source in read_text(text, place))
    return _different([source._replace(place=place) for source, place in found])


def _different(found: list[Source]) -> list[Source]:
    places: dict[str, str] = {}
    for source in found:
        if (first := places.setdefault(source.slo.name, source.place)) != source.place:
            raise InvalidDefinition(
                f"{source.place}: the SLO {source.slo.name!r} is already in {first}; give it another name"
            )
    return found


def files_of(folder: Path) -> list[Path]:
    """The YAML files below *folder*, by name; hidden ones left out, so that a ConfigMap's `..data` is read once."""
    below = (file for file in folder.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    return sorted(file for file in below if not any(p.startswith(".") for p in file.relative_to(folder).parts))


def read_file(path: Path) -> list[Source]:
    """The definitions of one file. Raises InvalidDefinition."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidDefinition(f"{path}:1:1: cannot be read: {error.strerror}; name an SLO file or folder") from None
    except UnicodeDecodeError:
        raise InvalidDefinition(f"{path}:1:1: not UTF-8 text; save it as UTF-8") from None
    return read_text(text, str(path))


def read_text(text: str, origin: str) -> list[Source]:
    """The definitions in *text*, YAML documents; *origin* begins every message. Raises InvalidDefinition."""
    try:
        return [_source(node, text, origin) for node in yaml.compose_all(text, _Loader)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
        problem = str(error.problem or error.context)
        hint = "" if ";" in problem else "; close what is open before it, and indent with spaces"
        raise InvalidDefinition(f"{origin}:{place}: {problem}{hint}") from None
    except yaml.YAMLError as error:
        raise InvalidDefinition(f"{origin}:1:1: not YAML: {' '.join(str(error).split())}") from None


def _source(node: yaml.Node, text: str, origin: str) -> Source:
    loader = _Loader("")
    try:
        document = loader.construct_document(node)
    finally:
        loader.dispose()
    own = "\n".join(text.splitlines()[node.start_mark.line : node.end_mark.line + 1]).rstrip("-\n ") + "\n"
    try:
        return Source(define(document), f"{origin}:{node.start_mark.line + 1}", own)
    except ValidationError as error:
        faults = sorted({_fault(found, node) for found in error.errors(include_url=False)})
        lines = [f"{origin}:{line}:{column}: {message}" for line, column, message in faults]
        raise InvalidDefinition("\n".join(lines)) from None


def _fault(found: Mapping[str, Any], root: yaml.Node) -> tuple[int, int, str]:
    line, column, rest = _place(root, found["loc"])
    where = ".".join(str(step) for step in found["loc"]) or "the document"
    return line, column, f"{where}: {_message(found, [str(step) for step in rest])}"


def _place(root: yaml.Node, loc: Sequence[str | int]) -> tuple[int, int, Sequence[str | int]]:
    """Line and column of *loc*, or of the nearest that is written, and what of *loc* is not written."""
    node, mark = root, root.start_mark
    for depth, step in enumerate(loc):
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if pair is None:
                return mark.line + 1, mark.column + 1, loc[depth:]
            mark, node = pair[0].start_mark, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            mark = node.start_mark
    return mark.line + 1, mark.column + 1, ()


def _message(found: Mapping[str, Any], unwritten: Sequence[str]) -> str:
    kind, word = found["type"], str(found["loc"][-1]) if found["loc"] else ""
    if kind == "extra_forbidden":
        return _unknown(word)
    if kind == "missing":
        return f"is missing; write `{unwritten[-1] if unwritten else word}:`"
    if kind == "literal_error":
        why = LATER_SENTENCE if str(found["input"]) in LATER else "is not understood here"
        return f"{found['input']!r} {why}; write {found['ctx']['expected']}"
    if kind == "string_pattern_mismatch":
        return f"{found['input']!r} is no name; write lower-case letters, digits and dashes, as in orders-freshness"
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        return f"{found['input']!r} stands where a mapping is wanted; write `key: value` lines below it"
    text = str(found["msg"]).removeprefix("Value error, ")
    return text if ";" in text else f"{text[:1].lower()}{text[1:]}; {HINTS.get(kind, f'write another {word}')}"


def _unknown(word: str) -> str:
    if word in LATER:
        return f"{LATER_SENTENCE}; remove it"
    near = difflib.get_close_matches(word, _vocabulary(), 1)
    return f"is not a word of the format; {f'did you mean `{near[0]}`?' if near else 'remove it'}"


def _vocabulary() -> list[str]:
    """All words of the format, the indicators' own included."""
    models = [value for value in vars(spec).values() if isinstance(value, type) and issubclass(value, BaseModel)]
    models += [part(INDICATORS, word).Spec for word in words(INDICATORS)]
    return sorted({field.alias or name for model in models for name, field in model.model_fields.items()})
