"""What the stage and its worker say to each other: length-prefixed JSON, and nothing but text.

The worker has read hostile input, so the stage believes nothing that it says: every field's type
and size is checked here.
"""

import json
import struct
from collections.abc import Callable
from typing import Any

from c2c_stream.code.obstacles import SliceLimits
from c2c_stream.collect.rules import Collected, Judgement, Limits, TurnedDown
from c2c_stream.reasons import Reason
from c2c_stream.records import Parameter

_LENGTH = struct.Struct(">I")
# The worker's first words: whatever ends it from here on is the file's doing.
READY = b"ready"
MAX_REQUEST_BYTES = 64 * 1024 * 1024
# 5,000 rejections of a few hundred bytes, or 2 MiB of bundles escaped into JSON.
MAX_ANSWER_BYTES = 32 * 1024 * 1024
MAX_CODE_CHARS = 1024 * 1024
MAX_TEXT_CHARS = 64 * 1024
MAX_LIST = 5000

ReadExactly = Callable[[int], bytes]


class WireError(Exception):
    """The other side said something that it may not say."""


def frame(payload: bytes) -> bytes:
    """Return a frame: a length of four bytes, then the payload."""
    return _LENGTH.pack(len(payload)) + payload


def read_frame(read: ReadExactly, most: int) -> bytes:
    """Return the next payload. Raises WireError where it is longer than `most`."""
    (size,) = _LENGTH.unpack(read(_LENGTH.size))
    if size > most:
        raise WireError(f"a frame of {size} bytes where {most} are the most")
    return read(size)


def limits_to_json(limits: Limits) -> str:
    """Write the limits for the worker's command line."""
    cut = limits.slice
    return json.dumps(
        {
            "max_lines": limits.max_lines,
            "dependencies": cut.dependencies,
            "bundle_lines": cut.bundle_lines,
            "bundle_bytes": cut.bundle_bytes,
            "class_lines": cut.class_lines,
        }
    )


def limits_from_json(text: str) -> Limits:
    """Read the limits again."""
    found = json.loads(text)
    return Limits(found.pop("max_lines"), SliceLimits(**found))


def encode_request(path: str, content: bytes) -> bytes:
    """Return the frames that ask for one file."""
    return frame(json.dumps(path).encode()) + frame(content)


def encode_answer(judgements: list[Judgement]) -> bytes:
    """Return the frame that answers for one file."""
    return frame(json.dumps([_plain(each) for each in judgements]).encode())


def _plain(judgement: Judgement) -> dict[str, Any]:
    if isinstance(judgement, TurnedDown):
        return {
            "reason": judgement.reason.value,
            "detail": judgement.detail,
            "name": judgement.qualified_name,
            "line": judgement.line,
        }
    return {
        "id": judgement.function_id,
        "name": judgement.qualified_name,
        "line": judgement.line,
        "end": judgement.end_line,
        "parameters": [[p.name, p.kind, p.annotation, p.default] for p in judgement.parameters],
        "code": judgement.code,
        "imports": judgement.imports,
        "dependencies": judgement.dependencies,
    }


def decode_answer(payload: bytes) -> list[Judgement]:
    """Read an answer. Raises WireError where anything in it is not what it should be."""
    try:
        return [_judgement(each) for each in _list(json.loads(payload))]
    except (ValueError, KeyError, RecursionError) as error:
        raise WireError(f"an answer that cannot be read: {error}") from error


def _judgement(found: Any) -> Judgement:
    if not isinstance(found, dict):
        raise WireError("an answer that is no object")
    if "reason" in found:
        reason = Reason(_text(found["reason"]))
        name, line = _text(found["name"]), _number(found["line"])
        return TurnedDown(reason, _text(found["detail"]), name, line)
    return Collected(
        _identity(found["id"]),
        _text(found["name"]),
        _number(found["line"]),
        _number(found["end"]),
        tuple(map(_parameter, _list(found["parameters"]))),
        _text(found["code"], MAX_CODE_CHARS),
        tuple(_text(each) for each in _list(found["imports"])),
        tuple(_text(each) for each in _list(found["dependencies"])),
    )


def _parameter(found: Any) -> Parameter:
    fields = [_text(each) for each in _list(found)]
    if len(fields) != 4:  # noqa: PLR2004  # name, kind, annotation, default
        raise WireError("a parameter of the wrong shape")
    return Parameter(*fields)


def _text(found: Any, most: int = MAX_TEXT_CHARS) -> str:
    if not isinstance(found, str) or len(found) > most:
        raise WireError("a text that is none, or too long")
    # What cannot be written as UTF-8 cannot travel on.
    found.encode()
    return found


def _identity(found: Any) -> str:
    text = _text(found)
    if len(text) != 32 or not set(text) <= set("0123456789abcdef"):  # noqa: PLR2004  # 128 bits
        raise WireError("a function_id that is none")
    return text


def _number(found: Any) -> int:
    if type(found) is not int or not 0 <= found < 2**31:
        raise WireError("a line number that is none")
    return found


def _list(found: Any) -> list[Any]:
    if not isinstance(found, list) or len(found) > MAX_LIST:
        raise WireError("a list that is none, or too long")
    return found
