#!/usr/bin/env python3
"""docs/tutorial.md, done literally: its files are written, its commands run in their order, and what it shows is what they print.

    tutorial_test.py TOUCHSTONE

A block of `yaml` is the file named just before it. A block of `text` has lines of what the commands before it print, in their order; others
may stand between them. A line that ends in a semicolon may go on.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def blocks():
    """(language, text, the prose before it) of each block."""
    text = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    at = 0
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield match.group(1), match.group(2), text[at:match.start()]
        at = match.end()


def not_printed(shown, printed):
    """The first line that is shown and not printed after the ones before it."""
    left = iter(printed.splitlines())
    for line in shown.splitlines():
        if not any(each == line or (line.endswith(";") and each.startswith(line)) for each in left):
            return line
    return None


def main():
    touchstone = pathlib.Path(sys.argv[1]).resolve()
    problems, printed, ran, compared = [], "", 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        place = pathlib.Path(scratch)
        (place / "build/release").mkdir(parents=True)
        (place / "build/release/touchstone").symlink_to(touchstone)
        (place / "deploy").symlink_to(ROOT / "deploy")
        for language, text, before in blocks():
            if language == "yaml":
                (place / re.findall(r"`([\w-]+\.yaml)`", before)[-1]).write_text(text, encoding="utf-8")
            elif language == "sh":
                done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=place, capture_output=True, text=True, check=False)
                printed, ran = done.stdout, ran + 1
                if done.returncode != 0:
                    problems.append(f"exit code {done.returncode}: {text}{done.stderr}")
            elif language == "text":
                compared += 1
                line = not_printed(text, printed)
                if line is not None:
                    problems.append(f"the tutorial shows, and the command did not print there: {line}\nIt printed:\n{printed[:3000]}")
    if ran < 5 or compared < 5:
        problems.append(f"only {ran} commands and {compared} outputs were found")
    print("\n".join(problems) if problems else f"ok: {ran} blocks of commands, {compared} outputs")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
