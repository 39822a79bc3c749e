#!/usr/bin/env python3
"""The OpenAPI document: by the OpenAPI Initiative's own schema, and against a running `touchstone demo`.

    python3 openapi_test.py TOUCHSTONE

Every path is asked for, every parameter with a value it may have and with one it may not have, and each answer must be of the
status, content type and schema that the document says.
"""

import http.client
import json
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse

try:
    import jsonschema
except ImportError:
    print("skipped: the Python module jsonschema is missing (deploy/setup --tests installs python3-jsonschema)")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from demo import Demo  # noqa: E402
from page_test import Checks  # noqa: E402

DOCUMENT = ROOT / "exporters" / "schema" / "openapi.json"
FORM = ROOT / "tests" / "data" / "openapi" / "openapi-3.1.json"
VALUES = {"window": "1m", "model": "linear", "segment": "all", "scope": "touchpoint", "id": "web.product", "from": "2026-01-01T00:00:00Z",
          "to": "2100-01-01T00:00:00Z", "limit": "2", "cursor": "", "kind": "satisfaction-drop", "events": "row,engine"}
OTHERS = {("/api/v1/journeys", "from"): ("web.product", "nowhere")}  # of the same name, but another kind of value
WRONG = {"window": "3m", "model": "best", "segment": "nobody", "scope": "moves", "from": "yesterday", "to": "2026-13-01T00:00:00Z", "limit": "0",
         "cursor": "xyz", "events": "rows"}
ENDLESS = "text/event-stream"


def ask(address, path, parameters=()):
    connection = http.client.HTTPConnection(address, timeout=60)
    query = urllib.parse.urlencode(list(parameters))
    connection.request("GET", path + ("?" + query if query else ""))
    response = connection.getresponse()
    kind = response.headers["Content-Type"].split(";")[0]
    # A stream is read until it has told something.
    body = response.read() if kind != ENDLESS else response.fp.readline() + response.fp.readline()
    connection.close()
    return response.status, kind, body.decode()


class Answers:
    """Holds answers against what the document says of them."""

    def __init__(self, document, address, checks):
        self.document, self.address, self.checks = document, address, checks

    def problem(self, path, operation, status, kind, body):
        said = operation["responses"].get(str(status))
        if said is None:
            return f"{status} is not documented: {body[:200]}"
        if "$ref" in said:
            said = self.document["components"]["responses"][said["$ref"].rsplit("/", 1)[1]]
        if kind not in said["content"]:
            return f"{kind} is not documented"
        if kind != "application/json":
            return None
        schema = {**said["content"][kind]["schema"], "components": self.document["components"]}
        error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(json.loads(body)))
        return error and f"{error.json_path}: {error.message[:300]}"

    def check(self, what, path, operation, parameters, wanted):
        status, kind, body = ask(self.address, path, parameters)
        problem = self.problem(path, operation, status, kind, body)
        self.checks.that(what, problem is None and status in wanted, problem or f"status {status}: {body[:200]}")
        return body


def check_path(answers, path, item):
    operation = item["get"]
    parameters = operation.get("parameters", [])
    names = [each["name"] for each in parameters]
    answers.check(f"{path} as it is", path, operation, (), {200})
    for name in names:
        right, wrong = OTHERS.get((path, name), (VALUES[name], WRONG.get(name)))
        given = [(name, right)] + ([("window", "1m")] if name in ("from", "to", "limit") and "window" in names else [])
        answers.check(f"{path}?{name}={right}", path, operation, given, {200})
        if wrong:
            answers.check(f"{path}?{name}={wrong} is refused", path, operation, [(name, wrong)], {400})
    if not path.startswith("/api") or path.endswith("openapi.json"):
        return
    body = answers.check(f"{path}?else=1 is refused", path, operation, [("else", "1")], {400})
    there_are = re.findall(r"[\w]+", json.loads(body)["error"].partition("there are ")[2])
    answers.checks.that(f"{path}: what there is, is what the document says", sorted(there_are) == (sorted(names) or ["none"]), f"{there_are} and {names}")


def check_pages(answers, document):
    """Page after page holds what one page holds."""
    path = "/api/v1/windows"
    given = [("window", "1m"), ("scope", "stage")]
    # Up to a time behind which nothing is added any more while we turn the pages.
    sofar = json.loads(ask(answers.address, path, given + [("to", VALUES["to"]), ("limit", "10000")])[2])
    ends = sorted({row["end"] for row in sofar["rows"]})
    given.append(("to", ends[len(ends) // 2]))
    whole = json.loads(ask(answers.address, path, given + [("limit", "10000")])[2])
    rows, cursor = [], None
    while len(rows) < 50:
        page = json.loads(answers.check(f"{path}: a page after {len(rows)} rows", path, document["paths"][path]["get"], given + [("limit", "7")] + ([("cursor", cursor)] if cursor else []), {200}))
        rows, cursor = rows + page["rows"], page.get("cursor")
        if not cursor:
            break
    answers.checks.that("pages have no gap and no repetition", len(rows) > 7 and rows == whole["rows"][:len(rows)], f"{len(rows)} rows")


def check_a_customer(answers, document, kcat):
    path = "/api/v1/customers/{id}"
    operation = document["paths"][path]["get"]
    answers.check("a customer nobody knows", path.replace("{id}", "nobody%20at%20all"), operation, (), {404})
    record = json.loads(kcat)
    body = answers.check(f"customer {record['customer']}", path.replace("{id}", urllib.parse.quote(record["customer"], safe="")), operation, (), {200})
    answers.checks.that("it is the customer that was asked for", json.loads(body).get("customer") == record["customer"])
    answers.check("a parameter there", path.replace("{id}", "x"), operation, [("full", "1")], {400})


def one_interaction(kafka):
    """The last: its customer was not forgotten since."""
    said = subprocess.run(["kcat", "-C", "-b", kafka, "-t", "touchstone.interactions", "-o", "-1", "-e", "-q"], capture_output=True, text=True, timeout=60, check=True)
    return said.stdout.splitlines()[0]


def main():
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    checks = Checks()
    form = json.loads(FORM.read_text(encoding="utf-8"))
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(form).iter_errors(document))
    checks.that("the document is valid OpenAPI 3.1", error is None, error and f"{error.json_path}: {error.message[:300]}")
    checks.that("a spoilt one is not", next(iter(jsonschema.Draft202012Validator(form).iter_errors({**document, "paths": {"api": {}}})), None) is not None)
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        checks.that(f"{name} is used", f'"#/components/schemas/{name}"' in json.dumps(document))
    with Demo(sys.argv[1], "--rate", "100") as demo:
        address = demo.addresses["map"]
        answers = Answers(document, address, checks)
        deadline = time.monotonic() + 120
        while ask(address, "/-/ready")[0] != 200 or not json.loads(ask(address, "/api/v1/windows?window=1m&scope=stage")[2])["rows"]:
            if time.monotonic() > deadline:
                raise TimeoutError("no window was closed")
            time.sleep(0.2)
        for path, item in document["paths"].items():
            if "{" not in path:
                check_path(answers, path, item)
        check_pages(answers, document)
        check_a_customer(answers, document, one_interaction(demo.addresses["Kafka"]))
        checks.that("it is served as it is", json.loads(ask(address, "/api/v1/openapi.json")[2]) == document)
    print(f"{checks.failures} failed" if checks.failures else "all passed")
    return 1 if checks.failures else 0


if __name__ == "__main__":
    sys.exit(main())
