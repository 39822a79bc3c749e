"""Exact numbers: rounding, largest remainder, and how numbers and durations are written.

Amounts are kept as integers of a fixed unit (money in 1/10,000, seconds in 1/1,000, shares and means in 1/1,000,000);
everything in between is an int or a Fraction. There is no floating sum anywhere in the oracle.
"""

import re
from fractions import Fraction

MONEY_PLACES = 4
SECOND_PLACES = 3
MEAN_PLACES = 6
SHARE_PLACES = 6
MILLION = 10 ** SHARE_PLACES

_DURATION = re.compile(r"([0-9]+)(ms|s|m|h|d|w)")
_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


def round_ratio(numerator, denominator):
    """numerator / denominator to the nearest integer, halves away from zero. The denominator is positive."""
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -magnitude if numerator < 0 else magnitude


def round_number(number, places):
    """An int or Fraction as an integer count of 10^-places, halves away from zero."""
    if isinstance(number, int):
        return number * 10 ** places
    return round_ratio(number.numerator * 10 ** places, number.denominator)


def mean_units(total, count):
    """The mean of exact numbers whose sum is `total`, in millionths."""
    total = Fraction(total) if not isinstance(total, int) else total
    if isinstance(total, int):
        return round_ratio(total * MILLION, count)
    return round_ratio(total.numerator * MILLION, total.denominator * count)


def units_text(units, places):
    """Writes an integer count of 10^-places as a JSON number, without needless zeros."""
    if units == 0:
        return "0"
    sign = "-" if units < 0 else ""
    whole, rest = divmod(abs(units), 10 ** places)
    if rest == 0:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{str(rest).rjust(places, '0').rstrip('0')}"


def money_text(units):
    return units_text(units, MONEY_PLACES)


def split_by_largest_remainder(total, weights):
    """Splits the integer `total` over integer weights; the parts add up to it exactly. Ties go to the earlier weight.

    A negative total is split as its magnitude and the sign is put back.
    """
    if total < 0:
        return [-part for part in split_by_largest_remainder(-total, weights)]
    whole = sum(weights)
    parts, remainders = [], []
    for weight in weights:
        part, remainder = divmod(total * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    left = total - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda index: (-remainders[index], index))
    for index in by_remainder[:left]:
        parts[index] += 1
    return parts


def nearest_rank(ordered, percent):
    """The nearest-rank percentile of a sorted list that is not empty."""
    rank = -(-percent * len(ordered) // 100)
    return ordered[rank - 1]


def parse_duration(text):
    """"90d" as milliseconds."""
    match = _DURATION.fullmatch(text)
    if not match:
        raise ValueError(f"not a duration: {text!r}")
    return int(match.group(1)) * _MILLISECONDS[match.group(2)]
