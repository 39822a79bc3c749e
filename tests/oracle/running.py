"""What the tests of this folder share: running `touchstone replay`, the oracle and the comparison, and where data is."""

import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SKIPPED = 77

# What the command says at its end, for the laws of conservation.
_TOTALS = re.compile(r"^(\d+) lines: (\d+) interactions \((\d+) late\), (\d+) duplicates, (\d+) dead letters, (\d+) requests to forget; "
                     r"(\d+) conversions; (\d+) window rows$", re.MULTILINE)
_TOTAL_NAMES = ("lines", "interactions", "late", "duplicates", "dead_letters", "forgets", "conversions", "rows")


class Failed(Exception):
    """What a test has to say when it fails."""


class Skipped(Exception):
    """Why a test cannot be made here."""


# --- data -------------------------------------------------------------------------------------------------------------

def data_set(name):
    """The folder of a data set: one that is shipped, or one of the directory with further data sets, where there is one.

    Further sets may not be shipped with the sources; TOUCHSTONE_EXTRA_DATA says where they are.
    """
    directories = [ROOT / "deploy" / "data"]
    if further := os.environ.get("TOUCHSTONE_EXTRA_DATA"):
        directories.append(pathlib.Path(further))
    for directory in directories:
        folder = directory / name
        if (folder / "map.yaml").exists() and events_of(folder).exists():
            return folder
    raise Skipped(f"the data set {name} is not there; TOUCHSTONE_EXTRA_DATA names a directory with further data sets")


def events_of(folder):
    return folder / "events.ndjson.gz"


# --- both sides -------------------------------------------------------------------------------------------------------

def python(script, *arguments):
    return [sys.executable, "-B", str(HERE / script), *map(str, arguments)]


def run(command):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise Failed(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stderr[-4000:]}{done.stdout[-4000:]}")
    return done


def windows_option(windows):
    return ["--windows", windows] if windows else []


def engine(binary, the_map, events, out, windows=None, partitions=1, settings=()):
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
    """`section.name=value` and `name=value` as YAML."""
    sections, lines = {}, []
    for setting in settings:
        path, value = setting.split("=", 1)
        section, _, name = path.partition(".")
        if name:
            sections.setdefault(section, []).append(f"{name}: {value}")
        else:
            lines.append(f"{section}: {value}\n")
    return "".join(lines + [f"{section}: {{{', '.join(entries)}}}\n" for section, entries in sections.items()])


def oracle(the_map, events, out, windows=None, settings=(), reached=None):
    """Runs the oracle; returns its totals by name."""
    options = [option for setting in settings for option in ("--set", setting)]
    options += ["--reached", reached] if reached else []
    said = run(python("oracle.py", "--map", the_map, "--input", events, "--out", out, *windows_option(windows), *options)).stderr
    return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)(?=\s)", said)}


def compare(expected, actual, *options):
    """(whether nothing differs, what was said)"""
    done = subprocess.run(python("compare.py", expected, actual, "--show", 4, *options), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace")
    return done.returncode == 0, done.stdout + done.stderr


def count_lines(path):
    if not path.exists():
        return 0
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


# --- a test -----------------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def scratch_directory():
    keep = os.environ.get("TOUCHSTONE_KEEP")
    if keep:
        os.makedirs(keep, exist_ok=True)
        yield pathlib.Path(keep).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="touchstone-oracle-") as directory:
        yield pathlib.Path(directory)


def in_scratch(place, test):
    """Runs the test and, unless it is to be kept, removes what it wrote: thousands of seeds would fill the disk."""
    try:
        return test(place)
    finally:
        if not os.environ.get("TOUCHSTONE_KEEP"):
            for path in sorted(place.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()


def main(binary, test):
    """The exit code of `test`, a function of a scratch directory."""
    if not binary.exists():
        print(f"no program {binary}")
        return 1
    try:
        with scratch_directory() as scratch:
            test(scratch)
    except Skipped as skipped:
        print(f"skipped: {skipped}")
        return SKIPPED
    except Failed as failure:
        print(f"FAIL  {failure}")
        return 1
    return 0
