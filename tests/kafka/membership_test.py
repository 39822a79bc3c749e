#!/usr/bin/env python3
"""Two engines of one group, as static members. One that is killed or stopped and comes back within the session time-out
takes its partitions again, and the other notices nothing. One that is paused for longer loses them to the other, finds
that out by itself when it wakes, writes nothing of what it had begun, and takes its share again."""

import os
import signal
import time

import harness
from harness import DATA

MAP = DATA / "service-desk" / "map.yaml"
INPUT = "desk-events"
INPUT_PARTITIONS = 4
WINDOWS = [{"size": "1h", "step": "20m"}, {"size": "24h", "step": "6h"}]
TIME = {"idle": "1h"}
# Long enough for a restart on a busy machine, short enough to wait for its end.
SESSION_SECONDS = 30


def configure(world, kafka, name):
    return harness.write_configuration(
        world.directory / f"{name}.yaml", kafka, [INPUT], map=MAP, windows=WINDOWS, time=TIME, instance=name,
        properties={"session.timeout.ms": str(SESSION_SECONDS * 1000)},
        topics={"prefix": "touchstone.", "partitions": 4, "replication": 1})


def watermarks(engine):
    """The partitions that the engine has, as far as they have been told of anything."""
    return {dict(labels)["partition"] for name, labels in engine.metrics()
            if name == "touchstone_watermark_timestamp_seconds"}


def rebalances(engine):
    return harness.total(engine.metrics(), "touchstone_rebalances_total")


def half_each(first, second):
    shares = watermarks(first), watermarks(second)
    return shares if list(map(len, shares)) == [2, 2] and not shares[0] & shares[1] else None


def scenario(world, checks):
    kafka = world.start_kafka()
    kafka.create_topic(INPUT, INPUT_PARTITIONS)
    lines = harness.example_events("service-desk")
    quarter = len(lines) // 4
    parts = [list(map(harness.keyed, lines[at * quarter:(at + 1) * quarter if at < 3 else None])) for at in range(4)]
    configurations = [configure(world, kafka, name) for name in ("first", "second")]
    harness.apply_topics(configurations[0])
    first, second = (world.run_engine(each, name=each.stem) for each in configurations)
    kafka.produce(INPUT, parts[0])
    shares = harness.wait_until("each engine has half of the partitions", lambda: half_each(first, second),
                                harness.RUN_SECONDS, pause=0.5)
    # The workers of windows are given their partitions by themselves.
    harness.wait_until("both engines are ready", lambda: all(each.get("/-/ready")[0] == 200 for each in (first, second)),
                       harness.RUN_SECONDS, pause=0.5)
    before = rebalances(first)

    for how in ("killed", "stopped"):
        if how == "killed":
            second.program.kill()
        else:
            checks.equal("an engine stops with exit code 0", 0, second.program.terminate(30)[0])
        second = world.run_engine(configurations[1], name=f"second-after-it-was-{how}")
        harness.wait_until("it has its partitions again", lambda engine=second: watermarks(engine) == shares[1],
                           harness.RUN_SECONDS, pause=0.2, state=second.state)
        kafka.produce(INPUT, parts[1 if how == "killed" else 2])
        checks.equal(f"one that was {how} and came back is no rebalance for the other", before, rebalances(first))

    own = rebalances(second)
    os.kill(second.program.process.pid, signal.SIGSTOP)
    try:
        harness.wait_until("the other has all partitions", lambda: len(watermarks(first)) == INPUT_PARTITIONS,
                           harness.RUN_SECONDS, pause=0.5, state=first.state)
        kafka.produce(INPUT, parts[3])
        time.sleep(1)
    finally:
        os.kill(second.program.process.pid, signal.SIGCONT)
    harness.wait_until("the one that slept has a share again", lambda: half_each(first, second), harness.RUN_SECONDS,
                       pause=0.5, state=second.state)
    checks.that("it noticed that it was put out of the group", rebalances(second) > own)
    harness.end_as_replay(world, checks, kafka, (first, second), configurations[0], MAP, lines)


if __name__ == "__main__":
    harness.main(scenario, seconds=900)
