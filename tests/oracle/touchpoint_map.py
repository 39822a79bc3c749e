"""The touchpoint map: YAML with the scalars of YAML 1.2's core schema, predicates, and the rules the engine asks.

Section 1 of the contract. The map is taken to be right; the oracle does not look for mistakes in it.
"""

import re
from fractions import Fraction

import yaml

import exact
import records

DEFAULT_STAGES = ("awareness", "knowledge", "consideration", "selection", "satisfaction", "loyalty", "advocacy")
CHANNELS = ("web", "app", "phone", "email", "sms", "chat", "store", "social", "ad", "post", "billing", "delivery", "product", "survey")
UNMAPPED = "unmapped"
OTHER = "other"
ALL = "all"
LAPSED = "lapsed"


# --- YAML -------------------------------------------------------------------------------------------------------------

class CoreSchemaLoader(yaml.SafeLoader):
    """PyYAML reads YAML 1.1 (`yes`, `on`, dates, sexagesimals); this one resolves scalars as the core schema of 1.2 does."""

    yaml_implicit_resolvers = {}


_TAG = "tag:yaml.org,2002:"
for _name, _pattern in (
    ("null", r"null|Null|NULL|~|"),
    ("bool", r"true|True|TRUE|false|False|FALSE"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"),
):
    CoreSchemaLoader.add_implicit_resolver(_TAG + _name, re.compile(rf"(?:{_pattern})\Z"), None)


def _construct_int(loader, node):
    text = loader.construct_scalar(node)
    if text.startswith("0o"):
        return int(text[2:], 8)
    return int(text[2:], 16) if text.startswith("0x") else int(text)


def _construct_float(loader, node):
    text = loader.construct_scalar(node)
    if text.lower().lstrip("+-") in (".inf", ".nan"):
        return float(text.replace(".", ""))
    return Fraction(text if not text.endswith(".") else text + "0")


CoreSchemaLoader.add_constructor(_TAG + "int", _construct_int)
CoreSchemaLoader.add_constructor(_TAG + "float", _construct_float)


def read_yaml(text):
    return yaml.load(text, Loader=CoreSchemaLoader)


# --- predicates -------------------------------------------------------------------------------------------------------
# A condition is compiled into a function of a field's value, None where the field is absent.

def compile_condition(condition):
    if isinstance(condition, list):
        return _any_of([compile_condition(one) for one in condition])
    if isinstance(condition, dict):
        return _all_of([_KEYED[key](argument) for key, argument in condition.items()])
    if isinstance(condition, bool):
        return lambda value: value is condition
    if isinstance(condition, str):
        return _glob(condition) if "*" in condition or "?" in condition else lambda value: value == condition
    if condition is None:
        raise ValueError("a null condition")
    return lambda value: records.is_number(value) and value == condition


def _any_of(conditions):
    return lambda value: any(condition(value) for condition in conditions)


def _all_of(conditions):
    return lambda value: all(condition(value) for condition in conditions)


def _glob(pattern):
    parts = {"*": ".*", "?": "."}
    expression = re.compile("".join(parts.get(character) or re.escape(character) for character in pattern), re.DOTALL)
    return lambda value: isinstance(value, str) and expression.fullmatch(value) is not None


def _minimum(bound):
    return lambda value: records.is_number(value) and value >= bound


def _maximum(bound):
    return lambda value: records.is_number(value) and value <= bound


def _exists(wanted):
    return lambda value: (value is not None) == wanted


def _regex(pattern):
    expression = re.compile(_from_re2(pattern), re.ASCII)
    return lambda value: isinstance(value, str) and expression.search(value) is not None


def _from_re2(pattern):
    """RE2's `$` and `\\z` are the very end of the text, which Python writes `\\Z`."""
    translated, in_class, index = [], False, 0
    while index < len(pattern):
        taken = pattern[index:index + 2] if pattern[index] == "\\" else pattern[index]
        in_class = taken != "]" if in_class else taken == "["
        translated.append(r"\Z" if taken == r"\z" or (taken == "$" and not in_class) else taken)
        index += len(taken)
    return "".join(translated)


_KEYED = {"min": _minimum, "max": _maximum, "exists": _exists, "regex": _regex}


def compile_predicate(predicate):
    """A map of fields to conditions, or a list of such maps, as a function of the flat fields."""
    alternatives = predicate if isinstance(predicate, list) else [predicate]
    compiled = [[(field, compile_condition(condition)) for field, condition in one.items()] for one in alternatives]

    def holds(fields):
        for conditions in compiled:
            for field, condition in conditions:
                if not condition(fields.get(field)):
                    break
            else:
                return True
        return False

    return holds


def _always(_fields):
    return True


def _never(_fields):
    return False


# --- the map ----------------------------------------------------------------------------------------------------------

class Move:
    def __init__(self, spec, stages):
        self.to = stages.index(spec["to"])
        self.holds = compile_predicate(spec["when"]) if "when" in spec else _always
        self.back = spec.get("back", False)


class Touchpoint:
    def __init__(self, spec, stages):
        self.id = spec["id"]
        self.channel = spec.get("channel")
        self.matches = compile_predicate(spec["match"]) if "match" in spec else _never
        self.moves = [Move(move, stages) for move in spec.get("moves") or []]
        self.conversion = spec.get("conversion", False)
        self.feedback = spec.get("feedback", False)

    @property
    def is_rateable(self):
        """Whether a survey after it may be about it."""
        return not self.feedback and self.id != UNMAPPED

    @property
    def is_touch(self):
        """Whether it stands in the paths to conversions."""
        return self.is_rateable and not self.conversion


class TouchpointMap:
    def __init__(self, spec):
        lifecycle = spec.get("lifecycle") or {}
        self.stages = tuple(lifecycle.get("stages", DEFAULT_STAGES))
        self.lapse_after = exact.parse_duration(lifecycle.get("lapse_after", "90d"))
        self.touchpoints = {one["id"]: Touchpoint(one, self.stages) for one in spec.get("touchpoints") or []}
        self.unmapped = Touchpoint({"id": UNMAPPED}, self.stages)
        self.segments = {one["id"]: compile_predicate(one["when"]) if "when" in one else _never
                         for one in spec.get("segments") or []}
        self.channels = set(CHANNELS) | {one.channel for one in self.touchpoints.values() if one.channel}

    def touchpoint_of(self, event):
        if event.touchpoint in self.touchpoints:
            return self.touchpoints[event.touchpoint]
        for touchpoint in self.touchpoints.values():
            if touchpoint.matches(event.fields):
                return touchpoint
        return self.unmapped

    def channel_of(self, event, touchpoint):
        if touchpoint.channel:
            return touchpoint.channel
        return event.channel if event.channel in self.channels else OTHER

    def segment_of(self, event):
        """The segment the event itself tells, or None."""
        if event.segment in self.segments:
            return event.segment
        for segment, holds in self.segments.items():
            if holds(event.fields):
                return segment
        return None


def read_map(path):
    with open(path, encoding="utf-8") as file:
        return TouchpointMap(read_yaml(file.read()))
