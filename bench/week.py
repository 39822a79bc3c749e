#!/usr/bin/env python3
"""A week of events of many customers through `touchstone replay`: CPU time and memory, also as the windows grow longer.

    bench/week.py [--customers 100000] [--events 500000] [--seed 1] [--touchstone build/release/touchstone]

Each row of what it prints is one run over the same events with other windows. Work and memory should follow the events,
the customers, the cells and the rows, and not how many steps a window is long.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEEK_MS = 7 * 86_400_000
START_MS = 1_767_225_600_000  # 2026-01-01
WINDOWS = (
    ("7d by 1d", [{"size": "7d", "step": "1d"}]),
    ("7d by 1h", [{"size": "7d", "step": "1h"}]),
    ("7d by 10m", [{"size": "7d", "step": "10m"}]),
    ("7d by 2m", [{"size": "7d", "step": "2m"}]),
    ("1h by 2m", [{"size": "1h", "step": "2m"}]),
    ("the five defaults", None),
)
# Type, channel, attributes, weight.
KINDS = (
    ("ad_impression", "ad", {"network": "search"}, 20),
    ("ad_click", "ad", {}, 6),
    ("page_view", "web", {"path": "/product/1"}, 30),
    ("page_view", "web", {"path": "/checkout"}, 5),
    ("search", "web", {}, 10),
    ("email_open", "email", {}, 8),
    ("store_visit", "store", {}, 5),
    ("purchase", "web", {}, 4),
    ("purchase", "store", {}, 3),
    ("call", "phone", {}, 3),
    ("survey_response", "survey", {}, 4),
    ("podcast", "audio", {}, 2),
)


def events(count, customers, seed):
    chance = random.Random(seed)
    weights = [kind[3] for kind in KINDS]
    for number in range(count):
        kind, channel, attributes, _ = chance.choices(KINDS, weights)[0]
        event = {"id": f"e{number}", "type": kind, "customer": f"c{chance.randrange(customers)}", "channel": channel,
                 "time": START_MS + WEEK_MS * number // count, "attributes": attributes}
        if kind == "purchase":
            event["value"] = chance.randrange(100, 20_000) / 100
        if kind == "call":
            event["wait_s"] = chance.randrange(1, 900)
        if kind == "survey_response":
            event["feedback"] = {"csat": chance.randrange(1, 6)}
        yield json.dumps(event, separators=(",", ":"))


def run(touchstone, stream, directory, windows):
    """CPU seconds and the highest resident memory in MiB of one replay."""
    arguments = [touchstone, "replay", "--map", ROOT / "deploy" / "maps" / "retail.yaml", "--input", stream,
                 "--out", directory / "out"]
    if windows:
        configuration = directory / "windows.yaml"
        configuration.write_text(json.dumps({"windows": windows}))
        arguments += ["--config", configuration]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    trouble = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"week.py: touchstone failed: {trouble[-500:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--touchstone", type=Path, default=ROOT / "build" / "release" / "touchstone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="touchstone-week-") as name:
        directory = Path(name)
        stream = directory / "week.ndjson"
        with stream.open("w") as out:
            for line in events(options.events, options.customers, options.seed):
                print(line, file=out)
        print(f"{options.events} events of {options.customers} customers in a week")
        print(f"{'windows':<20}{'CPU s':>10}{'us an event':>14}{'MiB':>8}{'rows':>12}")
        for label, windows in WINDOWS:
            seconds, memory = run(options.touchstone, stream, directory, windows)
            rows = sum(1 for _ in (directory / "out" / "touchstone.windows.ndjson").open("rb"))
            print(f"{label:<20}{seconds:>10.1f}{seconds / options.events * 1e6:>14.1f}{memory:>8.0f}{rows:>12}", flush=True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
