#!/usr/bin/env python3
"""Who may include whom: DESIGN's table of rooms as data, held against every source of the tree.

    python3 include_table_test.py [ROOT]

Also: each room has a folder of tests of its own, and every source is named in its CMakeLists.txt.
"""

import pathlib
import re
import sys

# What each room may include of this project. A room may always include itself.
ROOMS = {
    "engine/model": [],
    "engine/wire": ["engine/model"],
    "engine/flow": ["engine/model", "engine/wire"],
    "ingest": ["engine"],
    "state": ["engine"],
    "exporters": ["engine"],
    "app": ["engine", "ingest", "state", "exporters"],
    "bench": ["engine", "ingest", "state", "exporters", "app"],
    "tests": ["engine", "ingest", "state", "exporters", "app", "bench"],
    "main.cpp": ["app"],
}

# What each room may include from outside, by the first part of the header's name. C++'s own headers are free to all.
LIBRARIES = {
    "engine/model": ["boost/system", "boost/unordered", "re2", "Eigen", "xxhash.h"],
    "engine/wire": ["boost/system", "xxhash.h"],
    "engine/flow": ["boost/system", "boost/unordered", "xxhash.h"],
    "ingest": ["boost/system", "librdkafka", "simdjson.h", "yaml-cpp", "re2", "zlib.h", "fmt", "spdlog"],
    "state": ["boost/system", "rocksdb"],
    "exporters": ["boost/system", "boost/asio", "boost/asio.hpp", "boost/beast", "boost/beast.hpp", "boost/json", "boost/json.hpp",
                  "prometheus"],
    "app": ["boost/system", "boost/json", "boost/json.hpp", "CLI", "fmt", "spdlog", "simdjson.h", "openssl"],
    "bench": None,  # everything
    "tests": None,
    "main.cpp": [],
}

# Headers of the operating system: only where the outside world is touched.
SYSTEM_ROOMS = ["ingest", "state", "exporters", "app", "bench", "tests"]

# Of a library that a room may use, only these files do.
ONLY_IN = {
    "rocksdb": re.compile(r"^(state/rocks_\w+|tests/.*|bench/.*)\.(h|cc)$"),
    "librdkafka": re.compile(r"^(ingest/(kafka_\w+|mock_cluster)|tests/.*|bench/.*)\.(h|cc)$"),
    "yaml-cpp": re.compile(r"^(ingest/yaml_\w+|tests/.*|bench/.*)\.(h|cc)$"),
    "openssl": re.compile(r"^(app/pseudonym|tests/.*|bench/.*)\.(h|cc)$"),
    "simdjson.h": re.compile(r"^(ingest/(event_decoder|json_values)|app/\w+|tests/.*|bench/.*)\.(h|cc)$"),
}

# Where the tests of a room are.
TESTS = {
    "engine/model": "tests/unit/model",
    "engine/wire": "tests/unit/wire",
    "engine/flow": "tests/unit/flow",
    "ingest": "tests/unit/ingest",
    "state": "tests/unit/state",
    "exporters": "tests/unit/exporters",
    "app": "tests/unit/app",
}

STANDARD = set("""
algorithm any array atomic barrier bit bitset cassert ccomplex cctype cerrno cfenv cfloat charconv chrono cinttypes climits clocale cmath codecvt
compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype
deque exception execution filesystem format forward_list fstream functional future initializer_list iomanip ios iosfwd iostream istream
iterator latch limits list locale map memory memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex
scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf string string_view
syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
""".split())
# The engine is deterministic and does no I/O: no clock, no chance, no thread of its own making, no files.
NOT_IN_ENGINE = {"random", "thread", "fstream", "iostream", "filesystem", "ctime", "csignal", "regex", "future", "locale"}
_NOT_SAID_IN_ENGINE = re.compile(r"_clock::now\b|\bgetenv\b|\bf?printf\s*\(|\bfopen\s*\(|\bstd::(cin|cout|cerr|clog|rand|time)\b|\brandom_device\b")
SYSTEM = re.compile(r"^(sys|netinet|arpa|linux|net)/|^(unistd|fcntl|malloc|signal|poll|pthread|dirent|dlfcn|netdb|spawn|sched|syslog|termios)\.h$")

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
_BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def roots_of_rooms():
    return sorted({room.split("/")[0] for room in ROOMS})


def sources(root):
    """Every C++ source of the tree, as a path relative to it."""
    for top in roots_of_rooms():
        path = root / top
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.suffix in (".h", ".cc", ".cpp", ".hpp"):
                yield file.relative_to(root).as_posix()


def room_of(path):
    """The most exact room that holds a path, or none."""
    found = [room for room in ROOMS if path == room or path.startswith(room + "/")]
    return max(found, key=len, default=None)


def is_within(path, rooms):
    return any(path.startswith(room + "/") for room in rooms)


def includes_of(text):
    text = _BLOCK_COMMENT.sub(lambda comment: "\n" * comment.group().count("\n"), text)
    for match in _INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1), match.group(2)


def library_of(header):
    """The name that a header goes by in the tables: boost/asio, prometheus, xxhash.h."""
    parts = header.split("/")
    return "/".join(parts[:2]) if parts[0] == "boost" else parts[0]


def wrong_own(root, path, room, header):
    if header == "app/version.h":  # made when the project is configured
        return None if room in ("app", "tests", "bench") else f"{room} may not include app"
    if not (root / header).is_file():
        return "there is no such file; this project's headers are named from the root of the tree"
    target = room_of(header)
    if target is None:
        return "lies in no room of the table"
    if target == room or is_within(header, ROOMS[room]):
        return None
    return f"{room} may not include {target}"


def wrong_library(path, room, header):
    if header in STANDARD:
        if room.startswith("engine/") and header in NOT_IN_ENGINE:
            return f"<{header}> has no place in the engine: no input or output, no clock, no chance, no threads"
        return None
    if SYSTEM.match(header):
        return None if room in SYSTEM_ROOMS else f"{room} knows nothing of the operating system"
    library = library_of(header)
    allowed = LIBRARIES[room]
    if allowed is not None and library not in allowed:
        return f"{room} may not use {library}"
    if library in ONLY_IN and not ONLY_IN[library].match(path):
        return f"{library} stays in {ONLY_IN[library].pattern}"
    return None


def wrong_includes(root):
    for path in sources(root):
        room = room_of(path)
        if room is None:
            yield f"{path}: lies in no room of the table"
            continue
        for line, quote, header in includes_of((root / path).read_text(encoding="utf-8")):
            wrong = wrong_own(root, path, room, header) if quote == '"' else wrong_library(path, room, header)
            if wrong:
                yield f"{path}:{line}: {header}: {wrong}"


def impure_engine(root):
    for path in sources(root):
        if path.startswith("engine/"):
            text = (root / path).read_text(encoding="utf-8")
            for match in _NOT_SAID_IN_ENGINE.finditer(text):
                line_number = text.count("\n", 0, match.start()) + 1
                if "//" not in text[text.rfind("\n", 0, match.start()) + 1:match.start()]:
                    yield f"{path}:{line_number}: {match.group()}: the engine has no clock, no chance and no output of its own"


def rooms_without_tests(root):
    for room, tests in TESTS.items():
        if (root / room).is_dir() and not list((root / tests).glob("*_test.cc")):
            yield f"{tests}: {room} has no tests"
        elif (root / tests).is_dir() and not (root / tests / "CMakeLists.txt").is_file():
            yield f"{tests}: no CMakeLists.txt, so its tests do not run"
    for folder in sorted(root.iterdir()):
        if folder.is_dir() and folder.name != "build" and not folder.name.startswith(".") and folder.name not in roots_of_rooms():
            if any(folder.rglob("*.cc")) or any(folder.rglob("*.h")):
                yield f"{folder.name}: has sources and lies in no room of the table"


def sources_that_are_not_built(root):
    """A .cc that its CMakeLists.txt, or one above, does not name."""
    for path in sources(root):
        file = root / path
        if file.suffix != ".cc":
            continue
        for folder in file.parents:
            lists = folder / "CMakeLists.txt"
            if lists.is_file() and re.search(rf"(?<![\w/]){re.escape(file.relative_to(folder).as_posix())}\b", lists.read_text(encoding="utf-8")):
                break
            if folder == root:
                yield f"{path}: no CMakeLists.txt names it"
                break


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    count = 0
    for check in (wrong_includes, impure_engine, rooms_without_tests, sources_that_are_not_built):
        for problem in check(root):
            print(problem)
            count += 1
    print(f"{count} problems" if count else f"ok: {sum(1 for _ in sources(root))} sources keep to the table")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
