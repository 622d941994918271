"""When a zygote ends a child, told by clocks that stand still unless it waits; and its writer."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c2c_stream.sandbox import _zygote, portable
from c2c_stream.sandbox.arena import FrameWriter, MalformedError, read_frames, read_header
from c2c_stream.sandbox.protocol import (
    ARENA_BYTES,
    COMPILED,
    END,
    FRAMES_BYTES,
    NOT_STOPPED,
    REQUEST_BYTES,
    STOPPED_BY_CPU,
    STOPPED_BY_WALL,
    WAITING_SHARE,
)

CPU_MS, WALL_MS = 2000, 8000


class Machine:
    """A machine that gives a child `share` of a core, until it ends."""

    def __init__(self, share: float, ends_ms: float = float("inf")) -> None:
        self.now_ms = 0.0
        self.share = share
        self.ends_ms = ends_ms

    def cpu_ms(self) -> int:
        return int(self.now_ms * self.share)

    def wait(self, ms: float) -> bool:
        """Return whether the child has not ended by then."""
        self.now_ms = min(self.now_ms + ms, self.ends_ms)
        return self.now_ms < self.ends_ms


def compiled(machine: Machine, _patch: pytest.MonkeyPatch) -> int:
    def wait(ms: int) -> tuple[int, int] | None:
        return (machine.cpu_ms(), int(machine.now_ms)) if machine.wait(ms) else None

    return _zygote.watch(CPU_MS, WALL_MS, WAITING_SHARE, wait)


def plain(machine: Machine, patch: pytest.MonkeyPatch) -> int:
    def wait(_signals: object, seconds: float) -> str | None:
        return None if machine.wait(seconds * 1000) else "ended"

    patch.setattr(portable, "_cpu_ms", lambda _: machine.cpu_ms())
    patch.setattr(time, "monotonic_ns", lambda: int(machine.now_ms * 1e6))
    patch.setattr(signal, "sigtimedwait", wait)
    patch.setattr(signal, "sigwait", lambda _: None)
    patch.setattr(os, "kill", lambda *_: None)
    return portable.Zygote(memoryview(b""))._watch(0, CPU_MS, WALL_MS)


Watched = Callable[[Machine, pytest.MonkeyPatch], int]
both = pytest.mark.parametrize("watched", [compiled, plain])


@both
@pytest.mark.parametrize("share", [1, 0.5, 0.2, 0.1, 1.1 / WAITING_SHARE])
def test_a_child_that_computes_is_ended_by_its_cpu_clock(
    share: float, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(share)

    assert watched(machine, monkeypatch) == STOPPED_BY_CPU
    assert machine.now_ms == pytest.approx(CPU_MS / share, rel=0.02)


@both
@pytest.mark.parametrize("share", [0, 0.01, 0.9 / WAITING_SHARE])
def test_a_child_that_waits_is_ended_by_the_wall_clock(
    share: float, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(share)

    assert watched(machine, monkeypatch) == STOPPED_BY_WALL
    assert machine.now_ms == pytest.approx(WALL_MS, rel=0.02)


@both
@pytest.mark.parametrize(("share", "ends_ms"), [(1, 1999), (0, 7999), (0.1, 19_000)])
def test_a_child_that_ends_in_time_is_not_stopped(
    share: float, ends_ms: float, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert watched(Machine(share, ends_ms), monkeypatch) == NOT_STOPPED


def test_what_a_clock_raises_is_not_lost() -> None:
    def wait(_ms: int) -> tuple[int, int]:
        raise LookupError

    with pytest.raises(LookupError):
        _zygote.watch(CPU_MS, WALL_MS, WAITING_SHARE, wait)


@pytest.fixture
def arena() -> memoryview:
    """Return a new arena, which the compiled writer writes to from here on."""
    fd = os.memfd_create("arena")
    os.ftruncate(fd, ARENA_BYTES)
    view = _zygote.map_arena(fd, ARENA_BYTES, REQUEST_BYTES)
    os.close(fd)
    return view


def test_the_compiled_part_is_of_this_version() -> None:
    assert _zygote.COMPILED == COMPILED


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(), max_size=20))
def test_both_writers_write_the_same(texts: list[str]) -> None:
    plainly = memoryview(bytearray(ARENA_BYTES))
    writer = FrameWriter(plainly)
    fd = os.memfd_create("arena")
    os.ftruncate(fd, ARENA_BYTES)
    arena = _zygote.map_arena(fd, ARENA_BYTES, REQUEST_BYTES)
    os.close(fd)
    for text in texts:
        writer.emit(text)
        _zygote.emit(text)
    writer.mark(END)
    _zygote.mark(END)

    assert read_frames(arena[REQUEST_BYTES:]) == read_frames(plainly[REQUEST_BYTES:])
    assert read_header(arena[REQUEST_BYTES:]) == read_header(plainly[REQUEST_BYTES:])
    assert not any(arena[:REQUEST_BYTES:4096])


def test_a_full_arena_refuses_the_frame_and_keeps_the_others(arena: memoryview) -> None:
    _zygote.emit("kept")
    with pytest.raises(OverflowError):
        _zygote.emit("x" * FRAMES_BYTES)

    assert read_frames(arena[REQUEST_BYTES:]) == ("kept",)


def test_an_arena_can_be_filled_to_its_last_byte(arena: memoryview) -> None:
    room = FRAMES_BYTES - 8 - 4
    with pytest.raises(OverflowError):
        _zygote.emit("x" * (room + 1))
    _zygote.emit("x" * room)

    assert read_frames(arena[REQUEST_BYTES:]) == ("x" * room,)


def test_only_text_is_a_frame(arena: memoryview) -> None:
    with pytest.raises(TypeError):
        _zygote.emit(b"bytes")  # type: ignore[arg-type]  # that is the test

    assert read_frames(arena[REQUEST_BYTES:]) == ()


@pytest.mark.parametrize("committed", [2**32 - 1, FRAMES_BYTES])
def test_a_length_that_a_guest_wrote_is_malformed(arena: memoryview, committed: int) -> None:
    arena[REQUEST_BYTES + 4 : REQUEST_BYTES + 8] = committed.to_bytes(4, "little")

    with pytest.raises(MalformedError):
        read_frames(arena[REQUEST_BYTES:])


def test_a_system_call_that_fails_says_why() -> None:
    with pytest.raises(FileNotFoundError):
        _zygote.system_call(80 if os.uname().machine == "x86_64" else 49, b"/no/such/folder\0")
    with pytest.raises(TypeError):
        _zygote.system_call(*range(8))


CALLS = """
import sys
sys.modules[{hidden!r}] = None
from c2c_stream.sandbox import calls, linux
import datetime
getpid = 39 if linux.machine() == "x86_64" else 172
print(calls.system_call.__module__, linux.system_call(getpid) > 1)
calls.type_modified(datetime.date)
linux.limit(linux.RLIMIT_CORE, 0)
try:
    linux.mount("none", "/no/such/folder", "tmpfs", 0)
except OSError as error:
    print(error.strerror.split(":")[0])
linux.forbid_new_privileges()
linux.load_filter(bytes.fromhex({refuse!r}))
try:
    import os
    os.kill(os.getpid(), 0)
except OSError as error:
    print(error)
"""


@pytest.mark.parametrize("module", ["_zygote", "foreign"])
def test_calls_are_the_same_with_the_compiled_part_and_without(module: str) -> None:
    hidden = {"_zygote": "no_such", "foreign": "c2c_stream.sandbox._zygote"}[module]
    # Of all calls of kill: errno 1. A filter of four instructions.
    number = 62 if os.uname().machine == "x86_64" else 129
    steps = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, 0x50001), (6, 0, 0, 0x7FFF0000)]
    program = b"".join(
        code.to_bytes(2, "little") + bytes((jt, jf)) + k.to_bytes(4, "little")
        for code, jt, jf, k in steps
    )
    script = CALLS.format(hidden=hidden, refuse=program.hex())

    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )

    assert done.stdout.splitlines() == [
        f"c2c_stream.sandbox.{module} True",
        "mount on /no/such/folder",
        "[Errno 1] Operation not permitted",
    ]
