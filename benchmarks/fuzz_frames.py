"""Forge what leaves a jail and compare what the host makes of it with a second reading of it.

    python -m benchmarks.fuzz_frames [--frames 200000] [--seed N]

Each round writes frames as a child does, then changes them: bits, lengths, bytes, whole frames,
their fields. The host's parser must end each with values or with its own error, never with another,
and accept just what the grammar in this file accepts, which shares no code with it. What a search
tells and what a compiler or a batch leaves is read from the same bytes. Exit code 1 if not so.
"""

import argparse
import json
import random
import re
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from c2c_stream.code.literals import format_arguments, parse_arguments
from c2c_stream.execute.compare import agreements, read_run
from c2c_stream.execute.compiler import prepared_of
from c2c_stream.execute.frames import ForgedError, parse_frames, split_prepared
from c2c_stream.execute.prepare import MAX_PREPARED_CHARS
from c2c_stream.sandbox import Ended, Reply
from c2c_stream.sandbox.arena import FrameWriter, MalformedError, read_frames
from c2c_stream.sandbox.protocol import ARENA_BYTES, END, REQUEST_BYTES
from c2c_stream.write.arguments import MAX_INPUT_CHARS
from c2c_stream.write.frames import ForgedError as ForgedSearchError
from c2c_stream.write.frames import Told
from c2c_stream.write.frames import parse_frames as parse_search

CALLS: Final = 4
MAX_TEXT_BYTES: Final = 60
MAX_INPUTS: Final = 3
KEPT_BYTES: Final = 4096  # of an arena: its header and more than a round writes
_HEADER_BYTES: Final = 8
_COUNT: Final = r"(?:0|[1-9][0-9]{0,11})"
_LOAD: Final = re.compile(rf"-1 (?:value {_COUNT} |load_error {_COUNT} (?s:(.*)))")
_CALL: Final = re.compile(
    rf"({_COUNT}) (?:value {_COUNT}m? (?s:(.+))|exception {_COUNT}m? (?s:(.*))|"
    rf"(?:step_limit|timeout_cpu|memory|unrepresentable|truncated|bad_arguments) {_COUNT} )"
)
_PREPARED: Final = re.compile(r"P((?:[0-9a-f]{2})*)")
_TOLD: Final = ("value", "exception")
_UNTOLD: Final = (
    "step_limit",
    "timeout_cpu",
    "memory",
    "unrepresentable",
    "truncated",
    "bad_arguments",
)
_NO_WORDS: Final = ("load_error", "crash", "exited", "not_deterministic", "Value", "N", "P00ff", "")
_WORDS: Final = _TOLD + _UNTOLD + _NO_WORDS
_NUMBERS: Final = ("-1", "0", "1", "3", "4", "00", "07", "-0", "-2", "+1", "1.0", "1e3", "0x1", "")
_NUMBERS_MORE: Final = (
    "\u0661",
    "9" * 12,
    "9" * 13,
    " 1",
    "1 ",
    "1_0",
    "\u00b2",
    "-1 ",
    "1m",
    "m",
    "1mm",
)
_TEXTS: Final = ("", "1", "'a b'", "ValueError: x", "\x00\n", "\u00e9" * 30, "x" * 60, "x" * 61)
_TEXTS_MORE: Final = ("\u00e9" * 31, "\U0001f600", " ", "-1 value 0 ", "N", '{"inputs": []}')
_WORDS_OF_32_BITS: Final = (0, 1, 4, 8, 255, 4096, 1 << 21, (1 << 31) - 1, (1 << 32) - 1)


class Forger:
    """Writes rounds of frames and forges them, from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._arena = bytearray(ARENA_BYTES)
        self.frames = 0

    def round(self) -> bytes:
        """Return what one child left, forged."""
        texts = self._told()
        for _ in range(self._random.choice((0, 0, 1, 2))):
            self._random.choice((self._drop, self._repeat, self._swap, self._refield))(texts)
        used = slice(REQUEST_BYTES, REQUEST_BYTES + KEPT_BYTES)
        self._arena[used] = bytes(KEPT_BYTES)
        writer = FrameWriter(memoryview(self._arena))
        for text in texts:
            writer.emit(text)
        writer.mark(END)
        self.frames += len(texts)
        left = self._arena[used]
        for _ in range(self._random.choice((0, 0, 0, 1, 1, 2, 4))):
            self._random.choice((self._flip, self._length, self._insert, self._remove))(left)
        return bytes(left)

    def _told(self) -> list[str]:
        chance = self._random
        if self._rarely():
            return [self._search()]
        prepared = ["P" + chance.randbytes(chance.randrange(9)).hex()] if self._rarely() else []
        load = "-1 load_error 0 E: x" if self._rarely() else f"-1 value {chance.randrange(9)} "
        numbers = chance.sample(range(CALLS), chance.randrange(CALLS + 1))
        ends = ["N"] if self._rarely() else []
        return [*prepared, load, *map(self._call, numbers), *ends]

    def _rarely(self) -> bool:
        return self._random.randrange(8) == 0

    def _call(self, number: int) -> str:
        if self._rarely():
            return f"{number} {self._random.choice(_UNTOLD)} 7 "
        steps = "7m" if self._rarely() else "7"
        return f"{number} {self._random.choice(_TOLD)} {steps} {self._random.choice(_TEXTS[1:])}"

    def _search(self) -> str:
        inputs = self._random.choices(("1", "[1, 2], b='x'", "1,", "{1}", "f()", "1e999"), k=2)
        counts = dict.fromkeys(("iterations", "steps", "edges", "edges_covered"), 5)
        return json.dumps({"inputs": inputs, **counts})

    def _drop(self, texts: list[str]) -> None:
        if texts:
            texts.pop(self._random.randrange(len(texts)))

    def _repeat(self, texts: list[str]) -> None:
        if texts:
            texts.insert(self._random.randrange(len(texts) + 1), self._random.choice(texts))

    def _swap(self, texts: list[str]) -> None:
        self._random.shuffle(texts)

    def _refield(self, texts: list[str]) -> None:
        if not texts:
            return
        at = self._random.randrange(len(texts))
        fields = texts[at].split(" ", 3)
        chosen = self._random.randrange(len(fields))
        choices = (_NUMBERS + _NUMBERS_MORE, _WORDS, _NUMBERS + _NUMBERS_MORE, _TEXTS + _TEXTS_MORE)
        fields[chosen] = self._random.choice(choices[chosen])
        texts[at] = " ".join(fields)

    def _where(self, left: bytearray) -> int:
        """Return a place, mostly where something was written."""
        committed = int.from_bytes(left[4:8], "little")
        return self._random.randrange(min(len(left) - 4, _HEADER_BYTES + committed + 4))

    def _flip(self, left: bytearray) -> None:
        left[self._where(left)] ^= 1 << self._random.randrange(8)

    def _length(self, left: bytearray) -> None:
        at = self._random.choice((4, _HEADER_BYTES, self._where(left)))
        word = self._random.choice((*_WORDS_OF_32_BITS, self._random.randrange(80)))
        struct.pack_into("<I", left, at, word)

    def _insert(self, left: bytearray) -> None:
        at = self._where(left)
        left[at:at] = self._random.choice((b"\x00", b" ", b"\xff", b"0", b"\xc3\xa9", b"\x80"))

    def _remove(self, left: bytearray) -> None:
        at = self._where(left)
        del left[at : at + self._random.randrange(1, 5)]
        left.extend(bytes(4))


def reading_of(left: bytes) -> tuple[str, ...] | None:
    """Return the frames by a reading of our own; None where there are none to be had."""
    (committed,) = struct.unpack_from("<I", left, 4)
    data = left[_HEADER_BYTES:]
    if committed > len(data):
        return None
    data, found = data[:committed], []
    while data:
        size = int.from_bytes(data[:4], "little")
        if len(data) < size + 4:
            return None
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    try:
        return tuple(frame.decode() for frame in found)
    except UnicodeDecodeError:
        return None


def is_agreed(frames: tuple[str, ...]) -> bool:
    """Tell whether frames are what the recorder of a run may write, by the grammar above."""
    if frames and frames[0].startswith("P"):
        prepared = _PREPARED.fullmatch(frames[0])
        if prepared is None or len(prepared[1]) > MAX_PREPARED_CHARS:
            return False
        frames = frames[1:]
    if not frames:
        return True
    load = _LOAD.fullmatch(frames[0])
    calls = [_CALL.fullmatch(frame) for frame in frames[1:]]
    if load is None or None in calls:
        return False
    numbers = [int(call[1]) for call in calls if call]
    texts = [text or "" for match in (load, *calls) if match for text in match.groups()]
    return (
        len(set(numbers)) == len(numbers)
        and all(number < CALLS for number in numbers)
        and all(len(text.encode()) <= MAX_TEXT_BYTES for text in texts)
    )


def examined(left: bytes) -> str:
    """Return what the host makes of it. Raises AssertionError where it is not as agreed."""
    expected = reading_of(left)
    try:
        frames = read_frames(left)
    except MalformedError:
        assert expected is None, f"refused: {expected}"
        return "malformed arena"
    assert frames == expected, f"read {frames} where {expected} stand"
    reply = Reply(frames, Ended.DONE)
    run = read_run(reply, range(CALLS), MAX_TEXT_BYTES)
    prepared_of(reply, len(frames))
    agreements(reply, [run], MAX_TEXT_BYTES)
    _examine_search(frames)
    try:
        _, calls = split_prepared(frames)
        parse_frames(calls, range(CALLS), MAX_TEXT_BYTES)
    except ForgedError:
        assert not is_agreed(frames), f"refused: {frames}"
        return "forged frames"
    assert is_agreed(frames), f"accepted: {frames}"
    return "accepted"


def _examine_search(frames: tuple[str, ...]) -> None:
    try:
        told = parse_search(frames, MAX_INPUTS)
    except ForgedSearchError:
        return
    assert isinstance(told, Told)
    assert len(told.inputs) <= MAX_INPUTS
    for text in told.inputs:
        assert len(text) <= MAX_INPUT_CHARS
        assert format_arguments(*parse_arguments(text)) == text


def fuzz(frames: int, seed: int, watch: Callable[[int], None] = lambda _: None) -> Counter[str]:
    """Examine rounds until so many frames were forged; return what became of the rounds."""
    forger = Forger(seed)
    found: Counter[str] = Counter()
    while forger.frames < frames:
        found[examined(forger.round())] += 1
        watch(forger.frames)
    return found


def main() -> int:
    """Read the arguments, forge, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    last = 0

    def watch(frames: int) -> None:
        nonlocal last
        last = frames

    began = time.perf_counter()
    try:
        found = fuzz(options.frames, options.seed, watch)
    except Exception as error:
        print(f"seed {options.seed}, after {last} frames: {error!r}")
        raise
    seconds = time.perf_counter() - began
    print(
        f"seed {options.seed}: {last:,} frames in {sum(found.values()):,} arenas, {seconds:.0f} s: "
        + ", ".join(f"{count:,} {what}" for what, count in found.most_common())
        + "; no crash, none accepted that is malformed, none refused that is not"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
