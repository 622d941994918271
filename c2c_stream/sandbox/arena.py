"""The memory that a host and a jail share: a request goes in, length-checked frames come out.

Layout: the request's bytes, then a header of two words (state, committed length), then the frames.
The host reads only when the child is dead. Children write by _zygote.c; in a container, where the
interpreter may be one that cannot load that, by the writer here. Standard library only.
"""

import struct
from typing import Final

from c2c_stream.sandbox.protocol import FRAMES_BYTES, REQUEST_BYTES

_len = len  # a guest may replace the builtin
_WORD = struct.Struct("<I")
_HEADER = struct.Struct("<II")
_STATE_AT: Final = REQUEST_BYTES
_COMMITTED_AT: Final = REQUEST_BYTES + _WORD.size
_FRAMES_AT: Final = REQUEST_BYTES + _HEADER.size
_CAPACITY: Final = FRAMES_BYTES - _HEADER.size


class MalformedError(ValueError):
    """The frames in an arena are not what a child of ours writes."""


class FrameWriter:
    """The child's side: appends frames, each committed at once, so that a kill loses none."""

    def __init__(self, arena: memoryview) -> None:
        self._arena = arena
        self._used = 0

    def mark(self, state: int) -> None:
        """Say how far the child is."""
        _WORD.pack_into(self._arena, _STATE_AT, state)

    def emit(self, text: str) -> None:
        """Append one frame. Raises OverflowError when the arena is full."""
        data = text.encode("utf-8", "backslashreplace")
        end = self._used + _WORD.size + _len(data)
        if end > _CAPACITY:
            raise OverflowError(f"frames of {end} bytes; the arena holds {_CAPACITY}")
        at = _FRAMES_AT + self._used
        _WORD.pack_into(self._arena, at, _len(data))
        self._arena[at + _WORD.size : at + _WORD.size + _len(data)] = data
        self._used = end
        _WORD.pack_into(self._arena, _COMMITTED_AT, end)


def read_header(frames: memoryview | bytes) -> tuple[int, int]:
    """Return (state, committed length), unchecked, of the part behind the request."""
    state, committed = _HEADER.unpack_from(frames, 0)
    return state, committed


def read_frames(frames: memoryview | bytes) -> tuple[str, ...]:
    """Return the frames of the part behind the request. Raises MalformedError."""
    _, committed = read_header(frames)
    if committed > len(frames) - _HEADER.size:
        raise MalformedError(f"{committed} bytes are said to be committed; more than there is room")
    return tuple(_split(bytes(frames[_HEADER.size : _HEADER.size + committed])))


def _split(data: bytes) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(data):
        if len(data) - at < _WORD.size:
            raise MalformedError("the last frame has no whole length")
        (length,) = _WORD.unpack_from(data, at)
        at += _WORD.size
        if length > len(data) - at:
            raise MalformedError(f"a frame of {length} bytes where {len(data) - at} are left")
        found.append(_decode(data[at : at + length]))
        at += length
    return found


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError("a frame is not UTF-8") from error
