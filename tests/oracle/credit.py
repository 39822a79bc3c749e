"""Credit for a conversion by every model but markov. Section 3, step 9.

A model gives integer weights to the touches of a path, oldest in the log first; shares (in millionths) and money are
both split by these weights.
"""

import decimal

import exact

MODELS = ("first", "last", "linear", "position", "decay", "shapley")

_CONTEXT = decimal.Context(prec=90)
_DECAY_SCALE = 60


class Touch:
    __slots__ = ("touchpoint", "time", "channel")

    def __init__(self, touchpoint, time, channel):
        self.touchpoint = touchpoint
        self.time = time
        self.channel = channel


def _first(path, _time, _half_life):
    return [1] + [0] * (len(path) - 1)


def _last(path, _time, _half_life):
    return [0] * (len(path) - 1) + [1]


def _linear(path, _time, _half_life):
    return [1] * len(path)


def _position(path, _time, _half_life):
    """40 % and 40 % for the ends and 20 % over the n - 2 between is 2(n-2), 1, ..., 1, 2(n-2) out of 5(n-2)."""
    between = len(path) - 2
    if between <= 0:
        return [1] * len(path)
    return [2 * between] + [1] * between + [2 * between]


def _shapley(path, _time, _half_life):
    seen = set()
    weights = []
    for touch in path:
        weights.append(0 if touch.touchpoint in seen else 1)
        seen.add(touch.touchpoint)
    return weights


def _decay(path, time, half_life):
    """2^(-age/half_life), as integers.

    Where all ages differ by whole half-lives the weights are exact powers of two. Otherwise no touch's part of the whole
    is rational (powers of two with different broken exponents are linearly independent over the rationals), so that no
    rounding falls on an edge and only equal ages tie: 60 digits decide every comparison.
    """
    ages = [max(0, time - touch.time) for touch in path]
    youngest, oldest = min(ages), max(ages)
    if all((age - youngest) % half_life == 0 for age in ages):
        return [1 << ((oldest - age) // half_life) for age in ages]
    return [_half_to_the(age - youngest, half_life) for age in ages]


def _half_to_the(age, half_life):
    exponent = _CONTEXT.divide(decimal.Decimal(-age), decimal.Decimal(half_life))
    weight = _CONTEXT.power(decimal.Decimal(2), exponent)
    return int(_CONTEXT.scaleb(weight, _DECAY_SCALE))


_WEIGHTS = {"first": _first, "last": _last, "linear": _linear, "position": _position, "decay": _decay, "shapley": _shapley}


def path_of(touches, time, lookback, max_touches):
    """Of the touches since the conversion or lapse before, those of the path."""
    return [touch for touch in touches if time - touch.time <= lookback][-max_touches:]


def credit(model, path, converting, time, value, half_life):
    """{touchpoint: (share in millionths, money in units)} of a conversion; touchpoints with neither are left out."""
    if not path:
        return {converting: (exact.MILLION, value)}
    weights = _WEIGHTS[model](path, time, half_life)
    shares = exact.split_by_largest_remainder(exact.MILLION, weights)
    money = exact.split_by_largest_remainder(value, weights)
    total = {}
    for touch, share, part in zip(path, shares, money):
        share_before, part_before = total.get(touch.touchpoint, (0, 0))
        total[touch.touchpoint] = (share_before + share, part_before + part)
    return {touchpoint: both for touchpoint, both in total.items() if both != (0, 0)}
