"""What the tests of the dashboards share: reading them, and putting values in the place of Grafana's variables."""

import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[3]
GRAFANA = ROOT / "deploy" / "grafana"

_VARIABLE = re.compile(r"\$\{?(\w+)(?::\w+)?\}?")


def dashboards():
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((GRAFANA / "dashboards").glob("*.json"))]


def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions():
    """(where, expression) of every target of every panel."""
    for dashboard in dashboards():
        for panel in panels(dashboard):
            for target in panel["targets"]:
                yield f"{dashboard['uid']}: {panel['title']}, {target['refId']}", target["expr"]


def variables_in(text):
    return set(_VARIABLE.findall(text))


def filled(expression, values):
    """With what Grafana would put there. A variable without a value is a KeyError."""
    return _VARIABLE.sub(lambda match: values[match.group(1)], expression)
