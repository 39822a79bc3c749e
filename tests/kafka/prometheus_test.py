#!/usr/bin/env python3
"""A real Prometheus scrapes the running engine: what it sees is what the engine wrote. Then the engine is stopped as a
service manager does, started again, and goes on where it was."""

import json
import time
import urllib.parse

import harness
from harness import DATA

MAP = DATA / "online-retail" / "map.yaml"
INPUT = "shop-events"
WINDOWS = [{"size": "1h", "step": "20m"}, {"size": "24h", "step": "6h"}, {"size": "7d", "step": "24h"}]
# Short, so that the last windows close although nothing comes after them.
TIME = {"idle": "2s"}
FIRST, MORE = 4_000, 1_500
STOP_SECONDS = 10
QUIET_SECONDS = 5

# Where each gauge stands in a row of touchstone.windows.
ALWAYS = ("interactions", "customers", "conversions", "value")
GAUGES = {
    **{f"touchstone_window_{name}": (name,) for name in ALWAYS},
    "touchstone_window_satisfaction_responses": ("satisfaction", "responses"),
    "touchstone_window_satisfaction_mean": ("satisfaction", "mean"),
    "touchstone_window_csat_mean": ("csat", "mean"),
    "touchstone_window_nps_score": ("nps", "score"),
    "touchstone_window_ces_mean": ("ces", "mean"),
    "touchstone_window_sentiment_mean": ("sentiment", "mean"),
    **{f"touchstone_window_{name}_{percentile}_seconds": (f"{name}_s", percentile)
       for name in ("wait", "duration") for percentile in ("p50", "p90", "p99")},
}
RESPONSES = "touchstone_window_satisfaction_responses"


class Prometheus:
    """Debian's Prometheus with one target, in a directory of its own."""

    def __init__(self, world, target_port):
        self.port = harness.free_port()
        configuration = world.directory / "prometheus.json"
        configuration.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "scrape_configs": [{"job_name": "touchstone",
                                "static_configs": [{"targets": [f"127.0.0.1:{target_port}"]}]}]}))
        self.program = world.start(
            ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={world.directory / 'prometheus'}",
             f"--web.listen-address=127.0.0.1:{self.port}", "--storage.tsdb.retention.time=1h"], "prometheus")

    def query(self, expression):
        """[(labels, number)] of an instant query; nothing while the server starts."""
        try:
            status, body = harness.http_get(
                f"http://127.0.0.1:{self.port}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
        except OSError:
            return []
        if status != 200:
            return []
        return [(each["metric"], float(each["value"][1])) for each in json.loads(body)["data"]["result"]]


def lag_is_gone(engine):
    lag = [value for (name, _), value in engine.metrics().items() if name == "touchstone_consumer_lag_records"]
    return bool(lag) and not any(lag)


def wait_for(engine, interactions, seconds=harness.RUN_SECONDS):
    """Until so many interactions are counted, nothing lags, and no more rows come."""
    harness.wait_until(f"{interactions} interactions are counted",
                       lambda: harness.total(engine.metrics(), "touchstone_interactions_total") == interactions,
                       seconds, pause=0.5)
    quiet_since, rows = time.monotonic(), None
    while time.monotonic() - quiet_since < QUIET_SECONDS:
        now = harness.total(engine.metrics(), "touchstone_window_rows_total")
        if now != rows:
            quiet_since, rows = time.monotonic(), now
        time.sleep(0.5)


def expected_gauges(rows):
    """{(name, labels): number} by the last row of each window and cell."""
    expected = {}
    for row in rows.values():
        labels = tuple(sorted((name, row[name]) for name in ("window", "scope", "id", "segment")))
        for name, path in GAUGES.items():
            value = row
            for step in path:
                value = value.get(step) if value else None
            if value is None and name == RESPONSES:
                value = 0
            if value is not None:
                expected[name, labels] = float(value)
    return expected


def last_rows(records):
    rows = {}
    for record in records:
        rows[record.key] = json.loads(record.value)
    return rows


def gauges_of(samples):
    return {key: value for key, value in samples.items() if key[0] in GAUGES}


def close_to(one, other):
    return one is not None and other is not None and abs(one - other) <= 1e-9 * max(1, abs(one), abs(other))


def gauges_are_rows(checks, what, expected, actual):
    wrong = [key for key in sorted(expected.keys() | actual.keys()) if not close_to(expected.get(key), actual.get(key))]
    checks.that(f"{what} ({len(expected)})", not wrong, f"{len(wrong)} differ",
                *(f"{key}: row {expected.get(key)}, gauge {actual.get(key)}" for key in wrong[:10]))


def page_is_sound(checks, engine):
    _, page = engine.get("/metrics")
    checked = harness.run(["promtool", "check", "metrics"], data=page, check=False)
    checks.that("promtool has nothing to say", checked.returncode == 0 and not checked.stdout and not checked.stderr,
                checked.returncode, checked.stdout[-1500:], checked.stderr[-1500:])
    for path in ("/-/healthy", "/-/ready"):
        status, body = engine.get(path)
        checks.that(f"{path} is 200", status == 200, status, body)
    checks.equal("an unknown path is 404", 404, engine.get("/nothing")[0])
    samples = harness.parse_metrics(page.decode())
    for name in ("wrong_partition_total", "key_mismatches_total", "late_events_total", "duplicates_total",
                 "metrics_series_left_out_total"):
        checks.equal(f"{name} is 0", 0, harness.total(samples, f"touchstone_{name}"))
    checks.equal("the engine calls itself ready", 1, harness.total(samples, "touchstone_ready"))


def prometheus_sees_it(checks, prometheus, expected):
    up = harness.wait_until("Prometheus has scraped", lambda: [value for _, value in prometheus.query("up")], 60)
    checks.equal("up is 1", [1.0], up)
    seen = harness.wait_until("Prometheus has the gauges", lambda: prometheus.query('{__name__=~"touchstone_window_.*"}'), 60)
    labels = ("window", "scope", "id", "segment")
    found = {(metric["__name__"], tuple(sorted((name, metric[name]) for name in labels))): value
             for metric, value in seen if metric["__name__"] in GAUGES}
    gauges_are_rows(checks, "Prometheus has the last row of every window and cell", expected, found)


def stops_when_asked(checks, engine):
    code, seconds = engine.program.terminate(STOP_SECONDS * 3)
    checks.equal("SIGTERM ends it with exit code 0", 0, code)
    checks.that(f"within {STOP_SECONDS} s", seconds <= STOP_SECONDS, f"{seconds:.1f} s")


def scenario(world, checks):
    kafka = world.start_kafka()
    kafka.create_topic(INPUT, 3)
    records = [harness.keyed(line) for line in harness.example_events("online-retail")[:FIRST + MORE]]
    kafka.produce(INPUT, records[:FIRST])
    configuration = harness.write_configuration(
        world.directory / "live.yaml", kafka, [INPUT], map=MAP, windows=WINDOWS, time=TIME,
        input={"topics": [INPUT], "partitioner": "murmur2"})
    harness.apply_topics(configuration)

    engine = world.run_engine(configuration, name="live")
    prometheus = Prometheus(world, engine.port())
    checks.equal("it is healthy from the start", 200, engine.get("/-/healthy")[0])
    wait_for(engine, FIRST)
    checks.that("the lag goes to 0", eventually(lambda: lag_is_gone(engine), 30), *lags(engine))
    page_is_sound(checks, engine)
    before = harness.read_derived(kafka)
    expected = expected_gauges(last_rows(before["windows"]))
    gauges_are_rows(checks, "the gauges are the last rows", expected, gauges_of(engine.metrics()))
    time.sleep(2.5)  # two scrapes
    prometheus_sees_it(checks, prometheus, expected)
    stops_when_asked(checks, engine)

    again = world.run_engine(configuration, name="live-again")
    harness.wait_until("it is ready again", lambda: again.get("/-/ready")[0] == 200, harness.COMMAND_SECONDS)
    gauges_are_rows(checks, "after a restart the gauges are the same", expected, gauges_of(again.metrics()))
    kafka.produce(INPUT, records[FIRST:])
    wait_for(again, MORE)  # counters begin anew with the process
    stops_when_asked(checks, again)
    goes_on(checks, before, harness.read_derived(kafka), len(records))


def eventually(holds, seconds):
    try:
        return harness.wait_until("", holds, seconds, pause=0.5)
    except harness.TooLong:
        return False


def lags(engine):
    return [f"{dict(labels)}: {value}" for (name, labels), value in engine.metrics().items()
            if name == "touchstone_consumer_lag_records"]


def goes_on(checks, before, after, events):
    """What was there stays, what is new is added once."""
    for topic, records in before.items():
        places = {record[:2]: record for record in after[topic]}
        checks.that(f"{topic}: what was there is still there", all(places.get(each[:2]) == each for each in records))
    checks.equal("every event is in interactions", events, len(after["interactions"]))
    sources = [json.dumps(json.loads(value)["source"], sort_keys=True) for value in harness.values(after["interactions"])]
    checks.equal("and no event twice", len(sources), len(set(sources)))
    closings = [harness.compare.key_of(value) for value in harness.values(after["windows"])]
    checks.equal("and no row twice", len(closings), len(set(closings)))


if __name__ == "__main__":
    harness.main(scenario, programs=["prometheus", "promtool"], seconds=900)
