#!/usr/bin/env python3
"""`touchstone replay` against the oracle: the same lines through both, then every derived topic compared.

    python3 replay_oracle_test.py TOUCHSTONE data SET [--windows 24h,7d]
    python3 replay_oracle_test.py TOUCHSTONE generated [--seeds 8] [--first-seed 1] [--events 2000] [--jobs 2]

`data` takes a set of deploy/data, or of the directory with further data sets that TOUCHSTONE_EXTRA_DATA names; without the
set the test is skipped. `generated` takes streams of generate.py, each as plans.py has it for its seed, and says how often
they reached which corner of the contract (reached.py); from eight seeds of 2,000 events on, one never reached is a failure.

TOUCHSTONE_ALL=1 takes all windows whatever `--windows` says; TOUCHSTONE_SEEDS=N takes N seeds, those
beyond `--seeds` with a quarter of the events. With TOUCHSTONE_KEEP=DIR what was written stays there. `--ignore-models markov`,
before `data` or `generated`, leaves a model out.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import sys
from collections import Counter

import plans
import reached
import running
from running import Failed

_FILE_OF = {"interactions": "interactions", "dead_letters": "dead-letters", "conversions": "conversions", "rows": "windows"}
_MARKOV_OFF = re.compile(r"(\d+) markov figures off by a last place(?:, (\d+) rows)?")
# What reaches every corner.
_ENOUGH_SEEDS, _ENOUGH_EVENTS = 8, 2_000


# --- conservation -----------------------------------------------------------------------------------------------------

def conservation(totals, expected, out):
    """Every line went exactly one way, and what was said is what was written. Yields what is wrong."""
    lines = expected["lines"]
    ways = {name: totals[name] for name in ("interactions", "duplicates", "dead_letters", "forgets")}
    if totals["lines"] != lines:
        yield f"{lines} lines in the file, {totals['lines']} read"
    if sum(ways.values()) != lines:
        yield f"{' + '.join(f'{count} {name}' for name, count in ways.items())} = {sum(ways.values())}, not the {lines} lines"
    for name in ("interactions", "late", "duplicates", "dead_letters", "forgets"):
        if totals[name] != expected[name]:
            yield f"{name}: the oracle has {expected[name]}, touchstone says {totals[name]}"
    for name, topic in _FILE_OF.items():
        written = running.count_lines(out / f"touchstone.{topic}.ndjson")
        if written != totals[name]:
            yield f"touchstone says {totals[name]} {name}, and wrote {written}"


# --- one stream -------------------------------------------------------------------------------------------------------

def compare_with_oracle(options, the_map, events, scratch, windows=None, settings=()):
    """(what to say of it, how often which corner was reached)"""
    expected, actual, counts = scratch / "expected", scratch / "actual", scratch / "reached.json"
    totals = running.engine(options.binary, the_map, events, actual, windows, settings=settings)
    oracle_totals = running.oracle(the_map, events, expected, windows, settings, counts)
    problems = list(conservation(totals, oracle_totals, actual))
    same, said = running.compare(expected, actual, "--ignore-models", options.ignore_models)
    if not same:
        problems.append(said)
    if problems:
        raise Failed("\n".join(problems))
    corners = Counter(json.loads(counts.read_text(encoding="utf-8")), interactions=totals["interactions"], late=totals["late"],
                      duplicates=totals["duplicates"], forgets=totals["forgets"])
    off = _MARKOV_OFF.search(said)
    return f"{totals['lines']} lines, {totals['rows']} window rows{f', {off.group()}' if off else ''}", corners


# --- the tests --------------------------------------------------------------------------------------------------------

def test_data(options, scratch):
    folder = running.data_set(options.set)
    windows = None if os.environ.get("TOUCHSTONE_ALL") else options.windows
    said, corners = compare_with_oracle(options, folder / "map.yaml", running.events_of(folder), scratch, windows)
    print(f"ok    {options.set}, {windows or 'all'} windows: {said}, {corners['markov_credits']} credits by markov")


def test_seed(options, seed, scratch):
    scratch.mkdir()
    the_map, events = scratch / "map.yaml", scratch / "events.ndjson"
    plan = plans.plan_of(seed, events_of(options, seed))
    running.run(running.python("generate.py", *plan.options(), "--map-out", the_map, "--out", events))
    said, corners = compare_with_oracle(options, the_map, events, scratch, None, plan.settings)
    return said, reached.of_stream(corners, plan, the_map.read_text(encoding="utf-8"))


def events_of(options, seed):
    """Seeds beyond the usual ones are many, so they are shorter."""
    return options.events if seed < options.first_seed + options.seeds else options.events // 4


def test_generated(options, scratch):
    count = int(os.environ.get("TOUCHSTONE_SEEDS") or options.seeds)
    seeds = range(options.first_seed, options.first_seed + count)
    failures = 0
    total = Counter()
    with concurrent.futures.ThreadPoolExecutor(max_workers=options.jobs) as pool:
        running_seeds = {seed: pool.submit(running.in_scratch, scratch / str(seed),
                                           lambda place, seed=seed: test_seed(options, seed, place)) for seed in seeds}
        for seed, future in running_seeds.items():
            try:
                said, corners = future.result()
                total += corners
                print(f"ok    seed {seed}: {said}", flush=True)
            except Failed as failure:
                failures += 1
                print(f"FAIL  seed {seed} of {events_of(options, seed)} events\n{failure}", flush=True)
    print("reached, over all seeds:", *reached.table(total), sep="\n    ")
    if failures:
        raise Failed(f"{failures} of {count} seeds differ")
    never = reached.missing(total)
    if never and count >= _ENOUGH_SEEDS and options.events >= _ENOUGH_EVENTS:
        raise Failed(f"never reached: {', '.join(never)}")


# --- command line -----------------------------------------------------------------------------------------------------

def parse_arguments():
    parser = argparse.ArgumentParser(description="Compares touchstone replay with the oracle.")
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--ignore-models", default="")
    kinds = parser.add_subparsers(required=True)
    data = kinds.add_parser("data")
    data.add_argument("set")
    data.add_argument("--windows")
    data.set_defaults(test=test_data)
    generated = kinds.add_parser("generated")
    generated.add_argument("--seeds", type=int, default=8)
    generated.add_argument("--first-seed", type=int, default=1)
    generated.add_argument("--events", type=int, default=2000)
    generated.add_argument("--jobs", type=int, default=os.cpu_count())
    generated.set_defaults(test=test_generated)
    return parser.parse_args()


if __name__ == "__main__":
    OPTIONS = parse_arguments()
    sys.exit(running.main(OPTIONS.binary, lambda scratch: OPTIONS.test(OPTIONS, scratch)))
