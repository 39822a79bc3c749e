#!/usr/bin/env python3
"""Memory stays below memory.limit, and nothing is lost by it.

First a backlog, read as fast as it can be, which is more than could ever come in for good, with the smallest limit that is
accepted and a producer's queue so short that it is full most of the time; Kafka stands still for a while in the middle. The
process never has more than the limit, and what comes out is complete. Then customers without end, whose state does not fit: the
engine takes no more input, says so and goes on living in its group. Another engine makes room for it, and so does more memory;
nothing is lost or counted twice.
"""

import collections
import json
import os
import re
import signal
import time

import harness

MAP = harness.DATA / "service-desk" / "map.yaml"
INPUT = "backlog"
BACKLOG = 60_000
CUSTOMERS = 5_000
ENDLESS = "endless"
# What a customer costs is not known here, so there are more of them until it is too much. Their long names are part of it.
SHARE = 5_000
MOST_SHARES = 200
NAME = "x" * 5_000
SHORT_QUEUE = {"queue.buffering.max.messages": "2000"}
PAUSE_SECONDS = 2
# So long the last engine waits for the partitions of those that are gone.
SESSION = {"session.timeout.ms": "10000"}
WINDOWS = [{"size": "1h", "step": "20m"}]
MIB = 1 << 20


def event(number, customer):
    # One event a second of event time, so that windows close all the time.
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_760_000_000 + number // 20))
    text = json.dumps({"type": "ticket_opened", "customer": customer, "id": f"e{number}", "time": at, "channel": "web",
                       "wait_s": number % 60, "attributes": {"text": "y" * 200}})
    return customer.encode(), text.encode()


def least_limit(world, kafka):
    """In MiB, as the refusal of one that is too small names it."""
    file = harness.write_configuration(world.directory / "small.yaml", kafka, [INPUT], map=MAP, memory={"limit": "1MiB"})
    done = harness.touchstone("check", file)
    said = re.search(rb"memory\.limit: .*needs at least (\d+)MiB", done.stderr + done.stdout)
    assert done.returncode != 0 and said, (done.returncode, done.stderr, done.stdout)
    return int(said.group(1))


def configuration_of(world, kafka, name, topic, limit, properties=None):
    return harness.write_configuration(
        world.directory / f"{name}.yaml", kafka, [topic], map=MAP, windows=WINDOWS, group=topic, instance=name,
        properties={**SESSION, **(properties or {})}, time={"idle": "1h"},
        topics={"prefix": f"{topic}.", "partitions": 2, "replication": 1},
        state={"dir": str(world.directory / f"{name}.state"), "slices": 4, "min_free": "64MiB"},
        memory={"limit": f"{limit}MiB"})


def memory_of(engine, field):
    status = open(f"/proc/{engine.program.process.pid}/status", encoding="ascii").read()
    return int(re.search(rf"^{field}:\s+(\d+) kB$", status, re.M).group(1)) * 1024


def stays_below(checks, what, engine, limit):
    highest = memory_of(engine, "VmHWM")
    print(f"      {what}: at most {highest / MIB:.0f} MiB of {limit} MiB", flush=True)
    checks.that(f"{what}: memory stayed below the limit", highest <= limit * MIB, f"{highest} of {limit * MIB}")


def a_backlog_is_read(world, checks, kafka, limit):
    kafka.create_topic(INPUT, 4)
    kafka.produce(INPUT, (event(number, f"customer-{number * 7919 % CUSTOMERS}") for number in range(BACKLOG)))
    configuration = configuration_of(world, kafka, "backlog", INPUT, limit, SHORT_QUEUE)
    harness.apply_topics(configuration)
    begun = time.monotonic()
    engine = world.run_engine(configuration, name="backlog")
    harness.wait_until("it reads", lambda: counted(engine) > 0, 60, pause=0.02)
    checks.that("it was not done before Kafka stood still", stand_still(kafka, engine) < BACKLOG)
    engine.wait_caught_up(kafka, [INPUT], prefix=f"{INPUT}.")
    print(f"      {BACKLOG / (time.monotonic() - begun):.0f} events a second, start and all", flush=True)
    checks.equal("the limit is told", limit * MIB, harness.total(engine.metrics(), "touchstone_memory_limit_bytes"))
    stays_below(checks, "a backlog", engine, limit)
    checks.equal("it stops with exit code 0", 0, engine.program.terminate(30)[0])
    found = collections.Counter(json.loads(each.value)["id"] for each in kafka.read(f"{INPUT}.interactions"))
    checks.equal("every event is there, once", (BACKLOG, BACKLOG), (len(found), sum(found.values())))


def stand_still(kafka, engine):
    """How many events were counted when Kafka went on."""
    os.kill(kafka.pid(), signal.SIGSTOP)
    try:
        time.sleep(PAUSE_SECONDS)
        return counted(engine)
    finally:
        os.kill(kafka.pid(), signal.SIGCONT)


def counted(engine):
    return harness.total(engine.metrics(), "touchstone_interactions_total") or 0


def state_that_does_not_fit(world, checks, kafka, limit):
    kafka.create_topic(ENDLESS, 2)
    configuration = configuration_of(world, kafka, "first", ENDLESS, limit)
    harness.apply_topics(configuration)
    engine = world.run_engine(configuration, name="endless")
    produced = 0

    def paused():
        return harness.total(engine.metrics(), "touchstone_input_paused") == 1

    def stands_still():
        """What is freed while it rests may let it take a little more, several times."""
        before = counted(engine)
        time.sleep(2)
        return paused() and before == counted(engine) < produced

    for _ in range(MOST_SHARES):
        kafka.produce(ENDLESS, (event(number, f"{number}-{NAME}") for number in range(produced, produced + SHARE)))
        produced += SHARE
        harness.wait_until("the share is taken, or it is too much",
                           lambda: paused() or counted(engine) >= produced - SHARE, harness.RUN_SECONDS, state=engine.state)
        if paused() and stands_still():
            break
    status, body = engine.get("/-/ready")
    checks.that("it takes no more input", paused())
    checks.that("it is not ready, and says why", status == 503 and b"memory is nearly full" in body, status, body)
    taken = counted(engine)
    print(f"      {taken:.0f} of {produced} events fit; {memory_of(engine, 'VmRSS') / MIB:.0f} MiB in use", flush=True)
    stays_below(checks, "state that does not fit", engine, limit)

    second = world.run_engine(configuration_of(world, kafka, "second", ENDLESS, limit), name="second")
    harness.wait_until("two engines have counted all", lambda: counted(engine) + counted(second) >= produced,
                       harness.RUN_SECONDS, pause=1, state=engine.state)
    checks.equal("with another engine every event is counted, once", produced, counted(engine) + counted(second))
    stays_below(checks, "one of two engines", second, limit)
    for each in (second, engine):
        code, took = each.program.terminate(30)
        checks.equal(f"it stops with exit code 0 ({took:.1f} s)", 0, code)

    # All of the state comes to one of them, whose share of the memory it does not fit into.
    kafka.produce(ENDLESS, (event(number, f"{number}-{NAME}") for number in range(produced, produced + SHARE)))
    engine = world.run_engine(configuration_of(world, kafka, "first", ENDLESS, 4 * 1024), name="more-room")
    harness.wait_until("all that is new is counted", lambda: counted(engine) >= SHARE, harness.RUN_SECONDS, state=engine.state)
    engine.wait_caught_up(kafka, [ENDLESS], prefix=f"{ENDLESS}.")
    checks.equal("restarted with more memory, it counts what is new, once", SHARE, counted(engine))
    checks.equal("nothing was a duplicate", 0, harness.total(engine.metrics(), "touchstone_duplicates_total"))
    checks.equal("it is ready", 200, engine.get("/-/ready")[0])
    checks.equal("it stops with exit code 0", 0, engine.program.terminate(30)[0])


def scenario(world, checks):
    kafka = world.start_kafka()
    limit = least_limit(world, kafka)
    print(f"      the smallest limit is {limit} MiB", flush=True)
    a_backlog_is_read(world, checks, kafka, limit)
    state_that_does_not_fit(world, checks, kafka, limit)


if __name__ == "__main__":
    harness.main(scenario, seconds=1_000)
