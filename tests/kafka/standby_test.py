#!/usr/bin/env python3
"""Two engines of one group that keep copies of each other's state. One is killed for good: the other takes its partitions
over and reads next to nothing of the changelogs, and what comes out is what an undisturbed run gives. One that comes
with an empty disk reads them whole."""

import shutil

import harness
from harness import DATA

MAP = DATA / "service-desk" / "map.yaml"
INPUT = "desk-events"
PARTITIONS = 4
WINDOWS = [{"size": "1h", "step": "20m"}, {"size": "24h", "step": "6h"}]
TIME = {"idle": "1h"}
# So long the survivor waits for the one that was killed.
PROPERTIES = {"session.timeout.ms": "10000"}
CHANGELOGS = ("journey-changelog", "windows-changelog")


def configure(world, kafka, name):
    return harness.write_configuration(
        world.directory / f"{name}.yaml", kafka, [INPUT], map=MAP, windows=WINDOWS, time=TIME, instance=name,
        properties=PROPERTIES, topics={"prefix": "touchstone.", "partitions": PARTITIONS, "replication": 1},
        state={"dir": str(world.directory / f"{name}.state"), "standby": 1})


def own(engine):
    """The partitions that the engine reads, of both stages."""
    return {(dict(labels)["topic"], dict(labels)["partition"]) for name, labels in engine.metrics()
            if name == "touchstone_consumer_lag_records"}


def copies(engine):
    """The partitions that it has a copy of, and what each lacks."""
    return {(dict(labels)["topic"], dict(labels)["partition"]): value for (name, labels), value in
            engine.metrics().items() if name == "touchstone_standby_lag_records"}


def restored(engine):
    return harness.total(engine.metrics(), "touchstone_restored_records_total")


def copied(engine, other):
    """It has whole copies of all that the other has."""
    found = copies(engine)
    return set(found) == own(other) and not any(found.values())


def changelog_records(kafka, partitions):
    """The records that whoever takes these partitions over has to know."""
    count = 0
    for topic, changelog in ((INPUT, CHANGELOGS[0]), ("touchstone.internal.deltas", CHANGELOGS[1])):
        wanted = {int(partition) for name, partition in partitions if name == topic}
        count += sum(record.partition in wanted for record in kafka.read(f"touchstone.internal.{changelog}"))
    return count


def scenario(world, checks):
    kafka = world.start_kafka()
    kafka.create_topic(INPUT, PARTITIONS)
    lines = harness.example_events("service-desk")[:20_000]
    half = len(lines) // 2
    configurations = [configure(world, kafka, name) for name in ("first", "second")]
    harness.apply_topics(configurations[0])
    first, second = (world.run_engine(each, name=each.stem) for each in configurations)
    harness.wait_until("each engine has half of the partitions",
                       lambda: len(own(first)) == len(own(second)) == PARTITIONS and not own(first) & own(second),
                       harness.RUN_SECONDS, pause=0.5)
    kafka.produce(INPUT, map(harness.keyed, lines[:half]))
    for engine in (first, second):
        engine.wait_caught_up(kafka, [INPUT])
    for one, other in ((first, second), (second, first)):
        harness.wait_until("each has copies of what the other runs", lambda: copied(one, other), harness.RUN_SECONDS,
                           pause=0.5, state=one.state)
    checks.equal("the number of copies is told", PARTITIONS,
                 harness.total(second.metrics(), "touchstone_standby_partitions"))

    lost, before = own(first), restored(second)
    first.program.kill()
    harness.wait_until("the other has all partitions", lambda: len(own(second)) == 2 * PARTITIONS, harness.RUN_SECONDS,
                       pause=0.2, state=second.state)
    kafka.produce(INPUT, map(harness.keyed, lines[half:]))
    second.wait_caught_up(kafka, [INPUT])
    read, whole = restored(second) - before, changelog_records(kafka, lost)
    print(f"      taken over with {read:.0f} records read of changelogs that hold {whole}", flush=True)
    checks.that("there was something to restore", whole > 1_000, whole)
    checks.that("it was taken over by reading next to nothing", read < whole / 20, read, whole)
    checks.that("what it runs itself is no copy any more", not copies(second), copies(second))

    shutil.rmtree(world.directory / "first.state")
    first = world.run_engine(configurations[0], name="first-with-an-empty-disk")
    harness.wait_until("it has a share", lambda: len(own(first)) == PARTITIONS, harness.RUN_SECONDS, pause=0.5,
                       state=first.state)
    read, whole = restored(first), changelog_records(kafka, own(first))
    print(f"      restored from an empty disk with {read:.0f} records of {whole}", flush=True)
    checks.that("without a copy everything is read", read > whole / 2, read, whole)
    harness.end_as_replay(world, checks, kafka, (first, second), configurations[1], MAP, lines)


if __name__ == "__main__":
    harness.main(scenario, seconds=900)
