"""Credit by removal effect, the model `markov` of section 3, step 9: exact, and by removing each touchpoint in turn.

A path leads from `(start)` over its touchpoints to `(conversion)` or `(null)`. Counting its steps over all paths gives an
absorbing chain of first order. What the probability of conversion loses when a touchpoint is taken away, so that every
step to it leads to `(null)` instead, is that touchpoint's removal effect.
"""

import functools
import math
from array import array
from bisect import bisect_left
from collections import Counter
from fractions import Fraction

import exact

NAME = "markov"
START, CONVERSION, NULL = "(start)", "(conversion)", "(null)"


# --- the chain --------------------------------------------------------------------------------------------------------

def steps_of(touchpoints, converted):
    """Steps in a row, repeated ones too: [(from, to), ...]."""
    states = (START, *touchpoints, CONVERSION if converted else NULL)
    return list(zip(states, states[1:]))


def count_steps(paths):
    """`paths` is {(touchpoints, converted): how many}; returns {(from, to): how many}."""
    counts = Counter()
    for (touchpoints, converted), how_many in paths.items():
        for step in steps_of(touchpoints, converted):
            counts[step] += how_many
    return counts


def probability_of_conversion(counts, removed=None):
    """From (start), with every step to the touchpoint `removed` leading to (null).

    For each state s: p(s) = sum over t of count(s, t) / count(s) * p(t), with p(conversion) = 1 and p(null) = 0. Multiplied
    by count(s) these are equations in whole numbers.
    """
    states = sorted({state for state, _ in counts} - {START, removed}) + [START]
    place = {state: index for index, state in enumerate(states)}
    equations = [[0] * (len(states) + 1) for _ in states]
    for (state, to), how_many in counts.items():
        if state == removed:
            continue
        equation = equations[place[state]]
        equation[place[state]] += how_many
        if to in place:
            equation[place[to]] -= how_many
        elif to == CONVERSION:
            equation[-1] += how_many
    return last_unknown(equations)


def last_unknown(equations):
    """Gauss' elimination of all unknowns but the last, in whole numbers.

    Every state leads to an end, so that no pivot on the way is zero.
    """
    for index in range(len(equations) - 1):
        pivot = equations[index][index]
        for below in range(index + 1, len(equations)):
            factor = equations[below][index]
            if factor:
                row = [pivot * number - factor * above for number, above in zip(equations[below], equations[index])]
                divisor = math.gcd(*row)
                equations[below] = [number // divisor for number in row]
    *_, coefficient, right = equations[-1]
    return Fraction(right, coefficient)


@functools.lru_cache(maxsize=1 << 12)
def parts_of(steps):
    """{touchpoint: its part of the sum of all removal effects}; `steps` is the multiset of steps as a sorted tuple."""
    counts = dict(steps)
    whole = probability_of_conversion(counts)
    touchpoints = {state for state, _ in counts} - {START}
    effects = {touchpoint: 1 - probability_of_conversion(counts, touchpoint) / whole for touchpoint in touchpoints}
    total = sum(effects.values())
    return {touchpoint: effect / total for touchpoint, effect in effects.items()}


def credit(paths, conversions, value):
    """{touchpoint: (credit in millionths, money in units)} without those where both are zero."""
    if not conversions:
        return {}
    parts = parts_of(tuple(sorted(count_steps(paths).items())))
    rounded = {touchpoint: (exact.round_number(conversions * part, exact.SHARE_PLACES), exact.round_number(value * part, 0))
               for touchpoint, part in parts.items()}
    return {touchpoint: both for touchpoint, both in rounded.items() if both != (0, 0)}


# --- paths that ended -------------------------------------------------------------------------------------------------

class Paths:
    """The paths of one segment (or of all) by the time they ended, and the credit of those in a stretch of time."""

    def __init__(self):
        self._ended = []
        self._kinds = {}
        self._columns = None
        self._bounds, self._credit = None, {}

    def add(self, time, touchpoints, converted, value):
        kind = self._kinds.setdefault((touchpoints, converted), len(self._kinds))
        self._ended.append((time, kind, converted, value))
        self._columns = None

    @property
    def times(self):
        return {ended[0] for ended in self._ended}

    @property
    def touchpoints(self):
        return {touchpoint for touchpoints, _ in self._kinds for touchpoint in touchpoints}

    def credit_between(self, start, end):
        """Of the paths that ended at start <= time < end. Kept until the set of these paths changes."""
        if self._columns is None:
            self._columns = self._sorted()
        times, kinds, converted, values = self._columns
        low = bisect_left(times, start)
        bounds = low, bisect_left(times, end, low)
        if bounds != self._bounds:
            inside = slice(*bounds)
            self._bounds = bounds
            self._credit = credit(self._named(kinds[inside]), sum(converted[inside]), sum(values[inside]))
        return self._credit

    def _sorted(self):
        self._ended.sort()
        columns = tuple(zip(*self._ended)) or ((), (), (), ())
        return columns[0], array("q", columns[1]), columns[2], columns[3]

    def _named(self, kinds):
        names = list(self._kinds)
        return {names[kind]: how_many for kind, how_many in Counter(kinds).items()}
