#!/usr/bin/env python3
"""`touchstone replay` against the oracle: the same lines through both, then every derived topic compared.

    python3 replay_oracle_test.py TOUCHSTONE data SET [--windows 24h,7d]
    python3 replay_oracle_test.py TOUCHSTONE generated [--seeds 8] [--first-seed 1] [--events 2000] [--jobs 2]
    python3 replay_oracle_test.py TOUCHSTONE partitions SET [--windows 24h,7d]

`data` takes a set of deploy/data, `generated` streams of generate.py. `partitions` has no oracle but the engine itself: for
input in time order without forgets, spreading the customers over partitions changes no window.

TOUCHSTONE_ALL=1 takes all windows whatever `--windows` says; TOUCHSTONE_SEEDS=N takes N seeds, those
beyond `--seeds` with a quarter of the events. With TOUCHSTONE_KEEP=DIR
what was written stays there. `markov` is outside the oracle and not compared.
"""

import argparse
import concurrent.futures
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent.parent / "deploy" / "data"

# What the command says at its end, for the laws of conservation.
_TOTALS = re.compile(r"^(\d+) lines: (\d+) interactions \((\d+) late\), (\d+) duplicates, (\d+) dead letters, (\d+) requests to forget; "
                     r"(\d+) conversions; (\d+) window rows$", re.MULTILINE)
_TOTAL_NAMES = ("lines", "interactions", "late", "duplicates", "dead_letters", "forgets", "conversions", "rows")
_FILE_OF = {"interactions": "interactions", "dead_letters": "dead-letters", "conversions": "conversions", "rows": "windows"}

# What every stream is tried with besides the defaults: limits low enough that short streams reach them.
_LOW_LIMITS = ("journey.max_touches=3", "duplicates.ids=2", "time.lateness=1m")


class Failed(Exception):
    """What a test has to say when it fails."""


def python(script, *arguments):
    return [sys.executable, "-B", str(HERE / script), *map(str, arguments)]


def run(command):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise Failed(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stderr[-4000:]}{done.stdout[-4000:]}")
    return done


# --- both sides -------------------------------------------------------------------------------------------------------

def windows_option(windows):
    return ["--windows", windows] if windows else []


def engine(binary, the_map, events, out, windows, partitions=1, settings=()):
    """Runs `touchstone replay`; returns its totals by name."""
    command = [binary, "replay", "--map", the_map, "--input", events, "--out", out, "--partitions", partitions, *windows_option(windows)]
    if settings:
        configuration = pathlib.Path(out).with_suffix(".yaml")
        configuration.write_text(as_configuration(settings), encoding="utf-8")
        command += ["--config", configuration]
    said = run(command).stdout
    found = _TOTALS.search(said)
    if not found:
        raise Failed(f"touchstone replay did not end with its totals:\n{said[-2000:]}")
    return dict(zip(_TOTAL_NAMES, map(int, found.groups())))


def as_configuration(settings):
    """`section.name=value` as YAML."""
    sections = {}
    for setting in settings:
        path, value = setting.split("=", 1)
        section, name = path.split(".")
        sections.setdefault(section, []).append(f"{name}: {value}")
    return "".join(f"{section}: {{{', '.join(entries)}}}\n" for section, entries in sections.items())


def oracle(the_map, events, out, windows, settings=()):
    """Runs the oracle; returns its totals by name."""
    options = [option for setting in settings for option in ("--set", setting)]
    said = run(python("oracle.py", "--map", the_map, "--input", events, "--out", out, *windows_option(windows), *options)).stderr
    return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)(?=\s)", said)}


def compare(expected, actual, *options):
    """What differs, or nothing."""
    done = subprocess.run(python("compare.py", expected, actual, "--ignore-models", "markov", "--show", 4, *options), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace")
    return "" if done.returncode == 0 else done.stdout + done.stderr


# --- conservation -----------------------------------------------------------------------------------------------------

def count_lines(path):
    if not path.exists():
        return 0
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


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
        written = count_lines(out / f"touchstone.{topic}.ndjson")
        if written != totals[name]:
            yield f"touchstone says {totals[name]} {name}, and wrote {written}"


# --- the tests --------------------------------------------------------------------------------------------------------

def compare_with_oracle(binary, the_map, events, scratch, windows, settings=()):
    expected, actual = scratch / "expected", scratch / "actual"
    totals = engine(binary, the_map, events, actual, windows, settings=settings)
    oracle_totals = oracle(the_map, events, expected, windows, settings)
    problems = list(conservation(totals, oracle_totals, actual))
    difference = compare(expected, actual)
    if difference:
        problems.append(difference)
    if problems:
        raise Failed("\n".join(problems))
    return f"{totals['lines']} lines, {totals['rows']} window rows"


def test_data(options, scratch):
    folder = DATA / options.set
    windows = None if os.environ.get("TOUCHSTONE_ALL") else options.windows
    print(f"ok    {options.set}, {windows or 'all'} windows:",
          compare_with_oracle(options.binary, folder / "map.yaml", folder / "events.ndjson.gz", scratch, windows))


def test_partitions(options, scratch):
    folder = DATA / options.set
    one, many = scratch / "one", scratch / "many"
    for out, partitions in ((one, 1), (many, 5)):
        totals = engine(options.binary, folder / "map.yaml", folder / "events.ndjson.gz", out, options.windows, partitions)
    difference = compare(one, many, "--topics", "windows")
    if difference:
        raise Failed(difference)
    print(f"ok    {options.set} in 1 and in 5 partitions: {totals['rows']} window rows")


def test_seed(options, seed, scratch):
    scratch.mkdir()
    the_map, events = scratch / "map.yaml", scratch / "events.ndjson"
    settings = _LOW_LIMITS if seed % 4 == 0 else ()
    halves = ["--halves"] if seed % 3 == 0 else []
    run(python("generate.py", "--seed", seed, "--events", events_of(options, seed), "--map-out", the_map, "--out", events, *halves))
    return compare_with_oracle(options.binary, the_map, events, scratch, None, settings)


def events_of(options, seed):
    """Seeds beyond the usual ones are many, so they are shorter."""
    return options.events if seed < options.first_seed + options.seeds else options.events // 4


def test_generated(options, scratch):
    count = int(os.environ.get("TOUCHSTONE_SEEDS") or options.seeds)
    seeds = range(options.first_seed, options.first_seed + count)
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=options.jobs) as pool:
        running = {seed: pool.submit(in_scratch, scratch / str(seed), lambda place, seed=seed: test_seed(options, seed, place))
                   for seed in seeds}
        for seed, future in running.items():
            try:
                print(f"ok    seed {seed}: {future.result()}", flush=True)
            except Failed as failure:
                failures += 1
                print(f"FAIL  seed {seed} of {events_of(options, seed)} events\n{failure}", flush=True)
    if failures:
        raise Failed(f"{failures} of {count} seeds differ")


def in_scratch(place, test):
    """Runs the test and, unless it is to be kept, removes what it wrote: thousands of seeds would fill the disk."""
    try:
        return test(place)
    finally:
        if not os.environ.get("TOUCHSTONE_KEEP"):
            for path in sorted(place.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()


# --- command line -----------------------------------------------------------------------------------------------------

def parse_arguments():
    parser = argparse.ArgumentParser(description="Compares touchstone replay with the oracle.")
    parser.add_argument("binary", type=pathlib.Path)
    kinds = parser.add_subparsers(required=True)
    for name, test in (("data", test_data), ("partitions", test_partitions)):
        kind = kinds.add_parser(name)
        kind.add_argument("set")
        kind.add_argument("--windows")
        kind.set_defaults(test=test)
    generated = kinds.add_parser("generated")
    generated.add_argument("--seeds", type=int, default=8)
    generated.add_argument("--first-seed", type=int, default=1)
    generated.add_argument("--events", type=int, default=2000)
    generated.add_argument("--jobs", type=int, default=os.cpu_count())
    generated.set_defaults(test=test_generated)
    return parser.parse_args()


@contextlib.contextmanager
def scratch_directory():
    keep = os.environ.get("TOUCHSTONE_KEEP")
    if keep:
        os.makedirs(keep, exist_ok=True)
        yield pathlib.Path(keep).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="touchstone-oracle-") as directory:
        yield pathlib.Path(directory)


def main():
    options = parse_arguments()
    if not options.binary.exists():
        print(f"no program {options.binary}")
        return 1
    try:
        with scratch_directory() as scratch:
            options.test(options, scratch)
    except Failed as failure:
        print(f"FAIL  {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
