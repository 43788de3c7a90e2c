"""How many records may fail a rule before it fails: a number of them, or a share, of which the end may count or not."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from lineage.slo.terms import Strict

SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,9})?)\s*%")


def _amount(given: int | str) -> int | str:
    share = SHARE.fullmatch(given) if isinstance(given, str) else None
    if isinstance(given, str) and (share is None or Fraction(share[1]) > 100):  # noqa: PLR2004 - per cent
        raise ValueError(f"{given!r} is no number of records and no share; write 10, or 1%")
    return given


Amount = Annotated[
    Annotated[int, Field(ge=0)] | str,
    AfterValidator(_amount),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$"}]}),
]


class Limited(Strict):
    """A column and, unless every record must pass, how many may fail: *at_most* so many, or fewer than *below*."""

    column: str = Field(min_length=1)
    at_most: Amount | None = None
    below: Amount | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.at_most is not None and self.below is not None:
            raise ValueError("atMost and below are two limits; write one of them")
        return self

    def spares(self, failed: int, rows: int) -> bool:
        """Whether the rule passes though *failed* of *rows* records did not."""
        if self.below is not None:
            return failed < _records(self.below, rows)
        return self.at_most is not None and failed <= _records(self.at_most, rows)


def _records(amount: int | str, rows: int) -> Fraction:
    share = SHARE.fullmatch(amount) if isinstance(amount, str) else None
    return Fraction(amount) if share is None else Fraction(share[1]) * rows / 100


def _column(given: Any) -> Any:
    return {"column": given} if isinstance(given, str) else given


def _spelled(limited: Limited) -> Any:
    told = limited.model_dump(by_alias=True, exclude_none=True)
    return limited.column if set(told) == {"column"} else told


Column = Annotated[
    Limited,
    BeforeValidator(_column),
    PlainSerializer(_spelled),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["column"],
                    "properties": {
                        "column": {"type": "string", "minLength": 1},
                        **{word: {"type": ["integer", "string"]} for word in ("atMost", "below")},
                    },
                },
            ]
        }
    ),
]
