#!/usr/bin/env python3
"""Every instance answers about all rows, whichever wrote them: after a kill, with nothing of its own, and with a chronicle that is damaged. And what
it passes on is byte for byte what stands in the topic."""

import json
import shutil
import urllib.parse

import harness
from harness import DATA

MAP = DATA / "service-desk" / "map.yaml"
INPUT = "desk-events"
EVENTS = 4_000
WINDOWS = [{"size": "24h", "step": "6h"}, {"size": "7d", "step": "24h"}]
# The data set is of years ago; a partition may not fall silent, so that windows close by event time alone.
TIME = {"idle": "1h"}


def configuration(world, kafka, name, **changes):
    return harness.write_configuration(world.directory / f"{name}.yaml", kafka, [INPUT], map=MAP, windows=WINDOWS, time=TIME, group="rows",
                                       history="3650d", **changes)


def topic_rows(kafka, topic):
    """The JSON texts of each key, in order."""
    return {key.decode(): [value.decode() for value in values] for key, values in harness.by_key(kafka.read(topic)).items()}


def not_yet_503(answer):
    return answer if answer[0] != 503 else None


def pages(engine, name, **parameters):
    """The values of all pages, as the texts they came as: everything here was written by the engine, so its own form is the same again."""
    values, cursor = [], None
    while True:
        query = urllib.parse.urlencode({**parameters, **({"cursor": cursor} if cursor else {})})
        # Until it is opened there is nothing to be asked.
        status, body = harness.wait_until("an answer", lambda: not_yet_503(engine.get(f"/api/v1/{name}?{query}")), 60)
        assert status == 200, (status, body[:200])
        answer = json.loads(body)
        values += answer[name if name == "alerts" else "rows"]
        cursor = answer.get("cursor")
        if not cursor:
            return values


def told(engine, window, **parameters):
    return [json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in pages(engine, "windows", window=window, limit=500, **parameters)]


def wait_for_all(engine, rows, window):
    expected = sorted(text for key, texts in rows.items() if key.startswith(window + "/") for text in texts)
    harness.wait_until(f"every row of {window} is told", lambda: len(told(engine, window, **{"from": "2001-01-01T00:00:00Z"})) >= len(expected), 120, pause=0.5,
                       state=engine.state)
    return expected


def same_rows(checks, what, engine, rows):
    for window in ("24h", "7d"):
        expected = wait_for_all(engine, rows, window)
        checks.equal(f"{what}: all {len(expected)} rows of {window}", expected, sorted(told(engine, window, **{"from": "2001-01-01T00:00:00Z"})))
        current = sorted(texts[-1] for key, texts in rows.items() if key.startswith(window + "/"))
        checks.equal(f"{what}: the {len(current)} current rows of {window}", current, sorted(told(engine, window)))


def same_alerts(checks, what, engine, kafka):
    """Whatever stands in the topic; a record as the engine's is added for it."""
    alerts = [text for texts in topic_rows(kafka, "touchstone.alerts").values() for text in texts]
    expected = sorted(alerts)
    harness.wait_until("the alerts are told", lambda: len(pages(engine, "alerts", **{"from": "2001-01-01T00:00:00Z"})) >= len(expected), 120, pause=0.5)
    found = sorted(json.dumps(each, separators=(",", ":"), ensure_ascii=False) for each in pages(engine, "alerts", **{"from": "2001-01-01T00:00:00Z"}))
    checks.equal(f"{what}: all {len(expected)} changes of alerts", expected, found)
    checks.that(f"{what}: those that fire", any(each["alert"] == "made-up" for each in pages(engine, "alerts")))


def cells_of(engine):
    """How many windows and cells the process counts itself."""
    return engine.get("/metrics")[1].count(b"touchstone_window_interactions{")


def same_map(checks, what, engine, alone):
    """Of a window that has no lapses, which are known by partition only."""
    status, body = harness.wait_until("an answer", lambda: not_yet_503(engine.get("/api/v1/map?window=24h")), 60)
    checks.equal(f"{what}: the map is answered", 200, status)
    checks.equal(f"{what}: the map as one process alone reads it", alone, json.loads(body)["segments"])


def stops(checks, engine):
    """With 1 where Kafka is too slow for a last commit, which kafka.stop looks at; here it does not matter."""
    checks.that("it stops", engine.program.terminate(30)[0] in (0, 1))


def scenario(world, checks):
    kafka = world.start_kafka()
    kafka.create_topic(INPUT, 4)
    kafka.produce(INPUT, map(harness.keyed, harness.example_events("service-desk")[:EVENTS]))
    first = configuration(world, kafka, "first")
    harness.apply_topics(first)
    engine = world.run_engine(first, name="first")
    engine.wait_caught_up(kafka, [INPUT])
    alert = {"alert": "made-up", "state": "firing", "kind": "satisfaction-drop", "scope": "touchpoint", "id": "desk.solution", "segment": "all", "window": "24h",
             "at": "2016-03-01T00:00:00.000Z", "since": "2016-03-01T00:00:00.000Z"}
    kafka.produce("touchstone.alerts", [(b"satisfaction-drop/touchpoint/desk.solution/all", json.dumps(alert, separators=(",", ":")).encode())])
    rows = topic_rows(kafka, "touchstone.windows")
    checks.that(f"there are rows to tell ({sum(map(len, rows.values()))})", len(rows) > 50)
    same_rows(checks, "the one that wrote them", engine, rows)
    same_alerts(checks, "the one that wrote them", engine, kafka)

    alone = json.loads(engine.get("/api/v1/map?window=24h")[1])["segments"]
    checks.that("the map has something to say", any(segment["touchpoints"] for segment in alone))

    # A second of the same group holds what the first leaves it, or nothing; rows it has all.
    second = configuration(world, kafka, "second")
    other = world.run_engine(second, name="second")
    same_rows(checks, "one that came later", other, rows)
    same_alerts(checks, "one that came later", other, kafka)
    for each in (engine, other):
        harness.wait_until("both are ready", lambda each=each: each.get("/-/ready")[0] == 200, 120)
    checks.that("both count some of the cells", all(0 < cells_of(each) < len(rows) for each in (engine, other)))
    same_map(checks, "the one that shares its partitions", engine, alone)
    same_map(checks, "one that came later", other, alone)
    stops(checks, other)

    engine.program.kill()
    again = world.run_engine(first, name="again")
    same_rows(checks, "after a kill", again, rows)
    stops(checks, again)

    for file in (world.directory / "first.state" / "chronicle").glob("MANIFEST-*"):
        file.write_bytes(b"not a manifest")
    mended = world.run_engine(first, name="mended")
    same_rows(checks, "after damage", mended, rows)
    checks.that("it says so", "read anew" in mended.program.text())
    mended.program.terminate(30)

    shutil.rmtree(world.directory / "first.state" / "chronicle")
    silent = configuration(world, kafka, "first", http={"listen": "127.0.0.1:0", "rows": False})
    off = world.run_engine(silent, name="off")
    off.port()
    checks.equal("switched off, there are no alerts", 404, off.get("/api/v1/alerts")[0])
    checks.that("nor is anything kept", not (world.directory / "first.state" / "chronicle").exists())
    off.program.terminate(30)


if __name__ == "__main__":
    harness.main(scenario, seconds=900)
