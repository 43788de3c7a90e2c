"""What is wrong at one place of a definition, and what to write there, in a sentence that a person can follow."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from lineage.slo.schema import schema

FILED = frozenset({"country", "file"})  # of a calendar
MOST_SHOWN = 40  # letters of what somebody wrote, in a message

# What a word of the format looks like where it has parts, or is often left out.
EXAMPLES = {
    "apiVersion": "apiVersion: headwater/v1",
    "kind": "kind: DataSLO",
    "metadata": "metadata: {name: orders-freshness}",
    "name": "name: orders-freshness",
    "labels": "labels: {product: orders}",
    "dataset": "dataset: {namespace: bigquery, name: acme.analytics.orders}",
    "owner": "owner: {team: data-orders}",
    "team": "team: data-orders",
    "consumer": "consumer: [{team: finance}]",
    "channel": "channel: {slack: C0ORDERS1}",
    "schedule": 'schedule: {cron: "0 2 * * *", timezone: UTC, deadline: 5h}',
    "cron": 'cron: "0 2 * * *"',
    "deadline": "deadline: 5h",
    "sli": "sli: {type: freshness}",
    "unit": "unit: records",
    "expected": "expected: {mode: seasonal}",
    "timeWindow": "timeWindow: [{duration: 28d, isRolling: true}]",
    "duration": "duration: 28d",
    "isRolling": "isRolling: true",
    "objectives": "objectives: [{target: 0.99}]",
    "target": "target: 0.99",
    "alerting": "alerting: {policy: auto}",
    "ladder": "ladder: [{bad: 1, severity: ticket}]",
    "windows": "windows: [{severity: page, long: 1h, short: 5m, budget: 0.02}]",
    "exclusions": "exclusions: [{start: 2026-12-24T20:00:00Z, duration: 2h, reason: year end, approvedBy: ana}]",
    "reason": "reason: why it is so",
}


def of_others(found: Mapping[str, Any], unwritten: Sequence[str]) -> str:
    """`message` of a file of another format, whose words look otherwise."""
    return message(found, unwritten, {})


def message(found: Mapping[str, Any], unwritten: Sequence[str], examples: Mapping[str, str] = EXAMPLES) -> str:
    """What is wrong at one place, and what to write; *unwritten* is what of the place is not there."""
    kind, word = found["type"], str(found["loc"][-1]) if found["loc"] else ""
    if kind == "extra_forbidden":
        return _unknown(word)
    if kind == "missing":
        lacking = unwritten[-1] if unwritten else word
        return f"is missing; write `{examples.get(lacking, f'{lacking}:')}`"
    if kind in {"literal_error", "union_tag_invalid"}:
        return f"{_short(found['ctx'].get('tag', found['input']))} is not understood here; write {_choices(found)}"
    given = _short(found["input"])
    if kind in WRONG:
        return f"{given} {WRONG[kind]}"
    if kind in SHAPES:
        shape, looks = SHAPES[kind]
        return f"{given} stands where {shape} is wanted; write `{examples.get(word, f'{word}: {looks}')}`"
    text = str(found["msg"]).removeprefix("Value error, ")
    return text if ";" in text else f"{text[:1].lower()}{text[1:]}; write another {word}"


INSTANT = "is no instant; write it as 2026-11-01T00:00:00Z"
WRONG = {
    "string_pattern_mismatch": "is no name; write lower-case letters, digits and dashes, as in orders-freshness",
    "invalid_key": "is no word; write numbers with a point, as in 0.99, and words as they are",
    "string_type": "is no text; write it in quotes",
    "int_type": "is no whole number; write one, as in 3",
    "int_parsing": "is no whole number; write one, as in 3",
    "int_from_float": "is no whole number; write one, as in 3",
    "bool_type": "is neither true nor false; write one of them",
    "bool_parsing": "is neither true nor false; write one of them",
    "datetime_type": INSTANT,
    "datetime_parsing": INSTANT,
    "datetime_from_date_parsing": INSTANT,
}
MAPPING, LIST = ("a mapping", "{…}"), ("a list", "[…]")
SHAPES = {
    "model_type": MAPPING,
    "model_attributes_type": MAPPING,
    "dict_type": MAPPING,
    "is_instance_of": MAPPING,
    "tuple_type": LIST,
    "list_type": LIST,
}


def _choices(found: Mapping[str, Any]) -> str:
    """What may stand there."""
    context = found["ctx"]
    if "expected_tags" not in context:
        return str(context["expected"])
    return f"{context['discriminator']}: {context['expected_tags']}".replace("'", "")


def _short(given: object) -> str:
    text = "nothing" if given is None else repr(given)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


def _unknown(word: str) -> str:
    if word in FILED:
        return "names a file beside the SLO's own, and this text has none; write the days: skip: [12-25]"
    near = difflib.get_close_matches(word, _vocabulary(), 1)
    if near == [word]:
        return "stands at a place that does not know it; remove it, or write it where it belongs"
    return f"is not a word of the format; {f'did you mean `{near[0]}`?' if near else 'remove it'}"


@cache
def _vocabulary() -> tuple[str, ...]:
    """All words of the format, the indicators' own included."""
    return tuple(sorted(set(_words(schema()))))


def _words(told: Any) -> Iterator[str]:
    """The names of properties anywhere in a JSON Schema."""
    if isinstance(told, Mapping):
        properties = told.get("properties")
        yield from properties if isinstance(properties, Mapping) else ()
        for each in told.values():
            yield from _words(each)
    elif isinstance(told, list):
        for each in told:
            yield from _words(each)
