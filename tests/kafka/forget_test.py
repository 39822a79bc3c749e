#!/usr/bin/env python3
"""Customers are forgotten on a real Kafka: a tombstone in the changelog, and once Kafka has compacted it and the engine has
purged its files, no byte of their ids in either. Derived topics, under pseudonyms, never had them.

Topics compact here as soon as they can; what takes hours otherwise is waited for, while other customers go on.
"""

import json
import shutil

import harness
from harness import DATA

MAP = DATA / "service-desk" / "map.yaml"
INPUT = "desk-events"
INPUT_PARTITIONS = 2
CHANGELOG = "touchstone.internal.journey-changelog"
KEY = "of-no-use-but-for-this-test-0123456789"
# Kafka rolls a segment by the time between its records, compacts what is closed, and keeps tombstones for the time below.
EAGER = "segment.ms=1000,min.cleanable.dirty.ratio=0.01,delete.retention.ms=500,min.compaction.lag.ms=0"
GONE_SECONDS = 300
KNOWN_KEY = b"\x10"        # of a customer in the changelog, docs/formats.md
KNOWN_PREFIX = 3           # bytes before the id, of the slice too


def customer(number):
    return f"person-{number:03}-zq8x7w@example.org"


FORGOTTEN = [customer(number) for number in range(0, 40, 4)]
KEPT = [customer(number) for number in range(40) if customer(number) not in FORGOTTEN]


def events(customers, again):
    """One event of each, later with each time."""
    for number, who in enumerate(customers):
        line = {"id": f"i{again}-{number}", "type": "incident.new", "customer": who, "channel": "back-office",
                "time": f"2026-03-01T{again // 60:02}:{again % 60:02}:{number:02}Z"}
        yield who.encode(), json.dumps(line).encode()


def configure(world, kafka):
    key = world.directory / "pseudonym.key"
    key.write_text(KEY + "\n", "utf-8")
    configuration = harness.write_configuration(
        world.directory / "forget.yaml", kafka, [INPUT], map=MAP, windows=[{"size": "1h", "step": "20m"}], commit="50ms",
        privacy={"pseudonymise": True, "key": {"file": str(key)}, "key_id": "k1", "purge": "1s"})
    harness.apply_topics(configuration)
    kafka.tool("kafka.admin.ConfigCommand", "--alter", "--entity-type", "topics", "--entity-name", CHANGELOG,
               "--add-config", EAGER)
    kafka.tool("kafka.admin.ConfigCommand", "--alter", "--entity-type", "brokers", "--entity-default",
               "--add-config", "log.cleaner.backoff.ms=500")
    return configuration


def in_files(directory, customers):
    """Those of whom a byte string is found in any file below; files come and go meanwhile."""
    found = set()
    for file in directory.rglob("*"):
        try:
            content = file.read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            continue
        found |= {who for who in customers if who.encode() in content}
    return sorted(found)


def in_records(records, customers):
    found = set()
    for record in records:
        content = (record.key or b"") + b"\0" + (record.value or b"") + repr(record.headers).encode()
        found |= {who for who in customers if who.encode() in content}
    return sorted(found)


class Others:
    """The customers who stay go on, so that Kafka closes segments and has something to compact."""

    def __init__(self, kafka):
        self.kafka, self.again = kafka, 0

    def go_on(self):
        self.again += 1
        self.kafka.produce(INPUT, events(KEPT, self.again))


def gone(others, find):
    """True when nothing is found any more; else the others have gone on."""
    if not find():
        return True
    others.go_on()
    return False


def scenario(world, checks):
    kafka = world.start_kafka()
    kafka.create_topic(INPUT, INPUT_PARTITIONS)
    configuration = configure(world, kafka)
    state = configuration.with_suffix(".state")
    everybody = FORGOTTEN + KEPT
    engine = world.run_engine(configuration, name="live")
    kafka.produce(INPUT, events(everybody, 0))
    others = Others(kafka)
    others.go_on()
    engine.wait_caught_up(kafka, [INPUT])
    checks.equal("before, the changelog has everybody's id", sorted(everybody), in_records(kafka.read(CHANGELOG), everybody))
    checks.equal("before, the files of the state have everybody's id", sorted(everybody), in_files(state, everybody))

    kafka.produce(INPUT, [(who.encode(), None) for who in FORGOTTEN])
    engine.wait_caught_up(kafka, [INPUT])
    last = {record.key[KNOWN_PREFIX:]: record.value for record in kafka.read(CHANGELOG) if record.key.startswith(KNOWN_KEY)}
    checks.equal("the last word of the changelog on each who is forgotten is a tombstone, or they are gone already", [],
                 [who for who in FORGOTTEN if last.get(who.encode())])
    checks.equal("and on the others it is not", [], [who for who in KEPT if not last.get(who.encode())])

    harness.wait_until("the files of the state hold no byte of who is forgotten",
                       lambda: gone(others, lambda: in_files(state, FORGOTTEN)), GONE_SECONDS, pause=1,
                       state=lambda: in_files(state, FORGOTTEN))
    checks.that("the files of the state are rid of who is forgotten, while the engine runs", True)
    harness.wait_until("the changelog holds no byte of who is forgotten",
                       lambda: gone(others, lambda: in_records(kafka.read(CHANGELOG, "read_uncommitted"), FORGOTTEN)),
                       GONE_SECONDS, pause=1, state=lambda: in_records(kafka.read(CHANGELOG), FORGOTTEN))
    engine.wait_caught_up(kafka, [INPUT])
    checks.equal("the compacted changelog is rid of who is forgotten, and has the others", KEPT,
                 in_records(kafka.read(CHANGELOG, "read_uncommitted"), everybody))
    checks.equal("the engine stops with exit code 0", 0, engine.program.terminate(30)[0])
    checks.equal("the files of the state are rid of who is forgotten, after it stopped", [], in_files(state, FORGOTTEN))

    shutil.rmtree(state)
    engine = world.run_engine(configuration, name="restored")
    others.go_on()
    engine.wait_caught_up(kafka, [INPUT])
    checks.equal("a state restored from Kafka has the others only", KEPT, in_files(state, everybody))
    checks.equal("the engine stops again with exit code 0", 0, engine.program.terminate(30)[0])
    for topic, records in harness.read_derived(kafka).items():
        checks.equal(f"no id was ever in {topic}", [], in_records(records, everybody))
        if topic in ("interactions", "transitions"):
            checks.that(f"the key of {topic} is the pseudonym", records and all(
                record.key.decode() == json.loads(record.value)["customer"] and len(record.key) == 64 for record in records))
    checks.that("neither the key nor an id is in the log", not any(
        text in program.text() for program in world.programs for text in (KEY, *everybody)))


if __name__ == "__main__":
    harness.main(scenario, seconds=1_200)
