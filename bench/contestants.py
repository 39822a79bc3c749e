"""The contestants of bench/run and bench/latency: how each is started on one Kafka, with topics and state of its own."""

import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests" / "kafka")]
sys.dont_write_bytecode = True
import core_map  # noqa: E402
import harness  # noqa: E402

INPUT = "bench-events"
RUN_SECONDS = 1_800  # a guard against hanging
WINDOWS = [{"size": size, "step": step} for size, step in (("1m", "5s"), ("5m", "15s"), ("1h", "1m"), ("24h", "10m"), ("7d", "1h"))]  # the defaults
CORE_WINDOWS = WINDOWS[:3]


class Usage:
    """What a process and its children took."""

    def __init__(self, arguments, log):
        begun = time.monotonic()
        with open(log, "wb") as out:
            process = subprocess.Popen([str(each) for each in arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                       preexec_fn=harness.die_with_parent)
        deadline = begun + RUN_SECONDS
        while True:
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > deadline:
                process.kill()
            time.sleep(0.05)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RuntimeError(f"{arguments[0]} exited {process.returncode}:\n" + pathlib.Path(log).read_text(errors="replace")[-2000:])
        self.seconds = time.monotonic() - begun
        self.cpu = used.ru_utime + used.ru_stime
        self.peak_mib = used.ru_maxrss / 1024
        self.written_bytes = used.ru_oublock * 512
        self.kafka_bytes = 0  # said by who knows its topics


def size_of(file):
    try:
        return file.stat().st_size
    except FileNotFoundError:  # the broker has just compacted it away
        return 0


class Bench:
    def __init__(self, world, options):
        self.world, self.options, self.runs, self.input = world, options, 0, INPUT
        self.build = pathlib.Path(options.build).resolve()
        self.map = world.directory / "core.yaml"
        self.map.write_text(core_map.as_map(options.rules), encoding="utf-8")
        self.rules = world.directory / "core.json"
        self.rules.write_text(core_map.as_rules(options.rules), encoding="utf-8")
        self.kafka = world.start_kafka()
        self.bench = self.build / "bench" / "touchstone-bench"

    def load(self):
        options = self.options
        self.kafka.create_topic(self.input, options.partitions)
        said = harness.run([self.bench, "generate", "--records", options.events, "--customers", options.customers, "--skew", options.skew,
                            "--event-rate", options.event_rate, "--partitions", options.partitions, "--begin", "2026-01-01T00:00:00Z",
                            "--topic", self.input, "--brokers", self.kafka.address], seconds=RUN_SECONDS).stderr.decode()
        print(f"load: {said.strip().splitlines()[-1]}; {options.partitions} partitions, {options.customers} customers, "
              f"{options.event_rate} events in a second of event time", flush=True)

    def engine(self, name, to_end, interactions=True, **settings):
        """With a group and topics of its own."""
        directory = self.world.directory / f"run-{self.runs}"
        directory.mkdir()
        path = harness.write_configuration(
            directory / "touchstone.yaml", self.kafka, [self.input], map=self.map, group=f"{name}-{self.runs}", instance="bench",
            topics={"prefix": f"{name}-{self.runs}.", "partitions": self.options.partitions, "replication": 1, "interactions": interactions},
            state={"dir": str(directory / "state")}, workers={"journey": self.options.workers, "windows": self.options.workers}, **settings)
        harness.apply_topics(path)
        return [self.build / "touchstone", "run", "--config", path, *(["--to-end"] if to_end else [])]

    def floor(self, name):
        command = [self.bench, name, "--repeat", "1", "--brokers", self.kafka.address, "--topic", self.input]
        if name == "copy":
            out = f"copy-{self.runs}.out"
            self.kafka.create_topic(out, self.options.partitions)
            command += ["--out", out]
        return command

    def peer(self, name, to_end, *options):
        """With its checkpoints, changelogs and topics of its own."""
        directory = self.world.directory / f"run-{self.runs}"
        directory.mkdir()
        return [ROOT / "bench" / "peers" / name / "run", "--brokers", self.kafka.address, "--input", self.input, "--rules", self.rules,
                *(["--to-end"] if to_end else []), "--prefix", f"{name}-{self.runs}.", *[option.format(directory=directory, run=f"{name}-{self.runs}") for option in options]]

    def command(self, name, to_end=True):
        options, commit = self.options, str(self.options.commit)
        if name in ("core", "core-quiet", "whole"):
            windows = {} if name == "whole" else {"windows": CORE_WINDOWS}
            return self.engine(name, to_end, interactions=name != "core-quiet", commit=f"{options.commit}ms", **windows)
        if name.startswith("streams"):
            return self.peer("streams", to_end, "--application-id", "{run}", "--state-dir", "{directory}", "--commit-ms", commit, "--threads",
                             str(options.workers), *(["--in-memory"] if name.endswith("in-memory") else []))
        if name.startswith("flink"):
            return self.peer("flink", to_end, "--checkpoint-dir", "{directory}", "--checkpoint-ms", commit, "--parallelism", str(options.workers), "--state",
                             name.removeprefix("flink-"))
        return self.floor(name)

    def measure(self, name):
        return self.measure_command(name, lambda: self.command(name))

    def measure_command(self, name, make):
        """`make` gives the command of this run."""
        self.runs += 1
        prefix = f"{name}-{self.runs}."
        usage = Usage(make(), self.world.directory / f"run-{self.runs}.log")
        usage.kafka_bytes = self.kept_by_kafka(prefix)
        self.tidy(prefix)
        return usage

    def kept_by_kafka(self, prefix):
        """Bytes of these topics, without indexes."""
        return sum(size_of(segment) for segment in self.kafka.directory.glob(f"data/{prefix}*/*.log"))

    def tidy(self, prefix):
        """What the run wrote to Kafka and to its directory."""
        shutil.rmtree(self.world.directory / f"run-{self.runs}", ignore_errors=True)
        for topic in self.kafka.partitions():
            if topic.startswith(prefix):
                self.kafka.tool("org.apache.kafka.tools.TopicCommand", "--delete", "--topic", topic)


def build_peers(contestants):
    for name in {contestant.partition("-")[0] for contestant in contestants} & {"streams", "flink"}:
        directory = ROOT / "bench" / "peers" / name
        if not list((directory / "target").glob("*.jar")):
            harness.run(["mvn", "--batch-mode", "--quiet", "--file", directory / "pom.xml", "package"], seconds=RUN_SECONDS)


def as_command(main):
    """Runs `main` and exits with what it returns, as what ctest understands: 77 where something is not installed. A signal, and a run
    that hangs, end all that was started."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda caught, _: sys.exit(128 + caught))
    signal.signal(signal.SIGALRM, harness.on_alarm)
    signal.alarm(int(os.environ.get("TOUCHSTONE_BENCH_SECONDS", "0")))
    try:
        sys.exit(main())
    except harness.Skip as reason:
        print(f"skipped: {reason}")
        sys.exit(harness.SKIPPED)


def add_arguments(parser):
    """Those that every command here has."""
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--workers", type=int, default=1, help="of each stage")
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))


def prepare(options, contestants):
    """What has to be there before the first of them starts."""
    build_peers(contestants)
    harness.TOUCHSTONE = pathlib.Path(options.build).resolve() / "touchstone"
    harness.require("java", "kcat")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
