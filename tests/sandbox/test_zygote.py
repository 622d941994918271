"""When a zygote ends a child, told by clocks that stand still unless it waits."""

import os
import signal
import time

import pytest

from c2c_stream.sandbox import zygote
from c2c_stream.sandbox.protocol import STOPPED_BY_CPU, STOPPED_BY_WALL, WAITING_SHARE

CPU_MS, WALL_MS = 2000, 8000


class Machine:
    """A machine that gives a child `share` of a core."""

    def __init__(self, share: float, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ms = 0.0
        self.share = share
        monkeypatch.setattr(zygote, "_cpu_ms", lambda _: int(self.now_ms * self.share))
        monkeypatch.setattr(time, "monotonic_ns", lambda: int(self.now_ms * 1e6))
        monkeypatch.setattr(signal, "sigtimedwait", self.wait)
        monkeypatch.setattr(signal, "sigwait", lambda _: None)
        monkeypatch.setattr(os, "kill", lambda *_: None)

    def wait(self, _signals: object, seconds: float) -> None:
        self.now_ms += seconds * 1000

    def watched(self) -> int:
        watcher = object.__new__(zygote.Zygote)
        return watcher._watch(0, CPU_MS, WALL_MS)


@pytest.mark.parametrize("share", [1, 0.5, 0.2, 0.1, 1.1 / WAITING_SHARE])
def test_a_child_that_computes_is_ended_by_its_cpu_clock(
    share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(share, monkeypatch)

    assert machine.watched() == STOPPED_BY_CPU
    assert machine.now_ms == pytest.approx(CPU_MS / share, rel=0.02)


@pytest.mark.parametrize("share", [0, 0.01, 0.9 / WAITING_SHARE])
def test_a_child_that_waits_is_ended_by_the_wall_clock(
    share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(share, monkeypatch)

    assert machine.watched() == STOPPED_BY_WALL
    assert machine.now_ms == pytest.approx(WALL_MS, rel=0.02)
