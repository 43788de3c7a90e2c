"""Which part of a dataset a run wrote, as its `subset` facet says: partitions by dimension (OPENLINEAGE 2). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

MOST = 1_000  # partitions that one facet may spell out; more are no list that anybody declared
DEEPEST = 20  # conditions within conditions

_PAIR = re.compile(r"([^/=]+)=([^/=]*)")

Partition = frozenset[tuple[str, str]]  # its dimensions, each with its value

Condition = Mapping[str, object]


class _Subset(msgspec.Struct, rename="camel"):
    output_condition: dict[str, object]


def read_partitions(body: bytes) -> tuple[Partition, ...] | None:
    """The partitions of an output's `subset` facet, sorted; None where it names none that can be told.

    Partition conditions name them; of locations the `key=value` parts of the path do; comparisons with `EQUAL` do, and
    AND and OR of them.
    """
    try:
        condition = msgspec.json.decode(body, type=_Subset).output_condition
        found = set(_partitions(condition, DEEPEST)) - {frozenset()}
    except (msgspec.DecodeError, ValueError):
        return None
    return tuple(sorted(found, key=sorted)) or None


def _partitions(condition: object, depth: int) -> Iterator[Partition]:
    """What *condition* allows, one by one. Raises ValueError for what is no list of partitions."""
    if not isinstance(condition, dict) or not depth:
        raise ValueError("no condition")
    match condition.get("type"):
        case "partition":
            yield from (_dimensions(each) for each in _list(condition.get("partitions")))
        case "location":
            yield from (frozenset(_PAIR.findall(str(each))) for each in _list(condition.get("locations")))
        case "compare":
            yield _equal(condition)
        case "binary":
            left = set(_partitions(condition.get("left"), depth - 1))
            right = set(_partitions(condition.get("right"), depth - 1))
            yield from _joined(str(condition.get("operator")).upper(), left, right)
        case _:
            raise ValueError("no condition that names partitions")


def _joined(operator: str, left: set[Partition], right: set[Partition]) -> Iterator[Partition]:
    if operator not in {"AND", "OR"} or len(left) * len(right) > MOST:
        raise ValueError("no list of partitions")
    if operator == "OR":
        yield from left | right
    else:
        yield from (one | other for one in left for other in right if len(dict(one | other)) == len(one | other))


def _list(given: object) -> list[object]:
    if not isinstance(given, list) or len(given) > MOST:
        raise ValueError("no list of partitions")
    return given


def _dimensions(partition: object) -> Partition:
    dimensions = partition.get("dimensions") if isinstance(partition, dict) else None
    if not isinstance(dimensions, dict):
        raise ValueError("a partition without dimensions")  # noqa: TRY004 - it is a fault of the facet
    return frozenset((name, str(value)) for name, value in dimensions.items() if isinstance(value, str | int))


def _equal(condition: Condition) -> Partition:
    sides = [side for side in (condition.get("left"), condition.get("right")) if isinstance(side, dict)]
    said = {side.get("type"): side.get("field", side.get("value")) for side in sides}
    field, value = said.get("field"), said.get("literal")
    if condition.get("comparison") != "EQUAL" or not isinstance(field, str) or not isinstance(value, str | int):
        raise ValueError("a comparison that names no partition")
    return frozenset([(field, str(value))])
