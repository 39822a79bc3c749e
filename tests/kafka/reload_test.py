#!/usr/bin/env python3
"""A map that changes under an engine at work, on a real Kafka: by a request, by a signal, and while the engine was dead. A
wrong map changes nothing."""

import json
import os
import signal
import urllib.error
import urllib.request

import harness

INPUT = "visits"
MAP = """version: 1
name: a shop
touchpoints:
  - {id: FIRST, match: {type: page_view}}
  - {id: rest}
"""
WINDOWS = [{"size": "1m", "step": "5s"}]
WAIT_SECONDS = 120


def event(number):
    return (b"someone-%d" % (number % 5), json.dumps(
        {"type": "page_view", "id": str(number), "time": "2026-01-01T00:00:%02dZ" % (number % 60)}).encode())


def write_map(path, first):
    path.write_text(MAP.replace("FIRST", first))


def post_reload(engine):
    request = urllib.request.Request(f"http://127.0.0.1:{engine.port()}/-/reload", method="POST", data=b"")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def scenario(world, checks):
    kafka = world.start_kafka()
    kafka.create_topic(INPUT, 2)
    map_file = world.directory / "map.yaml"
    write_map(map_file, "one")
    configuration = harness.write_configuration(
        world.directory / "reload.yaml", kafka, [INPUT], windows=WINDOWS, map=map_file,
        http={"listen": "127.0.0.1:0", "reload": True}, state={"dir": str(world.directory / "state")})
    harness.apply_topics(configuration)
    engine = world.run_engine(configuration)

    def counted(touchpoint):
        return sum(value for (name, labels), value in engine.metrics().items()
                   if name == "touchstone_interactions_total" and ("touchpoint", touchpoint) in labels)

    def feed(first, count, touchpoint, expected):
        kafka.produce(INPUT, [event(first + each) for each in range(count)])
        harness.wait_until(f"{expected} events are counted as {touchpoint}", lambda: counted(touchpoint) == expected,
                           WAIT_SECONDS, state=engine.program.text)

    feed(0, 50, "one", 50)
    map_file.write_text(MAP.replace("FIRST", "one") + "  - {id: one, matsch: {type: call}}\n")
    status, answer = post_reload(engine)
    checks.equal("a wrong map is refused with 422", 422, status)
    checks.that("with its line", "map.yaml:6:" in answer.get("error", "") and "matsch" in answer["error"], answer)
    checks.equal("and a metric says so", 0, harness.total(engine.metrics(), "touchstone_last_reload_successful"))
    feed(50, 50, "one", 100)

    write_map(map_file, "two")
    checks.equal("another map is taken", (200, {"changed": True}), post_reload(engine))
    checks.equal("the same one once more is no change", (200, {"changed": False}), post_reload(engine))
    feed(100, 50, "two", 50)
    checks.equal("/api/v1/map speaks of the new map", ["two", "rest"],
                 [each["id"] for each in json.loads(engine.get("/api/v1/map")[1])["map"]["touchpoints"]])

    write_map(map_file, "three")
    os.kill(engine.program.process.pid, signal.SIGHUP)
    harness.wait_until("the log says so", lambda: engine.program.text().count("another map is in force") >= 1,
                       WAIT_SECONDS, state=engine.program.text)
    feed(150, 50, "three", 50)

    engine.program.kill()
    write_map(map_file, "four")
    engine = world.run_engine(configuration, name="again")
    feed(200, 50, "four", 50)
    checks.equal("SIGTERM ends it with 0", 0, engine.program.terminate(30)[0])
    found = harness.read_derived(kafka)["interactions"]
    touchpoints = [json.loads(each.value)["touchpoint"] for each in found]
    checks.equal("each event is there once, by the map of its time", {"one": 100, "two": 50, "three": 50, "four": 50},
                 {name: touchpoints.count(name) for name in dict.fromkeys(touchpoints)})


if __name__ == "__main__":
    harness.main(scenario)
