#!/usr/bin/env python3
"""A topic of events goes through `touchstone run --to-end` on a real Kafka. What comes out must be what `replay` says of
the same lines, whoever reads it, and must not come twice."""

import base64
import json

import harness
from harness import DATA, DERIVED, LARGEST_MESSAGE, WRONG_RECORDS, compare

MAP = DATA / "online-retail" / "map.yaml"
INPUT = "customer-events"
WINDOWS = [{"size": "1h", "step": "20m"}, {"size": "24h", "step": "6h"}, {"size": "7d", "step": "24h"}]
PARTITIONS = {"derived": 2, "input": 3}
# How many of each reason; the others need a key or a timestamp, which a line of a file does not have.
WANTED_WRONG = {"too-large": 2, "encoding": 4, "malformed": 5, "missing-field": 3, "bad-value": 4, "bad-time": 4}


def wrong_records():
    """Records that are no events whether or not they have a key and a timestamp, with their reasons."""
    chosen, wanted = [], dict(WANTED_WRONG)
    for line in WRONG_RECORDS.read_text("utf-8").splitlines():
        case = json.loads(line)
        value = bytes_of(case)
        if wanted.get(case["reason"], 0) == 0 or {"key", "key_hex", "timestamp"} & case.keys():
            continue
        if not value or b"\n" in value or (case["reason"] == "missing-field" and b'"time"' not in value):
            continue
        wanted[case["reason"]] -= 1
        chosen.append((value, case["reason"]))
    assert not any(wanted.values()), wanted
    return chosen


def bytes_of(case):
    for name, decode in (("parts", str.encode), ("parts_hex", bytes.fromhex)):
        if name in case:
            return b"".join(decode(text) * count for text, count in case[name])
    return bytes.fromhex(case["record_hex"]) if "record_hex" in case else case["record"].encode()


def make_input():
    """(records for Kafka, the same as lines for `replay`, the wrong ones): events, wrong records among them, and a
    request to forget a customer between two events of theirs."""
    events = harness.example_events("online-retail")
    records = [harness.keyed(line) for line in events]
    lines = list(events)
    wrong = wrong_records()
    step = len(events) // (len(wrong) + 1)
    for number, (value, reason) in reversed(list(enumerate(wrong, 1))):
        # Some have a key, which must come back; it makes nothing right but a missing customer.
        has_key = number % 2 == 0 and reason != "missing-field"
        records.insert(number * step, (b"wrong-%d" % number if has_key else None, value))
        lines.insert(number * step, value)
    customer = frequent_customer(events)
    at = [index for index, (key, _) in enumerate(records) if key == customer][3]
    records.insert(at, (customer, None))
    lines.insert(at, json.dumps({"forget": customer.decode()}).encode())
    return records, lines, wrong


def frequent_customer(events):
    customers = [harness.keyed(line)[0] for line in events]
    return max(sorted(set(customers)), key=customers.count)


def topics_are_made(checks, kafka, configuration):
    """`touchstone topics` says what is missing, makes it, and then has nothing to do."""
    ran = harness.touchstone("run", "--config", configuration, "--to-end")
    checks.that("run refuses to start without its topics, and says how they are made",
                ran.returncode == 1 and b"topics --config" in ran.stderr, ran.returncode, ran.stderr)
    shown = harness.touchstone("topics", "--config", configuration)
    checks.equal("topics exits 1 while some are missing", 1, shown.returncode)
    wanted = [f"touchstone.{topic}" for topic in DERIVED]
    wanted += [f"touchstone.internal.{name}" for name in ("deltas", "journey-changelog", "windows-changelog")]
    said = shown.stdout.decode().splitlines()
    checks.equal("and names each of them", sorted(f"{topic}: does not exist" for topic in wanted), sorted(said))
    applied = harness.touchstone("topics", "--config", configuration, "--apply")
    checks.that("--apply exits 0", applied.returncode == 0, applied.stdout, applied.stderr)
    checks.equal("and creates each of them", len(wanted), applied.stdout.count(b"created "))
    found = kafka.partitions()
    expected = {topic: PARTITIONS["derived"] for topic in wanted}
    expected["touchstone.internal.journey-changelog"] = PARTITIONS["input"]
    checks.equal("with the partitions they should have", expected, {topic: found.get(topic) for topic in wanted})
    again = harness.touchstone("topics", "--config", configuration, "--apply")
    checks.that("a second --apply has nothing to do",
                again.returncode == 0 and b"created" not in again.stdout and b"as they should be" in again.stdout,
                again.returncode, again.stdout, again.stderr)


def readers_agree(checks, kafka, found):
    """Kafka's own consumer sees what kcat sees, record by record."""
    for topic, records in found.items():
        seen = kafka.read_with_java(f"touchstone.{topic}", len(records))
        if topic == "dead-letters":
            # Without a deserializer the tool prints bytes as they are, but a header's separator may be in its value.
            records, seen = [[each._replace(headers=()) for each in side] for side in (records, seen)]
        checks.that(f"ConsoleConsumer reads the same {topic} ({len(records)})", seen == records,
                    *first_difference(records, seen))


def first_difference(expected, actual):
    for one, other in zip(expected, actual):
        if one != other:
            return [f"kcat             {harness.shown(one)}", f"ConsoleConsumer  {harness.shown(other)}"]
    return [f"kcat {len(expected)} records, ConsoleConsumer {len(actual)}"]


def sources_are_true(checks, found, given):
    """`source` names the record that an interaction came from."""
    by_place = {(record.partition, record.offset): record for record in given}
    rows = [json.loads(value) for value in harness.values(found["interactions"])]
    places = [(row["source"]["partition"], row["source"]["offset"]) for row in rows]
    checks.equal("no two interactions have one source", len(places), len(set(places)))
    wrong = [row for row, place in zip(rows, places)
             if row["source"]["topic"] != INPUT or place not in by_place or not is_from(row, by_place[place])]
    checks.that("every source is the record with that event", not wrong, *wrong[:3])


def is_from(row, record):
    event = json.loads(record.value)
    return all(row[name] == event[name] for name in ("id", "customer", "time", "type"))


def dead_letters_are_whole(checks, found, replayed, given, wrong):
    letters = found["dead-letters"]
    checks.equal("dead letters have the bytes and the reasons that they should",
                 sorted((value, reason.encode()) for value, reason in wrong),
                 sorted((letter.value, dict(letter.headers).get("touchstone.reason")) for letter in letters))
    checks.equal("and the reasons and details of replay", sorted(map(replayed_letter, replayed["dead-letters"])),
                 sorted((letter.value, dict(letter.headers)["touchstone.reason"].decode(),
                         dict(letter.headers)["touchstone.detail"].decode()) for letter in letters))
    names = [f"touchstone.{name}" for name in ("reason", "detail", "topic", "partition", "offset")]
    checks.that("each has the five headers", all([name for name, _ in letter.headers] == names for letter in letters),
                *(letter.headers for letter in letters[:3]))
    by_place = {(record.partition, record.offset): record for record in given}
    wrong_place = [letter for letter in letters if not is_letter_of(letter, by_place)]
    checks.that("they name the record that they are, with its key", not wrong_place, *map(harness.shown, wrong_place[:3]))


def replayed_letter(line):
    letter = compare.parse(line)
    value = base64.b64decode(letter["value_base64"]) if "value_base64" in letter else letter["value"].encode()
    return value, letter["reason"], letter["detail"]


def is_letter_of(letter, by_place):
    headers = dict(letter.headers)
    record = by_place.get((int(headers["touchstone.partition"]), int(headers["touchstone.offset"])))
    return (headers["touchstone.topic"] == INPUT.encode() and record is not None
            and (record.key, record.value) == (letter.key, letter.value))


def added(before, after):
    known = {record[:2] for record in before}
    new = [record for record in after if record[:2] not in known]
    return [f"{len(before)} before, {len(after)} after", *map(harness.shown, new[:3])]


def scenario(world, checks):
    kafka = world.start_kafka()
    kafka.create_topic(INPUT, PARTITIONS["input"])
    records, lines, wrong = make_input()
    kafka.produce(INPUT, records)
    given = kafka.read(INPUT)
    checks.equal("the input is in Kafka", len(records), len(given))
    configuration = harness.write_configuration(
        world.directory / "one.yaml", kafka, [INPUT], map=MAP, windows=WINDOWS,
        topics={"prefix": "touchstone.", "partitions": PARTITIONS["derived"], "replication": 1})

    topics_are_made(checks, kafka, configuration)
    checks.equal("run --to-end exits 0", 0, world.run_engine(configuration, "--to-end").end())
    found = harness.read_derived(kafka)
    replayed = harness.replay(world, MAP, lines, configuration)
    harness.same_as_replay(world, checks, found, replayed)
    sources_are_true(checks, found, given)
    dead_letters_are_whole(checks, found, replayed, given, wrong)

    checks.equal("a second run --to-end exits 0", 0, world.run_engine(configuration, "--to-end", name="again").end())
    for topic, after in harness.read_derived(kafka).items():
        checks.that(f"and adds nothing to {topic}", after == found[topic], *added(found[topic], after))
    readers_agree(checks, kafka, found)


assert LARGEST_MESSAGE > 1 << 20  # or nothing would be too large for the engine alone

if __name__ == "__main__":
    harness.main(scenario, seconds=1_200)
