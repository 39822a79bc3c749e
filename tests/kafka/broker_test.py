#!/usr/bin/env python3
"""Kafka itself has trouble while events keep coming: it stops answering for a while, or is killed and comes back with the
same data. The engine goes on by itself, and what comes out is what an undisturbed run gives.

TOUCHSTONE_SEED chooses the moments; it is printed.
"""

import os
import random
import signal
import time

import harness
from harness import DATA

MAP = DATA / "service-desk" / "map.yaml"
INPUT = "desk-events"
INPUT_PARTITIONS = 4
WINDOWS = [{"size": "1h", "step": "20m"}, {"size": "24h", "step": "6h"}, {"size": "7d", "step": "24h"}]
TIME = {"idle": "1h"}
SEED = int(os.environ.get("TOUCHSTONE_SEED", random.SystemRandom().randrange(1 << 32)))
# So long the last run waits for the partitions of those that are gone.
PROPERTIES = {"session.timeout.ms": "10000"}
TROUBLES = ("pause", "kill", "pause", "kill", "pause")
PAUSE_SECONDS = (4, 8)
# The time-out of transactions is a minute, and a killed broker takes a while.
RECOVERY_SECONDS = 240


def make_trouble(kafka, kind, chance):
    time.sleep(chance.uniform(1, 3))
    if kind == "kill":
        kafka.kill()
        time.sleep(chance.uniform(0, 2))
        kafka.start()
        return
    pid = kafka.pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(chance.uniform(*PAUSE_SECONDS))
    finally:
        os.kill(pid, signal.SIGCONT)


def scenario(world, checks):
    print(f"      seed {SEED} (TOUCHSTONE_SEED)", flush=True)
    chance = random.Random(SEED)
    kafka = world.start_kafka()
    kafka.create_topic(INPUT, INPUT_PARTITIONS)
    lines = harness.example_events("service-desk")
    configuration = harness.write_configuration(
        world.directory / "troubled.yaml", kafka, [INPUT], properties=PROPERTIES, map=MAP, windows=WINDOWS, time=TIME,
        topics={"prefix": "touchstone.", "partitions": 3, "replication": 1},
        state={"dir": str(world.directory / "state"), "slices": 3}, workers={"journey": 2, "windows": 2})
    harness.apply_topics(configuration)
    engine = world.run_engine(configuration, name="troubled")
    feeder = harness.Feeder(kafka, INPUT, list(map(harness.keyed, lines)), len(TROUBLES))
    try:
        for kind in TROUBLES:
            feeder.allow_share()
            make_trouble(kafka, kind, chance)
            begun = time.monotonic()
            feeder.wait_share()
            engine.wait_caught_up(kafka, [INPUT], seconds=RECOVERY_SECONDS)
            print(f"      {kind}: caught up after {time.monotonic() - begun:.1f} s", flush=True)
        feeder.finish()
    finally:
        feeder.stop()
    counted = harness.total(engine.metrics(), "touchstone_interactions_total")
    print(f"      {counted:.0f} of {len(lines)} interactions counted", flush=True)
    checks.equal("the engine is still there, and stops with exit code 0", 0, engine.program.terminate(30)[0])
    checks.equal("run --to-end exits 0", 0, world.run_engine(configuration, "--to-end", name="to-end").end())
    harness.same_as_replay(world, checks, harness.read_derived(kafka), harness.replay(world, MAP, lines, configuration))


if __name__ == "__main__":
    harness.main(scenario, seconds=1_500)
