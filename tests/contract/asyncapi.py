"""What is wrong with the AsyncAPI document: by AsyncAPI's own schema, by what it refers to, and by what other documents say."""

import json
import pathlib
import re

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "exporters" / "schema"
ASYNCAPI_FORM = ROOT / "tests" / "data" / "asyncapi" / "asyncapi-3.0.0.json"
TOPICS = ("interactions", "transitions", "conversions", "windows", "alerts", "dead-letters")


def references(node, where="#"):
    if isinstance(node, dict):
        for key, inner in node.items():
            if key == "$ref":
                yield where, inner
            else:
                yield from references(inner, f"{where}/{key}")
    elif isinstance(node, list):
        for number, inner in enumerate(node):
            yield from references(inner, f"{where}/{number}")


def followed(document, node):
    """A node of the document, its $ref within the document followed."""
    while isinstance(node, dict) and str(node.get("$ref", "")).startswith("#/"):
        target = document
        for step in node["$ref"][2:].split("/"):
            target = target[step]
        node = target
    return node


def without_described_id(node):
    """A field that is called $id and described as others are: the validator of Debian 12 takes it for an $id of the schema itself, and
    stumbles. Nothing in our document has such a field."""
    return {key: value for key, value in node.items() if key != "$id" or isinstance(value, str)}


def asyncapi_problems(document, schemas):
    form = json.loads(ASYNCAPI_FORM.read_text(encoding="utf-8"), object_hook=without_described_id)
    for error in sorted(jsonschema.Draft7Validator(form).iter_errors(document), key=lambda error: error.json_path):
        deepest = jsonschema.exceptions.best_match([error])
        yield f"{deepest.json_path}: {deepest.message[:300]}"
    files = set()
    for where, target in references(document):
        if target.startswith("./"):
            files.add(target[2:])
            if not (SCHEMAS / target[2:]).is_file():
                yield f"{where}: there is no {target}"
            continue
        try:
            followed(document, {"$ref": target})
        except (KeyError, TypeError):
            yield f"{where}: {target} leads nowhere"
    addresses = [channel["address"] for channel in document["channels"].values()]
    if sorted(addresses) != sorted(f"touchstone.{topic}" for topic in TOPICS):
        yield f"the channels are {', '.join(addresses)}"
    sent = [operation["channel"]["$ref"] for operation in document["operations"].values() if operation["action"] == "send"]
    if sorted(sent) != sorted(f"#/channels/{name}" for name in document["channels"]) or len(sent) != len(document["operations"]):
        yield f"the operations are not one to send on each channel: {', '.join(sent)}"
    if files != {f"{topic}.schema.json" for topic in TOPICS} - {"dead-letters.schema.json"}:
        yield f"the files are {', '.join(sorted(files))}"
    for name, channel in document["channels"].items():
        if channel["bindings"]["kafka"]["topic"] != channel["address"]:
            yield f"channel {name}: the binding names another topic"
        message = message_of(document, channel)
        if "headers" not in message or "key" not in message.get("bindings", {}).get("kafka", {}):
            yield f"channel {name}: its message has no headers or no key"
        topic = channel["address"].removeprefix("touchstone.")
        payload = message["payload"].get("schema", {})
        if topic != "dead-letters" and payload.get("$ref") != f"./{topic}.schema.json":
            yield f"channel {name}: its message has another topic's schema"
    for name, schema in document["components"]["schemas"].items():
        try:
            jsonschema.Draft7Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            yield f"components/schemas/{name}: {error.message}"

    # Said elsewhere too: the reasons in docs/events.md and in the schema of the file, the topics in docs/topics.md.
    reasons = document["components"]["schemas"]["dead_letter_headers"]["properties"]["touchstone.reason"]["enum"]
    in_file = schemas["dead-letters"]["properties"]["reason"]["enum"]
    in_docs = re.findall(r"^\| `([a-z-]+)` \|", section((ROOT / "docs" / "events.md").read_text(encoding="utf-8"), "Dead letters"), re.MULTILINE)
    if reasons != in_docs or [reason for reason in reasons if reason != "future-time"] != in_file:
        yield f"the reasons are {reasons}; in docs/events.md {in_docs}; in dead-letters.schema.json {in_file}"
    table = re.findall(r"^\| `([a-z-]+)` \| [^|]* \| [^|]* \| (\w+) \| ([^|]*) \|$", (ROOT / "docs" / "topics.md").read_text(encoding="utf-8"), re.MULTILINE)
    settings = {channel["address"].removeprefix("touchstone."): channel["bindings"]["kafka"]["topicConfiguration"]
                for channel in document["channels"].values()}
    for topic, cleanup, kept in table:
        here = settings.pop(topic, {})
        if here.get("cleanup.policy") != [cleanup]:
            yield f"{topic}: cleanup.policy is {here.get('cleanup.policy')}, in docs/topics.md {cleanup}"
        days = re.match(r"(\d+) days", kept)
        if days and here.get("retention.ms") != int(days[1]) * 86_400_000:
            yield f"{topic}: retention.ms is {here.get('retention.ms')}, in docs/topics.md {kept}"
    if settings:
        yield f"docs/topics.md does not list {', '.join(settings)}"


def message_of(document, channel):
    return followed(document, next(iter(channel["messages"].values())))


def section(text, heading):
    return re.split(r"^## ", text.split(f"\n## {heading}\n", 1)[-1], maxsplit=1, flags=re.MULTILINE)[0]


def key_problems(document, seen):
    """The keys of real records against the schemas of keys."""
    for channel in document["channels"].values():
        topic = channel["address"].removeprefix("touchstone.")
        if topic == "dead-letters":
            continue
        check = jsonschema.Draft7Validator(message_of(document, channel)["bindings"]["kafka"]["key"])
        for record in seen[topic].shapes.values() or seen[topic].schema["examples"]:
            names = {"windows": ("window", "scope", "id", "segment"), "alerts": ("kind", "scope", "id", "segment")}.get(topic, ("customer",))
            key = "/".join(record[name] for name in names)
            if not check.is_valid(key):
                yield f"{topic}: the key {key!r}"
        wrong = ["", 7]
        if topic in ("windows", "alerts"):
            wrong += ["5m/touchpoint/web", "5m/all/web/all", "5m/room/1/all", "5m/stage/loyalty/all/all", "/stage/loyalty/all"]
        for key in wrong:
            if check.is_valid(key):
                yield f"{topic}: {key!r} passes for a key"
