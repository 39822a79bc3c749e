"""Streams for the test of the schemas: made-up ones that lead through every map, wrong records, and the example data."""

import datetime
import gzip
import itertools
import json
import pathlib

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
WRONG_RECORDS = ROOT / "tests" / "data" / "wrong-records.ndjson"


def as_time(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def stream(the_map):
    """Lines that lead through a map: each touchpoint named with every kind of rating, ratings of others, unknown touchpoints and
    channels, negative values, late and repeated events, customers who lapse, come back, or are forgotten."""
    touchpoints = [each["id"] for each in the_map["touchpoints"]]
    segments = [each["id"] for each in the_map["segments"]] + [None]
    kinds = [{"csat": 1}, {"stars": 4.5}, {"nps": 9}, {"ces": 6}, {"sentiment": -0.25}, {"nps": 3, "csat": 5}, {}]
    lapse_after = datetime.timedelta(days=int(the_map["lifecycle"]["lapse_after"].removesuffix("d")))
    moment = datetime.datetime(2026, 3, 1, 9, 0, 0, 7000)
    number = 0

    def event(**fields):
        nonlocal moment, number
        number += 1
        moment += datetime.timedelta(seconds=47)
        made = {"id": f"e{number}", "type": "visit", "customer": f"c{number % 5}", "time": as_time(moment), **fields}
        return {name: value for name, value in made.items() if value is not None}

    for turn, channel in enumerate(("web", "store", "pigeon")):
        for place, touchpoint in enumerate(touchpoints):
            yield event(touchpoint=touchpoint, channel=channel, segment=segments[(turn + place) % len(segments)],
                        feedback=kinds[(turn + place) % len(kinds)], wait_s=place * 1.5 if turn == 0 else None,
                        duration_s=1e9 if place == 3 else 0.0004 if turn == 1 else None, value=(40, -12.5, 0.00005, None)[(turn + place) % 4])
        yield event(type="nobody-knows", channel="pigeon", id=None)
        yield event(type="nobody-knows", feedback={"stars": 2, "about": touchpoints[0]})
        yield {**event(touchpoint=touchpoints[1], customer="c1", id=None), "time": as_time(moment - datetime.timedelta(hours=2))}      # late
        yield event(touchpoint=touchpoints[1], customer="c1", id="e1")                                                                 # once more
        yield {"forget": "c3"}
        moment += lapse_after + datetime.timedelta(days=1) if turn == 1 else datetime.timedelta(hours=3)
    yield event(customer='a "quoted" \\ name,\u0001 سارا \U0001f600', touchpoint=touchpoints[0], value=-1e12)
    yield event(customer="c1", touchpoint=touchpoints[0], value=1e12, time=int(moment.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000))


def drop(the_map):
    """A week of ratings, worse at night than by day, and then a night in which most come from another channel, all wait for longer, and one
    segment is dissatisfied: what an alert about it consists of has parts of every kind."""
    by_channel = {each.get("channel"): each["id"] for each in reversed(the_map["touchpoints"]) if each.get("channel")}
    first, second = list(by_channel.values())[:2]
    segments = [each["id"] for each in the_map["segments"]][:2]
    begin = datetime.datetime(2026, 3, 2)
    for number in range(8 * 24 * 30):
        moment = begin + datetime.timedelta(minutes=2 * number)
        falls = number >= 7 * 24 * 30
        segment = segments[number % 2]
        at_second = number % 10 < (8 if falls else 2)
        good = number * 7 % 20 < (17 if 7 <= moment.hour < 19 else 14) - (10 if falls and segment == segments[1] else 0)
        yield {"id": f"d{number}", "type": "survey", "customer": f"c{number % 50}", "time": as_time(moment), "segment": segment,
               "touchpoint": second if at_second else first, "wait_s": (60 if falls else 10) + number % 3, "feedback": {"csat": (5 if good else 1) - (0.5 if at_second and good else 0)}}


def fewer(the_map):
    """Three weeks in which one of ten visits ends in a conversion, and nine days in which none does: an alert that is then accepted."""
    converting = next(each["id"] for each in the_map["touchpoints"] if each.get("conversion"))
    visited = next(each["id"] for each in the_map["touchpoints"] if not each.get("conversion") and not each.get("feedback"))
    begin = datetime.datetime(2026, 3, 2)
    for number in range(30 * 24 * 20):
        converts = number % 10 == 0 and number < 21 * 24 * 20
        yield {"id": f"f{number}", "type": "visit", "customer": f"c{number % 50}", "time": as_time(begin + datetime.timedelta(minutes=3 * number)),
               "touchpoint": converting if converts else visited}


def wrong_lines():
    """The wrong records of the decoder's test, those that a line of a file can be."""
    for line in WRONG_RECORDS.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        if "key" in case or "key_hex" in case or "timestamp" in case:
            continue
        if "record" in case:
            record = case["record"].encode()
        elif "record_hex" in case:
            record = bytes.fromhex(case["record_hex"])
        elif "parts" in case:
            record = b"".join(text.encode() * count for text, count in case["parts"])
        else:
            record = b"".join(bytes.fromhex(text) * count for text, count in case["parts_hex"])
        if b"\n" not in record:
            yield record


def pseudonymising(scratch):
    """A configuration with which derived records hold pseudonyms."""
    (scratch / "key").write_text("a key of the test's, of no use\n", encoding="utf-8")
    configuration = scratch / "pseudonyms.yaml"
    configuration.write_text("privacy: {pseudonymise: true, key: {file: key}, key_id: 2026-a}\n", encoding="utf-8")
    return configuration


def inputs(scratch, events_max, lines_max, made_up_lines_max):
    """Every stream: (name, map, file, windows, how many lines of a topic are validated, configuration or None)."""
    for the_map in sorted((ROOT / "deploy" / "maps").glob("*.yaml")):
        events = scratch / f"{the_map.stem}.ndjson"
        lines = [json.dumps(each, ensure_ascii=False).encode() for each in stream(yaml.safe_load(the_map.read_text(encoding="utf-8")))]
        events.write_bytes(b"\n".join(lines) + b"\n")
        yield f"map {the_map.stem}", the_map, events, "1h,7d", made_up_lines_max, None
        if the_map.stem == "retail":
            for name, made in (("a drop", drop), ("fewer conversions", fewer)):
                falling = scratch / f"{name}.ndjson"
                falling.write_bytes(b"".join(json.dumps(each).encode() + b"\n" for each in made(yaml.safe_load(the_map.read_text(encoding="utf-8")))))
                yield name, the_map, falling, "1h,7d", made_up_lines_max, None
            yield "pseudonyms", the_map, events, "7d", made_up_lines_max, pseudonymising(scratch)
    events = scratch / "wrong.ndjson"
    events.write_bytes(b"\n".join(wrong_lines()) + b"\n")
    yield "wrong records", the_map, events, "7d", made_up_lines_max, None
    for folder in sorted(path.parent for path in (ROOT / "deploy" / "data").glob("*/map.yaml")):
        events = folder / "events.ndjson.gz"
        if events_max:
            with gzip.open(events) as file:
                events = scratch / f"{folder.name}.ndjson"
                events.write_bytes(b"".join(itertools.islice(file, events_max)))
        yield folder.name, folder / "map.yaml", events, "24h,7d", lines_max, None
