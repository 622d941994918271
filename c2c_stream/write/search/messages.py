"""What the interpreter's messages say of a wrong kind, and what would be right. Data."""

import re

from c2c_stream.write.search.types import (
    ARRAY,
    CONTAINER,
    ITERABLE,
    NUMBER,
    SEQUENCE,
    TEXT,
    Kind,
    Scores,
)

KINDS_NAMED = {
    "NoneType": Kind.NONE,
    "bool": Kind.BOOL,
    "int": Kind.INT,
    "float": Kind.FLOAT,
    "complex": Kind.FLOAT,
    "str": Kind.STR,
    "string": Kind.STR,
    "bytes": Kind.BYTES,
    "list": Kind.LIST,
    "tuple": Kind.TUPLE,
    "dict": Kind.DICT,
    "set": Kind.SET,
    "frozenset": Kind.SET,
}
# What the message says -> the kind that was wrong (a group, or by name), and what would be right.
RULES: tuple[tuple[re.Pattern[str], str, Scores], ...] = tuple(
    (re.compile(pattern), wrong, right)
    for pattern, wrong, right in (
        (r"'(\w+)' object is not iterable", "", ITERABLE),
        (r"cannot unpack non-iterable (\w+) object", "", ARRAY),
        (r"argument of type '(\w+)' is not (?:iterable|a container)", "", CONTAINER),
        (r"object of type '(\w+)' has no len", "", CONTAINER),
        (r"'(\w+)' object is not subscriptable", "", SEQUENCE),
        (r"'(\w+)' object is not reversible", "", SEQUENCE),
        (r"'(\w+)' object is not a mapping", "", {Kind.DICT: 3}),
        (r"'(\w+)' object does not support item", "", {Kind.LIST: 3, Kind.DICT: 1}),
        (r"'(\w+)' object cannot be interpreted as an integer", "", {Kind.INT: 3}),
        (r"unhashable type: '(\w+)'", "", {Kind.INT: 1, Kind.STR: 1.5, Kind.TUPLE: 0.5}),
        (r"(\w+) indices must be integers", "", {Kind.DICT: 1.5}),
        (r"bad operand type for (?:unary|abs).*'(\w+)'", "", NUMBER),
        (r"expected str instance, (\w+) found", "", TEXT),
        (r"must be str, not (\w+)", "", TEXT),
        (r"requires string as left operand, not (\w+)", "", TEXT),
        (r"(?:bytes-like object is|bytes is) required, not '?(\w+)'?", "", {Kind.BYTES: 5}),
        (r"(?:must be|expected) str(?: or a tuple of str)?, not bytes", "str", {Kind.BYTES: 5}),
        (r"first arg must be str or a tuple of str, not (bytes)", "str", {Kind.BYTES: 5}),
        (r"first arg must be bytes or a tuple of bytes, not (str)", "bytes", {Kind.STR: 5}),
        (r"must be str, not bytes", "str", {Kind.BYTES: 5}),
        (r"expected str, bytes or os.PathLike object, not (\w+)", "", TEXT),
        (r"must be (?:a )?(?:str|string|unicode character),? not '?(\w+)'?", "", TEXT),
        (r"expected string or bytes-like object, got '(\w+)'", "", TEXT),
        (r"expected string or bytes-like object", "int", TEXT),
        (r"must be (?:a )?real number, not (\w+)", "", NUMBER),
        (r"(?:a number is required|number), not '?(\w+)'?", "", NUMBER),
        (r"argument must be a string.* not '(\w+)'", "", {Kind.INT: 1, Kind.STR: 1}),
        (r"can only concatenate (\w+) \(not", "", {Kind.INT: 1}),
        (r"ord\(\) expected string of length 1, but (\w+) found", "", TEXT),
        (r"'(\w+)' object is not callable", "", {Kind.NONE: 1}),
        (r"descriptor .* a '(\w+)' object", "", TEXT),
    )
)
OPERANDS = re.compile(r"'(\w+)' and '(\w+)'")
CONCATENATED = re.compile(r'can only concatenate (\w+) \(not "(\w+)"\)')
ATTRIBUTE = re.compile(r"'(\w+)' object has no attribute '(\w+)'")
UNPACKED = re.compile(r"unpack \(expected (?:at least )?(\d+)")
QUOTED = re.compile(r"'(.*)'$")
