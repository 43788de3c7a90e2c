"""A percentile by nearest rank, and between which of the values it lies with 95 %. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import exp, lgamma, log

TAIL = 0.025  # of the confidence of 95 %, on each side


def percentile(values: Sequence[Fraction], p: Fraction) -> Fraction | None:
    """The smallest of *values* that at least the share *p* of them does not exceed: nearest rank. None of none."""
    rank = -(-p.numerator * len(values) // p.denominator)
    return sorted(values)[rank - 1] if values else None


def confidence(values: Sequence[Fraction], p: Fraction) -> tuple[Fraction | None, Fraction | None]:
    """Two of *values* between which the percentile lies with 95 %: by order statistics, which assume no distribution.

    How many of n samples lie below it is binomial: David and Nagaraja, Order Statistics, 7.1.
    """
    below, ranks = 0.0, [0, 0]
    for rank, chance in enumerate(_binomial(len(values), float(p)), start=1):
        if below + chance <= TAIL:
            ranks[0] = rank
        below += chance
        if not ranks[1] and below >= 1 - TAIL:
            ranks[1] = rank
    ordered = sorted(values)
    low, high = (ordered[rank - 1] if 0 < rank <= len(ordered) else None for rank in ranks)
    return low, high


def _binomial(count: int, p: float) -> Iterator[float]:
    """The chances of 0, 1 … *count* of *count*; by logarithms, for their factors are too small and too large."""
    for hits in range(count + 1):
        ways = lgamma(count + 1) - lgamma(hits + 1) - lgamma(count - hits + 1)
        yield exp(ways + hits * log(p) + (count - hits) * log(1 - p))
