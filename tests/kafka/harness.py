"""What the end-to-end tests share: a real Kafka, the engine as a process, and the comparison of what it wrote.

A test is a function `scenario(world, checks)` handed to `main`. Everything it starts belongs to its World, which ends it
and removes its files whatever happens: also when a check raises, when the test takes too long, or on SIGTERM. The tests
bring no library along; they need Python 3.11, Java, kcat and, for one of them each, Prometheus and openssl.
"""

import collections
import ctypes
import gzip
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "oracle"))
import compare  # noqa: E402  (found through the line above)

TOUCHSTONE = Path(os.environ.get("TOUCHSTONE", ROOT / "build" / "release" / "touchstone"))
KAFKA_LOCAL = ROOT / "deploy" / "kafka-local" / "kafka-local"
DATA = ROOT / "deploy" / "data"
WRONG_RECORDS = ROOT / "tests" / "data" / "wrong-records.ndjson"

SKIPPED = 77
DERIVED = ("interactions", "transitions", "conversions", "windows", "alerts", "dead-letters")

# A whole run over one of the data sets takes seconds; a machine that compiles meanwhile takes its time.
RUN_SECONDS = 300
COMMAND_SECONDS = 120
KAFKA_START_SECONDS = 40    # a start that takes longer is told of, with what was said meanwhile
LARGEST_MESSAGE = 4_000_000

# Between keys, values and records on their way through kcat and Kafka's own tools; in no record of these tests.
FIELD_END = "\x1f"
RECORD_END = "\x1e"

Record = collections.namedtuple("Record", "partition offset key value headers")


# --- the test as a program --------------------------------------------------------------------------------------------

class Skip(Exception):
    """The machine lacks what the test needs."""


class TooLong(Exception):
    """The test as a whole, or one step, did not come to its end in time."""


class Checks:
    """Prints what holds and what does not; a failed check does not hide those after it."""

    def __init__(self):
        self.failures = 0

    def that(self, what, holds, *details):
        print(f"{'ok   ' if holds else 'FAIL '} {what}", flush=True)
        if not holds:
            self.failures += 1
            for detail in details:
                print(f"        {detail}", flush=True)
        return holds

    def equal(self, what, expected, actual):
        return self.that(what, expected == actual, f"expected {expected!r}", f"actual   {actual!r}")

    def same_groups(self, what, expected, actual, limit=5):
        """Two dictionaries of lists of JSON texts or values, such as the records of each key in their order."""
        wrong = [key for key in sorted(expected.keys() | actual.keys(), key=repr)
                 if expected.get(key, []) != actual.get(key, [])]
        count = sum(map(len, expected.values()))
        details = [f"{len(wrong)} of {len(expected.keys() | actual.keys())} keys differ; "
                   f"{count} expected, {sum(map(len, actual.values()))} actual"]
        for key in wrong[:limit]:
            details += group_differences(key, expected.get(key, []), actual.get(key, []))
        return self.that(f"{what} ({count})", not wrong, *details)


def group_differences(key, expected, actual):
    """Lines that say where two lists part, field by field."""
    lines = [f"{key!r}: {len(expected)} expected, {len(actual)} actual"]
    for index, (one, other) in enumerate(zip(expected, actual)):
        if one != other:
            lines += [f"  at {index}: {line}" for line in compare.differences(as_value(one), as_value(other))]
            lines += [f"  at {index}: expected {shown(one)}", f"  at {index}: actual   {shown(other)}"]
            return lines
    longer, side = (expected, "missing") if len(expected) > len(actual) else (actual, "not expected")
    return lines + [f"  {side}: {shown(each)}" for each in longer[min(len(expected), len(actual)):][:3]]


def as_value(each):
    if not isinstance(each, bytes):
        return each
    try:
        return compare.parse(each)
    except ValueError:
        return each.decode("utf-8", "backslashreplace")


def shown(each, characters=600):
    text = each.decode("utf-8", "backslashreplace") if isinstance(each, bytes) else str(each)
    return text if len(text) <= characters else text[:characters] + "..."


def main(scenario, programs=(), seconds=600):
    """Runs the scenario in a world of its own and exits: 0, 1, or 77 where something is not installed."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda caught, _: sys.exit(128 + caught))
    # Below the time-out in CMakeLists.txt, whose SIGKILL would leave a Kafka behind.
    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(seconds)
    checks = Checks()
    try:
        require("java", "kcat", *programs)
        with World() as world:
            try:
                scenario(world, checks)
            except Exception:
                checks.failures += 1
                traceback.print_exc()
            if checks.failures:
                world.print_logs()
            signal.alarm(0)
    except Skip as reason:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    print(f"{checks.failures} failed" if checks.failures else "all passed")
    sys.exit(1 if checks.failures else 0)


def on_alarm(_signal, _frame):
    raise TooLong("the whole test took too long")


def require(*programs):
    if not TOUCHSTONE.is_file():
        raise Skip(f"there is no {TOUCHSTONE.name} in {TOUCHSTONE.parent}; build it, or name it in TOUCHSTONE")
    for program in programs:
        if shutil.which(program) is None:
            raise Skip(f"no {program} is installed")


def wait_until(what, holds, seconds, pause=0.1, state=None):
    """Asks `holds` again and again; returns its first answer that is true. `state` says more if there is none."""
    deadline = time.monotonic() + seconds
    while True:
        answer = holds()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TooLong(f"{what}: not within {seconds} s" + (f"\n{state()}" if state else ""))
        time.sleep(pause)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- processes --------------------------------------------------------------------------------------------------------

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def die_with_parent():
    """In the child: end when this test is killed, which could not end it any more."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class World:
    """A directory and the processes of one test; nothing of either is left afterwards."""

    def __enter__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="touchstone-test."))
        self.programs = []
        self.kafkas = []
        self.endings = []
        return self

    def __exit__(self, *_):
        for program in self.programs:
            program.kill()
        for kafka in self.kafkas:
            kafka.stop(keep="TOUCHSTONE_KEEP" in os.environ)
        for ending in self.endings:
            ending()
        if "TOUCHSTONE_KEEP" not in os.environ:
            shutil.rmtree(self.directory, ignore_errors=True)

    def at_end(self, ending):
        """Called when all processes are gone, before the directory is removed."""
        self.endings.append(ending)

    def start_kafka(self):
        # Known before it runs, so that an interrupted start is cleaned up too.
        self.kafkas.append(Kafka(self.directory / f"kafka-{len(self.kafkas)}"))
        self.kafkas[-1].start()
        return self.kafkas[-1]

    def start(self, arguments, name, **options):
        """A program in the background, with its output in a log of its own."""
        log = self.directory / f"{len(self.programs):02d}-{name}.log"
        self.programs.append(Program(arguments, name, log, **options))
        return self.programs[-1]

    def run_engine(self, configuration, *options, name="run"):
        return Engine(self.start([TOUCHSTONE, "run", "--config", configuration, *options], name))

    def print_logs(self, lines=40):
        for program in self.programs:
            print(f"--- the end of {program.log.name} (exit {program.process.poll()})")
            print("\n".join(program.text().splitlines()[-lines:]), flush=True)


class Program:
    """A process in the background. Started by the main thread only: it ends with the thread that started it."""

    def __init__(self, arguments, name, log, stdin=subprocess.DEVNULL):
        self.name, self.log = name, log
        with open(log, "wb") as out:
            self.process = subprocess.Popen([str(each) for each in arguments], stdin=stdin, stdout=out,
                                            stderr=subprocess.STDOUT, preexec_fn=die_with_parent)

    def text(self):
        return self.log.read_text("utf-8", "backslashreplace")

    def running(self):
        return self.process.poll() is None

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TooLong(f"{self.name} did not end within {seconds} s") from None

    def terminate(self, seconds):
        """SIGTERM; returns the exit code and how long it took."""
        begun = time.monotonic()
        self.process.terminate()
        return self.wait(seconds), time.monotonic() - begun

    def kill(self):
        if self.running():
            self.process.kill()
        self.process.wait()


def run(arguments, seconds=COMMAND_SECONDS, data=None, check=True):
    """A program to its end. Bytes in and out; any thread."""
    arguments = [str(each) for each in arguments]
    feed = {"input": data} if data is not None else {"stdin": subprocess.DEVNULL}
    try:
        done = subprocess.run(arguments, capture_output=True, timeout=seconds, **feed)
    except subprocess.TimeoutExpired:
        raise TooLong(f"{' '.join(arguments[:6])} did not end within {seconds} s") from None
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)} exited {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    return done


# --- Kafka ------------------------------------------------------------------------------------------------------------

class Kafka:
    """A server of one node, and what a test wants of it."""

    START_OPTIONS = ()

    def __init__(self, directory):
        self.directory = directory
        self.address = None

    def start(self):
        # A start that fails leaves nothing behind; on a machine that is very busy it runs into its own limit.
        for attempts_left in (2, 1, 0):
            begun = time.monotonic()
            code, said, trouble = self._command("start", *self.START_OPTIONS)
            seconds = time.monotonic() - begun
            if code != 0 or seconds > KAFKA_START_SECONDS:
                print(f"      kafka-local start took {seconds:.0f} s and ended with {code}:\n{trouble[-4000:]}", flush=True)
            if code == 0:
                self.address = said.strip()
                return
            if not attempts_left:
                raise RuntimeError(f"Kafka does not start: {trouble[-2000:]}")

    def stop(self, keep=False):
        if not (self.directory / "kafka.ports").exists():
            return
        code, _, trouble = self._command("stop", *(["--keep"] if keep else []))
        if code != 0:
            print(f"Kafka does not stop: {trouble}", flush=True)

    def kill(self):
        """SIGKILL; start() brings it back with its data and at its address."""
        self._command("kill")

    def pid(self):
        return int((self.directory / "kafka.pid").read_text())

    def _command(self, command, *options):
        """kafka-local undoes a start on SIGTERM, and only then; so an interruption must not be a SIGKILL."""
        process = subprocess.Popen([KAFKA_LOCAL, command, "--dir", self.directory, *options], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        try:
            said, trouble = process.communicate(timeout=400)
        finally:
            if process.poll() is None:
                # All of its session: a tool that it waits for would keep it from hearing the signal.
                os.killpg(process.pid, signal.SIGTERM)
                process.communicate(timeout=60)
        return process.returncode, said, trouble

    def tool(self, name, *arguments, **options):
        return run([KAFKA_LOCAL, "tool", name, "--bootstrap-server", self.address, *arguments], **options)

    def kcat(self, *arguments, **options):
        return run(["kcat", "-q", "-b", self.address, "-m", "30", *arguments], **options)

    def create_topic(self, topic, partitions):
        """An input topic that takes records larger than the engine does, so that it has something to refuse."""
        self.tool("org.apache.kafka.tools.TopicCommand", "--create", "--topic", topic, "--partitions", partitions,
                  "--config", f"max.message.bytes={LARGEST_MESSAGE}")

    def partitions(self):
        """The number of partitions of every topic."""
        described = json.loads(self.kcat("-L", "-J").stdout)
        return {topic["topic"]: len(topic["partitions"]) for topic in described["topics"]}

    def producer_arguments(self, topic):
        # Idempotence keeps the order; murmur2 is what Java's producers do, and `replay`.
        return ["kcat", "-q", "-P", "-b", self.address, "-t", topic, "-D", "\\x1e", "-K", "\\x1f", "-Z",
                "-X", "enable.idempotence=true", "-X", f"message.max.bytes={LARGEST_MESSAGE}",
                "-X", "topic.partitioner=murmur2_random"]

    def produce(self, topic, records):
        """(key, value) pairs of bytes, in order; no key: any partition; no value: a null one."""
        run(self.producer_arguments(topic), data=b"".join(framed(*record) for record in records))

    def ends(self, topic, isolation="read_committed"):
        """The offset after the last one of each partition; committed: up to the first open transaction."""
        return wait_until(f"{topic} can be asked for its ends", lambda: self._ends(topic, isolation), 60)

    def _ends(self, topic, isolation):
        # Starting at the end, a reader is told at once where that is. The way there is an error now and then, such as
        # for a topic that was just made: then not all partitions are named.
        said = run(["kcat", "-b", self.address, "-m", "30", "-C", "-t", topic, "-o", "end", "-e",
                    "-X", f"isolation.level={isolation}"], check=False).stderr.decode(errors="replace")
        found = {int(number): int(end)
                 for number, end in re.findall(r"Reached end of topic \S+ \[(\d+)\] at offset (\d+)", said)}
        return found if len(found) == self.partitions().get(topic) else None

    def settle(self, topic, seconds=60):
        """A commit is answered before its markers are in all partitions; readers wait for these."""
        everything = self.ends(topic, "read_uncommitted")
        wait_until(f"{topic} has no open transaction",
                   lambda: all(end >= everything[number] for number, end in self.ends(topic).items()), seconds)

    def read(self, topic, isolation="read_committed"):
        """All records as a reader of committed ones sees them, in order within each partition."""
        if isolation == "read_committed":
            self.settle(topic)
        done = self.kcat("-C", "-t", topic, "-e", "-o", "beginning", "-X", f"isolation.level={isolation}",
                         "-X", "check.crcs=true", "-f", "%p %o %K %S\\n%k%s%h\\x1e", seconds=RUN_SECONDS)
        return sorted(parse_kcat(done.stdout), key=lambda record: record[:2])

    def read_with_java(self, topic, expected):
        """The same through Kafka's own consumer. It gives up after a while without records; how many are `expected`
        only decides whether that was too soon."""
        options = {"print.key": "true", "print.partition": "true", "print.offset": "true", "print.headers": "true",
                   "key.separator": FIELD_END, "line.separator": RECORD_END, "headers.separator": ",",
                   "null.literal": "\x1d"}
        arguments = [item for name, value in options.items() for item in ("--formatter-property", f"{name}={value}")]
        for patience in (5_000, 30_000, 90_000):
            done = self.tool("org.apache.kafka.tools.consumer.ConsoleConsumer", "--topic", topic, "--from-beginning",
                             "--isolation-level", "read_committed", "--timeout-ms", patience, *arguments,
                             seconds=RUN_SECONDS, check=False)
            records = parse_java(done.stdout)
            if len(records) >= expected:
                break
        return sorted(records, key=lambda record: record[:2])


def framed(key, value):
    for part in (key, value):
        assert part is None or not (b"\x1e" in part or b"\x1f" in part), part
    prefix = b"" if key is None else key + FIELD_END.encode()
    return prefix + (value or b"") + RECORD_END.encode()


def parse_kcat(output):
    records, at = [], 0
    while at < len(output):
        line_end = output.index(b"\n", at)
        partition, offset, key_size, value_size = map(int, output[at:line_end].split())
        at = line_end + 1
        key, at = sized(output, at, key_size)
        value, at = sized(output, at, value_size)
        record_end = output.index(RECORD_END.encode(), at)
        records.append(Record(partition, offset, key, value, headers_of(output[at:record_end], b"=")))
        at = record_end + 1
    return records


def sized(output, at, size):
    """A part that kcat gives with its length, -1 for null."""
    return (None, at) if size < 0 else (output[at:at + size], at + size)


def parse_java(output):
    records = []
    for line in output.split(RECORD_END.encode())[:-1]:
        partition, offset, headers, key, value = line.split(FIELD_END.encode(), 4)
        headers = b"" if headers == b"NO_HEADERS" else headers
        records.append(Record(int(partition.removeprefix(b"Partition:")), int(offset.removeprefix(b"Offset:")),
                              or_null(key), or_null(value), headers_of(headers, b":")))
    return records


def or_null(part):
    return None if part == b"\x1d" else part


def headers_of(text, equals):
    """The engine's headers; commas in a value are part of it."""
    parts = re.split(rb",?(touchstone\.[a-z]+)" + equals, text)
    return tuple(zip((name.decode() for name in parts[1::2]), parts[2::2]))


class Feeder:
    """Produces the events slice by slice, in its own time. It stops at the end of each share until the next is allowed,
    so that events are left for after every trouble."""

    SLICE = 200
    PAUSE = 0.1

    def __init__(self, kafka, topic, records, shares):
        # Started here, in the main thread; fed by another one.
        self.process = subprocess.Popen([*kafka.producer_arguments(topic), "-E"], stdin=subprocess.PIPE,
                                        preexec_fn=die_with_parent)
        self.records, self.shares = records, shares
        self.allowed, self.done = threading.Semaphore(0), threading.Semaphore(0)
        self.thread = threading.Thread(target=self._feed, daemon=True)
        self.thread.start()

    def _feed(self):
        fed = 0
        for share in range(1, self.shares + 1):
            self.allowed.acquire()
            until = len(self.records) * share // self.shares
            while fed < until:
                upto = min(fed + self.SLICE, until)
                self.process.stdin.write(b"".join(framed(*record) for record in self.records[fed:upto]))
                self.process.stdin.flush()
                fed = upto
                time.sleep(self.PAUSE)
            self.done.release()
        self.process.stdin.close()

    def allow_share(self):
        self.allowed.release()

    def wait_share(self):
        """Until the share is handed to kcat, which may hold on to the last records of it."""
        if not self.done.acquire(timeout=RUN_SECONDS):
            raise TooLong(f"the events are not taken within {RUN_SECONDS} s")

    def finish(self):
        self.thread.join(RUN_SECONDS)
        code = self.process.wait(COMMAND_SECONDS)
        if self.thread.is_alive() or code != 0:
            raise RuntimeError(f"the events could not be produced (kcat exited {code})")

    def stop(self):
        self.process.kill()
        self.process.wait()


# --- the engine -------------------------------------------------------------------------------------------------------

def touchstone(*arguments, seconds=COMMAND_SECONDS):
    """A command to its end, whatever its exit code."""
    return run([TOUCHSTONE, *arguments], seconds=seconds, check=False)


def write_configuration(path, kafka, input_topics, properties=None, **changes):
    """A configuration for `run`; `changes` replaces whole sections. JSON is YAML too."""
    configuration = {
        "map": str(changes.pop("map")),
        "input": {"topics": input_topics},
        "kafka": {"properties": {"bootstrap.servers": kafka.address, **(properties or {})}},
        "topics": {"prefix": "touchstone.", "partitions": 2, "replication": 1},
        "state": {"dir": str(path.with_suffix(".state"))},
        "http": {"listen": "127.0.0.1:0"},
        "instance": path.stem,
    }
    configuration.update(changes)
    path.write_text(json.dumps(configuration, indent=2) + "\n", "utf-8")
    return path


class Engine:
    """A running `touchstone run`."""

    def __init__(self, program):
        self.program = program
        self._port = None

    def end(self, seconds=RUN_SECONDS):
        return self.program.wait(seconds)

    def port(self):
        if self._port is None:
            said = wait_until("the engine says where its metrics are", self._said_port, 60)
            self._port = int(said.group(1))
        return self._port

    def _said_port(self):
        if not self.program.running():
            raise RuntimeError(f"the engine ended: {self.program.text()[-2000:]}")
        return re.search(r"metrics on http://[^ ]*:(\d+)/", self.program.text())

    def get(self, path):
        """(status, body) of a request."""
        return http_get(f"http://127.0.0.1:{self.port()}{path}")

    def metrics(self):
        status, body = self.get("/metrics")
        assert status == 200, (status, body[:200])
        return parse_metrics(body.decode())


    def caught_up(self, topics):
        """Every task runs and nothing of these topics is left to do."""
        samples = self.metrics()
        lags = {dict(labels)["topic"]: 0 for (name, labels) in samples if name == LAG}
        for (name, labels), value in samples.items():
            if name == LAG:
                lags[dict(labels)["topic"]] += value
        return total(samples, "touchstone_ready") == 1 and all(lags.get(topic) == 0 for topic in topics)

    def wait_caught_up(self, kafka, inputs, prefix="touchstone.", seconds=RUN_SECONDS):
        """Until the group has committed the ends of all it reads, and the engine says so too. The first is asked of Kafka:
        right after records are produced, the engine does not know of them."""
        topics = [*inputs, f"{prefix}internal.deltas"]
        wait_until("the engine has caught up", lambda: self._caught_up(kafka, topics), seconds, pause=1, state=self.state)

    def _caught_up(self, kafka, topics):
        ends = {topic: sum(kafka.ends(topic).values()) for topic in topics}
        # What was read meanwhile leads to new deltas, so it must be true of one moment.
        return self.caught_up(topics) and ends == {topic: sum(kafka.ends(topic).values()) for topic in topics}

    def state(self):
        """What the engine says of itself, for a message about what did not happen."""
        samples = self.metrics()
        names = ("touchstone_ready", "touchstone_interactions_total", "touchstone_window_rows_total")
        lines = [f"{name} {total(samples, name)}" for name in names]
        lines += [f"{name} {dict(labels)} {value}" for (name, labels), value in samples.items()
                  if name in (LAG, "touchstone_watermark_timestamp_seconds")]
        return "\n".join(lines)


LAG = "touchstone_consumer_lag_records"


def http_get(url, seconds=30):
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def parse_metrics(text):
    """{(name, ((label, value), ...)): number} of Prometheus' text format."""
    samples = {}
    for line in text.splitlines():
        match = re.fullmatch(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)", line)
        if match and not line.startswith("#"):
            labels = tuple(sorted(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match.group(2) or "")))
            samples[match.group(1), labels] = float(match.group(3))
    return samples


def total(samples, name):
    """The sum over all series of a metric; None if there is none."""
    found = [value for (each, _), value in samples.items() if each == name]
    return sum(found) if found else None


def apply_topics(configuration):
    # On a very busy machine Kafka takes longer to know of the topics it has made than the command waits.
    for _ in range(4):
        done = touchstone("topics", "--config", configuration, "--apply")
        if done.returncode == 0:
            return
    raise RuntimeError(f"topics --apply exited {done.returncode}: {done.stderr.decode()} {done.stdout.decode()}")


def replay(world, map_file, lines, configuration, name="replayed"):
    """The same engine without a broker over the same lines; returns {topic: lines of its file}."""
    source, out = world.directory / f"{name}.ndjson", world.directory / name
    source.write_bytes(b"".join(line + b"\n" for line in lines))
    run([TOUCHSTONE, "replay", "--map", map_file, "--input", source, "--out", out, "--config", configuration],
        seconds=RUN_SECONDS)
    return {topic: compare.lines_of(compare.path_of(out, topic)) for topic in DERIVED}


# --- data and comparison ----------------------------------------------------------------------------------------------

def example_events(name):
    """The lines of one of the shipped data sets."""
    with gzip.open(DATA / name / "events.ndjson.gz", "rb") as file:
        return [line.rstrip(b"\n") for line in file]


def keyed(line):
    """The line as a record keyed by its customer."""
    return json.loads(line)["customer"].encode(), line


def end_as_replay(world, checks, kafka, engines, configuration, map_file, lines):
    """Stops the engines, lets another one of the group go on to the end of the input, and compares all with `replay`."""
    for engine in engines:
        checks.equal("an engine stops with exit code 0", 0, engine.program.terminate(30)[0])
    # Where another member is gone, the group waits for it; the end of the input is not looked for before.
    last = world.run_engine(configuration, "--to-end", name="to-end")
    checks.equal("run --to-end waits for all partitions, and exits 0", 0, last.end())
    same_as_replay(world, checks, read_derived(kafka), replay(world, map_file, lines, configuration))


def by_key(records):
    """The values of each key, in order. All records of a key are in one partition."""
    groups = collections.defaultdict(list)
    for record in records:
        groups[record.key].append(record.value)
    return dict(groups)


def by_customer(lines, without=()):
    groups = collections.defaultdict(list)
    for line in lines:
        row = compare.parse(line)
        groups[row["customer"]].append({name: value for name, value in row.items() if name not in without})
    return dict(groups)


def by_closing(lines):
    """The rows of windows by (window, scope, id, segment) and closing. One each, if all is well."""
    groups = collections.defaultdict(list)
    for line in lines:
        groups[compare.key_of(line)].append(line)
    return dict(groups)


def read_derived(kafka, prefix="touchstone."):
    """All derived topics in parallel: kcat mostly waits."""
    found = {}

    def read(topic):
        found[topic] = kafka.read(prefix + topic)

    threads = [threading.Thread(target=read, args=(topic,)) for topic in DERIVED]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    missing = [topic for topic in DERIVED if topic not in found]
    if missing:
        raise RuntimeError(f"could not read {', '.join(missing)}")
    return found


def values(records):
    return [record.value for record in records]


def report_windows(world, expected, actual, ignored=None):
    """Prints, by the oracle's comparison, how two lists of rows differ; true if they do not."""
    files = []
    for name, lines in (("expected", expected), ("actual", actual)):
        files.append(world.directory / f"windows-{name}.ndjson")
        files[-1].write_bytes(b"".join(line + b"\n" for line in lines))
    report = compare.Report("windows", 10)
    compare.compare_windows(*files, ignored or compare.Ignored(), report)
    report.total()
    return report.count == 0


def same_as_replay(world, checks, found, replayed):
    """The derived topics against the files of `replay`; keys too."""
    interactions = values(found["interactions"])
    checks.same_groups("interactions are those of replay, except their source",
                       by_customer(replayed["interactions"], without=["source"]),
                       by_customer(interactions, without=["source"]))
    for topic in ("transitions", "conversions"):
        checks.same_groups(f"{topic} are those of replay", by_customer(replayed[topic]),
                           by_customer(values(found[topic])))
    for topic in ("interactions", "transitions", "conversions"):
        wrong = [each for each in found[topic] if each.key.decode() != json.loads(each.value)["customer"]]
        checks.that(f"the key of {topic} is the customer", not wrong, *wrong[:3])
    rows = values(found["windows"])
    same = checks.same_groups("the rows of windows are those of replay, byte for byte",
                              by_closing(replayed["windows"]), by_closing(rows))
    if not same:
        report_windows(world, replayed["windows"], rows)
    wrong = [each for each in found["windows"] if each.key != key_of_row(json.loads(each.value))]
    checks.that("the key of a row is window/scope/id/segment", not wrong, *wrong[:3])
    checks.equal("alerts are those of replay", sorted(replayed["alerts"]), sorted(values(found["alerts"])))


def key_of_row(row):
    return "/".join(row[name] for name in ("window", "scope", "id", "segment")).encode()
