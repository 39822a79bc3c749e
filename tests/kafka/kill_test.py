#!/usr/bin/env python3
"""The engine is killed (SIGKILL) again and again in the middle of its work, while events keep coming. A reader of
committed records must see what an undisturbed run gives: each row, and each once.

TOUCHSTONE_KILLS says how often (3), TOUCHSTONE_SEED at which moments; the seed is printed. Before the second restart the
local state is lost too, so that Kafka's copy has to do.
"""

import os
import random
import shutil
import time

import harness
from harness import DATA

MAP = DATA / "service-desk" / "map.yaml"
INPUT = "desk-events"
INPUT_PARTITIONS = 4
WINDOWS = [{"size": "1h", "step": "20m"}, {"size": "24h", "step": "6h"}, {"size": "7d", "step": "24h"}]
# Not the idle time: were a partition silent while this machine is slow, its windows would rightly close without it.
TIME = {"idle": "1h"}
KILLS = int(os.environ.get("TOUCHSTONE_KILLS", "3"))
SEED = int(os.environ.get("TOUCHSTONE_SEED", random.SystemRandom().randrange(1 << 32)))


def configure(world, kafka, name, slices):
    configuration = harness.write_configuration(
        world.directory / f"{name}.yaml", kafka, [INPUT], map=MAP, windows=WINDOWS, time=TIME, group=name,
        topics={"prefix": f"{name}.", "partitions": 3, "replication": 1},
        state={"dir": str(world.directory / f"{name}.state"), "slices": slices})
    harness.apply_topics(configuration)
    return configuration


def written(kafka, isolation="read_committed"):
    return sum(kafka.ends("disturbed.interactions", isolation).values())


def kill_at_work(world, kafka, configuration, feeder, chance, number):
    """Starts the engine, waits until it has written something, a little longer, and kills it."""
    before = written(kafka)
    engine = world.run_engine(configuration, name=f"killed-{number}")
    feeder.allow_share()
    harness.wait_until(f"the engine writes after start {number}",
                       lambda: must_run(engine) and written(kafka) > before, harness.RUN_SECONDS, pause=0.3)
    pause = chance.uniform(0, 3)
    time.sleep(pause)
    must_run(engine)
    engine.program.kill()
    committed, everything = written(kafka), written(kafka, "read_uncommitted")
    print(f"      kill {number}: {pause:.3f} s into its work, {before} -> {committed} offsets of interactions committed, "
          f"{everything - committed} in open transactions", flush=True)
    return committed


def must_run(engine):
    if not engine.program.running():
        raise RuntimeError(f"the engine ended by itself: {engine.program.text()[-2000:]}")
    return True


def disturb(world, checks, kafka, configuration, records, chance):
    """Kills, restarts, and at last lets a run come to its end."""
    feeder = harness.Feeder(kafka, INPUT, records, KILLS + 1)
    try:
        marks = []
        for number in range(1, KILLS + 1):
            if number == 2:
                shutil.rmtree(world.directory / "disturbed.state")
            marks.append(kill_at_work(world, kafka, configuration, feeder, chance, number))
        feeder.allow_share()
        feeder.finish()
    finally:
        feeder.stop()
    checks.equal("after the kills run --to-end exits 0", 0,
                 world.run_engine(configuration, "--to-end", name="disturbed-end").end())
    checks.that("each kill came before the end", all(mark < written(kafka) for mark in marks), marks)


def same_rows(world, checks, expected, actual):
    for topic, records in expected.items():
        if topic == "dead-letters":
            checks.equal("neither run has dead letters", [[], []], [records, actual[topic]])
            continue
        same = checks.same_groups(f"{topic} are those of the undisturbed run, each once", harness.by_key(records),
                                  harness.by_key(actual[topic]))
        if topic == "windows" and not same:
            harness.report_windows(world, harness.values(records), harness.values(actual[topic]))


def scenario(world, checks):
    print(f"      seed {SEED}, {KILLS} kills (TOUCHSTONE_SEED, TOUCHSTONE_KILLS)", flush=True)
    kafka = world.start_kafka()
    kafka.create_topic(INPUT, INPUT_PARTITIONS)
    records = [harness.keyed(line) for line in harness.example_events("service-desk")]
    disturbed = configure(world, kafka, "disturbed", slices=4)
    disturb(world, checks, kafka, disturbed, records, random.Random(SEED))

    undisturbed = configure(world, kafka, "undisturbed", slices=1)
    checks.equal("the undisturbed run exits 0", 0,
                 world.run_engine(undisturbed, "--to-end", name="undisturbed").end())
    expected = harness.read_derived(kafka, "undisturbed.")
    checks.equal("the undisturbed run has every event", len(records), len(expected["interactions"]))
    found = harness.read_derived(kafka, "disturbed.")
    same_rows(world, checks, expected, found)
    hidden = len(kafka.read("disturbed.interactions", "read_uncommitted")) - len(found["interactions"])
    print(f"      {hidden} interactions of killed transactions are in the log, and not seen", flush=True)


if __name__ == "__main__":
    harness.main(scenario, seconds=1_200)
