#!/usr/bin/env python3
"""The engine is told to stop in the middle of a backlog: it ends soon, with exit code 0, and loses nothing. Once it is
told twice, once Kafka does not answer meanwhile. Then topics are deleted under it, and it says which.

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
# The promise is ten seconds; the rest is for a machine that is busy with other things.
LONGEST_STOP = 15
STOPS = ("once", "twice", "once", "without Kafka")


def configure(world, kafka, name, slices):
    configuration = harness.write_configuration(
        world.directory / f"{name}.yaml", kafka, [INPUT], map=MAP, windows=WINDOWS, time=TIME, group=name,
        topics={"prefix": f"{name}.", "partitions": 3, "replication": 1},
        state={"dir": str(world.directory / f"{name}.state"), "slices": slices})
    harness.apply_topics(configuration)
    return configuration


def written(kafka, name):
    return sum(kafka.ends(f"{name}.interactions", "read_uncommitted").values())


def must_run(engine):
    if not engine.program.running():
        raise RuntimeError(f"the engine ended by itself: {engine.program.text()[-2000:]}")
    return True


def stop_at_work(world, checks, kafka, configuration, feeder, chance, kind):
    before = written(kafka, "stopped")
    engine = world.run_engine(configuration, name=f"stopped-{kind.replace(' ', '-')}")
    feeder.allow_share()
    harness.wait_until("the engine writes", lambda: must_run(engine) and written(kafka, "stopped") > before,
                       harness.RUN_SECONDS, pause=0.2)
    time.sleep(chance.uniform(0, 1))
    must_run(engine)
    if kind == "without Kafka":
        os.kill(kafka.pid(), signal.SIGSTOP)
    try:
        if kind == "twice":
            engine.program.process.terminate()
            time.sleep(chance.uniform(0, 0.3))
        code, took = engine.program.terminate(60)
    finally:
        if kind == "without Kafka":
            os.kill(kafka.pid(), signal.SIGCONT)
    print(f"      told {kind}: exit code {code} after {took:.1f} s", flush=True)
    # What cannot be waited for is left with 1; all is well all the same.
    checks.that(f"told {kind}, it ends as it should", code in ((0,) if kind == "once" else (0, 1)), code)
    checks.that(f"told {kind}, it ends soon", took < LONGEST_STOP, took)


def same_results(checks, expected, found):
    for topic, records in expected.items():
        checks.same_groups(f"{topic} are those of the undisturbed run, each once", harness.by_key(records),
                           harness.by_key(found[topic]))


def delete(kafka, topic):
    kafka.tool("org.apache.kafka.tools.TopicCommand", "--delete", "--topic", topic)


def ends_when_deleted(world, checks, kafka, records, configuration, topic, says):
    """A topic is deleted under an engine at work; it must end by itself, and name it."""
    name = configuration.stem
    engine = world.run_engine(configuration, name=f"deleted-{name}")
    harness.wait_until("the engine writes", lambda: must_run(engine) and written(kafka, name) > 0, harness.RUN_SECONDS)
    delete(kafka, topic)
    if topic != INPUT:
        kafka.produce(INPUT, records[:1_000])
    checks.equal(f"without {topic} the engine ends with exit code 1", 1, engine.end())
    checks.that(f"it says what is wrong: {says}", says in engine.program.text(), engine.program.text()[-1500:])


def scenario(world, checks):
    print(f"      seed {SEED} (TOUCHSTONE_SEED)", flush=True)
    chance = random.Random(SEED)
    kafka = world.start_kafka()
    kafka.create_topic(INPUT, INPUT_PARTITIONS)
    records = [harness.keyed(line) for line in harness.example_events("service-desk")]
    # All of them before the topics are deleted, while Kafka is well.
    stopped = configure(world, kafka, "stopped", slices=4)
    undisturbed, for_output, for_input = (configure(world, kafka, name, slices=1)
                                          for name in ("undisturbed", "output", "input"))
    feeder = harness.Feeder(kafka, INPUT, records, len(STOPS))
    # Faster than the engine's commits, so that there is always something at hand.
    feeder.PAUSE = 0.01
    try:
        for kind in STOPS:
            stop_at_work(world, checks, kafka, stopped, feeder, chance, kind)
        feeder.finish()
    finally:
        feeder.stop()
    checks.equal("run --to-end exits 0", 0, world.run_engine(stopped, "--to-end", name="stopped-end").end())

    checks.equal("the undisturbed run exits 0", 0, world.run_engine(undisturbed, "--to-end", name="undisturbed").end())
    expected = harness.read_derived(kafka, "undisturbed.")
    checks.equal("the undisturbed run has every event", len(records), len(expected["interactions"]))
    same_results(checks, expected, harness.read_derived(kafka, "stopped."))

    ends_when_deleted(world, checks, kafka, records, for_output, "output.interactions",
                      "the topic output.interactions is gone")
    ends_when_deleted(world, checks, kafka, records, for_input, INPUT, f"there is no topic {INPUT}")


if __name__ == "__main__":
    harness.main(scenario, seconds=1_200)
