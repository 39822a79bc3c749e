#!/usr/bin/env python3
"""Two input topics, neither keyed by customer, go through the intake: everything comes out once, under its customer,
and names the record it was."""

import collections
import json

import harness
from harness import DATA, compare

MAP = DATA / "online-retail" / "map.yaml"
CLICKS, CALLS = "web-clicks", "calls"
PARTITIONS = {CLICKS: 2, CALLS: 3}
WINDOWS = [{"size": "1h", "step": "20m"}, {"size": "24h", "step": "6h"}, {"size": "7d", "step": "24h"}]
TIME = {"idle": "1h"}
EVENTS = 6_000
GUEST = b"forgetful"

# How the two topics interleave is chance, and with it the order of a customer's events. These follow from each event
# alone; stages, credit and what a survey rates follow from the order.
OF_ONE_EVENT = ("id", "time", "customer", "type", "channel", "touchpoint", "segment", "value", "late")
BY_ORDER = ("satisfaction", "csat", "stars", "ces", "sentiment", "nps", "stages", "credit")


def make_input():
    """({topic: records}, the events as lines in order of time, the wrong records by topic)."""
    lines = harness.example_events("online-retail")[:EVENTS]
    topics = {CLICKS: [], CALLS: []}
    for line in lines:
        event = json.loads(line)
        if event["type"] == "purchase" and int(event["id"]) % 2 == 0:
            topics[CLICKS].append((None, line))
        else:
            topics[CALLS].append((event["id"].encode(), line))
    # Nobody can be told from the first: the intake itself has to refuse it. The others go to their customer's partition.
    wrong = {CLICKS: [(None, b"not json"), (None, b'{"customer":"c1"}')], CALLS: [(b"c2", b"\xff\xfe")]}
    for topic, records in wrong.items():
        for number, record in enumerate(records, 1):
            topics[topic].insert(number * 100, record)
    return topics, lines, wrong


def add_forgotten_customer(topics, lines):
    """A customer whose key is right, in one topic, so that the order is certain: two events with a request between."""
    last = json.loads(lines[-1])["time"]
    events = [json.dumps({"id": f"F{number}", "time": last, "customer": GUEST.decode(), "type": "return",
                          "channel": "orders", "attributes": {"country": "France"}}).encode() for number in (1, 2)]
    topics[CALLS] += [(GUEST, events[0]), (GUEST, None), (GUEST, events[1])]
    lines += [events[0], json.dumps({"forget": GUEST.decode()}).encode(), events[1]]


def live_run(world, checks, kafka, configuration, topics, wrong):
    """Everything is counted by a running engine, which is then stopped."""
    engine = world.run_engine(configuration, name="live")
    events = sum(value is not None for records in topics.values() for _, value in records) - sum(map(len, wrong.values()))
    counted = harness.wait_until("every event is counted", lambda: counts_of(engine, events), harness.RUN_SECONDS, pause=0.5)
    mismatches = sum(key is not None and value is not None and json.loads(value)["customer"].encode() != key
                     for key, value in topics[CALLS] if key != b"c2")
    checks.equal("key_mismatches_total counts the records keyed by something else", mismatches,
                 harness.total(counted, "touchstone_key_mismatches_total"))
    checks.equal("forgotten_customers_total is 1", 1, harness.total(counted, "touchstone_forgotten_customers_total"))
    checks.equal("late_events_total is 0", 0, harness.total(counted, "touchstone_late_events_total"))
    letters = {dict(labels)["reason"]: value for (name, labels), value in counted.items()
               if name == "touchstone_dead_letters_total" and value}
    checks.equal("dead_letters_total counts what both stages refuse",
                 {"malformed": 1, "missing-field": 1, "encoding": 1}, letters)
    lags = {dict(labels)["topic"] for (name, labels) in counted if name == "touchstone_consumer_lag_records"}
    checks.that("the lag of both inputs is told", {CLICKS, CALLS} <= lags, lags)
    checks.equal("it stops with exit code 0", 0, engine.program.terminate(30)[0])


def counts_of(engine, interactions):
    samples = engine.metrics()
    everything = (harness.total(samples, "touchstone_interactions_total") == interactions
                  and harness.total(samples, "touchstone_dead_letters_total") == 3)
    return samples if everything else None


def interactions_are_whole(checks, found, given):
    """Exactly one interaction for each event, from the record it names, at its customer's key."""
    rows = [(record.key, json.loads(record.value)) for record in found["interactions"]]
    by_place = {(topic, record.partition, record.offset): record for topic, records in given.items() for record in records}
    places = collections.Counter((row["source"]["topic"], row["source"]["partition"], row["source"]["offset"])
                                 for _, row in rows)
    checks.equal("no record gives two interactions", [], [place for place, count in places.items() if count > 1][:5])
    expected = {place for place, record in by_place.items() if is_event(record)}
    checks.that(f"each event gives one ({len(expected)})", expected == places.keys(), *list(expected - places.keys())[:3])
    wrong = [row for key, row in rows if not is_row_of(row, key, by_place.get(tuple(row["source"].values())))]
    checks.that("each names its record and stands under its customer", not wrong, *wrong[:3])


def is_event(record):
    try:
        return "type" in json.loads(record.value or b"0")
    except (ValueError, TypeError):
        return False


def is_row_of(row, key, record):
    event = json.loads(record.value) if record else {}
    return key.decode() == row["customer"] and all(row.get(name) == event.get(name) for name in ("id", "customer", "time", "type"))


def journeys_agree(world, checks, found, replayed):
    """What does not hang on the order of the two topics is what `replay` says of the merged lines."""
    checks.same_groups("each customer has the interactions of replay", unordered(replayed["interactions"]),
                       unordered(harness.values(found["interactions"])))
    checks.equal("as many conversions as in replay", len(replayed["conversions"]), len(found["conversions"]))
    guest = [json.loads(each.value) for each in found["interactions"] if each.key == GUEST]
    checks.equal("a forgotten customer begins anew", ["stage_before" in row for row in guest], [False, False])
    # Time-ordered within each source partition, so nothing may be late: every closing must be there.
    ignored = compare.Ignored(measures=BY_ORDER)
    same = harness.report_windows(world, without_stages(replayed["windows"]),
                                  without_stages(harness.values(found["windows"])), ignored)
    checks.that("interactions, customers, conversions and value of every window are those of replay", same)


def unordered(lines):
    groups = harness.by_customer(lines)
    return {customer: sorted(([row.get(name) for name in OF_ONE_EVENT] for row in rows), key=str)
            for customer, rows in groups.items()}


def without_stages(lines):
    return [line for line in lines if compare.key_of(line)[0][1] != b"stage"]


def dead_letters_name_their_record(checks, found, given, wrong):
    expected = sorted((topic.encode(), value) for topic, records in wrong.items() for _, value in records)
    letters = [(dict(letter.headers), letter) for letter in found["dead-letters"]]
    checks.equal("dead letters are those of both stages", expected,
                 sorted((headers["touchstone.topic"], letter.value) for headers, letter in letters))
    by_place = {(topic, record.partition, record.offset): record for topic, records in given.items() for record in records}
    for headers, letter in letters:
        place = (headers["touchstone.topic"].decode(), int(headers["touchstone.partition"]), int(headers["touchstone.offset"]))
        record = by_place.get(place)
        checks.that(f"the dead letter {letter.value!r} names its record, with its key",
                    record is not None and (record.key, record.value) == (letter.key, letter.value), record, letter)


def scenario(world, checks):
    kafka = world.start_kafka()
    topics, lines, wrong = make_input()
    add_forgotten_customer(topics, lines)
    for topic, records in topics.items():
        kafka.create_topic(topic, PARTITIONS[topic])
        kafka.produce(topic, records)
    given = {topic: kafka.read(topic) for topic in topics}
    configuration = harness.write_configuration(
        world.directory / "intake.yaml", kafka, [CLICKS, CALLS], map=MAP, windows=WINDOWS, time=TIME,
        topics={"prefix": "touchstone.", "partitions": 3, "replication": 1})
    harness.apply_topics(configuration)
    checks.equal("the intake's topic is there", 3, kafka.partitions().get("touchstone.internal.events"))

    live_run(world, checks, kafka, configuration, topics, wrong)
    checks.equal("run --to-end exits 0", 0, world.run_engine(configuration, "--to-end", name="to-end").end())
    found = harness.read_derived(kafka)
    interactions_are_whole(checks, found, given)
    journeys_agree(world, checks, found, harness.replay(world, MAP, lines, configuration))
    dead_letters_name_their_record(checks, found, given, wrong)


if __name__ == "__main__":
    harness.main(scenario, seconds=900)
