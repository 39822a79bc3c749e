#!/usr/bin/env python3
"""The dashboards without a server: they are what their source makes, hold the rules below, and every expression can be read.

    python3 dashboards_test.py

Every panel has a title of its own, a description and a unit; data come only from the variable `datasource`; a counter is never shown as it
is, only its rate over $__rate_interval or its growth over $__range; panels do not overlap; variables and links lead somewhere; every
metric is one of docs/metrics.md. promtool reads the expressions where it is installed.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

import dashboards

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "prometheus"))
import prometheus_config_test  # noqa: E402  (found through the line above)

SKIPPED = 77
OWN_VARIABLES = {"__rate_interval", "__range"}
VALUES = {"job": ".+", "counted": ".+", "window": "5m", "segment": "all", "touchpoint": "till", "__rate_interval": "1m", "__range": "6h"}
# Histograms' series and what ends in _total only ever grow.
_COUNTER = re.compile(r"\b(?:touchstone|process)_\w+_(?:total|bucket|sum|count)\b")
_RANGE = re.compile(r"(?:(rate|increase)\()?[a-z_]+(?:\{[^}]*\})?\[([^\]]+)\]")


def is_from_source():
    made = subprocess.run([sys.executable, "-B", dashboards.GRAFANA / "generate", "--check"], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        yield made.stdout + made.stderr


def panel_problems(panel):
    if not panel["title"].strip():
        yield "has no title"
    if len(panel["description"]) < 10:
        yield "has no description"
    units = [panel["fieldConfig"]["defaults"].get("unit")]
    if not all(units):
        yield "has no unit"
    if not panel["targets"]:
        yield "asks for nothing"
    if len({target["refId"] for target in panel["targets"]}) != len(panel["targets"]):
        yield "has targets of one name"
    for each in (panel, *panel["targets"]):
        if each["datasource"] != {"type": "prometheus", "uid": "${datasource}"}:
            yield "does not take the data source from the variable"
    for target in panel["targets"]:
        yield from expression_problems(target["expr"])


def expression_problems(expression):
    for counter in _COUNTER.finditer(expression):
        if not re.search(r"(?:rate|increase)\($", expression[:counter.start()]):
            yield f"shows the counter {counter.group()} as it is"
    for function, interval in _RANGE.findall(expression):
        wanted = {"rate": "$__rate_interval", "increase": "$__range"}.get(function)
        if interval != wanted:
            yield f"asks for [{interval}] in {function or 'no function'}"
    # What is not asked for by job would mix engines of several groups.
    for selector in re.finditer(r"\b(?:touchstone|process)_\w+(\{[^}]*\})?", expression):
        if 'job=~"$job"' not in (selector.group(1) or "") and f"on (job, instance) {selector.group()}" not in expression:
            yield f"{selector.group()} is not asked for by job"
    for metric in sorted(prometheus_config_test.metrics_of(expression)):
        if metric not in prometheus_config_test.documented_metrics():
            yield f"{metric} is not in docs/metrics.md"


def layout_problems(members):
    places = [panel["gridPos"] for panel in members]
    for number, one in enumerate(places):
        if one["x"] + one["w"] > 24:
            yield f"{members[number]['title']} goes beyond the right edge"
        for place, other in enumerate(places[:number]):
            if one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"] and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]:
                yield f"{members[number]['title']} lies over {members[place]['title']}"


def variable_problems(dashboard):
    defined = {each["name"] for each in dashboard["templating"]["list"]}
    asked = [target["expr"] for panel in dashboards.panels(dashboard) for target in panel["targets"]]
    asked += [each.get("definition", "") for each in dashboard["templating"]["list"]]
    used = set().union(*map(dashboards.variables_in, asked)) | {"datasource"}
    yield from (f"the variable {name} is not defined" for name in sorted(used - defined - OWN_VARIABLES))
    yield from (f"the variable {name} is not used" for name in sorted(defined - used))
    for each in dashboard["templating"]["list"]:
        if not each["label"] or not each["description"]:
            yield f"the variable {each['name']} has no label or no description"


def links_of(dashboard):
    for panel in dashboards.panels(dashboard):
        for override in panel["fieldConfig"]["overrides"]:
            for each in override["properties"]:
                if each["id"] == "links":
                    yield from (link["url"] for link in each["value"])


def link_problems(dashboard, everything):
    defined = {each["name"] for each in dashboard["templating"]["list"]}
    by_uid = {each["uid"]: each for each in everything}
    for url in links_of(dashboard):
        there = by_uid.get(re.match(r"/d/([\w-]+)\?", url).group(1))
        if there is None:
            yield f"{url} leads nowhere"
            continue
        for name in re.findall(r"var-(\w+)=", url):
            if name not in {each["name"] for each in there["templating"]["list"]}:
                yield f"{url}: {there['uid']} has no variable {name}"
        for name in sorted(dashboards.variables_in(url)):
            if not name.startswith("__") and name not in defined:
                yield f"{url}: the variable {name} is not defined here"
    if not any("touchstone" in link["tags"] for link in dashboard["links"]):
        yield "has no links to the other dashboards"


def problems():
    everything = dashboards.dashboards()
    if len(everything) != 5:
        yield f"{len(everything)} dashboards found"
    for name in ("uid", "title"):
        if len({each[name] for each in everything}) != len(everything):
            yield f"two dashboards have one {name}"
    for dashboard in everything:
        members = dashboards.panels(dashboard)
        found = [*layout_problems(dashboard["panels"]), *variable_problems(dashboard), *link_problems(dashboard, everything)]
        if not dashboard["description"]:
            found.append("has no description")
        if len({panel["id"] for panel in dashboard["panels"]}) != len(dashboard["panels"]):
            found.append("two panels have one number")
        if len({panel["title"] for panel in members if panel["type"] != "stat"}) != len([panel for panel in members if panel["type"] != "stat"]):
            found.append("two panels have one title")
        for panel in members:
            found += [f"{panel['title']}: {problem}" for problem in panel_problems(panel)]
        yield from (f"{dashboard['uid']}: {problem}" for problem in found)


def provisioning_problems():
    sources = yaml.safe_load((dashboards.GRAFANA / "provisioning/datasources/touchstone.yml").read_text(encoding="utf-8"))["datasources"]
    if [(each["type"], each["isDefault"]) for each in sources] != [("prometheus", True)]:
        yield "provisioning: the data source is no default Prometheus"
    scrape = yaml.safe_load((dashboards.ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))["global"]["scrape_interval"]
    if sources[0]["jsonData"]["timeInterval"] != scrape:
        yield f"provisioning: timeInterval is not the scrape interval {scrape}"


def unreadable():
    """What promtool says of all expressions, each as a rule."""
    rules = [{"record": f"panel:n{number}", "expr": dashboards.filled(expression, VALUES), "labels": {"where": where}}
             for number, (where, expression) in enumerate(dashboards.expressions())]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}, file)
        file.flush()
        checked = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True, check=False)
    if checked.returncode != 0 or f"{len(rules)} rules found" not in checked.stdout:
        yield f"promtool: {checked.stdout}{checked.stderr}"


def main():
    found = [*is_from_source(), *problems(), *provisioning_problems()]
    has_promtool = shutil.which("promtool") is not None
    if has_promtool:
        found += unreadable()
    else:
        print("skipped: no promtool is installed")
    count = len(list(dashboards.expressions()))
    print("\n".join(found) if found else f"ok: {count} expressions of {len(dashboards.dashboards())} dashboards")
    return 1 if found else 0 if has_promtool else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
