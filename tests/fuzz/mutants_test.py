#!/usr/bin/env python3
"""`touchstone replay` over a stream of which every second line is a mutant, against the same stream without the mutants.

    python3 mutants_test.py TOUCHSTONE [--mutants 50000] [--seed 1]

What must hold: every line goes exactly one way (an interaction, a duplicate, a request to forget, or a dead letter with a
reason of the list); each mutant's reason is the one that the oracle's reader gives; and interactions, transitions and conversions
of the untouched customers are those of the run without mutants, byte for byte but for the source's name and offset. Windows
are not compared: what a mutant that is a valid event counts, it counts. mutants.py says why this comparison is sound.

TOUCHSTONE_ALL=1 takes `--all-mutants`, a million.
"""

import argparse
import itertools
import os
import pathlib
import re
import sys
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "oracle"))

import mutants  # noqa: E402
import records  # noqa: E402
import running  # noqa: E402
from running import Failed  # noqa: E402

REASONS = ("too-large", "encoding", "malformed", "missing-field", "bad-value", "bad-time", "future-time")
ENOUGH_FOR_TOO_LARGE = 1_000_000
WINDOWS = "24h,7d"

_OFFSET = re.compile(rb'"offset":(\d+)')
_SOURCE = re.compile(rb',"source":\{"topic":"[a-z.]+","partition":\d+,"offset":(\d+)\}\}\n$')
# The time in front has always the same length.
_CUSTOMER_AT = len('{"time":"2026-01-01T00:00:00.000Z",')
_UNTOUCHED = b'"customer":"' + mutants.UNTOUCHED.encode()
_LETTER = re.compile(rb'^\{"reason":"([a-z-]+)","detail":"[^"]+","topic":"mixed\.ndjson","partition":\d+,"offset":(\d+),"value')

# What becomes of a line, as one byte.
EVENT, FORGET = len(REASONS), len(REASONS) + 1


def write_streams(options, scratch):
    """Writes both files; returns what the oracle's reader makes of each line of the mixed one."""
    stream = mutants.Stream(options.seed)
    fates = bytearray()
    with open(scratch / "mixed.ndjson", "wb") as mixed, open(scratch / "clean.ndjson", "wb") as clean:
        for _ in range(options.mutants):
            line = stream.untouched()
            clean.write(line + b"\n")
            mixed.write(line + b"\n")
            fates.append(EVENT)
            line, read = stream.mutant()
            mixed.write(line + b"\n")
            fates.append(FORGET if isinstance(read, records.Forget) else REASONS.index(read) if isinstance(read, str) else EVENT)
    return fates


def lines_of(out, topic):
    with open(out / f"touchstone.{topic}.ndjson", "rb") as file:
        yield from file


# --- what must hold ---------------------------------------------------------------------------------------------------

def check_dead_letters(fates, out):
    """Each refused line is there once, with its reason, and nothing else is."""
    seen = set()
    wrong = []
    for line in lines_of(out, "dead-letters"):
        found = _LETTER.match(line)
        if not found:
            raise Failed(f"not a dead letter of this stream: {line[:300]!r}")
        reason, offset = found.group(1).decode(), int(found.group(2))
        if reason not in REASONS:
            raise Failed(f"{reason} is not in the list")
        if offset in seen:
            raise Failed(f"line {offset} is there twice")
        seen.add(offset)
        expected = fates[offset]
        if expected >= len(REASONS) or REASONS[expected] != reason:
            wrong.append(f"line {offset}: {reason}, the oracle's reader says {(*REASONS, 'event', 'forget')[expected]}: {line[:400]!r}")
    missing = [offset for offset, fate in enumerate(fates) if fate < len(REASONS) and offset not in seen]
    if wrong or missing:
        raise Failed("\n".join([f"{len(wrong)} refused otherwise, {len(missing)} not refused: {missing[:5]}", *wrong[:5]]))
    return len(seen)


def check_interactions(fates, out):
    """Only lines that are events became interactions, each once; returns how many, and how many were late."""
    seen = bytearray(len(fates))
    late = 0
    for line in lines_of(out, "interactions"):
        offset = int(_SOURCE.search(line).group(1))
        if seen[offset] or fates[offset] != EVENT:
            raise Failed(f"line {offset} became an interaction{' twice' if seen[offset] else ''}: {line[:300]!r}")
        seen[offset] = 1
        late += b'"late":true' in line
    return sum(seen), late


def check_conservation(fates, totals, out):
    kinds = Counter(fates)
    dead = check_dead_letters(fates, out)
    interactions, late = check_interactions(fates, out)
    expected = {"lines": len(fates), "interactions": interactions, "late": late, "duplicates": kinds[EVENT] - interactions,
                "dead_letters": dead, "forgets": kinds[FORGET]}
    told = {name: totals[name] for name in expected}
    if told != expected:
        raise Failed(f"replay says {told}, its topics say {expected}")
    ways = told["interactions"] + told["duplicates"] + told["dead_letters"] + told["forgets"]
    if ways != told["lines"]:
        raise Failed(f"{told['lines']} lines, and {ways} ways they went")
    return kinds


def untouched_interactions(out, lines_apart):
    for line in lines_of(out, "interactions"):
        source = _SOURCE.search(line)
        offset = int(source.group(1))
        if offset % lines_apart == 0:
            yield offset // lines_apart, line[:source.start()]


def untouched_records(out, topic):
    for line in lines_of(out, topic):
        if line.startswith(_UNTOUCHED, _CUSTOMER_AT):
            yield line


def check_untouched(mixed, clean):
    """The same records in the same order; returns how many of each topic."""
    counts = {}
    pairs = {"interactions": (untouched_interactions(mixed, 2), untouched_interactions(clean, 1))}
    for topic in ("transitions", "conversions"):
        pairs[topic] = (untouched_records(mixed, topic), lines_of(clean, topic))
    for topic, (with_mutants, without) in pairs.items():
        counts[topic] = 0
        for actual, expected in itertools.zip_longest(with_mutants, without):
            if actual != expected:
                raise Failed(f"{topic}, record {counts[topic]}: with mutants\n    {actual}\nwithout\n    {expected}")
            counts[topic] += 1
    return counts


# --- the test ---------------------------------------------------------------------------------------------------------

def test(options, scratch):
    (scratch / "map.yaml").write_text(mutants.MAP, encoding="utf-8")
    fates = write_streams(options, scratch)
    outs = {}
    totals = {}
    for name in ("mixed", "clean"):
        outs[name] = scratch / name
        totals[name] = running.engine(options.binary, scratch / "map.yaml", scratch / f"{name}.ndjson", outs[name], WINDOWS)
    kinds = check_conservation(fates, totals["mixed"], outs["mixed"])
    counts = check_untouched(outs["mixed"], outs["clean"])
    for reason in range(len(REASONS) - 1):  # no line of a file has a timestamp, so none is in the future of it
        if kinds[reason] == 0 and not (REASONS[reason] == "too-large" and options.mutants < ENOUGH_FOR_TOO_LARGE):
            raise Failed(f"no mutant is {REASONS[reason]}")
    lapses = sum(b'"to":"lapsed"' in line for line in lines_of(outs["clean"], "transitions"))
    if 0 in counts.values() or lapses == 0 or totals["clean"]["late"] == 0 or totals["clean"]["duplicates"] == 0:
        raise Failed(f"the stream is too tame: {counts}, {totals['clean']}")
    print(f"ok    {options.mutants} mutants, seed {options.seed}:", ", ".join(f"{kinds[i]} {name}" for i, name in enumerate((*REASONS, "events", "forgets"))))
    print(f"      {totals['mixed']}")
    print("      untouched:", ", ".join(f"{count} {topic}" for topic, count in counts.items()), "as without mutants")


def parse_arguments():
    parser = argparse.ArgumentParser(description="Replays a stream of which every second line is a mutant.")
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--mutants", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all-mutants", type=int, default=1_000_000)
    options = parser.parse_args()
    if os.environ.get("TOUCHSTONE_ALL"):
        options.mutants = options.all_mutants
    return options


if __name__ == "__main__":
    OPTIONS = parse_arguments()
    sys.exit(running.main(OPTIONS.binary, lambda scratch: test(OPTIONS, scratch)))
