#!/usr/bin/env python3
"""Random nasty streams, with a small random map, for comparing the engine with the oracle. The seed decides everything.

    python3 generate.py --seed 7 --events 5000 --map-out map.yaml --out events.ndjson

`--halves` adds amounts such as 1.00005, whose half is not one in binary. `--long-paths` lets few events be conversions. From
a thousand customers on each is as frequent as any other; of fewer the first are the most frequent.
"""

import argparse
import gzip
import json
import random

import exact
import instant
from touchpoint_map import DEFAULT_STAGES

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
LATENESS = 10 * SECOND
STEPS = (5 * SECOND, 15 * SECOND, MINUTE, 10 * MINUTE, HOUR)

CUSTOMERS = ("a", "ab", "A", "z", "é", "\uffee", "\U0001f600", 'q"uote', "back\\slash", "tab\tbed", "سارا", "c/1", "c 2", "0", "lapsed", "all")
TYPES = ("page_view", "page_view", "search", "purchase", "purchase", "call", "cell", "call", "store_visit", "email_open", "review",
         "survey_response", "survey_response", "pledge", "return", "تماس", "x\u0000y")
CHANNELS = ("web", "app", "phone", "email", "store", "survey", "shop", "other", "unmapped", "fax", "WEB", "")
PATHS = ("/product/1", "/product/a/b", "/product", "/products/1", "/help", "/product/\nnew", "")


# --- the map ----------------------------------------------------------------------------------------------------------

TOUCHPOINTS = (
    "{id: web.product, channel: web, MOVES, match: {type: page_view, attributes.path: '/product/*'}}",
    "{id: web.help, channel: web, MOVES, match: {channel: web, attributes.path: '/???p'}}",
    "{id: call, MOVES, match: [{type: call, wait_s: {min: 10, max: 300}}, {type: 'c?ll', duration_s: {exists: false}}]}",
    "{id: store-visit, channel: store, MOVES, match: {type: {regex: '^st.re_'}}}",
    "{id: order.big, conversion: true, MOVES, match: {type: purchase, value: {min: 1000}}}",
    "{id: order, channel: shop, conversion: true, MOVES, match: {type: [purchase, 'purchase.*']}}",
    "{id: survey.phone, feedback: true, MOVES, match: {type: survey_response, channel: phone}}",
    "{id: survey, channel: survey, feedback: true, MOVES, match: {type: survey_response}}",
    "{id: pledge, conversion: true, feedback: true, channel: social, MOVES, match: {type: pledge}}",
    "{id: named.only, channel: ad, MOVES}",
    "{id: named.bare, MOVES}",
    "{id: tagged, MOVES, match: {attributes.tag: {exists: true}, segment: {exists: false}}}",
    "{id: said-yes, channel: chat, MOVES, match: {attributes.vip: yes}}",
    "{id: is-true, channel: chat, MOVES, match: {attributes.vip: true}}",
    "{id: mail, channel: email, MOVES, match: {type: 'email*', attributes.code: '7'}}",
    "{id: mail.number, channel: email, MOVES, match: {type: 'email*', attributes.code: [7, 0o17, 1e1]}}",
    "{id: praise, MOVES, match: {type: review, feedback.stars: {min: 4}}}",
    "{id: review, channel: product, MOVES, match: {type: review, attributes.tag: [{exists: false}, '*']}}",
    "{id: about-bare, MOVES, match: {feedback.about: named.bare}}",
    "{id: ends.dollar, MOVES, match: {attributes.path: {regex: '[0-9$]$'}}}",
)
SEGMENTS = (
    "{id: gold, when: {attributes.tier: gold}}",
    "{id: silver, when: [{attributes.tier: silver}, {attributes.tier: 2}]}",
    "{id: spender, when: {value: {min: 500}}}",
    "{id: patient, when: {wait_s: {max: 20}}}",
    "{id: called, when: {customer: {regex: '^(a|z)'}, channel: phone}}",
    "{id: by-name}",
)
GUARDS = (
    "customer.stage: {first}", "customer.stage: [{first}, '{last}']", "customer.conversions: {min: 2}", "customer.conversions: 1",
    "satisfaction: {min: 0.5}", "satisfaction: {exists: false}", "satisfaction: {max: 0.333333}", "attributes.tag: {exists: true}",
    "value: {max: 10}", "feedback.nps: {min: 9}", "customer.stage: '*', type: {regex: 'e'}",
)
STAGES = ("hear", "look", "choose", "use", "praise-it")
LAPSES = ("20s", "90s", "10m", "2h", "1d", "4d", "40d")


LIFECYCLES = (
    None,                                                                     # the contract's default
    ("one", "two"),
    tuple(f"s{index}" for index in range(12)),
    ("z", "a", "0", "all.of-it", "other-one"),                                   # their order is not that of their bytes
)
MANY_CUSTOMERS = 1_000


def random_lifecycle(rng):
    """(stages, lines of YAML)"""
    stages = LIFECYCLES[rng.randrange(len(LIFECYCLES))] if rng.random() < 0.4 else STAGES[:rng.randint(2, len(STAGES))]
    lines = ["lifecycle:"]
    if stages is not None:
        lines.append(f"  stages: [{', '.join(map(quoted_id, stages))}]")
    stages = DEFAULT_STAGES if stages is None else stages
    if rng.random() < 0.3:
        lines.append(f"  weights: {{{quoted_id(rng.choice(stages))}: {rng.choice((0, 2, 0.5))}}}")
    return stages, lines + [f"  lapse_after: {rng.choice(LAPSES)}"]


def quoted_id(text):
    """A stage called 0 would be a number."""
    return f"'{text}'"


def random_map(rng):
    stages, lifecycle = random_lifecycle(rng)
    touchpoints = [one for one in TOUCHPOINTS if rng.random() < 0.75]
    if rng.random() < 0.5:
        rng.shuffle(touchpoints)
    segments = [one for one in SEGMENTS if rng.random() < 0.75]
    lines = ["version: 1", "name: Generated", *lifecycle]
    lines += ["segments:"] * bool(segments) + [f"  - {one}" for one in segments]
    lines += ["touchpoints:"] + [f"  - {with_moves(rng, one, stages)}" for one in touchpoints]
    return "\n".join(lines) + "\n"


def with_moves(rng, touchpoint, stages):
    moves = [random_move(rng, stages) for _ in range(rng.choice((0, 0, 1, 1, 2, 3)))]
    return touchpoint.replace("MOVES", f"moves: [{', '.join(moves)}]") if moves else touchpoint.replace(", MOVES", "")


def random_move(rng, stages):
    parts = [f"to: {quoted_id(rng.choice(stages))}"]
    if rng.random() < 0.6:
        guard = rng.choice(GUARDS).replace("{first}", quoted_id(stages[0])).replace("'{last}'", quoted_id(stages[-1]))
        parts.append(f"when: {{{guard}}}")
    if rng.random() < 0.4:
        parts.append("back: true")
    return "{" + ", ".join(parts) + "}"


# --- event times ------------------------------------------------------------------------------------------------------

class Clock:
    """Goes on unevenly; events stray from it."""

    def __init__(self, rng):
        self._rng = rng
        self.now = instant.read_rfc3339("2026-01-01T00:00:00Z") + rng.randrange(300 * DAY)
        self.highest = self.now

    def event_time(self):
        self._advance()
        time = self._stray()
        self.highest = max(self.highest, time)
        return time

    def _advance(self):
        rng, chance = self._rng, self._rng.random()
        if chance < 0.20:
            return
        if chance < 0.45:
            self.now += rng.randrange(2 * SECOND)
        elif chance < 0.70:
            self.now += rng.randrange(30 * SECOND)
        elif chance < 0.80:
            self.now += rng.randrange(10 * MINUTE)
        elif chance < 0.95:
            step = rng.choice(STEPS[:4])
            self.now = (self.now // step + 1) * step + rng.choice((0, 0, 0, -1, 1))
        elif chance < 0.995:
            self.now += rng.randrange(3 * HOUR)
        elif chance < 0.997:
            self.now = (self.now // DAY + 1) * DAY
        elif chance < 0.999:
            self.now += rng.randrange(3 * DAY)
        else:
            self.now += rng.choice((7 * DAY, 30 * DAY, rng.randrange(60 * DAY)))

    def _stray(self):
        rng, chance = self._rng, self._rng.random()
        if chance < 0.60:
            return self.now
        if chance < 0.83:
            return self.now - rng.randrange(LATENESS + 1)
        if chance < 0.88:
            return self.highest - LATENESS + rng.choice((-1, 0, 1))
        if chance < 0.93:
            return self.now - rng.randrange(5 * MINUTE)
        if chance < 0.96:
            return self.now - rng.randrange(8 * HOUR)
        if chance < 0.98:
            return self.now - rng.choice((7 * DAY, 30 * DAY, 7 * DAY + 1, 30 * DAY + 1, rng.randrange(40 * DAY)))
        if chance < 0.996:
            return self.now + rng.randrange(LATENESS)
        return self.now + rng.randrange(2 * HOUR)


def written_time(rng, time):
    """One of the many ways to write a time of the contract."""
    if time % DAY == 0 and rng.random() < 0.5:
        return instant.instant_text(time - SECOND)[:-len("59.000Z")] + "60Z"
    if rng.random() < 0.3:
        return time
    offset = rng.choice((0, 0, 0, 0, 3 * HOUR + 30 * MINUTE, -8 * HOUR, 14 * HOUR, -23 * HOUR - 59 * MINUTE))
    text = instant.instant_text(time + offset)[:-1]
    if text.endswith(".000") and rng.random() < 0.7:
        text = text[:-4]
    elif rng.random() < 0.2:
        text += rng.choice(("9", "999999", "0"))
    if offset:
        minutes = abs(offset) // MINUTE
        text += f"{'-' if offset < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
    else:
        text += rng.choice(("Z", "Z", "z", "+00:00", "-00:00"))
    return text.replace("T", "t") if rng.random() < 0.1 else text


# --- events -----------------------------------------------------------------------------------------------------------

class Raw(str):
    """JSON text to be put into a record as it is."""


def number(rng, low, high, places, halves=False):
    """A number literal of the range; with more places than are kept now and then (1/32 is a true half at 4 places)."""
    chance = rng.random()
    if chance < 0.4:
        return Raw(rng.randint(low, high))
    if chance < 0.5:
        return Raw(rng.choice((low, high, f"{high}.0", f"{high}e0")))
    if chance < 0.6 and places == 4:
        return Raw(rng.randrange(low * 32, high * 32) / 32)
    if chance < 0.7 and halves:
        return Raw(f"{rng.randrange(max(low, 0), high)}.{'0' * (places - 1)}{rng.randrange(10)}5")
    return Raw(f"{rng.randrange(max(low, 0), high)}.{rng.randrange(10 ** places):0{places}d}")


class Stream:
    def __init__(self, rng, customers, touchpoints, segments, halves, long_paths):
        self._rng = rng
        self._clock = Clock(rng)
        self._customers = [CUSTOMERS[index] if index < len(CUSTOMERS) else f"c{index}" for index in range(customers)]
        self._weights = [1 if customers >= MANY_CUSTOMERS else 1 / (index + 1) for index in range(customers)]
        self._touchpoints, self._segments = touchpoints, segments
        self._halves, self._long_paths = halves, long_paths
        self._sent = []
        self._ids = {}

    def line(self):
        chance = self._rng.random()
        if chance < 0.94:
            return encode(self._rng, self._event())
        if chance < 0.965 and self._sent:
            return self._repeat()
        if chance < 0.975:
            return encode(self._rng, {"forget": self._customer()})
        return bad_line(self._rng, self._clock.highest)

    def ending(self, lapse_after):
        """Two last events such that the first one's customer is due to lapse about when the input ends."""
        due = self._clock.highest + 1 + lapse_after
        last = due + self._rng.choice((-1, 0, 0, 1, LATENESS - 1, LATENESS))
        return [encode(self._rng, {"type": "call", "customer": customer, "time": time})
                for customer, time in zip(self._customers, (self._clock.highest + 1, last))]

    def _customer(self):
        return self._rng.choices(self._customers, self._weights)[0]

    def _repeat(self):
        """An event sent before, now and then with its time moved to just within or beyond an hour."""
        record = dict(self._rng.choice(self._sent[-200:]))
        moved = self._rng.choice((None, None, HOUR, HOUR + 1, -HOUR, -HOUR - 1))
        if moved is not None:
            record["time"] = record["time ms"] + moved
        return encode(self._rng, record)

    def _event(self):
        rng = self._rng
        time = self._clock.event_time()
        record = {"type": self._type(), "customer": self._customer(), "time": written_time(rng, time), "time ms": time}
        self._add_id(record)
        self._add_names(record)
        self._add_amounts(record)
        self._add_attributes(record)
        if rng.random() < 0.3 or record["type"] in ("review", "survey_response", "pledge"):
            record["feedback"] = self._feedback()
        self._sent.append(record)
        return record

    def _type(self):
        kind = self._rng.choice(TYPES)
        return "call" if self._long_paths and kind in ("purchase", "pledge") and self._rng.random() < 0.97 else kind

    def _add_id(self, record):
        """Mostly new; or one of this customer's earlier ones, about as far back as are remembered."""
        ids = self._ids.setdefault(record["customer"], [])
        chance = self._rng.random()
        if chance < 0.06 and ids:
            record["id"] = ids[-min(len(ids), self._rng.choice((1, 2, 5, 63, 64, 65, 66)))]
        elif chance < 0.9:
            record["id"] = f"e{len(self._sent)}"
        elif chance < 0.93:
            record["id"] = self._rng.choice(("", None))
        if record.get("id"):
            ids.append(record["id"])

    def _add_names(self, record):
        rng = self._rng
        if rng.random() < 0.8:
            record["channel"] = rng.choice(CHANNELS)
        if rng.random() < 0.08:
            record["touchpoint"] = rng.choice(self._touchpoints + ["unmapped", "nobody", "", "all"])
        if rng.random() < 0.08:
            record["segment"] = rng.choice(self._segments + ["other", "all", "nobody", ""])

    def _add_amounts(self, record):
        rng = self._rng
        if record["type"] in ("purchase", "return") or rng.random() < 0.1:
            record["value"] = rng.choice((number(rng, -50, 3000, 4, self._halves), number(rng, 0, 100, 2), Raw("0"), Raw("-0.0"),
                                          Raw("0.0001"), Raw("-33.33"), Raw("1e3"), Raw("-1e12"), Raw("0.00004")))
        if rng.random() < 0.25:
            record["wait_s"] = rng.choice((number(rng, 0, 400, 3), Raw("0"), Raw("1000000000"), Raw("0.0004"), Raw("0.0625")))
        if rng.random() < 0.2:
            record["duration_s"] = number(rng, 0, 4000, 3)

    def _add_attributes(self, record):
        rng = self._rng
        attributes = {}
        if rng.random() < 0.5:
            attributes["path"] = rng.choice(PATHS)
        if rng.random() < 0.25:
            attributes["tier"] = rng.choice(("gold", "silver", "Gold", 2, Raw("2.0"), "2", None, ""))
        if rng.random() < 0.1:
            attributes["tag"] = rng.choice(("x", "", None, 0, False))
        if rng.random() < 0.1:
            attributes["vip"] = rng.choice(("yes", True, "true", False))
        if rng.random() < 0.2:
            attributes["code"] = rng.choice(("7", 7, Raw("7.0"), 15, Raw("1E1"), "0o17"))
        if attributes or rng.random() < 0.05:
            record["attributes"] = attributes

    def _feedback(self):
        rng = self._rng
        ratings = {"csat": number(rng, 1, 5, 2), "stars": number(rng, 1, 5, 1), "nps": number(rng, 0, 10, 1), "ces": number(rng, 1, 7, 3),
                   "sentiment": rng.choice((Raw("-1"), Raw("1"), Raw("0"), Raw("-0.25"), Raw("0.333333"), Raw("1e-3")))}
        feedback = {kind: rating for kind, rating in ratings.items() if rng.random() < 0.35}
        if rng.random() < 0.2:
            feedback["about"] = rng.choice(self._touchpoints + ["nobody", "", "unmapped"])
        return feedback


def encode(rng, record):
    """A record as a line; now and then with other white space, escapes, unknown fields, repeated keys or nulls."""
    members = [(name, value) for name, value in record.items() if name != "time ms"]
    if rng.random() < 0.1:
        rng.shuffle(members)
    if rng.random() < 0.05:
        members.append((rng.choice(("unknown", "x", "kunde")), rng.choice((None, [1, [2, {"a": []}]], {"type": "no"}, 1.5, "…"))))
    if rng.random() < 0.02:
        members.append((rng.choice(("wait_s", "segment", "touchpoint", "feedback")), None))
    if rng.random() < 0.02:
        members.append((members[0][0], "second"))
    space = rng.choice(("", "", "", " ", "\t"))
    text = space + "{" + ("," + space).join(json_text(rng, name) + ":" + space + json_text(rng, value) for name, value in members) + "}"
    return (text + rng.choice(("", "", "", "", "\r", " "))).encode("utf-8")


def json_text(rng, value):
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(json_text(rng, name) + ":" + json_text(rng, item) for name, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=rng.random() < 0.5)


# --- bad lines --------------------------------------------------------------------------------------------------------

def bad_members(time):
    """Records that are wrong in one way or several, as JSON text with TIME for a good time."""
    good = '"type":"call","customer":"a","time":TIME'
    wrong = ('"value":"1"', '"value":1000000000000.0001', '"value":-1e13', '"value":true', '"wait_s":-0.001', '"wait_s":1000000001',
             '"duration_s":[]', '"id":5', '"channel":{}', '"touchpoint":0', '"segment":false', '"feedback":[]', '"feedback":"x"',
             '"feedback":{"csat":0.99}', '"feedback":{"stars":6}', '"feedback":{"nps":10.5}', '"feedback":{"nps":-1}', '"feedback":{"ces":8}',
             '"feedback":{"sentiment":-1.01}', '"feedback":{"about":1}', '"feedback":{"csat":"5"}', '"attributes":[]', '"attributes":"x"',
             '"attributes":{"a":{}}', '"attributes":{"a":[1]}', '"value":-,', '"x":1e400', '"x":-1e400', '"x":18446744073709551616',
             '"x":-9223372036854775809', '"x":"\\ud800"', '"\\udc00x":1', '"x":["\\ud83d\\ud83d"]', '"x":NaN', '"x":Infinity', '"x":01',
             '"x":1.', '"x":.5', '"x":+1', '"x":"\t"', '"x":"\\x"', '"x":\'a\'', '"x":tru', '"x":1,')
    whole = ('{"customer":"a","time":TIME}', '{"type":"","customer":"a","time":TIME}', '{"type":"call","time":TIME}',
             '{"type":"call","customer":null,"time":TIME}', '{"type":"call","customer":"a"}', '{"type":"call","customer":"a","time":""}',
             '{"type":null,"type":"call","customer":"a","time":TIME}', '{"value":"x","customer":"a","time":TIME}',
             '{"type":"call","customer":"a","time":"x","value":"x"}', '{"type":5,"customer":"a","time":TIME}',
             '{"type":"call","customer":7,"time":TIME}', '{}', '[]', '5', '"x"', 'null', '', ' ', '\r', '{', '{"a":1', '[{"type":"call"}]',
             '{"forget":""}', '{"forget":5}', '{"forget":"a","x":1}', '{"forget":"a"', '{' + good + '} x', '{' + good + '}{}',
             '\ufeff{' + good + '}', '{"x":' + '[' * 1500 + ']' * 1500 + ',' + good + '}', '[' * 3000)
    bad_times = ('"yesterday"', '"2026-01-01"', '"2026-01-01 00:00:00Z"', '"2026-01-01T00:00:00"', '"2026-02-29T00:00:00Z"',
                 '"2026-01-01T24:00:00Z"', '"2026-01-01T00:00:60Z"', '"2026-01-01T23:59:60+01:00"', '"2026-01-01T00:00:00.Z"',
                 '"2026-01-01T00:00:00+24:00"', '"2026-01-01T00:00:00+0100"', '"1999-12-31T23:59:59.999Z"', '"2101-01-01T00:00:00Z"',
                 '"2100-12-31T23:59:60Z"', '946684799999', '4133980800000', '-5', '1.5e12', '1767225600000.0', 'true', '{}',
                 '"\u0662026-01-01T00:00:00Z"', '" 2026-01-01T00:00:00Z"', '"2026-13-01T00:00:00Z"', '"2026-00-10T00:00:00Z"')
    members = ['{' + good + ',' + one + '}' for one in wrong] + list(whole)
    members += ['{"type":"call","customer":"a","time":' + one + '}' for one in bad_times]
    return [one.replace("TIME", str(time)) for one in members]


def bad_line(rng, time):
    chance = rng.random()
    if chance < 0.1:
        broken = rng.choice((b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"))
        return b'{"type":"call","customer":"a","time":' + str(time).encode() + b',"x":"' + broken + b'"}'
    if chance < 0.13:
        return padded(time, rng.choice(((1 << 20) + 1, 1 << 20)))
    return rng.choice(bad_members(time)).encode("utf-8")


def padded(time, length):
    """A good event of exactly so many bytes: at 1 MiB it is still accepted."""
    head = b'{"type":"call","customer":"a","time":' + str(time).encode() + b',"x":"'
    return head + b"." * (length - len(head) - 2) + b'"}'


# --- command line -----------------------------------------------------------------------------------------------------

def ids_in(text, part):
    """The ids declared in a part of the generated map."""
    section = text.partition(part + ":\n")[2].partition("touchpoints:\n")[0]
    return [line.partition("{id: ")[2].split(",")[0].rstrip("}") for line in section.splitlines() if "{id: " in line]


def lapse_after_in(text):
    return exact.parse_duration(text.partition("lapse_after: ")[2].partition("\n")[0])


def generate(seed, events, customers, halves, long_paths=False):
    """(text of the map, lines of the stream)"""
    rng = random.Random(seed)
    text = random_map(rng)
    stream = Stream(rng, customers, ids_in(text, "touchpoints"), ids_in(text, "segments"), halves, long_paths)
    return text, [stream.line() for _ in range(events - 2)] + stream.ending(lapse_after_in(text))


def write_lines(path, lines):
    with (gzip.open if path.endswith(".gz") else open)(path, "wb") as file:
        file.write(b"\n".join(lines) + b"\n")


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Random nasty streams of events with a small random map.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--customers", type=int, default=20)
    parser.add_argument("--halves", action="store_true")
    parser.add_argument("--long-paths", action="store_true")
    parser.add_argument("--map-out", required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args(arguments)
    text, lines = generate(options.seed, options.events, options.customers, options.halves, options.long_paths)
    with open(options.map_out, "w", encoding="utf-8") as file:
        file.write(text)
    write_lines(options.out, lines)


if __name__ == "__main__":
    main()
