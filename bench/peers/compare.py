#!/usr/bin/env python3
"""Compares what two engines made of the core job, and makes it in the plainest way.

    compare.py reference --rules rules.json --input events.ndjson --out DIR [--partitions 4]
    compare.py compare EXPECTED_DIR ACTUAL_DIR

A directory holds interactions.ndjson and windows.ndjson, the values of the two topics in the order of each partition.
Interactions are compared by id (those of one id in their order), rows by window, touchpoint and segment, as sequences.
Numbers are compared as exact decimals, times as instants; `late` may be left out where it is false.

The reference works on exact numbers and recomputes each window from all events of its cell. It takes the lines of a file as
a topic in that order, whose partitions are those of Java's partitioner. README.md says what it computes.
"""

import argparse
import collections
import json
import re
import sys
from bisect import bisect_left
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

LATENESS = 10_000
WINDOWS = (("1m", 60_000, 5_000), ("5m", 300_000, 15_000), ("1h", 3_600_000, 60_000))
# The first that is present counts: its lowest value, and the width of its range.
RATINGS = (("csat", 1, 4), ("stars", 1, 4), ("nps", 0, 10), ("ces", 1, 6), ("sentiment", -1, 2))
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
LATEST = 4_133_980_800_000    # the year 2101
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))")
TIMES = ("time", "start", "end")
SHOWN = 5


# --- times and numbers ------------------------------------------------------------------------------------------------

def read_time(value):
    """Milliseconds since 1970; None where it is no time."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value < LATEST else None
    match = TIME.fullmatch(value) if isinstance(value, str) else None
    if not match:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    if hour > 23 or minute > 59 or second > 60:
        return None
    try:
        days = (datetime(year, month, day, tzinfo=timezone.utc) - EPOCH).days
    except ValueError:
        return None
    minutes = days * 1_440 + hour * 60 + minute
    if sign:
        offset = int(offset_hours) * 60 + int(offset_minutes)
        minutes -= offset if sign == "+" else -offset
    time = (minutes * 60 + second) * 1_000 + int(((fraction or "") + "000")[:3])
    return time if 0 <= time < LATEST else None


def time_text(time):
    moment = EPOCH + timedelta(milliseconds=time)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time % 1000:03d}Z"


def rounded(numerator, denominator):
    """To the nearest integer, halves away from zero."""
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -magnitude if numerator < 0 else magnitude


def millionths_text(millionths):
    return format(Decimal(millionths).scaleb(-6).normalize() + 0, "f")


def partition_of(key, partitions):
    """Of Java's partitioner: murmur2."""
    mask = 0xFFFFFFFF
    value = (0x9747B28C ^ len(key)) & mask
    whole = len(key) // 4 * 4
    for at in range(0, whole, 4):
        part = int.from_bytes(key[at:at + 4], "little") * 0x5BD1E995 & mask
        value = value * 0x5BD1E995 & mask ^ ((part ^ part >> 24) * 0x5BD1E995 & mask)
    if whole < len(key):
        value = (value ^ int.from_bytes(key[whole:], "little")) * 0x5BD1E995 & mask
    value = (value ^ value >> 13) * 0x5BD1E995 & mask
    return ((value ^ value >> 15) & 0x7FFFFFFF) % partitions


# --- the core job, one event after the other --------------------------------------------------------------------------

def present(value):
    return value is not None and value != ""


def is_number(value):
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def rule_holds(rule, event):
    return (event["type"] in rule["types"]
            and (rule.get("channels") is None or event.get("channel") in rule["channels"])
            and (rule.get("paths") is None or event.get("attributes", {}).get("path") in rule["paths"]))


def segment_by_rule(segments, attributes):
    for segment in segments:
        name = segment.get("attribute")
        if name is not None and name in attributes:
            value = attributes[name]
            if type(value) is type(segment["value"]) and value == segment["value"]:
                return segment["id"]
    return None


def satisfaction_of(feedback):
    for kind, lowest, width in RATINGS:
        if is_number(feedback.get(kind)):
            share = (Fraction(feedback[kind]) - lowest) / width * 1_000_000
            return rounded(share.numerator, share.denominator)
    return None


class Job:
    def __init__(self, rules):
        self.stages = rules["stages"]
        self.segments = rules["segments"]
        self.rules = rules["rules"]
        self.segment_ids = [segment["id"] for segment in self.segments]
        self.remembered = {}
        self.stage_of = {}
        self.highest = {}
        self.cells = collections.defaultdict(list)    # (touchpoint, segment): (time, customer, satisfaction)

    def take(self, line, partitions):
        """The interaction, or None where the record is skipped."""
        try:
            event = json.loads(line, parse_float=Decimal)
        except ValueError:
            return None
        if not isinstance(event, dict):
            return None
        time = read_time(event.get("time"))
        if time is None or not all(isinstance(event.get(name), str) and event[name] for name in ("type", "customer")):
            return None
        for name in ("attributes", "feedback"):
            if not isinstance(event.get(name), dict):
                event[name] = {}
        customer = event["customer"]

        partition = partition_of(customer.encode(), partitions)
        late = partition in self.highest and time < self.highest[partition] - LATENESS
        self.highest[partition] = max(time, self.highest.get(partition, time))

        rule = next((rule for rule in self.rules if rule_holds(rule, event)), {"touchpoint": "unmapped"})
        segment = event.get("segment")
        if segment not in self.segment_ids:
            segment = segment_by_rule(self.segments, event["attributes"])
        if segment is not None:
            self.remembered[customer] = segment
        segment = self.remembered.get(customer, "other")

        before = self.stage_of.get(customer)
        stage = before or self.stages[0]
        move = rule.get("move")
        if move is not None and self.stages.index(move) > self.stages.index(stage):
            stage = move
        self.stage_of[customer] = stage

        satisfaction = satisfaction_of(event["feedback"])
        if not late:
            self.cells[rule["touchpoint"], segment].append((time, customer, satisfaction))
        interaction = {
            "id": event.get("id"),
            "time": time_text(time),
            "customer": customer,
            "type": event["type"],
            "channel": rule.get("channel") or event.get("channel") or "other",
            "touchpoint": rule["touchpoint"],
            "segment": segment,
            "stage": stage,
            "stage_before": before,
            "satisfaction": None if satisfaction is None else Decimal(millionths_text(satisfaction)),
            "value": event.get("value") if is_number(event.get("value")) else None,
            "late": late,
        }
        return {name: value for name, value in interaction.items() if present(value)}

    def rows(self):
        if not self.highest:
            return
        highest = max(self.highest.values())
        for (touchpoint, segment), events in sorted(self.cells.items()):
            events.sort(key=lambda event: event[0])
            times = [event[0] for event in events]
            for name, size, step in WINDOWS:
                written = measures([])
                for end in range((times[0] // step + 1) * step, (highest // step + 1) * step + 1, step):
                    found = measures(events[bisect_left(times, end - size):bisect_left(times, end)])
                    if found != written:
                        yield {"window": name, "start": time_text(end - size), "end": time_text(end), "scope": "touchpoint",
                               "id": touchpoint, "segment": segment, **found}
                    written = found


def measures(events):
    found = {"interactions": len(events), "customers": len({customer for _, customer, _ in events})}
    ratings = [satisfaction for _, _, satisfaction in events if satisfaction is not None]
    if ratings:
        found["satisfaction"] = {"responses": len(ratings), "mean": Decimal(millionths_text(rounded(sum(ratings), len(ratings))))}
    return found


def reference(options):
    options.out.mkdir(parents=True, exist_ok=True)
    job = Job(json.loads(options.rules.read_text(encoding="utf-8")))
    with open(options.input, "rb") as lines, open(options.out / "interactions.ndjson", "w", encoding="utf-8") as out:
        for line in lines:
            interaction = job.take(line, options.partitions)
            if interaction is not None:
                write(interaction, out)
    with open(options.out / "windows.ndjson", "w", encoding="utf-8") as out:
        for row in job.rows():
            write(row, out)
    return 0


def write(record, out):
    out.write(json.dumps(record, default=float, ensure_ascii=False, separators=(",", ":")) + "\n")


# --- comparison -------------------------------------------------------------------------------------------------------

def normal(record):
    record = {name: read_time(value) if name in TIMES else value for name, value in record.items()}
    if "type" in record:
        record.setdefault("late", False)
    return record


def groups(file, key_of):
    found = collections.defaultdict(list)
    with open(file, "rb") as lines:
        for line in lines:
            record = json.loads(line, parse_float=Decimal)
            found[key_of(record)].append(normal(record))
    return found


def first_difference(expected, actual):
    for at, (one, other) in enumerate(zip(expected, actual)):
        if one != other:
            fields = [name for name in {**one, **other} if one.get(name) != other.get(name)]
            return f"at {at}: " + "; ".join(f"{name}: expected {shown(name, one)}, actual {shown(name, other)}" for name in fields)
    longer, which = (expected, "missing") if len(expected) > len(actual) else (actual, "not expected")
    record = longer[min(len(expected), len(actual))]
    return f"{len(expected)} expected, {len(actual)} actual; {which}: {({name: shown(name, record) for name in record})}"


def shown(name, record):
    value = record.get(name)
    if isinstance(value, dict):
        return {each: shown(each, value) for each in value}
    return time_text(value) if name in TIMES and value is not None else str(value) if isinstance(value, Decimal) else value


def compare_files(name, expected_file, actual_file, key_of):
    expected, actual = groups(expected_file, key_of), groups(actual_file, key_of)
    keys = expected.keys() | actual.keys()
    wrong = sorted((key for key in keys if expected.get(key, []) != actual.get(key, [])), key=str)
    count = sum(map(len, expected.values()))
    if not wrong:
        print(f"{name}: equal ({count} records of {len(keys)} keys)")
        return True
    print(f"{name}: {len(wrong)} of {len(keys)} keys differ; {count} records expected, {sum(map(len, actual.values()))} actual")
    for key in wrong[:SHOWN]:
        print(f"  {key}: {first_difference(expected.get(key, []), actual.get(key, []))}")
    return False


def compare(options):
    interactions = compare_files("interactions", options.expected / "interactions.ndjson", options.actual / "interactions.ndjson",
                                 lambda record: record.get("id") or (record["customer"], record["time"]))
    windows = compare_files("windows", options.expected / "windows.ndjson", options.actual / "windows.ndjson",
                            lambda record: (record["window"], record["id"], record["segment"]))
    return 0 if interactions and windows else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("reference")
    command.add_argument("--rules", type=Path, required=True)
    command.add_argument("--input", type=Path, required=True)
    command.add_argument("--out", type=Path, required=True)
    command.add_argument("--partitions", type=int, default=4)
    command.set_defaults(run=reference)
    command = commands.add_parser("compare")
    command.add_argument("expected", type=Path)
    command.add_argument("actual", type=Path)
    command.set_defaults(run=compare)
    options = parser.parse_args()
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
