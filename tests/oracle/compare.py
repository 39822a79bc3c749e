#!/usr/bin/env python3
"""Compares two directories of derived topics as parsed JSON: what the oracle expects and what the engine wrote.

    python3 compare.py EXPECTED_DIR ACTUAL_DIR [--topics windows,conversions] [--ignore-models markov]
                       [--ignore-measures wait_s,duration_s] [--ignore-source]

Numbers are equal by exact decimal value, with two exceptions. The percentiles of seconds may be off by 2 %, because they
are approximate. The credit by markov may be off by 1 in its last place or by a millionth of itself, because a solution in
floating numbers may fall on the other side of a half; how many figures were is printed. All topics but the windows must
have the same order. A window's row may be there on one side only where the row before it on the other side, carried forward,
is equal within these tolerances: whether such a figure changed is then uncertain too.
"""

import argparse
import itertools
import json
import os
import re
import sys
import tempfile
import zlib
from decimal import Decimal

TOPICS = ("interactions", "transitions", "conversions", "windows", "dead-letters")
FIELD_ORDER = {
    "interactions": ("id", "time", "customer", "type", "channel", "touchpoint", "segment", "stage", "stage_before", "satisfaction",
                     "rates", "value", "late", "source"),
    "transitions": ("time", "customer", "segment", "from", "to", "cause"),
    "conversions": ("time", "customer", "segment", "touchpoint", "value", "path", "credit"),
    "windows": ("window", "start", "end", "scope", "id", "segment"),
    "dead-letters": ("reason", "detail", "topic", "partition", "offset", "value", "value_base64"),
}
SECONDS = ("wait_s", "duration_s")
PERCENTILES = ("p50", "p90", "p99")
TOLERANCE = Decimal("0.02")
MARKOV = "markov"
MARKOV_TOLERANCE = Decimal("1e-6")
MARKOV_LAST_PLACE = {"conversions": Decimal("1e-6"), "value": Decimal("1e-4")}
MARKOV_NOTHING = {"conversions": 0, "value": 0}
ZERO_ROW = {"interactions": 0, "customers": 0, "conversions": 0, "value": 0}

_BUCKET_BYTES = 64 << 20
_LOOKAHEAD = 50
_MAX_SHOWN_CHARACTERS = 700


# --- values -----------------------------------------------------------------------------------------------------------

class Absent:
    def __str__(self):
        return "(absent)"


ABSENT = Absent()


def parse(line):
    return json.loads(line, parse_float=Decimal)


def is_number(value):
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def is_percentile(path):
    return len(path) >= 2 and path[-2] in SECONDS and path[-1] in PERCENTILES


def is_markov(path):
    return len(path) >= 2 and path[-2] == MARKOV and path[-1] in MARKOV_LAST_PLACE


def differences(expected, actual, path=()):
    """Readable differences between two parsed values, outermost first."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name in itertools.chain(expected, (name for name in actual if name not in expected)):
            yield from differences(expected.get(name, ABSENT), actual.get(name, ABSENT), path + (name,))
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, pair in enumerate(zip(expected, actual)):
            yield from differences(*pair, path + (str(index),))
    elif not _same_scalar(expected, actual, path):
        yield f"{'.'.join(path)}: expected {shown(expected)}, actual {shown(actual)}"


def _same_scalar(expected, actual, path):
    if is_number(expected) and is_number(actual):
        if is_percentile(path):
            return abs(actual - expected) <= TOLERANCE * abs(expected)
        if is_markov(path):
            return abs(actual - expected) <= max(MARKOV_LAST_PLACE[path[-1]], MARKOV_TOLERANCE * abs(expected))
        return expected == actual
    return type(expected) is type(actual) and expected == actual


def shown(value):
    text = json.dumps(value, ensure_ascii=False, default=lambda other: float(other) if isinstance(other, Decimal) else str(other))
    return text if len(text) <= _MAX_SHOWN_CHARACTERS else text[:_MAX_SHOWN_CHARACTERS] + "..."


def same(expected, actual):
    return next(differences(expected, actual), None) is None


def markov_of(measures):
    return measures.get("credit", {}).get(MARKOV)


def with_markov(measures):
    """The measures with markov's credit even where it is 0, which is not written."""
    return {**measures, "credit": {MARKOV: MARKOV_NOTHING, **measures.get("credit", {})}}


def markov_figures_off(expected, actual):
    """How many of the two figures differ, by however little."""
    expected, actual = (markov_of(measures) or MARKOV_NOTHING for measures in (expected, actual))
    return sum(expected[name] != actual[name] for name in MARKOV_NOTHING)


# --- what is ignored --------------------------------------------------------------------------------------------------

class Ignored:
    def __init__(self, models=(), measures=(), source=False):
        self.models, self.measures, self.source = tuple(models), tuple(measures), source

    @property
    def drops_measures(self):
        """Whether rows of the windows may become equal to the row before them."""
        return bool(self.models or self.measures)

    def normalised(self, topic, row):
        if topic == "dead-letters":
            row.pop("detail", None)
        if self.source:
            for name in ("topic", "partition", "offset") if topic == "dead-letters" else ("source",):
                row.pop(name, None)
        self._drop_models(row, keep_empty=topic == "conversions")
        return row

    def measures_of(self, row):
        measures = {name: value for name, value in row.items()
                    if name not in FIELD_ORDER["windows"] and name not in self.measures}
        self._drop_models(measures, keep_empty=False)
        return measures

    def _drop_models(self, row, keep_empty):
        if self.models and "credit" in row:
            row["credit"] = {model: credit for model, credit in row["credit"].items() if model not in self.models}
            if not row["credit"] and not keep_empty:
                del row["credit"]


# --- the report -------------------------------------------------------------------------------------------------------

class Report:
    """Collects the differences of one topic and shows the first of them."""

    def __init__(self, topic, limit):
        self.topic, self._limit = topic, limit
        self.count = self.expected = self.actual = self.accepted = 0
        self.markov_off = self.markov_rows = 0

    def difference(self, where, details, expected=None, actual=None):
        self.count += 1
        if self.count > self._limit:
            return
        print(f"{self.topic} {where}")
        for detail in details:
            print(f"    {detail}")
        for side, row in (("expected", expected), ("actual  ", actual)):
            if row is not None:
                print(f"    {side} {shown(row)}")

    def total(self):
        accepted = f", {self.accepted} rows on one side only accepted" if self.accepted else ""
        verdict = "same" if self.count == 0 else f"{self.count} DIFFERENCES"
        off = f", {self.markov_off} markov figures off by a last place" if self.markov_off else ""
        rows = f", {self.markov_rows} rows on one side only because of that" if self.markov_rows else ""
        print(f"{self.topic}: {self.expected} expected, {self.actual} actual, {verdict}{accepted}{off}{rows}")


def path_of(directory, topic):
    return os.path.join(directory, f"touchstone.{topic}.ndjson")


def lines_of(path):
    """The lines of a file as bytes; a file that is not there has none."""
    if not os.path.exists(path):
        return []
    with open(path, "rb") as file:
        return [line.rstrip(b"\n") for line in file]


def out_of_order(topic, row):
    """The names of the contract that stand out of its order in `row`, if any."""
    known = [name for name in row if name in FIELD_ORDER[topic]]
    return known if known != sorted(known, key=FIELD_ORDER[topic].index) else None


# --- topics in order --------------------------------------------------------------------------------------------------

def compare_in_order(topic, expected_lines, actual_lines, ignored, report):
    report.expected, report.actual = len(expected_lines), len(actual_lines)
    here = there = 0
    while here < len(expected_lines) and there < len(actual_lines):
        if _same_line(topic, expected_lines[here], actual_lines[there], ignored):
            _check_order(topic, expected_lines[here], actual_lines[there], there, report)
            here, there = here + 1, there + 1
            continue
        missing, extra = _realign(topic, expected_lines[here:here + _LOOKAHEAD], actual_lines[there:there + _LOOKAHEAD], ignored)
        if missing == extra == 0:
            _report_changed(topic, here, expected_lines[here], actual_lines[there], ignored, report)
            here, there = here + 1, there + 1
        _report_one_sided(here, expected_lines[here:here + missing], "missing", report)
        _report_one_sided(there, actual_lines[there:there + extra], "not expected", report)
        here, there = here + missing, there + extra
    _report_one_sided(here, expected_lines[here:], "missing", report)
    _report_one_sided(there, actual_lines[there:], "not expected", report)


def _same_line(topic, expected, actual, ignored):
    return expected == actual or same(ignored.normalised(topic, parse(expected)), ignored.normalised(topic, parse(actual)))


def _realign(topic, expected_lines, actual_lines, ignored):
    """How many lines to skip (expected, actual) to meet again at the shortest distance; (0, 0) if it is just one changed."""
    for distance in range(1, _LOOKAHEAD):
        if distance < len(expected_lines) and _same_line(topic, expected_lines[distance], actual_lines[0], ignored):
            return distance, 0
        if distance < len(actual_lines) and _same_line(topic, expected_lines[0], actual_lines[distance], ignored):
            return 0, distance
    return 0, 0


def _check_order(topic, expected, actual, index, report):
    if expected != actual:
        found = out_of_order(topic, parse(actual))
        if found:
            report.difference(f"line {index}", [f"fields out of order: {', '.join(found)}"])


def _report_changed(topic, index, expected, actual, ignored, report):
    expected, actual = ignored.normalised(topic, parse(expected)), ignored.normalised(topic, parse(actual))
    report.difference(f"line {index}", differences(expected, actual), expected, actual)


def _report_one_sided(first, lines, what, report):
    for index, line in enumerate(lines, first):
        row = parse(line)
        report.difference(f"line {index}", [what], **{"expected" if what == "missing" else "actual": row})


# --- windows ----------------------------------------------------------------------------------------------------------

_KEY = re.compile(rb'\{"window":"([^"\\]*)","start":"[^"\\]*","end":"([^"\\]*)","scope":"([^"\\]*)","id":"([^"\\]*)","segment":"([^"\\]*)"')


def key_of(line):
    """((window, scope, id, segment), end) of a row, as bytes."""
    match = _KEY.match(line)
    if match:
        window, end, scope, identity, segment = match.groups()
    else:
        row = parse(line)
        window, end, scope, identity, segment = (str(row.get(name)).encode() for name in ("window", "end", "scope", "id", "segment"))
    return (window, scope, identity, segment), end


def compare_windows(expected_path, actual_path, ignored, report):
    """Cell by cell, a bucket of cells at a time, so that neither file has to be held in memory."""
    size = sum(os.path.getsize(path) for path in (expected_path, actual_path) if os.path.exists(path))
    buckets = size // _BUCKET_BYTES + 1
    with tempfile.TemporaryDirectory() as scratch:
        report.expected = _spread(expected_path, scratch, "expected", buckets)
        report.actual = _spread(actual_path, scratch, "actual", buckets)
        for bucket in range(buckets):
            _compare_bucket(_rows_by_cell(_bucket_path(scratch, "expected", bucket)),
                            _rows_by_cell(_bucket_path(scratch, "actual", bucket)), ignored, report)


def _bucket_path(scratch, side, bucket):
    return os.path.join(scratch, f"{side}.{bucket}")


def _spread(path, scratch, side, buckets):
    files = [open(_bucket_path(scratch, side, bucket), "wb") for bucket in range(buckets)]
    count = 0
    if os.path.exists(path):
        with open(path, "rb") as file:
            for line in file:
                cell, _ = key_of(line)
                files[zlib.crc32(b"/".join(cell)) % buckets].write(line)
                count += 1
    for file in files:
        file.close()
    return count


def _rows_by_cell(path):
    cells = {}
    for line in lines_of(path):
        cell, end = key_of(line)
        cells.setdefault(cell, []).append((end, line))
    return cells


def _compare_bucket(expected, actual, ignored, report):
    for cell in sorted(expected.keys() | actual.keys()):
        expected_rows, actual_rows = sorted(expected.get(cell, [])), sorted(actual.get(cell, []))
        if expected_rows != actual_rows:
            _compare_cell(cell, expected_rows, actual_rows, ignored, report)


class Side:
    """The rows of one cell on one side, by end, and the measures carried forward."""

    def __init__(self, name, rows, ignored, report, cell):
        self.name = name
        self.carried = ZERO_ROW
        self.rows = {}
        before = ZERO_ROW
        for end, line in rows:
            row = parse(line)
            measures = ignored.measures_of(row)
            if measures == before:
                if ignored.drops_measures:
                    continue
                report.difference(where(cell, end), [f"the {name} row repeats the row before it"])
            if end in self.rows:
                report.difference(where(cell, end), [f"the {name} side has this row twice"])
            self.rows[end] = (row.get("start"), measures, out_of_order("windows", row))
            before = measures


def where(cell, end):
    return f"{b'/'.join(cell).decode()} closing at {end.decode()}"


def _compare_cell(cell, expected_rows, actual_rows, ignored, report):
    expected = Side("expected", expected_rows, ignored, report, cell)
    actual = Side("actual", actual_rows, ignored, report, cell)
    for end in sorted(expected.rows.keys() | actual.rows.keys()):
        _compare_closing(where(cell, end), expected, expected.rows.get(end), actual, actual.rows.get(end), report)


def _compare_closing(place, expected, expected_row, actual, actual_row, report):
    if expected_row:
        start, expected.carried, _ = expected_row
    if actual_row:
        actual_start, actual.carried, found = actual_row
        if found:
            report.difference(place, [f"fields out of order: {', '.join(found)}"])
        if expected_row and start != actual_start:
            report.difference(place, [f"start: expected {start}, actual {actual_start}"])
    if actual_row and markov_of(actual.carried) == MARKOV_NOTHING:
        report.difference(place, ["credit.markov: written although it is 0"], expected.carried, actual.carried)
    off = markov_figures_off(expected.carried, actual.carried)
    both = (with_markov(side.carried) if off else side.carried for side in (expected, actual))
    if same(*both):
        report.markov_off += off
        if not (expected_row and actual_row):
            report.accepted += not off
            report.markov_rows += off > 0
        return
    details = list(differences(expected.carried, actual.carried))
    if not actual_row:
        details.insert(0, "missing (the actual row is the one before, carried forward)")
    if not expected_row:
        details.insert(0, "not expected (the expected row is the one before, carried forward)")
    report.difference(place, details, expected.carried, actual.carried)


# --- command line -----------------------------------------------------------------------------------------------------

def comma_list(text):
    return [item for item in text.split(",") if item]


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description="Compares the derived topics of two directories.")
    parser.add_argument("expected")
    parser.add_argument("actual")
    parser.add_argument("--topics", type=comma_list, default=list(TOPICS))
    parser.add_argument("--ignore-models", type=comma_list, default=[])
    parser.add_argument("--ignore-measures", type=comma_list, default=[])
    parser.add_argument("--ignore-source", action="store_true")
    parser.add_argument("--show", type=int, default=10, help="how many differences of a topic to print")
    return parser.parse_args(arguments)


def compare_topic(topic, options, ignored):
    report = Report(topic, options.show)
    expected, actual = path_of(options.expected, topic), path_of(options.actual, topic)
    if topic == "windows":
        compare_windows(expected, actual, ignored, report)
    else:
        compare_in_order(topic, lines_of(expected), lines_of(actual), ignored, report)
    report.total()
    return report.count == 0


def main(arguments=None):
    options = parse_arguments(arguments)
    unknown = [topic for topic in options.topics if topic not in TOPICS]
    if unknown:
        sys.exit(f"compare: no topic {unknown[0]!r}")
    ignored = Ignored(options.ignore_models, options.ignore_measures, options.ignore_source)
    results = [compare_topic(topic, options, ignored) for topic in options.topics]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
