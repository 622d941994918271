"""Read the frames of a child: hostile text until it has passed here. Pure."""

import ast
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from c2c_stream.execute.child import NEXT
from c2c_stream.execute.prepare import MAX_PREPARED_CHARS, PREPARED
from c2c_stream.execute.run import LOAD, MUTATED, PRINTED
from c2c_stream.sandbox import Verdict

# What a child may say about a call. All other verdicts are for the host to give.
_FROM_CHILD: Final = {
    str(verdict): verdict
    for verdict in (
        Verdict.VALUE,
        Verdict.EXCEPTION,
        Verdict.STEP_LIMIT,
        Verdict.TIMEOUT_CPU,
        Verdict.MEMORY,
        Verdict.UNREPRESENTABLE,
        Verdict.TRUNCATED,
        Verdict.BAD_ARGUMENTS,
        Verdict.LOAD_ERROR,
    )
}
_WITH_VALUES: Final = (Verdict.VALUE, Verdict.EXCEPTION)
_FIELDS: Final = 4
_LOAD_WORD: Final = str(LOAD)
_MAX_DIGITS: Final = 12
# What ascii() makes of a text.
_ESCAPED: Final = r"\\(?:[\\'nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})"
_PRINTED_LITERAL: Final = re.compile(
    rf"""'(?:[ !"#-&(-\[\]-~]|{_ESCAPED})*'|"(?:[ !#-\[\]-~]|{_ESCAPED})*\""""
)


class ForgedError(ValueError):
    """A frame is not what the recorder writes."""


@dataclass(frozen=True, slots=True)
class Call:
    """What one call gave, as its own process says."""

    number: int
    verdict: Verdict
    text: str
    steps: int
    mutates: bool = False
    printed: str = ""

    @property
    def gave(self) -> tuple[Verdict, bool, str, str]:
        """Return what must be the same again: all but its steps."""
        return self.verdict, self.mutates, self.printed, self.text


def split_prepared(frames: Sequence[str]) -> tuple[bytes, Sequence[str]]:
    """Return what the first run compiled, for another child to unpack, and the other frames.

    Empty where there is none. Raises ForgedError where it is no such text.
    """
    if not frames or not frames[0].startswith(PREPARED):
        return b"", frames
    text = frames[0].removeprefix(PREPARED)
    try:
        prepared = bytes.fromhex(text)
    except ValueError as error:
        raise ForgedError("what was compiled is not as agreed") from error
    if len(text) > MAX_PREPARED_CHARS:
        raise ForgedError("what was compiled is longer than agreed")
    if prepared.hex() != text:
        raise ForgedError("what was compiled is not as agreed")
    return prepared, frames[1:]


def spelled(call: Call) -> str:
    """Return the frame that tells of a call."""
    mark = MUTATED if call.mutates else ""
    printed = ascii(call.printed) if call.printed else ""
    if printed:
        mark += f"{PRINTED}{len(printed)}"
    return f"{call.number} {call.verdict} {call.steps}{mark} {printed}{call.text}"


def split_mates(frames: Sequence[str]) -> list[Sequence[str]]:
    """Return the frames of each function that shared the child; what follows the last is none's."""
    ends = [at for at, frame in enumerate(frames) if frame == NEXT]
    begins = [0, *(end + 1 for end in ends)]
    return [frames[begin:end] for begin, end in zip(begins, ends, strict=False)]


def parse_frames(
    frames: Sequence[str], expected: Collection[int], max_text_bytes: int
) -> tuple[Call, ...]:
    """Return the frames in order. Raises ForgedError where one is not as agreed.

    The first is about loading; the others are about the calls in `expected`, each at most once.
    """
    calls = tuple([_checked(frame, max_text_bytes) for frame in frames])
    numbers = [call.number for call in calls]
    if numbers[:1] not in ([], [LOAD]):
        raise ForgedError("the first frame is not about loading")
    if len(set(numbers)) != len(numbers) or not set(numbers[1:]) <= set(expected):
        raise ForgedError("a call is reported twice, or was never asked for")
    return calls


def _checked(frame: str, max_text_bytes: int) -> Call:
    parts = frame.split(" ", _FIELDS - 1)
    if len(parts) != _FIELDS:
        raise ForgedError("a frame has other fields")
    number, word, steps, text = parts
    verdict = _FROM_CHILD.get(word)
    if verdict is None:
        raise ForgedError("a frame has an unknown verdict")
    if not text.isascii() or len(text) > max_text_bytes:
        _measure(text, max_text_bytes)
    loading = number == _LOAD_WORD
    printed = ""
    if PRINTED in steps:
        steps, _, length = steps.partition(PRINTED)
        printed, text = _split_printed(text, _count(length))
        if loading or verdict not in _WITH_VALUES:
            raise ForgedError("something is printed that belongs to no case")
    if not _is_told(loading, verdict, text):
        raise ForgedError("a verdict that does not belong to what is told with it")
    mutates = steps.endswith(MUTATED) and not loading and verdict in _WITH_VALUES
    count = _count(steps.removesuffix(MUTATED) if mutates else steps)
    return Call(LOAD if loading else _count(number), verdict, text, count, mutates, printed)


def _split_printed(text: str, length: int) -> tuple[str, str]:
    """Return what a call printed, and the rest of the text behind that literal."""
    literal = text[:length]
    if not _PRINTED_LITERAL.fullmatch(literal):
        raise ForgedError("what was printed is no literal")
    try:
        printed: str = ast.literal_eval(literal)
        printed.encode()
    except (SyntaxError, ValueError) as error:  # beyond what a character may be
        raise ForgedError("what was printed is no literal") from error
    if not printed or ascii(printed) != literal:
        raise ForgedError("what was printed is not as the recorder writes it")
    return printed, text[length:]


def _is_told(loading: bool, verdict: Verdict, text: str) -> bool:  # noqa: FBT001  # one of three
    """Tell whether a verdict can be about loading, or about a call, and have this text."""
    if verdict is Verdict.VALUE:
        return loading is (not text)
    if verdict is Verdict.LOAD_ERROR:
        return loading
    return not loading and (verdict is Verdict.EXCEPTION or not text)


def _count(digits: str) -> int:
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _MAX_DIGITS:
        raise ForgedError("a frame has an impossible number")
    if digits[0] == "0" and digits != "0":
        raise ForgedError("a frame has an impossible number")
    return int(digits)


def _measure(text: str, max_text_bytes: int) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise ForgedError("a text cannot be encoded") from error
    if size > max_text_bytes:
        raise ForgedError("a text is longer than agreed")
