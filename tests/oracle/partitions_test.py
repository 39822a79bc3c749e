#!/usr/bin/env python3
"""Spreading customers over partitions changes no window, no credit and no stage: section 7 of the contract, at its end.

    python3 partitions_test.py TOUCHSTONE [SET...] [--seeds 1,5] [--events 3000] [--windows 1h,24h,7d]

Sets of deploy/data and generated streams, put in order of time and without requests to forget, through `touchstone replay` in 1,
2, 3 and 8 partitions. There is no tolerance: rows are the same to the byte, save the partition in an interaction's source.
Windows are compared as a set of rows, the other topics by customer, because between customers the order may change.

TOUCHSTONE_ALL=1 takes all windows.
"""

import argparse
import os
import pathlib
import re
import sys

import generate
import plans
import records
import running
from running import Failed

PARTITIONS = (2, 3, 8)
BY_CUSTOMER = ("interactions", "transitions", "conversions")

_PARTITION = re.compile(rb'("source":\{"topic":"(?:[^"\\]|\\.)*","partition":)\d+')
_CUSTOMER = re.compile(rb'"customer":"((?:[^"\\]|\\.)*)"')
_MOST_SHOWN = 3


# --- what was written -------------------------------------------------------------------------------------------------

def lines_of(directory, topic):
    return (directory / f"touchstone.{topic}.ndjson").read_bytes().split(b"\n")[:-1]


def rows_of(directory, topic):
    """Rows in an order that the number of partitions does not change."""
    lines = lines_of(directory, topic)
    if topic not in BY_CUSTOMER:
        return sorted(lines)
    # A stable sort: the rows of one customer keep their order.
    return sorted((_PARTITION.sub(rb"\g<1>0", line) for line in lines), key=lambda line: _CUSTOMER.search(line).group(1))


def different_rows(topic, one, many):
    """Readable differences between rows that should be the same."""
    if one == many:
        return
    found = [pair for pair in zip(one, many) if pair[0] != pair[1]]
    yield f"{topic}: {len(one)} rows in one partition, {len(many)} in several, {len(found)} differ side by side"
    for pair in found[:_MOST_SHOWN]:
        yield "\n".join(f"    {row.decode(errors='replace')[:600]}" for row in pair)


# --- streams in order of time -----------------------------------------------------------------------------------------

def in_time_order(lines):
    """Events by their time, as they came where times are equal; wrong records stay behind the event before; nothing to forget."""
    timed, time = [], 0
    for line in lines:
        try:
            record = records.decode(line)
        except records.Rejected:
            record = None
        if isinstance(record, records.Forget):
            continue
        time = record.time if record else time
        timed.append((time, line))
    return [line for _, line in sorted(timed, key=lambda pair: pair[0])]


def write_stream(seed, events, scratch):
    """(map, events, settings) of a generated stream."""
    plan = plans.plan_of(seed, events)
    text, lines = generate.generate(seed, plan.events, plan.customers, plan.halves, plan.long_paths)
    the_map, path = scratch / "map.yaml", scratch / "events.ndjson"
    the_map.write_text(text, encoding="utf-8")
    generate.write_lines(str(path), in_time_order(lines))
    return the_map, path, plan.settings


# --- the tests --------------------------------------------------------------------------------------------------------

def check(name, binary, the_map, events, scratch, windows, settings=()):
    one = scratch / "1"
    totals = running.engine(binary, the_map, events, one, windows, 1, settings)
    if totals["late"] or totals["forgets"]:
        raise Failed(f"{name}: not in order of time without requests to forget: {totals}")
    expected = {topic: rows_of(one, topic) for topic in ("windows", *BY_CUSTOMER)}
    for partitions in PARTITIONS:
        running.in_scratch(scratch / str(partitions), lambda many: compare(name, binary, the_map, events, many, windows, settings, expected))
    print(f"ok    {name} in 1, {', '.join(map(str, PARTITIONS))} partitions: "
          + ", ".join(f"{len(rows)} {topic}" for topic, rows in expected.items()), flush=True)


def compare(name, binary, the_map, events, many, windows, settings, expected):
    running.engine(binary, the_map, events, many, windows, int(many.name), settings)
    problems = [problem for topic, rows in expected.items() for problem in different_rows(topic, rows, rows_of(many, topic))]
    if problems:
        raise Failed(f"{name} in {many.name} partitions\n" + "\n".join(problems))


def test(options, scratch):
    windows = None if os.environ.get("TOUCHSTONE_ALL") else options.windows
    for name in options.sets:
        folder = running.data_set(name)
        running.in_scratch(scratch / name, lambda place: check(name, options.binary, folder / "map.yaml", running.events_of(folder),
                                                               made(place), windows))
    for seed in options.seeds:
        running.in_scratch(scratch / str(seed), lambda place: check_seed(options, seed, made(place)))


def check_seed(options, seed, place):
    the_map, events, settings = write_stream(seed, options.events, place)
    check(f"seed {seed}", options.binary, the_map, events, place, None, settings)


def made(place):
    place.mkdir()
    return place


def parse_arguments():
    parser = argparse.ArgumentParser(description="Compares touchstone replay in one and in several partitions.")
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("sets", nargs="*", default=["service-desk", "online-retail"])
    parser.add_argument("--seeds", type=lambda text: [int(seed) for seed in text.split(",")], default=[5, 7])
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--windows", default="1h,24h,7d")
    return parser.parse_args()


if __name__ == "__main__":
    OPTIONS = parse_arguments()
    sys.exit(running.main(OPTIONS.binary, lambda scratch: test(OPTIONS, scratch)))
