"""YAML documents that know where each of their values is written; numbers exact, no key twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from lineage.errors import InvalidDefinition

MOST_VALUES = 1_000_000  # of one document, each as often as aliases repeat it
MOST_SHOWN = 40  # letters of what somebody wrote, in a message
TOO_DEEP = "is nested too deeply; write it flatter"

Loc = tuple[str | int, ...]
Say = Callable[[Mapping[str, Any], Sequence[str]], str]


class _Loader(yaml.SafeLoader):
    """SafeLoader that keeps numbers exact, and refuses a key written twice and what only looks like a value."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - as in PyYAML
        """What *node* says. Raises ConstructorError also for a 13th month, or a number longer than any."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, AttributeError, LookupError, ArithmeticError):
            kind = node.tag.rpartition(":")[2]
            told = f"{str(node.value)[:MOST_SHOWN]!r} is no {kind} that can be read; write another, or text in quotes"
            raise yaml.constructor.ConstructorError(None, None, told, node.start_mark) from None

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
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key is one word; write it so", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"`{key.value}` is written twice; keep one", key.start_mark
                )
            seen.add(str(key.value))
        return self.construct_yaml_map(node)


_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.exact)
_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.once)


class Document(NamedTuple):
    """One document of *origin*: its value, and the YAML that it was; without *node* all of it stands at its start."""

    body: Any
    text: str
    origin: str
    node: yaml.Node | None = None

    @property
    def place(self) -> str:
        """`orders.yaml:1`, where it begins."""
        return f"{self.origin}:{self.node.start_mark.line + 1 if self.node else 1}"

    def at(self, *loc: str | int) -> str:
        """`orders.yaml:3:5`: where *loc* is written, or the nearest that is."""
        line, column, _ = _place(self.node, loc)
        return f"{self.origin}:{line}:{column}"

    def refused(self, error: ValidationError, say: Say, back: Callable[[Loc], Loc] = tuple) -> InvalidDefinition:
        """*error* as a line for each fault, by place; *say* words one, *back* says where its place is written here."""
        faults = set()
        for found in error.errors(include_url=False):
            line, column, rest = _place(self.node, loc := back(found["loc"]))
            where = ".".join(str(step) for step in loc) or "the document"
            faults.add((line, column, f"{where}: {say(found, [str(step) for step in rest])}"))
        lines = [f"{self.origin}:{line}:{column}: {message}" for line, column, message in sorted(faults)]
        return InvalidDefinition("\n".join(lines))


def read(path: Path) -> str:
    """The text of *path*. Raises InvalidDefinition."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidDefinition(f"{path}:1:1: cannot be read: {error.strerror}; name an SLO file or folder") from None
    except UnicodeDecodeError:
        raise InvalidDefinition(f"{path}:1:1: not UTF-8 text; save it as UTF-8") from None


def documents(text: str, origin: str) -> Iterator[Document]:
    """The documents in *text*, empty ones left out; *origin* begins every message. Raises InvalidDefinition."""
    try:
        for node in yaml.compose_all(text, _Loader):
            own = "\n".join(text.splitlines()[node.start_mark.line : node.end_mark.line + 1]).rstrip("-\n ") + "\n"
            _bounded(node, origin)
            if (body := _constructed(node)) is not None:  # as after `---` at the end
                yield Document(body, own, origin, node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
        problem = str(error.problem or error.context)
        hint = "" if ";" in problem else "; close what is open before it, and indent with spaces"
        raise InvalidDefinition(f"{origin}:{place}: {problem}{hint}") from None
    except yaml.YAMLError as error:
        raise InvalidDefinition(f"{origin}:1:1: not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise InvalidDefinition(f"{origin}:1:1: {TOO_DEEP}") from None


def _bounded(root: yaml.Node, origin: str) -> None:
    """Refuse what aliases make larger than anybody writes, or endless: some lines of YAML would fill all memory."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = MOST_VALUES  # if met again before it is known: it holds itself
            below = [each for pair in node.value for each in pair] if isinstance(node, yaml.MappingNode) else node.value
            sizes[id(node)] = 1 + (0 if isinstance(node, yaml.ScalarNode) else sum(map(size, below)))
        return sizes[id(node)]

    if size(root) > MOST_VALUES:
        line = root.start_mark.line + 1
        raise InvalidDefinition(f"{origin}:{line}:1: aliases repeat too much of it; write it without them")


def _constructed(node: yaml.Node) -> Any:
    loader = _Loader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()


def machine_made(text: str, origin: str) -> Document:
    """The document in *text*, JSON that no person wrote: megabytes are read at once, and places are its beginning.

    Raises InvalidDefinition.
    """
    try:
        return Document(json.loads(text, parse_float=Decimal), text, origin)
    except json.JSONDecodeError as error:
        raise InvalidDefinition(
            f"{origin}:{error.lineno}:{error.colno}: not JSON: {error.msg}; write it anew"
        ) from None
    except ValueError:  # of thousands of digits
        raise InvalidDefinition(f"{origin}:1:1: holds a number that is longer than any; write it anew") from None
    except RecursionError:
        raise InvalidDefinition(f"{origin}:1:1: {TOO_DEEP}") from None


def _place(root: yaml.Node | None, loc: Sequence[str | int]) -> tuple[int, int, Sequence[str | int]]:
    """Line and column of *loc*, or of the nearest that is written, and what of *loc* is not written."""
    if root is None:
        return 1, 1, ()
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
