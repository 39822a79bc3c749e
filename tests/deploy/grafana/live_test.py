#!/usr/bin/env python3
"""The dashboards and the alert path on a running engine: `touchstone demo`, Debian's Prometheus and Alertmanager.

Every expression of every panel is asked of a Prometheus that scrapes the demo with the shipped rules, and none is empty; only those
that end in `or vector(0)` may be so by themselves. An alert that an engine tells of comes to the webhook of the shipped Alertmanager
configuration, once, and again when it is over. With TOUCHSTONE_ALL=1 the demo's own drop, which begins a minute after its start, has to
come there too, found by the engine's own detector; how long that took from its first bad rating is printed.
"""

import http.server
import datetime
import json
import os
import pathlib
import re
import sys
import threading
import time
import urllib.parse

import yaml

import dashboards

ROOT = dashboards.ROOT
sys.path.insert(0, str(ROOT / "tests" / "kafka"))
import harness  # noqa: E402  (found through the line above)

# Expressions that say 0 where there is nothing, each with what may be missing.
MAY_BE_NOTHING = {"touchstone_alert_active", 'to="lapsed"'}
WAIT_SECONDS = 120
# What becomes worse in the demo (app/shopping.h), and when (app/demo_subject.cc).
DROPPED = "delivery.parcel"
DROP_AFTER_SECONDS = 60
DROP_SECONDS = 400
ALERT = {"kind": "satisfaction-drop", "scope": "touchpoint", "id": "till", "segment": "all"}


class Page:
    """A page of metrics that says whatever the test wants said: an engine whose detector has found something."""

    def __init__(self, world):
        page = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = page.text.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.text = ""
        self.port = serve(world, Handler)

    def say(self, value):
        labels = ",".join(f'{name}="{each}"' for name, each in ALERT.items())
        self.text = f"# TYPE touchstone_alert_active gauge\ntouchstone_alert_active{{{labels}}} {value}\n"


class Webhook:
    """What Alertmanager sends."""

    def __init__(self, world):
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                hook.messages.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.messages = []
        self.port = serve(world, Handler)

    def states(self, path):
        return [(alert["status"], alert["labels"]["alertname"], alert["labels"]["id"])
                for there, message in list(self.messages) if there == path for alert in message["alerts"]]

    def states_of_alert(self):
        """Of the one that this test makes up; the demo may have alerts of its own."""
        return [state for state in self.states("/experience") if state[2] == ALERT["id"]]


def serve(world, handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    world.at_end(server.shutdown)
    return server.server_address[1]


def start_demo(world):
    program = world.start([harness.TOUCHSTONE, "demo"], "demo")
    said = harness.wait_until("the demo says where its metrics are", lambda: re.search(r"http://127\.0\.0\.1:(\d+)/metrics", program.text()), WAIT_SECONDS,
                              state=program.text)
    return program, int(said.group(1))


def start_alertmanager(world, webhook):
    text = (ROOT / "deploy/prometheus/alertmanager.yml").read_text(encoding="utf-8")
    configuration = yaml.safe_load(text.replace("http://webhook:9099/", f"http://127.0.0.1:{webhook.port}/"))
    configuration["route"].update(group_wait="1s", group_interval="1s")
    file = world.directory / "alertmanager.yml"
    file.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    port = harness.free_port()
    world.start(["prometheus-alertmanager", f"--config.file={file}", f"--storage.path={world.directory / 'alertmanager'}",
                 f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="], "alertmanager")
    return port


def start_prometheus(world, targets, alertmanager):
    """The shipped configuration with its rules, other addresses, and a quicker step."""
    folder = ROOT / "deploy" / "prometheus"
    configuration = yaml.safe_load((folder / "prometheus.yml").read_text(encoding="utf-8"))
    configuration["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    rules = []
    for name in configuration["rule_files"]:
        made = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
        for group in made["groups"]:
            group["interval"] = "1s"
        rules.append(world.directory / name)
        rules[-1].write_text(yaml.safe_dump(made), encoding="utf-8")
    configuration["rule_files"] = [str(each) for each in rules]
    configuration["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{alertmanager}"]
    configuration["scrape_configs"] = [each | {"static_configs": [{"targets": [f"127.0.0.1:{port}" for port in targets]}]}
                                       for each in configuration["scrape_configs"] if each["job_name"] == "touchstone"]
    file = world.directory / "prometheus.yml"
    file.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    port = harness.free_port()
    world.start(["prometheus", f"--config.file={file}", f"--storage.tsdb.path={world.directory / 'prometheus'}",
                 f"--web.listen-address=127.0.0.1:{port}"], "prometheus")
    return port


def query(port, expression):
    """The series of an instant query; none while the server starts."""
    try:
        status, body = harness.http_get(f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
    except OSError:
        return []
    if status != 200:
        raise RuntimeError(f"{expression}: {body}")
    return json.loads(body)["data"]["result"]


def empty_panels(prometheus):
    """Expressions without a series for any value of $touchpoint."""
    touchpoints = sorted(each["metric"]["id"] for each in query(prometheus, 'max by (id) (touchstone_window_interactions{scope="touchpoint"})'))
    values = {"job": ".+", "counted": ".+", "window": "5m", "segment": "all", "__rate_interval": "30s", "__range": "30s"}
    empty = []
    for where, expression in dashboards.expressions():
        one_for_each = touchpoints if "touchpoint" in dashboards.variables_in(expression) else [""]
        if not any(query(prometheus, dashboards.filled(expression, values | {"touchpoint": each})) for each in one_for_each):
            empty.append(f"{where}: {expression}")
    return empty


def panels_have_data(checks, prometheus):
    allowed = [where for where, expression in dashboards.expressions()
               if "or vector(0)" in expression and not any(each in expression for each in MAY_BE_NOTHING)]
    checks.equal("only alerts and lapses are 0 where there is nothing", [], allowed)
    harness.wait_until("Prometheus has windows and rates", lambda: not empty_panels(prometheus), WAIT_SECONDS, pause=2,
                       state=lambda: "\n".join(empty_panels(prometheus)))
    checks.that(f"each of {len(list(dashboards.expressions()))} expressions has data", True)


def alert_arrives(checks, page, webhook, engine):
    page.say(1)
    fired = harness.wait_until("the webhook hears of the alert", webhook.states_of_alert, WAIT_SECONDS)
    checks.equal("it is the alert that the engine told of", ("firing", "TouchstoneSatisfactionDrop", "till"), fired[0])
    notes = [alert["annotations"] for _, message in webhook.messages for alert in message["alerts"] if alert["labels"].get("id") == ALERT["id"]]
    checks.that("with its runbook", notes[0]["runbook"].endswith("#touchstonesatisfactiondrop"), notes)
    page.say(0)
    harness.wait_until("the webhook hears of its end", lambda: "resolved" in [state for state, *_ in webhook.states_of_alert()], WAIT_SECONDS)
    checks.that("the running engine raised no alert about itself", not [each for each in webhook.states("/engine")], webhook.messages)
    checks.that("and is still running", engine.running())


def first_bad_rating(engine, since):
    """The event time, in seconds since 1970, of the first that rates the touchpoint badly after the drop began."""
    broker = re.search(r"^Kafka +(\d[\d.]*:\d+)", engine.text(), re.MULTILINE).group(1)
    lines = harness.run(["kcat", "-q", "-C", "-b", broker, "-t", "touchstone.interactions", "-o", "beginning", "-e"]).stdout.splitlines()
    times = [datetime.datetime.fromisoformat(each["time"]).timestamp() for each in map(json.loads, lines)
             if each.get("rates") == DROPPED and each["satisfaction"] < 0.5]
    return min(each for each in times if each >= since)


def own_drop_arrives(checks, webhook, engine, began):
    wanted = ("firing", "TouchstoneSatisfactionDrop", DROPPED)
    harness.wait_until("the webhook hears of the demo's own drop", lambda: wanted in webhook.states("/experience"), DROP_SECONDS,
                       state=lambda: f"{webhook.states('/experience')}\n{engine.text()[-2000:]}")
    heard = time.time()
    first = first_bad_rating(engine, began + DROP_AFTER_SECONDS)
    checks.that(f"the webhook hears of the demo's own drop: {heard - first:.0f} s after its first bad rating", True)


def scenario(world, checks):
    page, webhook = Page(world), Webhook(world)
    page.say(0)
    began = time.time()
    engine, port = start_demo(world)
    prometheus = start_prometheus(world, [port, page.port], start_alertmanager(world, webhook))
    panels_have_data(checks, prometheus)
    alert_arrives(checks, page, webhook, engine)
    if os.environ.get("TOUCHSTONE_ALL") == "1":
        own_drop_arrives(checks, webhook, engine, began)


if __name__ == "__main__":
    harness.main(scenario, programs=["prometheus", "prometheus-alertmanager"], seconds=1200)
