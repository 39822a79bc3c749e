#!/usr/bin/env python3
"""Two workers for each stage share the partitions: what comes out is what one gives. Each worker is a member of the group
of its own, so this is also how two engines share the work."""

import json
from datetime import datetime, timedelta

import harness
from harness import DATA

MAP = DATA / "service-desk" / "map.yaml"
INPUT = "desk-events"
INPUT_PARTITIONS = 4
LIVE = 1_000
WINDOWS = [{"size": "1h", "step": "20m"}, {"size": "24h", "step": "6h"}, {"size": "7d", "step": "24h"}]
LONG_AFTER = timedelta(days=30)  # the map lets customers lapse after 14
# A partition may not fall silent while the workers find their shares.
TIME = {"idle": "1h"}
WORKERS = 2
# So long the last run waits for the partitions of those that are gone.
PROPERTIES = {"session.timeout.ms": "10000"}


def make_lines():
    """The last event stands alone, long after the others: only the task that reads it knows of itself where the input
    ends, but the customers of all partitions lapse by then."""
    lines = harness.example_events("service-desk")
    last = json.loads(lines[-1])
    last["id"], last["customer"] = "last", "latecomer"
    last["time"] = f"{datetime.fromisoformat(last['time']) + LONG_AFTER:%Y-%m-%dT%H:%M:%S.000Z}"
    return [*lines, json.dumps(last).encode()]


def share_the_work(world, checks, kafka, configuration, lines):
    """All events through two workers a stage, most of them when both have their shares."""
    engine = world.run_engine(configuration, name="live")
    for group in ("shared", "shared.windows"):
        shares = harness.wait_until(f"both workers of {group} have a share", lambda: shares_of(kafka, group),
                                    harness.RUN_SECONDS, pause=1, state=engine.state)
        print(f"      {group}: {shares}", flush=True)
    kafka.produce(INPUT, map(harness.keyed, lines))
    engine.wait_caught_up(kafka, [INPUT])
    checks.equal("two workers a stage stop with exit code 0", 0, engine.program.terminate(30)[0])


def shares_of(kafka, group):
    """The number of partitions of each member, if all members are there and each has some."""
    said = kafka.tool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--describe", "--members",
                      "--group", group, check=False).stdout.decode()
    rows = [line.split() for line in said.splitlines() if line.startswith(group + " ")]
    shares = {row[1]: int(row[-1]) for row in rows}
    return shares if len(shares) == WORKERS and all(shares.values()) else None


def scenario(world, checks):
    kafka = world.start_kafka()
    kafka.create_topic(INPUT, INPUT_PARTITIONS)
    lines = make_lines()
    kafka.produce(INPUT, map(harness.keyed, lines[:LIVE]))
    configuration = harness.write_configuration(
        world.directory / "shared.yaml", kafka, [INPUT], properties=PROPERTIES, map=MAP, windows=WINDOWS, time=TIME, group="shared",
        topics={"prefix": "touchstone.", "partitions": 3, "replication": 1},
        state={"dir": str(world.directory / "state"), "slices": 3}, workers={"journey": WORKERS, "windows": WORKERS})
    harness.apply_topics(configuration)
    share_the_work(world, checks, kafka, configuration, lines[LIVE:])
    checks.equal("run --to-end goes on from there, and exits 0", 0,
                 world.run_engine(configuration, "--to-end", name="to-end").end())
    harness.same_as_replay(world, checks, harness.read_derived(kafka), harness.replay(world, MAP, lines, configuration))


if __name__ == "__main__":
    harness.main(scenario, seconds=1_200)
