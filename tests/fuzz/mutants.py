"""Events of untouched customers, and mutants of them: valid lines whose bytes or fields were changed. The seed decides everything.

Even lines of the stream are untouched, odd ones are mutants, so that a line's number says which it is. What keeps the untouched
ones comparable with a run without mutants:

- a mutant is of another customer. One that reads as an event of an untouched customer, or as a request to forget one, is
  drawn again;
- a mutant has no later time than the stream has come to. The watermark, on which lateness and lapses depend, is then where it
  would be without mutants. (What a time in the future does is tested elsewhere: tests/unit/flow/watermark_bound_test.cc.)

Whether a line reads as an event is asked of the oracle's reader, which shares no code with the engine's.
"""

import json
import random

import instant
import records

UNTOUCHED, MUTANT = "u-", "m-"
START = 1_767_225_600_000  # 2026-01-01
STEP_MS = 1_000
REDRAWS = 20
CUSTOMERS = 500  # each comes every 8 minutes or so, and at times after a lapse

MAP = """\
version: 1
name: Mutants
lifecycle: {stages: [hear, look, buy, stay], lapse_after: 20m}
segments:
  - {id: gold, when: {attributes.tier: gold}}
  - {id: old, when: {attributes.age: {min: 60}}}
touchpoints:
  - {id: ad, channel: ad, match: {type: impression}}
  - {id: product, channel: web, match: {type: page_view, attributes.path: "/product/*"}, moves: [{to: look}]}
  - {id: page, match: {type: page_view}}
  - {id: call, channel: phone, match: {type: {regex: "^c.ll$"}}, moves: [{to: hear, back: true, when: {satisfaction: {max: 0.3}}}]}
  - {id: order, conversion: true, match: {type: purchase}, moves: [{to: stay, when: {customer.conversions: {min: 2}}}, {to: buy}]}
  - {id: survey, feedback: true, match: {type: survey_response}}
  - {id: named}
"""

TYPES = ("impression", "page_view", "page_view", "page_view", "call", "purchase", "survey_response", "fax")
_TOKENS = (b"null", b"true", b"-", b"1e999", b"1e-999", b"18446744073709551616", b"-9223372036854775809", b"NaN", b"Infinity", b"01", b"0x1",
           b'"', b"\\", b"\\u0000", b"\\ud800", b"\\udc00\\ud800", b"\\x", b"{", b"}", b"[", b"]", b",", b":", b"\x00", b"\x7f", b"\xff", b"\xc0\xaf",
           b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b" ", b"\r", b"\t", b"/*", b"{}", b'{"a":{"b":[', b'"forget"')
_DEEP = b"[" * 1_200
_TIMES = ("1999-12-31T23:59:59.999Z", "2101-01-01T00:00:00Z", "2026-01-01 00:00:00Z", "2026-01-01T24:00:00Z", "2026-02-30T00:00:00Z",
          "2026-01-01T00:00:00", "2026-01-01T00:00:00+24:00", "2026-01-01t00:00:00.123456789z", "2026-01-01T00:00:60Z", "9999-12-31T23:59:59Z",
          -1, 0, 10 ** 18, 2 ** 63, 1.5e12, True, None, "", [], "now")
_VALUES = (None, "", True, False, 0, -1, 1e12, -1e12, 1e12 + 1, 1e300, 5e-324, 2 ** 63 - 1, 2 ** 63, "x", "\u0000", "5", [], {}, [[]], {"a": {}})
_FIELDS = ("type", "customer", "id", "time", "channel", "touchpoint", "segment", "value", "wait_s", "duration_s", "feedback", "attributes",
           "forget", "unknown")


class Stream:
    """Draws the lines in pairs: one untouched, one mutant."""

    def __init__(self, seed):
        self._rng = random.Random(f"mutants {seed}")
        self._now = START
        self._highest = START
        self._recent = [self._event(UNTOUCHED)]
        self._highest = self._recent[0]["time"]

    def untouched(self):
        """A line that is an event, some of them late, some with an id that was there before."""
        self._now += self._rng.randrange(2 * STEP_MS)
        event = self._event(UNTOUCHED)
        self._highest = max(self._highest, event["time"])
        if len(self._recent) < 200:
            self._recent.append(event)
        else:
            self._recent[self._rng.randrange(200)] = event
        return self._written(event)

    def mutant(self):
        """(line, what the oracle's reader makes of it: an Event, a Forget or a reason)"""
        for _ in range(REDRAWS):
            line = self._mutated()
            read = read_line(line)
            if self._keeps_out_of_the_way(read):
                return line, read
        line = self._written(self._of_mutant())
        return line, read_line(line)

    def _keeps_out_of_the_way(self, read):
        if isinstance(read, str):
            return True
        if read.customer.startswith(UNTOUCHED):
            return False
        return isinstance(read, records.Forget) or read.time <= self._highest

    def _event(self, whose):
        rng = self._rng
        time = self._now - (rng.randrange(60_000) if rng.random() < 0.05 else 0)
        event = {"type": rng.choice(TYPES), "customer": f"{whose}{rng.randrange(CUSTOMERS)}", "time": max(time, START)}
        if rng.random() < 0.3:
            event["id"] = f"i{rng.randrange(50)}"
        if rng.random() < 0.5:
            event["channel"] = rng.choice(("web", "app", "store", "fax"))
        if rng.random() < 0.4:
            event["value"] = rng.choice((1, 19.99, -5, 0.00005))
        if rng.random() < 0.3:
            event["wait_s"] = rng.randrange(600)
        if rng.random() < 0.3:
            event["feedback"] = {rng.choice(records.RATING_KINDS): 1, "about": rng.choice(("page", "named", "?"))}
        if rng.random() < 0.5:
            event["attributes"] = {"path": rng.choice(("/product/1", "/help")), "tier": rng.choice(("gold", "lead")), "age": rng.randrange(90)}
        return event

    def _of_mutant(self):
        event = dict(self._rng.choice(self._recent))
        event["customer"] = MUTANT + event["customer"][len(UNTOUCHED):]
        return event

    def _written(self, event):
        rng = self._rng
        if rng.random() < 0.5:
            event = {**event, "time": instant.instant_text(event["time"])}
        return json.dumps(event, separators=(",", ":"), ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")

    # --- mutations ----------------------------------------------------------------------------------------------------

    def _mutated(self):
        rng = self._rng
        draw = rng.random()
        event = self._of_mutant()
        if draw < 0.05:
            return self._written(event)
        if draw < 0.06:
            return json.dumps({"forget": event["customer"]}).encode()
        if draw < 0.5:
            for _ in range(rng.randint(1, 3)):
                self._mutate_field(event)
            if draw < 0.4:
                return self._plainly_written(event)
        line = bytearray(self._plainly_written(event))
        for _ in range(rng.randint(1, 4)):
            self._mutate_bytes(line)
        if rng.random() < 2e-5:
            line += b" " * (records.MAX_RECORD_BYTES + 1)
        return bytes(line).replace(b"\n", b"\r")  # a line feed would end the line

    @staticmethod
    def _plainly_written(event):
        return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")

    def _mutate_field(self, event):
        rng = self._rng
        name = rng.choice(_FIELDS)
        draw = rng.random()
        if draw < 0.15:
            event.pop(name, None)
        elif draw < 0.3:
            event[rng.choice(_FIELDS)] = event.get(name)
        elif draw < 0.4:
            event["time"] = rng.choice(_TIMES)
        elif draw < 0.5:
            event["feedback"] = {rng.choice((*records.RATING_KINDS, "about")): rng.choice(_VALUES)}
        elif draw < 0.6:
            event["attributes"] = {rng.choice(("path", "tier", "", "\u0000", "x" * 300)): rng.choice(_VALUES) for _ in range(rng.randrange(40))}
        elif draw < 0.65:
            event["customer"] = rng.choice((MUTANT, "", "\u0000", MUTANT + "é" * 5_000, MUTANT + '"\\', 7, None))
        else:
            event[name] = rng.choice(_VALUES)

    def _mutate_bytes(self, line):
        rng = self._rng
        at = rng.randrange(len(line) + 1)
        length = rng.randint(1, 12)
        kind = rng.randrange(7)
        if kind == 0 and at < len(line):
            line[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < len(line):
            line[at] = rng.randrange(256)
        elif kind == 2:
            line[at:at] = rng.choice(_TOKENS)
        elif kind == 3:
            del line[at:at + length]
        elif kind == 4:
            line[at:at] = line[rng.randrange(len(line) + 1):][:length]
        elif kind == 5:
            line[at:at + length] = rng.choice(_TOKENS)
        elif rng.random() < 0.2:
            del line[at:]
        elif rng.random() < 0.01:
            line[at:at] = _DEEP


def read_line(line):
    """An Event, a Forget, or the reason why the line is neither."""
    try:
        return records.decode(line)
    except records.Rejected as rejected:
        return rejected.reason
