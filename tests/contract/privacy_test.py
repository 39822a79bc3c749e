#!/usr/bin/env python3
"""Pseudonyms in the derived topics: with privacy.pseudonymise no customer's id is found there, and nothing else changes.

    python3 privacy_test.py TOUCHSTONE

Made-up customers whose ids are easily recognised go through `touchstone replay` twice, with and without pseudonyms. The hashes
are computed here anew, by Python's hmac.
"""

import hashlib
import hmac
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAP = ROOT / "deploy" / "maps" / "retail.yaml"
KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0-of-no-use"
KEY_ID = "2026-a"
NAMED = ("interactions", "transitions", "conversions")       # what names customers
OTHERS = ("windows", "alerts")
CUSTOMERS = 40
WRONG = 25          # of so many lines, one is no event
EXIT_CONFIGURATION = 78


class Checks:
    def __init__(self):
        self.failures = 0

    def that(self, what, holds, detail=""):
        self.failures += not holds
        print(f"{'ok   ' if holds else 'FAIL '} {what}" + (f": {detail}" if detail and not holds else ""), flush=True)


def customer(number):
    return f"Zähler-{number:04}@example.org"


def lines():
    """Visits, purchases and ratings of all customers for some weeks, some who lapse, one who is forgotten, and wrong lines."""
    for number in range(1_200):
        who = customer(number % CUSTOMERS)
        day, second = number // 40, number % 40
        event = {"type": ("page_view", "purchase", "survey_response", "call")[(number // 7) % 4], "customer": who, "id": f"e{number}",
                 "channel": ("web", "store", "email", "phone")[number % 4], "time": f"2026-03-{1 + day:02}T10:00:{second:02}Z", "value": number % 9,
                 "feedback": {"csat": 1 + number % 5}}
        if number % WRONG == 0:
            event["time"] = "yesterday"
        yield json.dumps(event, ensure_ascii=False)
    yield json.dumps({"forget": customer(7)}, ensure_ascii=False)
    yield json.dumps({"type": "page_view", "channel": "web", "customer": customer(3), "time": "2026-07-30T10:00:00Z"}, ensure_ascii=False)


def replay(binary, scratch, name, configuration, environment=None):
    """What a replay with this configuration wrote: {topic: lines}; and how it went."""
    path, out = scratch / f"{name}.yaml", scratch / name
    path.write_text(json.dumps(configuration), "utf-8")
    done = subprocess.run([binary, "replay", "--map", MAP, "--input", scratch / "events.ndjson", "--out", out, "--config", path, "--windows", "1h,7d"],
                          stdin=subprocess.DEVNULL, capture_output=True, check=False, env={**os.environ, **(environment or {})})
    files = {}
    if out.is_dir():
        files = {file.name.split(".")[1]: file.read_bytes().splitlines() for file in out.iterdir()}
    return files, done


def pseudonymised(key):
    return {"privacy": {"pseudonymise": True, "key": key, "key_id": KEY_ID}}


def pseudonym(who):
    return hmac.new(KEY.encode(), who.encode(), hashlib.sha256).hexdigest()


def mapped_back(line, who_is):
    """The record as it would be without pseudonyms, its fields in their order."""
    record = json.loads(line)
    if record.pop("customer_key", None) != KEY_ID:
        raise ValueError(f"no key id in {line!r}")
    record["customer"] = who_is[record["customer"]]
    return record


def run(binary, scratch, checks):
    (scratch / "events.ndjson").write_text("\n".join(lines()) + "\n", "utf-8")
    (scratch / "key").write_text(KEY + "\n", "utf-8")
    plain, done = replay(binary, scratch, "plain", {})
    checks.that("replay without pseudonyms exits 0", done.returncode == 0, done.stderr)
    hidden, done = replay(binary, scratch, "hidden", pseudonymised({"file": "key"}))
    checks.that("replay with pseudonyms exits 0", done.returncode == 0, done.stderr)
    checks.that("the key is in no message", KEY.encode() not in done.stdout + done.stderr)

    ids = [customer(number).encode() for number in range(CUSTOMERS)]
    parts = ids + [b"hler-", b"@example.org", json.dumps(customer(0))[1:-1].encode()]
    for topic in NAMED + OTHERS:
        text = b"\n".join(hidden[topic])
        found = [part for part in parts if part in text]
        checks.that(f"no id is in {topic} with pseudonyms", not found, found[:3])
        checks.that(f"the key is not in {topic}", KEY.encode() not in text)
    for topic in NAMED:
        there = {each for each in ids if any(each in line for line in plain[topic])}
        checks.that(f"without them the ids are in {topic}, so that they would have been found", len(there) > CUSTOMERS // 2, len(there))

    who_is = {pseudonym(customer(number)): customer(number) for number in range(CUSTOMERS)}
    for topic in NAMED:
        records = [json.loads(line) for line in hidden[topic]]
        checks.that(f"{topic} name their key right after the customer",
                    records and all(list(each).index("customer_key") == list(each).index("customer") + 1 for each in records))
        try:
            back = [json.dumps(mapped_back(line, who_is)) for line in hidden[topic]]
        except (KeyError, ValueError) as error:
            checks.that(f"the pseudonyms of {topic} are Python's", False, repr(error))
            continue
        expected = [json.dumps(json.loads(line)) for line in plain[topic]]
        checks.that(f"{topic} are the same but for the pseudonyms ({len(back)})", back == expected)
    for topic in OTHERS + ("dead-letters",):
        checks.that(f"{topic} are the same, byte for byte ({len(plain[topic])})", hidden[topic] == plain[topic])
    checks.that("dead letters hold the ids, because they are what came", any(ids[0] in line for line in hidden["dead-letters"]))

    from_environment, _ = replay(binary, scratch, "environment", pseudonymised({"env": "TOUCHSTONE_TEST_KEY"}), {"TOUCHSTONE_TEST_KEY": KEY})
    checks.that("a key in the environment does the same as one in a file", from_environment == hidden)
    off, _ = replay(binary, scratch, "off", {"privacy": {**pseudonymised({"file": "key"})["privacy"], "pseudonymise": False}})
    checks.that("switched off, nothing changes", off == plain)

    (scratch / "short").write_text(KEY[:15], "utf-8")
    for name, key in (("short", {"file": "short"}), ("missing", {"file": "nowhere"}), ("unset", {"env": "TOUCHSTONE_TEST_UNSET"})):
        files, done = replay(binary, scratch, f"wrong-{name}", pseudonymised(key))
        place = f"{scratch / f'wrong-{name}.yaml'}:1:".encode()
        checks.that(f"a {name} key is refused: exit 78, where and why in one line, nothing written",
                    done.returncode == EXIT_CONFIGURATION and not files and done.stderr.startswith(place) and b": privacy.key: " in done.stderr
                    and done.stderr.count(b"\n") == 1 and KEY[:15].encode() not in done.stderr, (done.returncode, done.stderr))


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 64
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="touchstone-privacy-") as directory:
        run(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(directory), checks)
    print(f"{checks.failures} failed" if checks.failures else "all passed")
    return 1 if checks.failures else 0


if __name__ == "__main__":
    sys.exit(main())
