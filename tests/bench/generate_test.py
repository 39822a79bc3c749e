#!/usr/bin/env python3
"""The load generator against `replay`: what it says is true of its stream must be what the engine finds.

    generate_test.py TOUCHSTONE_BENCH TOUCHSTONE
"""

import collections
import json
import subprocess
import sys
import tempfile
from pathlib import Path

MAP = Path(__file__).resolve().parents[2] / "deploy" / "maps" / "retail.yaml"
PARTITIONS = 3
RECORDS = 30_000
SURVEY = "survey.purchase"
ALL = [f"--customers={customers}" for customers in (200, 50_000)]


def run(*arguments):
    return subprocess.run([str(each) for each in arguments], check=True, capture_output=True, timeout=600).stdout


def generate(bench, *options):
    return run(bench, "generate", "--seed=7", f"--records={RECORDS}", "--event-rate=20", f"--partitions={PARTITIONS}",
               "--begin=2026-02-01T00:00:00Z", *options)


def found_by(touchstone, events, out):
    """The same counts, from the interactions that come out."""
    run(touchstone, "replay", "--map", MAP, "--input", events, "--out", out, f"--partitions={PARTITIONS}",
        "--windows=24h")
    found = collections.defaultdict(lambda: {"interactions": 0, "rated": 0})
    late = interactions = 0
    for line in (out / "touchstone.interactions.ndjson").open(encoding="utf-8"):
        seen = json.loads(line)
        interactions += 1
        late += seen["late"]
        found[seen["touchpoint"]]["interactions"] += 1
        if seen.get("satisfaction") is not None:
            found[seen["rates"]]["rated"] += 1
    return interactions, late, dict(found)


def check(what, expected, actual):
    if expected != actual:
        sys.exit(f"{what}: expected {expected}, found {actual}")
    print(f"ok    {what}")


def main(bench, touchstone):
    for customers in ALL:
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            events, truth_file = directory / "events.ndjson", directory / "truth.json"
            generate(bench, f"--out={events}", f"--truth={truth_file}", customers)
            truth = json.loads(truth_file.read_text("utf-8"))
            check(f"{customers}: as many records as were asked for", RECORDS, truth["records"])
            again = generate(bench, "--out=-", customers)
            check(f"{customers}: the same seed gives the same bytes", events.read_bytes(), again)
            interactions, late, found = found_by(touchstone, events, directory / "out")
            check(f"{customers}: duplicates", truth["duplicates"], RECORDS - interactions)
            check(f"{customers}: late", truth["late"], late)
            expected = truth["touchpoints"]
            check(f"{customers}: interactions of {len(expected)} touchpoints",
                  {touchpoint: each["interactions"] for touchpoint, each in expected.items()},
                  {touchpoint: each["interactions"] for touchpoint, each in found.items()})
            # A survey without a subject rates the touch before it, which the order of arrival decides.
            shared = expected[SURVEY]["rated"]
            more = {touchpoint: found[touchpoint]["rated"] - each["rated"] for touchpoint, each in expected.items()
                    if touchpoint != SURVEY}
            check(f"{customers}: every rating counts where it was given, or for a touch before it",
                  (True, shared), (min(more.values()) >= 0, sum(more.values()) + found[SURVEY]["rated"]))
            if truth["late"] == 0 or truth["duplicates"] == 0 or not any(
                    each["rated_in_drop"] for each in truth["touchpoints"].values()):
                sys.exit("the stream is too tame to test anything")


if __name__ == "__main__":
    main(*sys.argv[1:])
