"""Rules of a contract: how many records may fail one, and how many rows are agreed upon (ODCS, Data Quality).

A metric of the library is a number that is held against an operator: a rule is met while it is within (SLO.md c.3).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from lineage.slo.formats._contract import Quality

PER_CENT = frozenset({"%", "percent", "percentage"})
ROWS = frozenset({None, "rows", "row", "records", "record"})
PAIR, WHOLE = 2, 100
OPERATORS = frozenset(word for word in Quality.model_fields if word.startswith("must_"))
LIMITS = {"must_be_less_than": "below", "must_be_less_or_equal_to": "atMost"}
NONE_FAIL = "no operator says how many may fail; write mustBe: 0 or mustBeLessThan"


class Ends(NamedTuple):
    """The least and the most that a metric may be, both within; None: any."""

    least: int | None = None
    most: int | None = None


class Unsaid(Exception):
    """Why a rule's operator cannot be said here."""


def ends(rule: Quality) -> Ends:
    """Between which whole numbers the metric of *rule* has to be. Raises Unsaid."""
    if rule.must_not_be is not None or rule.must_not_be_between is not None:
        raise Unsaid("what a number must not be cannot be said here")
    if rule.must_be_between is not None:
        pair = rule.must_be_between
        if not isinstance(pair, list) or len(pair) != PAIR:
            raise Unsaid("mustBeBetween has two ends, as [0, 100]")
        return Ends(_whole(pair[0]), _whole(pair[1]))
    if rule.must_be is not None:
        return Ends(_whole(rule.must_be), _whole(rule.must_be))
    least = _most_of(_above(rule.must_be_greater_than, 1), _above(rule.must_be_greater_or_equal_to, 0))
    below = _above(rule.must_be_less_than, -1), _above(rule.must_be_less_or_equal_to, 0)
    return Ends(least, min((each for each in below if each is not None), default=None))


def _most_of(*found: int | None) -> int | None:
    return max((each for each in found if each is not None), default=None)


def _above(value: Any, more: int) -> int | None:
    return None if value is None else _whole(value) + more


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unsaid(f"{str(value)!r} is no whole number")
    return value


def limit(rule: Quality) -> dict[str, Any]:
    """How many records may fail *rule*, as `atMost` or `below` of a column; nothing: none. Raises Unsaid."""
    if rule.unit is not None and rule.unit.lower() in PER_CENT:
        return _share(rule)
    if rule.unit is not None and rule.unit.lower() not in ROWS:
        raise Unsaid(f"{rule.unit!r} is no unit of records; write rows or percent")
    found = ends(rule)
    if found.most is None or (found.least or 0) > 0 or found.most < 0:
        raise Unsaid(NONE_FAIL)
    return {} if found.most == 0 else {"atMost": found.most}


def _share(rule: Quality) -> dict[str, Any]:
    """As `limit`, of a rule whose unit is per cent: one operator says it, or none does."""
    said = rule.model_dump(include=set(OPERATORS), exclude_none=True)
    word, told = said.popitem() if len(said) == 1 else ("", None)
    if word == "must_be_between" and isinstance(told, list) and len(told) == PAIR and told[0] == 0:
        word, told = "must_be_less_or_equal_to", told[1]
    if isinstance(told, int | Decimal) and not isinstance(told, bool) and 0 <= told <= WHOLE:
        if told and word in LIMITS:
            return {LIMITS[word]: f"{told}%"}
        if not told and word in {"must_be", "must_be_less_or_equal_to"}:
            return {}
    raise Unsaid(NONE_FAIL)


def agreed(rule: Quality) -> dict[str, Any]:
    """The rows that *rule* agrees upon, as `rows` and `most` of a contract. Raises Unsaid."""
    if rule.unit is not None and rule.unit.lower() not in ROWS:
        raise Unsaid(f"{rule.unit!r} is no unit of a number of rows")
    found = ends(rule)
    if found.least is None or found.least <= 0:
        raise Unsaid("a least number of rows is what is judged here, and this may be none")
    return {"rows": found.least} | ({} if found.most is None else {"most": found.most})
