#!/usr/bin/env python3
"""The schemas of exporters/schema against what the engine writes, by a validator that is not ours.

    python3 schema_test.py TOUCHSTONE

Example data and small made-up streams go through `touchstone replay`. Every line of a derived topic must be valid, every
optional field and every value of a list must have been seen, and a record that is spoilt a little must be refused. The
AsyncAPI document must be valid by AsyncAPI's own schema and name the topics of the contract.

The validator is slow, so there are bounds: of each set of example data the first 5,000 events are replayed, and of a topic file
with more than 300 lines so many, evenly spread, are validated, besides up to 300 of each topic with a combination of fields that was
not seen before. Of made-up streams it is 1,000 lines. TOUCHSTONE_ALL=1 takes every event, and 20,000 lines of a file.
"""

import base64
import collections
import copy
import datetime
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: the Python module {missing.name} is missing (deploy/setup --tests installs python3-jsonschema and python3-yaml)")
    sys.exit(77)

from asyncapi import SCHEMAS, TOPICS, asyncapi_problems, key_problems
from streams import inputs

EVERYTHING = bool(os.environ.get("TOUCHSTONE_ALL"))
EVENTS_MAX = None if EVERYTHING else 5_000
LINES_MAX, MADE_UP_LINES_MAX = (20_000, 20_000) if EVERYTHING else (300, 1_000)    # of a topic file
SHAPES_MAX = 300            # of a topic, besides
SPOILT_BYTES_MAX = 2_000    # larger records are not spoilt
PROBLEMS_MAX = 12           # shown of each kind

# The keywords our schemas use. A misspelt one would be passed over in silence.
_KEYWORDS = {"$schema", "$id", "$ref", "$defs", "title", "description", "type", "required", "additionalProperties", "properties", "patternProperties",
             "propertyNames", "minProperties", "dependentRequired", "examples", "enum", "const", "not", "if", "then", "else", "allOf", "anyOf", "oneOf",
             "minimum", "maximum", "minLength", "maxLength", "pattern", "format", "contentEncoding", "items", "maxItems"}
_SUBSCHEMA_MAPS = ("properties", "patternProperties", "$defs")
_SUBSCHEMA_LISTS = ("allOf", "anyOf", "oneOf")
_SUBSCHEMAS = ("additionalProperties", "propertyNames", "not", "if", "then", "else", "items")
# What is said of a record beside its fields. The walks below do not go in there.
_CONDITIONS = {"allOf", "anyOf", "oneOf", "not", "if", "then", "else"}

FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def is_time(value):
    """A day that the calendar has; the form is the pattern's business."""
    return not isinstance(value, str) or bool(datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ"))


class Failed(Exception):
    """What keeps the test from going on."""


# --- the schemas themselves -------------------------------------------------------------------------------------------

def resolved(schema, root):
    """The schema with what its $ref leads to laid under it."""
    while isinstance(schema, dict) and "$ref" in schema:
        target = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = {**target, **{name: value for name, value in schema.items() if name != "$ref"}}
    return schema


def subschemas(schema, where="#"):
    """Every schema in it, itself too, with where it stands."""
    if not isinstance(schema, dict):
        return
    yield where, schema
    for name in _SUBSCHEMA_MAPS:
        for key, inner in schema.get(name, {}).items():
            yield from subschemas(inner, f"{where}/{name}/{key}")
    for name in _SUBSCHEMA_LISTS:
        for number, inner in enumerate(schema.get(name, ())):
            yield from subschemas(inner, f"{where}/{name}/{number}")
    for name in _SUBSCHEMAS:
        yield from subschemas(schema.get(name), f"{where}/{name}")


def schema_problems(topic, schema):
    """Whether a schema is one, and kept as all of them are."""
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        yield f"not a JSON Schema: {error.message}"
        return
    if schema.get("$schema") != jsonschema.Draft202012Validator.META_SCHEMA["$id"]:
        yield "$schema is not draft 2020-12"
    if schema.get("$id") != f"urn:touchstone:schema:{topic}":
        yield f"$id is not urn:touchstone:schema:{topic}"
    used = set()
    for where, each in subschemas(schema):
        for keyword in each.keys() - _KEYWORDS:
            yield f"{where}: the keyword {keyword} is not known here"
        if "$ref" in each:
            used.add(each["$ref"])
            if not re.fullmatch(r"#/\$defs/\w+", each["$ref"]) or each["$ref"].split("/")[-1] not in schema.get("$defs", {}):
                yield f"{where}: {each['$ref']} leads nowhere"
        if each.get("type") == "object" and each.get("additionalProperties") is not False:
            yield f"{where}: an object that allows unknown fields"
        for name in each.get("required", ()):
            if "properties" in each and each.get("type") == "object" and name not in each["properties"]:
                yield f"{where}: {name} is required and not described"
        if _CONDITIONS.isdisjoint(where.split("/")):
            for name, inner in [*each.get("properties", {}).items(), *each.get("patternProperties", {}).items()]:
                text = inner.get("description", "")
                if not text or "\n" in text or not text.endswith("."):
                    yield f"{where}/{name}: has no description of one line"
    for name in schema.get("$defs", {}):
        if f"#/$defs/{name}" not in used:
            yield f"#/$defs/{name} is used by nothing"


def examples_problems(schema, validator):
    if not schema.get("examples"):
        yield "has no examples"
    for number, example in enumerate(schema.get("examples", ())):
        for error in validator.iter_errors(example):
            yield f"example {number}: {error.json_path}: {error.message}"
        if list(example) != sorted(example, key=list(schema["properties"]).index):
            yield f"example {number}: its fields are not in the order of the schema"


def declared(schema, root, path=""):
    """What a schema leaves open and reality has to show: (path, None) for a field that may be absent, (path, value) for each
    of a list of values. Keys that are ids are `*` in a path."""
    schema = resolved(schema, root)
    if not isinstance(schema, dict):
        return
    for value in schema.get("enum", ()):
        yield path, value
    if schema.get("type") == "boolean":
        yield from ((path, False), (path, True))
    for option in schema.get("anyOf", ()):
        if "const" in option:
            yield path, option["const"]
    for name, inner in schema.get("properties", {}).items():
        if name not in schema.get("required", ()):
            yield f"{path}.{name}", None
        yield from declared(inner, root, f"{path}.{name}")
    for inner in schema.get("patternProperties", {}).values():
        yield from declared(inner, root, f"{path}.*")
    if "items" in schema:
        yield from declared(schema["items"], root, f"{path}[]")


def places(schema, root, value, path=""):
    """Each part of a record with its path and its schema: (path, schema, value, holder, key)."""
    schema = resolved(schema, root)
    yield path, schema, value, None, None
    if isinstance(value, dict):
        for key, inner in list(value.items()):
            if key in schema.get("properties", {}):
                part, step = schema["properties"][key], f".{key}"
            else:
                part, step = next(iter(schema.get("patternProperties", {True: {}}).values())), ".*"
            for place in places(part, root, inner, path + step):
                yield place if place[3] is not None else (*place[:3], value, key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            for place in places(schema.get("items", {}), root, inner, f"{path}[]"):
                yield place if place[3] is not None else (*place[:3], value, index)


# --- spoilt records ---------------------------------------------------------------------------------------------------

def spoilt(schema, record):
    """Small mutations that no schema may let pass: (what was done, the record)."""

    def with_value(number, value):
        """A copy of the record with another value at the place of this number."""
        changed = copy.deepcopy(record)
        place = next(itertools.islice(places(schema, schema, changed), number, None))
        if place[3] is None:
            return value
        place[3][place[4]] = value
        return changed

    done = set()
    for number, (path, part, value, _, _) in enumerate(list(places(schema, schema, record))):
        if path in done:    # one item of a list, one id of those that are keys
            continue
        done.add(path)
        if isinstance(value, dict):
            for name in value:
                without = {key: inner for key, inner in value.items() if key != name}
                if name in part.get("required", ()):
                    yield f"{path}.{name} taken away", with_value(number, without)
                for other, needs in part.get("dependentRequired", {}).items():
                    if other in without and name in needs:
                        yield f"{path}.{name} taken away from beside {other}", with_value(number, without)
            for name in ("unknown", "Not an id", ""):
                if "properties" in part or name != "unknown":
                    yield f"{path}: a field \"{name}\" more", with_value(number, {**value, name: 1})
            if "minProperties" in part:
                yield f"{path}: emptied", with_value(number, {})
        others = {str: 7, bool: "true", int: "7", float: "0.5", dict: [], list: {}}
        yield f"{path}: another type", with_value(number, others[type(value)])
        yield f"{path}: null", with_value(number, None)
        if isinstance(value, str):
            if part.get("format") == "date-time":
                for change in (value[:-5] + "Z", value[:-1] + "000Z", value[:-1] + "+00:00", value[:-1], value.lower(), value.replace("T", " "),
                               value[:-2] + "Z", value[:5] + "13" + value[7:], value[:5] + "02-30" + value[10:], "+0" + value):
                    yield f"{path}: the time {change}", with_value(number, change)
            elif "enum" in part or "pattern" in part or "not" in part:
                yield f"{path}: another text", with_value(number, value + "?")
                yield f"{path}: an empty text", with_value(number, "")
            elif "minLength" in part:
                yield f"{path}: an empty text", with_value(number, "")
            for reserved in part.get("not", {}).get("enum", ()):
                yield f"{path}: {reserved}", with_value(number, reserved)
            if part.get("maxLength") == 64:
                yield f"{path}: 65 letters", with_value(number, "a" * 65)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            for bound, step in (("minimum", -1), ("maximum", 1)):
                if bound in part:
                    yield f"{path}: beyond its {bound}", with_value(number, part[bound] + step)
            if part.get("type") == "integer":
                yield f"{path}: a fraction", with_value(number, value + 0.5)


# Mutations that concern one topic: fields that go together.
def spoilt_together(topic, record):
    def changed(**fields):
        return {**record, **fields}

    if topic == "interactions" and "satisfaction" in record:
        yield "satisfaction without rates", {key: value for key, value in record.items() if key != "rates"}
        yield "rates without satisfaction", {key: value for key, value in record.items() if key != "satisfaction"}
    if topic == "transitions":
        yield "from lapsed to lapsed", {**record, "from": "lapsed", "to": "lapsed"}
        yield "a new customer who lapses", {key: "lapsed" if key == "to" else value for key, value in record.items() if key != "from"}
    if "customer_key" in record:
        yield "an id beside customer_key", changed(customer="c-4")
        yield "a pseudonym in capitals", changed(customer=record["customer"].upper().replace("0", "A"))
        yield "half a pseudonym", changed(customer=record["customer"][:32])
    if topic in ("windows", "alerts"):
        yield "an id in scope all", changed(scope="all", id="web")
        yield "a stage called lapsed", changed(scope="stage", id="lapsed")
        yield "a touchpoint called other", changed(scope="touchpoint", id="other")
    if topic == "windows":
        yield "stages of a channel", changed(scope="channel", stages={"loyalty": 1})
        yield "credit of a channel", changed(scope="channel", credit={"first": {"conversions": 1, "value": 1}})
        yield "customers without interactions", changed(interactions=0, customers=1)
        yield "interactions without customers", changed(interactions=1, customers=0)
        if "satisfaction" in record:
            kinds = {"csat", "stars", "nps", "ces", "sentiment"}
            yield "satisfaction of no kind", {key: value for key, value in record.items() if key not in kinds}
    if topic == "conversions":
        yield "markov in a conversion", changed(credit={**record["credit"], "markov": record["credit"]["first"]})
    if topic == "dead-letters":
        yield "value and value_base64", changed(value="", value_base64="AAAA")
        yield "neither value nor value_base64", {key: value for key, value in record.items() if not key.startswith("value")}


# --- records ----------------------------------------------------------------------------------------------------------

def replay(binary, the_map, events, out, windows, configuration):
    command = [binary, "replay", "--map", the_map, "--input", events, "--out", out, "--windows", windows]
    if configuration:
        command += ["--config", configuration]
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise Failed(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stderr[-2000:]}")


def fields_once(pairs):
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError(f"a field given twice, of {[name for name, _ in pairs]}")
    return record


def plain_number(text):
    if not re.fullmatch(r"-?\d+\.\d{0,5}[1-9]", text):
        raise ValueError(f"the number {text}: more than 6 decimals, trailing zeros or an exponent")
    return float(text)


def no_constant(text):
    raise ValueError(f"{text} is no number of JSON")


def read_record(line):
    return json.loads(line, object_pairs_hook=fields_once, parse_float=plain_number, parse_constant=no_constant)


class Seen:
    """What real records of a topic have shown."""

    def __init__(self, topic, schema):
        self.topic, self.schema = topic, schema
        self.validator = jsonschema.Draft202012Validator(schema, format_checker=FORMATS)
        self.wanted = set(declared(schema, schema))
        self.listed = {path for path, value in self.wanted if value is not None}
        self.found = set()
        self.order = list(schema["properties"])
        self.names = [f'"{path.split(".")[-1]}":'.encode() for path, value in self.wanted if value is None]
        self.shapes = {}                 # the first record of each combination of fields
        self.read = self.validated = 0
        self.problems = []

    def take(self, path, lines_max):
        with open(path, "rb") as file:
            count = sum(1 for _ in file)
        self.read += count
        step = max(1, count / lines_max)
        due = 0.0
        with open(path, "rb") as file:
            for number, line in enumerate(file):
                shape = self.shape(line)
                if number >= due:
                    due += step
                elif shape in self.shapes or len(self.shapes) >= SHAPES_MAX:
                    continue
                self.validate(line, shape, f"{path.parent.name}, line {number + 1}")

    def shape(self, line):
        """Which fields of the schema are there; not which ids."""
        return frozenset(name for name in self.names if name in line)

    def validate(self, line, shape, where):
        self.validated += 1
        try:
            record = read_record(line)
        except ValueError as error:
            self.problems.append(f"{where}: {error}: {line[:300]!r}")
            return
        error = jsonschema.exceptions.best_match(self.validator.iter_errors(record))
        if error:
            self.problems.append(f"{where}: {error.json_path}: {error.message[:300]} in {line[:300]!r}")
            return
        if list(record) != [name for name in self.order if name in record]:
            self.problems.append(f"{where}: fields in another order than the schema's: {', '.join(record)}")
        self.shapes.setdefault(shape, record)
        self.look(record)

    def look(self, record):
        for path, _, value, _, _ in places(self.schema, self.schema, record):
            if path in self.listed and not isinstance(value, (dict, list)):
                self.found.add((path, value))
            if (path, None) in self.wanted:
                self.found.add((path, None))

    def unseen(self):
        for path, value in sorted(self.wanted - self.found, key=str):
            yield path if value is None else f"{path} = {json.dumps(value)}"

    def spoilt_ones(self):
        """Mutations of real records, of as few as have every field between them, and of examples for what is in none."""
        known = set()
        for record in [*sorted(self.shapes.values(), key=lambda record: -len(record)), *self.schema["examples"]]:
            paths = {place[0] for place in places(self.schema, self.schema, record)}
            if paths <= known or len(json.dumps(record)) > SPOILT_BYTES_MAX:
                continue
            known |= paths
            yield from spoilt(self.schema, record)
            yield from spoilt_together(self.topic, record)


# --- the test ---------------------------------------------------------------------------------------------------------

class Report:
    """Prints what each part found and remembers whether anything was wrong."""

    def __init__(self):
        self.failures = 0

    def part(self, name, problems, summary="ok"):
        problems = list(problems)
        self.failures += bool(problems)
        print(f"FAIL  {name}: {len(problems)} problems" if problems else f"ok    {name}: {summary}", flush=True)
        for problem in problems[:PROBLEMS_MAX]:
            print(f"      {problem}")
        if len(problems) > PROBLEMS_MAX:
            print(f"      and {len(problems) - PROBLEMS_MAX} more")


def read_schemas():
    there = sorted(path.name for path in SCHEMAS.iterdir())
    if there != sorted([f"{topic}.schema.json" for topic in TOPICS] + ["asyncapi.yaml", "openapi.json"]):
        raise Failed(f"exporters/schema holds {', '.join(there)}")
    return {topic: json.loads((SCHEMAS / f"{topic}.schema.json").read_text(encoding="utf-8"), object_pairs_hook=fields_once) for topic in TOPICS}


def test_records(binary, scratch, seen):
    for name, the_map, events, windows, lines_max, configuration in inputs(scratch, EVENTS_MAX, LINES_MAX, MADE_UP_LINES_MAX):
        out = scratch / name.replace(" ", "-")
        replay(binary, the_map, events, out, windows, configuration)
        written = {path.name for path in out.iterdir()}
        if written != {f"touchstone.{topic}.ndjson" for topic in TOPICS}:
            raise Failed(f"{name}: replay wrote {', '.join(sorted(written))}")
        for topic in TOPICS:
            path = out / f"touchstone.{topic}.ndjson"
            seen[topic].take(path, lines_max)
            path.unlink()


def unseen_problems(seen):
    for topic, each in seen.items():
        if topic == "alerts" and not each.read:
            continue
        for text in each.unseen():
            yield f"{topic}: {text} was never seen"


def mutation_problems(seen, counts):
    for topic, each in seen.items():
        for what, record in each.spoilt_ones():
            counts[topic] += 1
            if each.validator.is_valid(record):
                yield f"{topic}: passes with {what}: {json.dumps(record)[:300]}"


def base64_problems(seen):
    """Base64 stands only where the bytes are not UTF-8, and is what it says."""
    for record in seen["dead-letters"].shapes.values():
        if "value_base64" in record:
            try:
                base64.b64decode(record["value_base64"], validate=True).decode()
                yield f"value_base64 of what is UTF-8: {str(record)[:200]}"
            except UnicodeDecodeError:
                pass


def run(binary, scratch):
    report = Report()
    schemas = read_schemas()
    document = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8"))
    for topic, schema in schemas.items():
        report.part(f"{topic}.schema.json", schema_problems(topic, schema))
    if report.failures:
        return report.failures
    seen = {topic: Seen(topic, schema) for topic, schema in schemas.items()}
    report.part("examples", (f"{topic}: {problem}" for topic, each in seen.items() for problem in examples_problems(each.schema, each.validator)))
    report.part("asyncapi.yaml", asyncapi_problems(document, schemas), f"{len(document['channels'])} channels")

    test_records(binary, scratch, seen)
    for topic, each in seen.items():
        report.part(f"records of {topic}", each.problems, f"{each.validated} of {each.read} validated, {len(each.shapes)} shapes")
    report.part("dead letters in Base64", base64_problems(seen))
    report.part("keys", key_problems(document, seen))
    report.part("everything declared was seen", unseen_problems(seen))
    counts = collections.Counter()
    problems = list(mutation_problems(seen, counts))
    report.part("spoilt records", problems, ", ".join(f"{count} of {topic}" for topic, count in counts.items()) + " refused")
    return report.failures


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 64
    binary = pathlib.Path(sys.argv[1]).resolve()
    if not binary.exists():
        print(f"no program {binary}")
        return 1
    try:
        with tempfile.TemporaryDirectory(prefix="touchstone-schema-") as directory:
            return 1 if run(binary, pathlib.Path(directory)) else 0
    except Failed as failure:
        print(f"FAIL  {failure}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
