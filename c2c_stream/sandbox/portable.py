"""The warm interpreter of a container: what _zygote.c is in a jail, in Python alone.

A container's interpreter and C library are its image's, for which nothing was compiled here. It has
no right to give its children a pid namespace each, either. Standard library only.
"""

import gc
import marshal
import os
import resource
import signal
import struct
import time
from typing import Final, NoReturn

from c2c_stream.sandbox import linux
from c2c_stream.sandbox.arena import FrameWriter
from c2c_stream.sandbox.program import Program, run_program
from c2c_stream.sandbox.protocol import (
    NOT_STOPPED,
    ORDER_BYTES,
    ORDER_FORMAT,
    REPORT_FORMAT,
    STARTED,
    STOPPED_BY_CPU,
    STOPPED_BY_WALL,
    WAITING_SHARE,
)

_ORDER: Final = struct.Struct(ORDER_FORMAT)
_REPORT: Final = struct.Struct(REPORT_FORMAT)
_LATER_S: Final = 0.001  # a CPU clock may lag behind what a timer says
_CPU_CLOCK: Final = 2  # CPUCLOCK_SCHED of the kernel's per-process clock ids
_ENDED: Final = (signal.SIGCHLD,)


class Zygote:
    """Forks one child for each order and watches it."""

    keeps: tuple[int, ...] = ()

    def __init__(self, arena: memoryview) -> None:
        self._arena = arena

    def lay_out_memory(self) -> None:
        """Keep the collector away from what all children share."""
        gc.collect()
        gc.freeze()
        gc.disable()

    def serve(self, control: int, program: Program, child_filter: bytes) -> None:
        """Fork for each order from `control`; return when the host has closed its end."""
        self._control = control
        self._program = program
        self._child_filter = child_filter
        self._base_rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDED)
        while data := os.read(self._control, ORDER_BYTES):
            os.write(self._control, self._run(*_ORDER.unpack(data)))

    def _run(self, request_bytes: int, cpu_ms: int, wall_ms: int) -> bytes:
        started = time.monotonic_ns()  # the zygote is the shell that measures
        pid = os.fork()
        if pid == 0:
            self._child(request_bytes, cpu_ms)
        stopped = self._watch(pid, cpu_ms, wall_ms)
        _, status, usage = os.wait4(pid, 0)
        return _REPORT.pack(
            stopped,
            os.waitstatus_to_exitcode(status),
            int((usage.ru_utime + usage.ru_stime) * 1e6),
            (time.monotonic_ns() - started) // 1000,
            max(0, usage.ru_maxrss - self._base_rss) * 1024,
        )

    def _watch(self, pid: int, cpu_ms: int, wall_ms: int) -> int:
        """Wait for the child's end; kill it at a limit. Return which.

        A child that computes on a busy machine is given time until its CPU clock ends it.
        """
        left_cpu, left_wall = cpu_ms, wall_ms
        until = time.monotonic_ns() + wall_ms * 1_000_000
        left_before = cpu_ms
        while signal.sigtimedwait(_ENDED, min(left_cpu, left_wall) / 1000 + _LATER_S) is None:
            left_cpu = cpu_ms - _cpu_ms(pid)
            left_wall = (until - time.monotonic_ns()) // 1_000_000
            if left_wall <= 0 < (left_before - left_cpu) * WAITING_SHARE - wall_ms:
                until += (wall_ms - left_wall) * 1_000_000
                left_wall, left_before = wall_ms, left_cpu
            if left_cpu <= 0 or left_wall <= 0:
                os.kill(pid, signal.SIGKILL)  # not yet waited for, so the pid is still its own
                signal.sigwait(_ENDED)
                return STOPPED_BY_CPU if left_cpu <= 0 else STOPPED_BY_WALL
        return NOT_STOPPED

    def _child(self, request_bytes: int, cpu_ms: int) -> NoReturn:
        """Close the last walls, then run the program on the request; never return."""
        leave = os._exit
        try:
            os.close(self._control)
            seconds = cpu_ms // 1000 + 2  # a backstop: its steps are whole seconds
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
            linux.drop_capabilities()
            linux.load_filter(self._child_filter)
            request = marshal.loads(self._arena[:request_bytes])  # noqa: S302  # host's
            writer = FrameWriter(self._arena)
            writer.mark(STARTED)
            gc.enable()
        except BaseException:  # noqa: BLE001  # whatever it is, no guest code may run
            leave(1)

        def end(state: int) -> NoReturn:
            writer.mark(state)
            leave(0)

        run_program(self._program, request, writer.emit, end)


def _cpu_ms(pid: int) -> int:
    """Return the CPU time that a process has used, or 0 when it is gone."""
    try:
        return time.clock_gettime_ns((~pid << 3) | _CPU_CLOCK) // 1_000_000
    except OSError:
        return 0
