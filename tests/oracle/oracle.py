#!/usr/bin/env python3
"""What `touchstone replay` has to write, recomputed naively from the contract.

    python3 oracle.py --map MAP --input FILE --out DIR [--windows 1h,24h] [--models first,last] [--set time.lateness=5s]
"""

import argparse
import base64
import contextlib
import gzip
import json
import os
import sys
import time

import credit
import exact
import markov
import records
import touchpoint_map
from journey import Journeys, Settings
from windows import DEFAULT_WINDOWS, Cells, Window, write_windows
from written import json_object, quoted

TOPICS = ("interactions", "transitions", "conversions", "windows", "dead-letters")

# name in the configuration -> (attribute of Settings, reader)
_SETTINGS = {
    "time.lateness": ("lateness", exact.parse_duration),
    "duplicates.within": ("duplicates_within", exact.parse_duration),
    "duplicates.ids": ("duplicates_ids", int),
    "journey.lookback": ("lookback", exact.parse_duration),
    "journey.max_touches": ("max_touches", int),
    "journey.rating_within": ("rating_within", exact.parse_duration),
    "journey.decay_half_life": ("decay_half_life", exact.parse_duration),
}


def lines_of(path):
    """The lines of a file, gzip or not, without their line feeds."""
    with open(path, "rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    with (gzip.open if is_gzip else open)(path, "rb") as file:
        for line in file:
            yield line[:-1] if line.endswith(b"\n") else line


def dead_letter(rejected, topic, offset, line):
    try:
        value = ("value", quoted(line.decode("utf-8")))
    except UnicodeDecodeError:
        value = ("value_base64", quoted(base64.b64encode(line).decode("ascii")))
    return json_object((("reason", quoted(rejected.reason)), ("detail", quoted(rejected.detail)), ("topic", quoted(topic)),
                        ("partition", "0"), ("offset", str(offset)), value))


def replay(path, journeys, write_dead_letter):
    topic = os.path.basename(path)
    for offset, line in enumerate(lines_of(path)):
        journeys.counts.lines += 1
        try:
            record = records.decode(line)
        except records.Rejected as rejected:
            journeys.counts.dead_letters += 1
            journeys.counts.reached["dead_letters_" + rejected.reason.replace("-", "_")] += 1
            write_dead_letter(dead_letter(rejected, topic, offset, line))
            continue
        if isinstance(record, records.Forget):
            journeys.forget(record.customer)
        else:
            journeys.event(record, json_object((("topic", quoted(topic)), ("partition", "0"), ("offset", str(offset)))))
    journeys.end_of_input()


@contextlib.contextmanager
def open_topics(directory):
    """{topic: function that appends one line}, for the time of the block."""
    os.makedirs(directory, exist_ok=True)
    with contextlib.ExitStack() as stack:
        yield {topic: _appender(stack, os.path.join(directory, f"touchstone.{topic}.ndjson")) for topic in TOPICS}


def _appender(stack, path):
    file = stack.enter_context(open(path, "w", encoding="utf-8", newline="\n", buffering=1 << 20))
    return lambda line: file.write(line + "\n")


def read_settings(assignments):
    """Settings and windows after `--set name=value`."""
    settings, windows = Settings(), DEFAULT_WINDOWS
    for assignment in assignments:
        name, _, text = assignment.partition("=")
        if name == "windows":
            windows = tuple(Window(one["size"], one["step"]) for one in touchpoint_map.read_yaml(text))
        elif name in _SETTINGS:
            attribute, read = _SETTINGS[name]
            setattr(settings, attribute, read(text))
        else:
            sys.exit(f"oracle: no setting {name!r}")
    return settings, windows


def pick_windows(windows, names):
    unknown = [name for name in names or () if name not in {window.name for window in windows}]
    if unknown:
        sys.exit(f"oracle: no window {unknown[0]!r}")
    return [window for window in windows if names is None or window.name in names]


def longest(windows):
    return max(windows, key=lambda window: window.size)


def comma_list(text):
    return text.split(",")


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description="Naive recomputation of what touchstone replay writes.")
    parser.add_argument("--map", required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--partitions", type=int, default=1, choices=[1])
    parser.add_argument("--windows", type=comma_list)
    parser.add_argument("--models", type=comma_list, default=[*credit.MODELS, markov.NAME])
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="assignments")
    parser.add_argument("--reached", metavar="FILE", help="write there how often which corner was met")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse_arguments(arguments)
    started = time.monotonic()
    settings, windows = read_settings(options.assignments)
    the_map = touchpoint_map.read_map(options.map)
    models = [model for model in credit.MODELS if model in options.models]
    with open_topics(options.out) as topics:
        cells = Cells(the_map, models)
        journeys = Journeys(the_map, settings, models, topics, cells)
        replay(options.input, journeys, topics["dead-letters"])
        if journeys.highest is not None:
            markov_window = longest(windows) if markov.NAME in options.models else None
            write_windows(cells, pick_windows(windows, options.windows), journeys.highest, topics["windows"], markov_window,
                          journeys.counts.reached)
    if options.reached:
        with open(options.reached, "w", encoding="utf-8") as file:
            json.dump(journeys.counts.reached, file)
    summary = " ".join(f"{name}={count}" for name, count in journeys.counts.totals.items())
    print(f"{summary} seconds={time.monotonic() - started:.1f}", file=sys.stderr)


if __name__ == "__main__":
    main()
