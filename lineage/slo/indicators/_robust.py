"""Robust: medians, deviations from them and slopes, that one spike cannot poison. Exact (SLO.md b.4, b.8)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

# The median deviation of a normal distribution is 0.6745 sigma, its mean deviation sigma / 1.253314:
# Iglewicz and Hoaglin, How to Detect and Handle Outliers, ASQC 1993.
TO_SIGMA = Fraction(6745, 10_000)
MEAN_TO_SIGMA = Fraction(1_253_314, 1_000_000)

LEAST = 4  # points of which a deviation means anything, and a trend


def theil_sen(points: Sequence[tuple[int, int | Fraction]]) -> Fraction:
    """By how much the second of each pair grows with the first: the median of the slopes of all pairs of points.

    Of at least two points, no two of which have the same first.
    """
    pairs = [(one[1] - other[1], one[0] - other[0]) for one, other in combinations(points, 2)]
    slopes = sorted(pairs, key=lambda pair: pair[0] / pair[1])
    half, odd = divmod(len(slopes), 2)
    middle = slopes[half : half + 1] if odd else slopes[half - 1 : half + 1]
    return sum((Fraction(rise) / run for rise, run in middle), Fraction(0)) / len(middle)


def z_score(value: Fraction, history: Sequence[int | Fraction]) -> Fraction | None:
    """By how many `sigma` *value* lies above the median of *history*, None where history knows no deviation at all."""
    spread = sigma(history)
    return None if spread is None else (value - median(history)) / spread


def sigma(history: Sequence[int | Fraction]) -> Fraction | None:
    """The robust deviation of *history*: MAD / 0.6745, or with MAD 0 1.253314 times the mean; None: there is none."""
    middle = median(history)
    gaps = deviations(history, middle)
    if spread := median(gaps) / middle.denominator:
        return spread / TO_SIGMA
    if spread := Fraction(sum(gaps)) / (len(gaps) * middle.denominator):
        return MEAN_TO_SIGMA * spread
    return None


def deviations(points: Sequence[int | Fraction], middle: Fraction) -> list[int | Fraction]:
    """How far each lies from *middle*, times its denominator: whole numbers are compared at once."""
    gaps = (point * middle.denominator - middle.numerator for point in points)
    return [gap if gap > 0 else -gap for gap in gaps]


def median(points: Sequence[int | Fraction]) -> Fraction:
    """The middle of *points*, exact; of an even number the mean of the two in the middle."""
    ordered = sorted(points)
    half, odd = divmod(len(ordered), 2)
    return Fraction(ordered[half]) if odd else Fraction(ordered[half - 1] + ordered[half]) / 2
