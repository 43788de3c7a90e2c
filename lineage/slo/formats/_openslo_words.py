"""The words that OpenSLO's documents share: names, durations, labels."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from lineage.slo.formats.base import MOST_NAME
from lineage.slo.terms import DNS_LABEL

WINDOW = re.compile(r"^[1-9]\d*[mhdwMQY]$")
PAUSE = re.compile(r"^\d+[mhdwMQY]$")


def _duration(text: str) -> str:
    if not WINDOW.match(text):
        raise ValueError(f"{text!r} is not a duration; write a whole number and one of m h d w M Q Y, as in 28d")
    return text


def _pause(text: str) -> str:
    if not PAUSE.match(text):
        raise ValueError(f"{text!r} is not a duration; write a whole number and one of m h d w M Q Y, as in 5m")
    return text


Name = Annotated[str, Field(pattern=DNS_LABEL, max_length=MOST_NAME)]
Labels = dict[str, str | list[str]]
Span = Annotated[str, AfterValidator(_duration)]
Pause = Annotated[str, AfterValidator(_pause)]  # 0m is one
