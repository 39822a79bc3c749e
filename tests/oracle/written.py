"""JSON as text, put together from parts that are JSON already."""

import json

_quote = json.encoder.encode_basestring


def quoted(text):
    """A JSON string, or None for None."""
    return None if text is None else _quote(text)


def json_object(members):
    """An object of (name, JSON text); what is None is absent. The names need no escapes."""
    return "{" + ",".join([f'"{name}":{text}' for name, text in members if text is not None]) + "}"


def json_array(items):
    return "[" + ",".join(items) + "]"
