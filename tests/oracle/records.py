"""From one line of a file to an event, a request to forget, or a rejection with the first reason that applies.

Section 2 of the contract. Numbers are read exactly as written: an integer literal is an int, any other a Fraction.
"""

import json
import re
import sys
from fractions import Fraction

import exact
import instant

sys.set_int_max_str_digits(0)
sys.setrecursionlimit(20_000)

MAX_RECORD_BYTES = 1 << 20
MAX_NESTING = 1_024
MAX_VALUE = 10 ** 12
MAX_SECONDS = 10 ** 9

RATING_KINDS = ("csat", "stars", "nps", "ces", "sentiment")
RATING_RANGE = {"csat": (1, 5), "stars": (1, 5), "nps": (0, 10), "ces": (1, 7), "sentiment": (-1, 1)}

_STRING_FIELDS = ("type", "customer", "id", "channel", "touchpoint", "segment")
_NUMBER_RANGE = {"value": (-MAX_VALUE, MAX_VALUE), "wait_s": (0, MAX_SECONDS), "duration_s": (0, MAX_SECONDS)}

_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Rejected(Exception):
    """The line is no event; `reason` is one of the contract's fixed list."""

    def __init__(self, reason, detail):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Forget:
    __slots__ = ("customer",)

    def __init__(self, customer):
        self.customer = customer


class Event:
    """A valid event. `fields` are those present, as they came, under the names predicates use."""

    __slots__ = ("fields", "time", "type", "customer", "id", "channel", "touchpoint", "segment", "value", "wait", "duration",
                 "ratings", "about")

    def __init__(self, fields, time):
        self.fields = fields
        self.time = time
        for name in _STRING_FIELDS:
            setattr(self, name, fields.get(name))
        self.value = _units(fields.get("value"), exact.MONEY_PLACES)
        self.wait = _units(fields.get("wait_s"), exact.SECOND_PLACES)
        self.duration = _units(fields.get("duration_s"), exact.SECOND_PLACES)
        self.ratings = {kind: fields["feedback." + kind] for kind in RATING_KINDS if "feedback." + kind in fields}
        self.about = fields.get("feedback.about")


def decode(line):
    """`line` is bytes without the line feed."""
    record = _parse_object(_text(line))
    if len(record) == 1 and isinstance(record.get("forget"), str) and record["forget"]:
        return Forget(record["forget"])
    _require(record)
    fields = _checked_fields(record)
    return Event(fields, _event_time(fields["time"]))


def _text(line):
    if len(line) > MAX_RECORD_BYTES:
        raise Rejected("too-large", f"{len(line)} bytes")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Rejected("encoding", str(error)) from None


# --- JSON -------------------------------------------------------------------------------------------------------------

def _parse_object(text):
    if _nesting(text) > MAX_NESTING:
        raise Rejected("malformed", "nested too deeply")
    try:
        record = _DECODER.decode(text)
        if _SURROGATE_ESCAPE.search(text):
            _SURROGATE_FINDER.decode(text)
    except (ValueError, RecursionError) as error:
        raise Rejected("malformed", str(error)) from None
    if not isinstance(record, dict):
        raise Rejected("malformed", "not an object")
    return record


def _nesting(text):
    """How deep the brackets outside strings go; only looked into where there are enough of them to matter."""
    if text.count("{") + text.count("[") <= MAX_NESTING:
        return 0
    depth = deepest = 0
    for character in _JSON_STRING.sub("", text):
        if character in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "}]":
            depth -= 1
    return deepest


def _first_counts(pairs):
    record = dict(pairs)
    if len(record) != len(pairs):
        record = dict(reversed(pairs))
    return record


def _read_integer(text):
    if len(text) > 20 or not -(1 << 63) <= int(text) < (1 << 64):
        raise ValueError("an integer beyond 64 bits")
    return int(text)


def _read_number(text):
    double = float(text)
    if double in (float("inf"), float("-inf")):
        raise ValueError("a number beyond a double")
    return Fraction(text) if double else Fraction(0)


def _refuse_constant(text):
    raise ValueError(f"{text} is not JSON")


def _refuse_surrogates(pairs):
    for key, value in pairs:
        _refuse_surrogates_in(key)
        _refuse_surrogates_in(value)
    return None


def _refuse_surrogates_in(value):
    if isinstance(value, str) and _SURROGATE.search(value):
        raise ValueError("a lone surrogate")
    if isinstance(value, list):
        for item in value:
            _refuse_surrogates_in(item)


_DECODER = json.JSONDecoder(object_pairs_hook=_first_counts, parse_int=_read_integer, parse_float=_read_number,
                            parse_constant=_refuse_constant)
_SURROGATE_FINDER = json.JSONDecoder(object_pairs_hook=_refuse_surrogates)


# --- fields -----------------------------------------------------------------------------------------------------------

def _present(value):
    return value is not None and value != ""


def is_number(value):
    return isinstance(value, (int, Fraction)) and not isinstance(value, bool)


def _units(number, places):
    return None if number is None else exact.round_number(number, places)


def _require(record):
    for name in ("type", "customer", "time"):
        if not _present(record.get(name)):
            raise Rejected("missing-field", name)


def _checked_fields(record):
    """The flat fields of the record that are present, all of the right type and in range."""
    fields = {}
    for name in _STRING_FIELDS:
        _take(fields, name, record.get(name), _check_string)
    for name, limits in _NUMBER_RANGE.items():
        _take_number(fields, name, record.get(name), limits)
    _take(fields, "time", record["time"], _check_time_type)
    _take_feedback(fields, record.get("feedback"))
    _take_attributes(fields, record.get("attributes"))
    return fields


def _take(fields, name, value, check):
    if _present(value):
        check(name, value)
        fields[name] = value


def _take_number(fields, name, value, limits):
    _take(fields, name, value, lambda field, number: _check_number(field, number, limits))


def _take_feedback(fields, feedback):
    if not _present(feedback):
        return
    _check_object("feedback", feedback)
    for kind, limits in RATING_RANGE.items():
        _take_number(fields, "feedback." + kind, feedback.get(kind), limits)
    _take(fields, "feedback.about", feedback.get("about"), _check_string)


def _take_attributes(fields, attributes):
    if not _present(attributes):
        return
    _check_object("attributes", attributes)
    for name, value in attributes.items():
        _take(fields, "attributes." + name, value, _check_scalar)


def _check_string(name, value):
    if not isinstance(value, str):
        raise Rejected("bad-value", f"{name} is not a string")


def _check_number(name, value, limits):
    if not is_number(value) or not limits[0] <= value <= limits[1]:
        raise Rejected("bad-value", f"{name} is not a number of its range")


def _check_time_type(name, value):
    if not isinstance(value, str) and (not isinstance(value, int) or isinstance(value, bool)):
        raise Rejected("bad-value", f"{name} is neither a string nor an integer")


def _check_object(name, value):
    if not isinstance(value, dict):
        raise Rejected("bad-value", f"{name} is not an object")


def _check_scalar(name, value):
    if isinstance(value, (dict, list)):
        raise Rejected("bad-value", f"{name} is not a scalar")


def _event_time(time):
    milliseconds = instant.read_rfc3339(time) if isinstance(time, str) else time
    if milliseconds is None or not instant.in_range(milliseconds):
        raise Rejected("bad-time", str(time)[:64])
    return milliseconds
