import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.sandbox.arena import FrameWriter, MalformedError, read_frames, read_header
from c2c_stream.sandbox.protocol import ARENA_BYTES, END, FRAMES_BYTES, REQUEST_BYTES


def written(*texts: str) -> memoryview:
    arena = memoryview(bytearray(ARENA_BYTES))
    writer = FrameWriter(arena)
    for text in texts:
        writer.emit(text)
    return arena[REQUEST_BYTES:]


@given(st.lists(st.text(), max_size=20))
def test_what_was_written_is_read_with_lone_surrogates_escaped(texts: list[str]) -> None:
    expected = tuple(text.encode("utf-8", "backslashreplace").decode() for text in texts)

    assert read_frames(written(*texts)) == expected


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_malformed(data: bytes) -> None:
    try:
        frames = read_frames(data.ljust(8, b"\0"))
    except MalformedError:
        return
    assert all(isinstance(frame, str) for frame in frames)


@given(st.lists(st.text(max_size=5), max_size=5), st.integers(0, 40), st.binary(max_size=4))
def test_overwritten_frames_never_read_beyond_what_is_committed(
    texts: list[str], at: int, junk: bytes
) -> None:
    view = written(*texts)[:4096]
    view[at : at + len(junk)] = junk
    try:
        frames = read_frames(view)
    except MalformedError:
        return
    assert sum(4 + len(frame.encode()) for frame in frames) == read_header(view)[1]


def test_a_length_beyond_the_arena_is_malformed() -> None:
    with pytest.raises(MalformedError, match="more than there is room"):
        read_frames(b"\2\0\0\0\xff\xff\xff\x7f")


@pytest.mark.parametrize(
    ("frames", "why"),
    [
        (b"\1\0", "no whole length"),
        (b"\5\0\0\0ab", "5 bytes where 2 are left"),
        (b"\1\0\0\0\xff", "not UTF-8"),
    ],
)
def test_frames_that_do_not_add_up_are_malformed(frames: bytes, why: str) -> None:
    header = b"\2\0\0\0" + len(frames).to_bytes(4, "little")

    with pytest.raises(MalformedError, match=why):
        read_frames(header + frames)


def test_a_full_arena_refuses_the_frame_and_keeps_the_others() -> None:
    arena = memoryview(bytearray(ARENA_BYTES))
    writer = FrameWriter(arena)
    writer.emit("kept")
    with pytest.raises(OverflowError):
        writer.emit("x" * FRAMES_BYTES)

    assert read_frames(arena[REQUEST_BYTES:]) == ("kept",)


def test_a_mark_is_read_as_it_was_set() -> None:
    arena = memoryview(bytearray(ARENA_BYTES))
    FrameWriter(arena).mark(END)

    assert read_header(arena[REQUEST_BYTES:]) == (END, 0)
