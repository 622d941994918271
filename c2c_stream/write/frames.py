"""Read what a search tells: hostile text until it has passed here. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from c2c_stream.code.literals import parse_arguments
from c2c_stream.write.arguments import MAX_INPUT_CHARS, written

_MAX_COUNT: Final = 1 << 40
_COUNTS: Final = (
    "iterations",
    "steps",
    "edges",
    "edges_covered",
    "working",
    "outputs",
    "implausible",
)


class ForgedError(ValueError):
    """A frame is not what a search writes."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a search found, as its process says; `load_error` where it could not begin."""

    inputs: tuple[str, ...] = ()
    iterations: int = 0
    steps: int = 0
    edges: int = 0
    edges_covered: int = 0
    working: int = 0
    outputs: int = 0
    implausible: int = 0
    load_error: str = field(default="", kw_only=True)


def parse_frames(frames: Sequence[str], count: int) -> Told:
    """Return what was told: at most `count` inputs, each written anew from its values.

    Raises ForgedError where the frames are not as agreed.
    """
    if len(frames) != 1:
        raise ForgedError(f"{len(frames)} frames; one was agreed")
    fields = _fields(frames[0])
    if set(fields) == {"load_error"}:
        return Told(load_error=_plain(fields["load_error"]))
    if set(fields) != {"inputs", *_COUNTS}:
        raise ForgedError("a frame has other fields")
    counts = [_count(fields[name]) for name in _COUNTS]
    return Told(_inputs(fields["inputs"], count), *counts)


def _fields(frame: str) -> dict[str, Any]:
    try:
        fields = json.loads(frame)
    except (ValueError, RecursionError) as error:
        raise ForgedError("a frame is not JSON") from error
    if not isinstance(fields, dict):
        raise ForgedError("a frame is no object")
    return fields


def _plain(text: object) -> str:
    if not isinstance(text, str):
        raise ForgedError("a text is none")
    return text.encode("utf-8", "backslashreplace").decode()[:200]


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < _MAX_COUNT:
        raise ForgedError("a count is none")
    return value


def _inputs(texts: object, count: int) -> tuple[str, ...]:
    if not isinstance(texts, list) or len(texts) > count:
        raise ForgedError("more inputs than agreed")
    return tuple(dict.fromkeys(_rewritten(text) for text in texts))


def _rewritten(text: object) -> str:
    if not isinstance(text, str) or len(text) > MAX_INPUT_CHARS:
        raise ForgedError("an input is no text, or longer than agreed")
    try:
        return written(*parse_arguments(text))
    except ValueError as error:
        raise ForgedError("an input is no plain literal, or longer than agreed") from error
