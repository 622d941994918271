"""Read the text that a model wrote: only calls with plain literals and the right names pass. Pure.

The text is hostile: it may be prose, code, endless or cut anywhere. What is whole is kept.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from c2c_stream.code.literals import parse_arguments
from c2c_stream.records import Function, Parameter
from c2c_stream.write.arguments import MAX_INPUT_CHARS
from c2c_stream.write.model.binding import call_of

MAX_TEXT_CHARS: Final = 256 * 1024
MAX_LINES: Final = 400  # different ones; who writes more repeats itself or rambles

# What stands around a case where no grammar holds a model back.
_BULLET: Final = re.compile(r"^(?:[-*+>]\s+|\d{1,3}[.):]\s+)")
_CALL: Final = re.compile(r"^(?:\w{1,80}\.)?(\w{1,80})\((.*)\)$")


@dataclass(frozen=True, slots=True)
class Read:
    """The calls that a text holds, and how many of its lines held none."""

    inputs: tuple[str, ...] = ()
    useless: int = 0


def inputs_in(text: str, function: Function, most: int, *, cut: bool = False) -> Read:
    """Return up to `most` different calls. `cut`: the text broke off, its end is not whole."""
    text = text[:MAX_TEXT_CHARS]
    candidates = _of_json(text) if text.lstrip().startswith("{") else None
    lines = _lines(text, function.entry_point, cut=cut) if candidates is None else candidates
    found: dict[str, None] = {}
    useless = 0
    for line in lines:
        call = _call(line, function.parameters)
        if call is None:
            useless += 1
        else:
            found[call] = None
        if len(found) == most:
            break
    return Read(tuple(found), useless)


def _lines(text: str, entry_point: str, *, cut: bool) -> Iterator[str]:
    """Yield the different lines, bare of what models put around them."""
    lines = text.split("\n")
    whole = lines[:-1] if cut else lines
    stripped = (_bare(line, entry_point) for line in whole if len(line) <= MAX_INPUT_CHARS)
    yield from list(dict.fromkeys(line for line in stripped if line))[:MAX_LINES]


def _bare(line: str, entry_point: str) -> str:
    line = _BULLET.sub("", line.strip()).lstrip("`").rstrip("` ,;")
    call = _CALL.match(line)
    return call[2] if call and call[1] in (entry_point, "dict") else line


def _call(line: str | dict[str, Any], parameters: Sequence[Parameter]) -> str | None:
    try:
        if isinstance(line, str):
            return call_of(parameters, *parse_arguments(line))
        texts = {name: text for name, text in line.items() if text is not None}
        named = {name: _literal(text) for name, text in texts.items()}
        return call_of(parameters, (), named)
    except ValueError:
        return None


def _literal(text: object) -> object:
    """Return the value that a field of a JSON answer spells. Raises ValueError."""
    if not isinstance(text, str) or len(text) > MAX_INPUT_CHARS:
        raise ValueError("a value is no text, or longer than allowed")
    args, kwargs = parse_arguments(text)
    if len(args) != 1 or kwargs:
        raise ValueError("a value is not one literal")
    return args[0]


def _of_json(text: str) -> list[dict[str, Any]] | None:
    """Return the cases of a JSON answer, as `grammar.schema_of` asks for; None if it is none."""
    try:
        cases = json.loads(text)["cases"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(cases, list):
        return []
    return [case for case in cases[:MAX_LINES] if isinstance(case, dict)]
