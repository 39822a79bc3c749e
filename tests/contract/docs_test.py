#!/usr/bin/env python3
"""The documents against the code: what can go stale is looked up.

    python3 docs_test.py [ROOT]

Rooms are in ARCHITECTURE.md, metrics in docs/metrics.md, configuration keys in docs/configuration.md; what is said there exists;
links within the tree lead somewhere; and no file knows the machine that it was written on.
"""

import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import include_table_test  # noqa: E402

# Directories of one machine or one person. Paths that the system or its packages give a meaning to are not among them.
_MACHINE_PATH = re.compile(r"(?<![\w.$}~*-])/(?:work|workspace|root|home/(?!\*)[\w.-]+|Users/[\w.-]+|mnt/\w+)/[\w.-]")
_PLACEHOLDERS = re.compile(r"^/home/(?:user|you|USER|touchstone)/")
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_METRIC_IN_CODE = re.compile(r'(?:\b(?:metric_family|counter|gauge|single)\s*\(\s*|^\s*\{)"([a-z][a-z0-9_]+)"\s*,\s*"', re.MULTILINE)
_TEXTS = {".md", ".txt", ".cc", ".h", ".py", ".sh", ".yaml", ".yml", ".json", ".cmake", ".xml", ".properties", ".html", ".css", ".js", ".svg", ".in",
          ".service", ".toml", ""}


def read(root, name):
    path = root / name
    return path.read_text(encoding="utf-8") if path.is_file() else None


def files_of(root):
    """The files of the project: those git knows or would take."""
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"], capture_output=True, check=False)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
    else:  # an archive of the tree
        names = [path.relative_to(root).as_posix() for path in root.rglob("*")
                 if not path.relative_to(root).parts[0] in ("build", ".git", ".cache")]
    return [root / name for name in sorted(names) if (root / name).is_file()]


# --- the rooms --------------------------------------------------------------------------------------------------------

def rooms(root):
    text = read(root, "ARCHITECTURE.md")
    if text is None:
        yield "ARCHITECTURE.md is missing"
        return
    folders = [room for room in include_table_test.ROOMS if "." not in room] + ["deploy"]
    for folder in folders:
        if f"`{folder}/`" not in text:
            yield f"ARCHITECTURE.md: the room `{folder}/` is not named"
    for folder in re.findall(r"^\| `([\w/]+)/`", text, re.MULTILINE):
        if not (root / folder).is_dir():
            yield f"ARCHITECTURE.md: there is no `{folder}/`"


# --- metrics ----------------------------------------------------------------------------------------------------------

def metrics(root):
    text = read(root, "docs/metrics.md")
    if text is None:
        yield "docs/metrics.md is missing"
        return
    in_code = {}
    for name in ("exporters/map_metrics.cc", "exporters/engine_metrics.cc", "exporters/metrics_page.cc", "exporters/process_metrics.cc"):
        for metric in _METRIC_IN_CODE.findall(read(root, name) or ""):
            in_code[metric] = name
    if len(in_code) < 20:
        yield f"only {len(in_code)} metrics found in exporters/: this test no longer knows how they are written there"
    for metric, where in sorted(in_code.items()):
        if not re.search(rf"(?<!\w)(?:touchstone_)?{metric}(?!\w)", text):
            yield f"docs/metrics.md: {metric} of {where} is not named"
    for metric in sorted(set(re.findall(r"`(?:touchstone_)?([a-z]\w*)`(?=[^|\n]*\|)", "\n".join(first_cells(text))))):
        if metric not in in_code:
            yield f"docs/metrics.md: nothing exports {metric}"


def first_cells(text):
    """The first cell of each row of tables whose heading says that it holds names."""
    inside = False
    for line in text.splitlines():
        if not line.startswith("|"):
            inside = False
        elif re.match(r"\|\s*(name|metric)\s*\|", line):
            inside = True
        elif inside and not line.startswith("|---"):
            yield line.split("|")[1] + "|"


# --- configuration ----------------------------------------------------------------------------------------------------

_KEY_LINE = re.compile(r"^(  )?(# )?(\w+):(?: +(.*))?$")


def keys_of(text):
    """Every key of the example as section.key; one behind a comment sign too, if what follows is a value and no prose."""
    keys, section = [], None
    for line in text.splitlines():
        match = _KEY_LINE.match(line)
        if not match:
            continue
        indent, comment, name, value = match.groups()
        if comment and (not value or (" " in value and value[0] not in "[{")):
            continue
        if indent:
            keys.append(f"{section}.{name}")
        else:
            section = name
            keys.append(name)
    sections = {key.split(".")[0] for key in keys if "." in key}
    return [key for key in keys if key not in sections]


def configuration(root):
    text, example = read(root, "docs/configuration.md"), read(root, "deploy/touchstone.example.yaml")
    if text is None or example is None:
        yield "docs/configuration.md or deploy/touchstone.example.yaml is missing"
        return
    keys = set(keys_of(example))
    for key in sorted(keys):
        if f"`{key}`" not in text:
            yield f"docs/configuration.md: `{key}` of the example is not named"
    for cell in first_cells(text.replace("| key |", "| name |")):
        for key in re.findall(r"`([a-z_.]+)`", cell):
            if key not in keys:
                yield f"docs/configuration.md: `{key}` is not in the example"


# --- every file -------------------------------------------------------------------------------------------------------

def links(root):
    for file in files_of(root):
        if file.suffix != ".md":
            continue
        text = re.sub(r"```.*?```", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in _LINK.findall(text):
            path, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            there = (file.parent / path) if path else file
            if not there.exists():
                yield f"{file.relative_to(root)}: the link {target} leads nowhere"
            elif anchor and there.suffix == ".md" and anchor not in anchors(there):
                yield f"{file.relative_to(root)}: {target}: there is no such heading"


def anchors(file):
    """The anchors of a page's headings, as the usual readers of Markdown make them."""
    for heading in re.findall(r"^#+ +(.*)$", file.read_text(encoding="utf-8"), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        yield re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def machine_paths(root):
    for file in files_of(root):
        if file.suffix not in _TEXTS or file.name == pathlib.Path(__file__).name:
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for match in _MACHINE_PATH.finditer(text):
            if not _PLACEHOLDERS.match(text[match.start():]):
                line = text.count("\n", 0, match.start()) + 1
                yield f"{file.relative_to(root)}:{line}: {match.group()}...: a path of one machine"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]).resolve()
    problems = [problem for check in (rooms, metrics, configuration, links, machine_paths) for problem in check(root)]
    print("\n".join(problems + [f"{len(problems)} problems" if problems else "ok: the documents are true in what can be looked up"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
