#!/usr/bin/env python3
"""The README's "With your own Kafka in five minutes", as it stands there: its blocks are run in their order, with other ports and another
directory. Then the same engine with a log for programs: each line is JSON, nothing of a customer is in any of them at any level, and a
service manager hears that it is at work, alive, and stopping.
"""

import json
import os
import re
import signal
import socket

import harness

HEADING = "## With your own Kafka in five minutes"
SECRET = "zarathustra"
SECONDS = 120


def blocks():
    """The blocks of the section in their order: (language, text)."""
    text = (harness.ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split(f"{HEADING}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


class Place:
    """A directory that looks like the tree with its build, and what stands in the README moved there."""

    def __init__(self, world):
        self.directory = world.directory / "tree"
        self.scratch = world.directory / "five"
        (self.directory / "build" / "release").mkdir(parents=True)
        (self.directory / "deploy").symlink_to(harness.ROOT / "deploy")
        (self.directory / "build" / "release" / "touchstone").symlink_to(harness.TOUCHSTONE)
        self.kafka_port, self.http_port = harness.free_port(), harness.free_port()

    def moved(self, text):
        return text.replace("/tmp/touchstone", str(self.scratch)).replace("127.0.0.1:9092", f"127.0.0.1:{self.kafka_port}").replace(
            "--port 9092", f"--port {self.kafka_port}").replace("127.0.0.1:9480", f"127.0.0.1:{self.http_port}")

    def start(self, world, text, name):
        return world.start(["bash", "-c", f"cd {self.directory}\nset -eu\n{self.moved(text)}"], name)

    def run(self, text):
        return harness.run(["bash", "-c", f"cd {self.directory}\nset -euo pipefail\n{self.moved(text)}"], seconds=harness.RUN_SECONDS).stdout.decode()


def five_minutes(world, checks, place):
    """As a newcomer would: returns the configuration."""
    kafka, configuration, engine, feed, look = blocks()
    checks.equal("the blocks are the five that this test knows", ["sh", "yaml", "sh", "sh", "sh"], [each[0] for each in (kafka, configuration, engine, feed, look)])
    world.kafkas.append(harness.Kafka(place.scratch / "kafka"))
    world.kafkas[-1].address = f"127.0.0.1:{place.kafka_port}"
    place.run(kafka[1])
    mine = place.directory / "my.yaml"
    # The address is the default; here it may be somebody else's.
    mine.write_text(place.moved(configuration[1]) + f'http: {{listen: "127.0.0.1:{place.http_port}"}}\n', encoding="utf-8")
    apply, run = [line for line in engine[1].splitlines() if line]
    place.run(apply)
    running = world.start(["bash", "-c", f"cd {place.directory}; exec {run.split('#')[0]}"], "readme-engine")
    place.start(world, feed[1], "readme-feed")
    commands = re.sub(r"\\\n *", "", look[1]).splitlines()
    kcat, console, metrics = [line for line in commands if not line.startswith("#")]
    # Both readers go on for ever.
    place.start(world, kcat, "readme-kcat")
    seen = world.programs[-1]
    harness.wait_until("rows of the product page come out", lambda: re.search(r'^1m/touchpoint/web\.product/all \{.*"interactions":[1-9]', seen.text(), re.MULTILINE), SECONDS,
                       state=lambda: running.text() + seen.text())
    checks.that("rows of the product page come out", True)
    place.start(world, console, "readme-console")
    other = world.programs[-1]
    harness.wait_until("Kafka's own reader has them too", lambda: '"id":"web.product"' in other.text(), SECONDS, state=other.text)
    checks.that("the metrics have them", re.search(r'touchstone_window_interactions\{.*id="web\.product".*\} [1-9]', place.run(metrics)))
    running.process.send_signal(signal.SIGINT)
    checks.equal("Ctrl-C ends it with exit code 0", 0, running.wait(SECONDS))
    for program in world.programs:
        program.kill()
    return mine


def listening(world):
    """What systemd would be: a socket, its address in the environment."""
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    path = world.directory / "notify"
    manager.bind(str(path))
    manager.setblocking(False)
    os.environ |= {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "1000000"}
    return manager


def heard(manager):
    said = []
    while True:
        try:
            said.append(manager.recv(4096).decode())
        except BlockingIOError:
            return said


def customers(kafka, topic):
    """A customer in every place where a record has room for one, good records and bad, and one that is forgotten."""
    good = {"type": "purchase", "channel": "store", "customer": SECRET, "id": f"{SECRET}-1", "value": 12, "attributes": {"email": f"{SECRET}@example.org"}}
    bad = [b"{" + SECRET.encode(), SECRET.encode() + b"\xff", json.dumps({"customer": SECRET}).encode(), json.dumps(good | {"time": SECRET}).encode(),
           json.dumps(good | {"value": SECRET}).encode(), json.dumps(good | {"time": "2190-01-01T00:00:00Z"}).encode()]
    kafka.produce(topic, [(SECRET.encode(), json.dumps(good).encode()), *((SECRET.encode(), each) for each in bad), (f"{SECRET}-key".encode(), json.dumps(good).encode())])
    # kcat writes a null value for an empty one with -Z.
    kafka.produce(topic, [(SECRET.encode(), b"")])


def log_for_programs(world, checks, place, mine):
    configuration = world.directory / "programs.yaml"
    configuration.write_text(mine.read_text(encoding="utf-8").replace("map: deploy", f"map: {harness.ROOT / 'deploy'}") + "log: {format: json, level: trace}\n", encoding="utf-8")
    manager = listening(world)
    engine = world.run_engine(configuration, name="for-programs")
    kafka = world.kafkas[-1]
    customers(kafka, "customer-events")
    harness.wait_until("the records are read", lambda: harness.total(engine.metrics(), "touchstone_dead_letters_total") == 6
                       and harness.total(engine.metrics(), "touchstone_forgotten_customers_total") == 1, SECONDS, state=engine.program.text)
    for path in (f"/api/v1/customers/{SECRET}", f"/{SECRET}", f"/api/v1/windows?id={SECRET}"):
        engine.get(path)
    harness.wait_until("it says to its manager that it runs", lambda: engine.get("/-/ready")[0] == 200, SECONDS)
    said = []
    harness.wait_until("its manager hears that it is alive", lambda: said.extend(heard(manager)) or ("WATCHDOG=1" in said and "STATUS=running" in said), SECONDS)
    checks.that("it was at work before", "READY=1" in said and said.index("READY=1") < said.index("STATUS=running"), said)
    code, _ = engine.program.terminate(SECONDS)
    checks.equal("SIGTERM ends it with exit code 0", 0, code)
    checks.that("its manager hears of that too", "STOPPING=1" in heard(manager))
    lines = engine.program.text().splitlines()
    wrong = [line for line in lines if not is_log_line(line)]
    checks.that(f"each of {len(lines)} lines is JSON", lines and not wrong, *wrong[:3])
    checks.that("nothing of the customer is in the log", SECRET not in engine.program.text().lower(), *[line for line in lines if SECRET in line][:3])
    del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]


def is_log_line(line):
    try:
        read = json.loads(line)
    except ValueError:
        return False
    return list(read) == ["ts", "level", "msg"] and bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", read["ts"]))


def a_start_that_fails(checks, world):
    """Also the last words of one that cannot go on are for programs."""
    configuration = world.directory / "fails.yaml"
    configuration.write_text(f'map: {harness.ROOT}/deploy/maps/retail.yaml\ninput: {{topics: [nothing-of-the-kind]}}\n'
                             f'kafka: {{properties: {{bootstrap.servers: "{world.kafkas[-1].address}"}}}}\nstate: {{dir: {world.directory}/fails}}\n'
                             'log: {format: logfmt}\n', encoding="utf-8")
    done = harness.run([harness.TOUCHSTONE, "run", "--config", configuration], check=False)
    checks.that("an engine that cannot start says so in logfmt", done.returncode == 1 and re.search(rb'^ts=\S+ level=critical msg=".*nothing-of-the-kind.*"$', done.stderr, re.MULTILINE),
                done.stderr)


def scenario(world, checks):
    place = Place(world)
    mine = five_minutes(world, checks, place)
    log_for_programs(world, checks, place, mine)
    a_start_that_fails(checks, world)


if __name__ == "__main__":
    harness.main(scenario, programs=["curl"], seconds=900)
