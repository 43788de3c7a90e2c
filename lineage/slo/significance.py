"""Whether so many misses are more than chance: the tail of the binomial distribution, exact where it is close."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import comb, floor

# Fifty digits decide, but where they come nearer than a thirtieth digit to it; exponents as far as they go.
DIGITS = Context(prec=50, Emin=-999_999_999, Emax=999_999_999)
NEAR = Decimal("1e-30")
NOTHING = Decimal("1e-45")  # of the sum: what smaller terms add up to is lost in `NEAR`


@lru_cache(maxsize=4096)
def unlikely(bad: Fraction, total: Fraction, miss: Fraction, significance: Fraction) -> bool:
    """Whether P(X >= *bad*) < *significance*, where each of *total* goes wrong with probability *miss* by itself.

    *significance* is at most 1/2. A binomial variable has its median between the whole numbers round its mean, so that
    what is not above the mean is never unlikely (Kaas, Buhrman 1980). A part of one that went wrong is none.
    """
    least, of = floor(bad), floor(total)
    if least <= floor(of * miss):
        return False
    if least > of:
        return True
    with localcontext(DIGITS):
        tail, wanted = _tail(least, of, miss), Decimal(significance.numerator) / Decimal(significance.denominator)
        if abs(tail - wanted) > wanted * NEAR:
            return tail < wanted
    return _exact(least, of, miss) < significance


def _tail(least: int, of: int, miss: Fraction) -> Decimal:
    """P(X >= *least*) to some forty digits: from the mean on terms fall, each by more than the one before."""
    good = 1 - miss
    odds = Decimal(miss.numerator) / Decimal(good.numerator)
    term = Decimal(comb(of, least)) * (Decimal(miss.numerator) ** least) * (Decimal(good.numerator) ** (of - least))
    term /= Decimal(miss.denominator) ** of
    found = Decimal(0)
    for hits in range(least, of + 1):
        found += term
        if term < found * NOTHING:
            break
        term *= odds * (of - hits) / (hits + 1)
    return found


def _exact(least: int, of: int, miss: Fraction) -> Fraction:
    """P(X >= *least*) in whole numbers, each term from the one before."""
    hit, good = miss.numerator, miss.denominator - miss.numerator
    term = found = comb(of, least) * hit**least * good ** (of - least)
    for hits in range(least, of):
        term = term * (of - hits) * hit // ((hits + 1) * good)
        found += term
    return Fraction(found, miss.denominator**of)
