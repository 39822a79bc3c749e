#!/usr/bin/env python3
"""What deploy/prometheus promises: rules that hold their unit tests, alerts with a runbook and a test each, metrics that exist.

    python3 prometheus_config_test.py

promtool and amtool are asked where they are installed; a part that lacks one is skipped, with a line that says so.
"""

import pathlib
import re
import shutil
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy" / "prometheus"
TESTS = pathlib.Path(__file__).resolve().parent / "alerts.test.yml"
SKIPPED = 77

# What Prometheus itself says of its targets.
_OF_PROMETHEUS = {"up"}
# Suffixes of the series of a histogram.
_SERIES = re.compile(r"_(bucket|sum|count)$")
_METRIC = re.compile(r"\b(touchstone_[a-z0-9_]+|process_[a-z0-9_]+|up)\b(?!\s*:)")


def documented_metrics():
    """The names in docs/metrics.md, as they are on the page."""
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    names = set()
    for name in re.findall(r"`([a-z][a-z0-9_]+)`", text):
        names |= {name, f"touchstone_{name}"}
    return names


def rule_groups():
    for file in sorted(DEPLOY.glob("*.rules.yml")):
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]:
            yield file.name, group


def rules():
    for file, group in rule_groups():
        for rule in group["rules"]:
            yield file, rule


def metrics_of(expression):
    # Names with colons are recorded ones; the part behind a colon is no metric.
    without_recorded = re.sub(r"\b\w+(?::\w+)+\b", " ", expression)
    without_labels = re.sub(r"\"(?:[^\"\\]|\\.)*\"", '""', without_recorded)
    return {name if name in _OF_PROMETHEUS else _SERIES.sub("", name) for name in _METRIC.findall(without_labels)}


def names_exist():
    known = documented_metrics() | _OF_PROMETHEUS
    recorded = {rule["record"] for _, rule in rules() if "record" in rule}
    for file, rule in rules():
        name = rule.get("record") or rule["alert"]
        texts = [rule["expr"], *rule.get("annotations", {}).values()]
        for metric in sorted(set().union(*map(metrics_of, texts))):
            if metric not in known:
                yield f"{file}: {name}: {metric} is not in docs/metrics.md"
        for used in re.findall(r"\b\w+(?::\w+)+\b", rule["expr"]):
            if used not in recorded:
                yield f"{file}: {name}: nothing records {used}"


def anchors(text):
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ +(.*)$", text, re.MULTILINE)}


def alerts_are_whole():
    runbooks = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
    sections = anchors(runbooks)
    alerts = {}
    for file, rule in rules():
        if "alert" not in rule:
            continue
        name, notes, labels = rule["alert"], rule.get("annotations", {}), rule.get("labels", {})
        if name in alerts:
            yield f"{file}: {name} is there twice"
        alerts[name] = rule
        for wanted in ("summary", "description", "runbook"):
            if not notes.get(wanted):
                yield f"{file}: {name} has no {wanted}"
        if notes.get("runbook") != f"docs/runbooks.md#{name.lower()}" or name.lower() not in sections:
            yield f"{file}: {name}: its runbook leads to no section of docs/runbooks.md"
        if labels.get("severity") not in ("page", "ticket") or labels.get("area") not in ("experience", "engine"):
            yield f"{file}: {name}: severity or area is not one that alertmanager.yml knows"
    if len(alerts) < 15:
        yield f"only {len(alerts)} alerts found"
    for section in sorted(re.findall(r"^### (Touchstone\w+)$", runbooks, re.MULTILINE)):
        if section not in alerts:
            yield f"docs/runbooks.md: there is no alert {section}"
    for name in sorted(alerts):
        for part in ("Means", "Look at", "Do"):
            section = runbooks.split(f"### {name}\n", 1)[-1].split("\n### ", 1)[0]
            if f"**{part}**" not in section:
                yield f"docs/runbooks.md: {name} does not say **{part}**"
    tested = {}
    for test in yaml.safe_load(TESTS.read_text(encoding="utf-8"))["tests"]:
        for case in test.get("alert_rule_test", []):
            tested.setdefault(case["alertname"], []).append(bool(case["exp_alerts"]))
    for name in sorted(alerts):
        if True not in tested.get(name, []):
            yield f"{TESTS.name}: nothing shows that {name} fires"


def tool(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode != 0 or "FAILED" in done.stdout + done.stderr:
        yield f"{' '.join(map(str, arguments[:3]))}: exit {done.returncode}\n{done.stdout}{done.stderr}"


def main():
    problems = [*names_exist(), *alerts_are_whole()]
    missing = [name for name in ("promtool", "amtool") if shutil.which(name) is None]
    if "promtool" not in missing:
        problems += tool("promtool", "check", "config", DEPLOY / "prometheus.yml")
        problems += tool("promtool", "check", "rules", *sorted(DEPLOY.glob("*.rules.yml")))
        problems += tool("promtool", "test", "rules", TESTS)
    if "amtool" not in missing:
        problems += tool("amtool", "check-config", DEPLOY / "alertmanager.yml")
    for name in missing:
        print(f"skipped: no {name} is installed")
    print("\n".join(problems) if problems else "ok: rules, alerts and runbooks agree")
    return 1 if problems else SKIPPED if "promtool" in missing else 0


if __name__ == "__main__":
    sys.exit(main())
