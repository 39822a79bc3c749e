#!/usr/bin/env python3
"""The models of credit on 88,387 journeys through advertising channels, whose removal effects are published.

    python3 attribution_paths_test.py TOUCHSTONE

The last rows of the 7-day window, which then holds every journey, against what follows directly from the raw events: each
conversion shared out by hand for the models of one path, and the exact chain for markov. The chain itself is held against the
published figures. The data set may not be shipped with the sources: it is looked for in a directory with further data sets
(TOUCHSTONE_EXTRA_DATA), and without it the test is skipped.

By default only the 7-day window is written; TOUCHSTONE_ALL=1 writes every window, which takes gigabytes.
"""

import gzip
import json
import os
import pathlib
import sys
from collections import Counter
from decimal import Decimal

import exact
import markov
import running
from running import Failed

WINDOW = "7d"
MAX_TOUCHES = 100  # more than the longest journey has, as in the published solutions
CONVERSIONS, NULLS = 19_785, 68_602
PUBLISHED = {"alpha": "5344.9477", "beta": "2527.3522", "eta": "3340.8474", "iota": "3884.6147"}
EXACT_TOLERANCE = Decimal("1e-6")


# --- the journeys, from the raw events --------------------------------------------------------------------------------

def read_journeys(path):
    """([(touchpoints, value in units)] of the purchases, [touchpoints] of the rest)"""
    touches, converted = {}, []
    with gzip.open(path) as file:
        for line in file:
            event = json.loads(line, parse_float=Decimal)
            if event["type"] == "touch":
                touches.setdefault(event["customer"], []).append(event["channel"])
            elif event["type"] == "purchase":
                value = exact.round_number(exact.Fraction(event.get("value", 0)), exact.MONEY_PLACES)
                converted.append((tuple(touches.pop(event["customer"])), value))
    return converted, [tuple(names) for names in touches.values()]


# --- the models of one path, by hand ----------------------------------------------------------------------------------

def weights_of(model, path):
    """Whole numbers in the proportion of the model's shares."""
    last = len(path) - 1
    if model == "first":
        return [int(index == 0) for index in range(len(path))]
    if model == "last":
        return [int(index == last) for index in range(len(path))]
    if model == "linear" or model == "position" and len(path) <= 2:
        return [1] * len(path)
    if model == "position":  # 40 % each for the ends, and 20 % / (n - 2) for each between
        return [2 * (last - 1) if index in (0, last) else 1 for index in range(len(path))]
    return [int(path.index(name) == index) for index, name in enumerate(path)]  # shapley


def shared_out(model, converted):
    """{touchpoint: [conversions in millionths, value in units]} over all conversions."""
    total = {}
    for path, value in converted:
        weights = weights_of(model, path)
        for column, amount in enumerate((exact.MILLION, value)):
            for name, part in zip(path, exact.split_by_largest_remainder(amount, weights)):
                total.setdefault(name, [0, 0])[column] += part
    return total


def by_markov(converted, nulls):
    paths = Counter((path, True) for path, _ in converted) + Counter((path, False) for path in nulls)
    return markov.credit(paths, len(converted), sum(value for _, value in converted))


# --- the rows ---------------------------------------------------------------------------------------------------------

def last_credit(path):
    """{model: {touchpoint: (conversions, value)}} of the last 7-day rows over all segments."""
    rows = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if f'"window":"{WINDOW}"' in line and '"scope":"touchpoint"' in line and '"segment":"all"' in line:
                row = json.loads(line, parse_float=Decimal)
                rows[row["id"]] = row
    credit = {}
    for name, row in rows.items():
        for model, figures in row.get("credit", {}).items():
            credit.setdefault(model, {})[name] = (figures["conversions"], figures["value"])
    return credit


def differences(model, expected, actual, tolerance):
    """`tolerance` is a function of the expected figure and of its last place."""
    places = (exact.SHARE_PLACES, exact.MONEY_PLACES)
    for name in sorted(expected.keys() | actual.keys()):
        units, found = expected.get(name, (0, 0)), actual.get(name, (0, 0))
        for what, unit, figure, place in zip(("conversions", "value"), units, found, places):
            wanted = Decimal(unit).scaleb(-place)
            if abs(wanted - figure) > tolerance(wanted, Decimal(1).scaleb(-place)):
                yield f"{model} of {name}: {what} {wanted} expected, {figure} in the row"


def as_it_is(_figure, _last_place):
    return EXACT_TOLERANCE


def nearly(figure, last_place):
    return max(EXACT_TOLERANCE * abs(figure), last_place)


# --- the test ---------------------------------------------------------------------------------------------------------

def check_published(converted, nulls, credit):
    if (len(converted), len(nulls)) != (CONVERSIONS, NULLS):
        yield f"{len(converted)} conversions and {len(nulls)} other journeys, not {CONVERSIONS} and {NULLS}"
    for name, figure in PUBLISHED.items():
        own = Decimal(credit[name][0]).scaleb(-exact.SHARE_PLACES)
        print(f"markov of {name}: {own}, published {figure}")
        if abs(own - Decimal(figure)) > Decimal("0.00005"):
            yield f"markov of {name} by the exact chain is {own}, published is {figure}"


def check_rows(rows, converted, markov_credit):
    for model in ("first", "last", "linear", "position", "shapley"):
        yield from differences(model, shared_out(model, converted), rows.get(model, {}), as_it_is)
    yield from differences(markov.NAME, markov_credit, rows.get(markov.NAME, {}), nearly)


def test(binary, scratch):
    folder = running.data_set("attribution-paths")
    events = running.events_of(folder)
    converted, nulls = read_journeys(events)
    markov_credit = by_markov(converted, nulls)
    problems = list(check_published(converted, nulls, markov_credit))
    windows = None if os.environ.get("TOUCHSTONE_ALL") else WINDOW
    running.engine(binary, folder / "map.yaml", events, scratch / "out", windows, settings=(f"journey.max_touches={MAX_TOUCHES}",))
    rows = last_credit(scratch / "out" / "touchstone.windows.ndjson")
    problems += check_rows(rows, converted, markov_credit)
    if problems:
        raise Failed("\n".join(problems))
    print(f"ok    {len(converted)} conversions and {len(nulls)} other journeys, {len(rows)} models")


if __name__ == "__main__":
    BINARY = pathlib.Path(sys.argv[1])
    sys.exit(running.main(BINARY, lambda scratch: test(BINARY, scratch)))
