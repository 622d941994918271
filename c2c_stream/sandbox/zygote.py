"""The warm interpreter: forks one child for each order and watches it. Standard library only.

It never looks at a request; its child does. After a fork each page that either side touches is
copied, which is most of what a child costs: so few functions, plain numbers, calls prepared.
"""

import gc
import marshal
import os
import resource
import signal
import time
from collections.abc import Callable
from typing import Any, Final, NoReturn

from c2c_stream.sandbox import linux
from c2c_stream.sandbox.arena import END, FAULT, STARTED, FrameWriter
from c2c_stream.sandbox.protocol import (
    CHILD_UID,
    NOT_STOPPED,
    ORDER,
    ORDER_BYTES,
    REPORT,
    STOPPED_BY_CPU,
    STOPPED_BY_WALL,
    WAITING_SHARE,
)

Program = Callable[[Any, Callable[[str], None]], None]

_FAULT_CHARS: Final = 4000
_LATER_S: Final = 0.001  # a CPU clock may lag behind what a timer says
_CPU_CLOCK: Final = 2  # CPUCLOCK_SCHED of the kernel's per-process clock ids
_ENDED: Final = (signal.SIGCHLD,)


class Zygote:
    """Serves orders from `control` until it is closed.

    `private_pids`: each child is the first process of a pid namespace of its own.
    """

    def __init__(
        self,
        control: int,
        arena: memoryview,
        program: Program,
        child_filter: bytes,
        *,
        private_pids: bool,
    ) -> None:
        self._control = control
        self._arena = arena
        self._program = program
        self._load_filter = linux.prepared_filter(child_filter)
        self._drop_capabilities = linux.prepared_capset()
        self._drop_uid = os.getuid() != CHILD_UID
        self._own = os.pidfd_open(os.getpid())
        self._isolate_next = self._isolate_no_more = _done
        if private_pids:
            self._isolate_next, self._isolate_no_more = linux.prepared_pid_namespaces(self._own)
        self._base_rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def serve(self) -> None:
        """Fork for each order; return when the host has closed its end."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDED)
        gc.collect()
        gc.freeze()
        gc.disable()
        while data := os.read(self._control, ORDER_BYTES):
            os.write(self._control, self._run(*ORDER.unpack(data)))

    def _run(self, request_bytes: int, cpu_ms: int, wall_ms: int) -> bytes:
        started = time.monotonic_ns()  # the zygote is the shell that measures
        if self._isolate_next() != 0:
            os._exit(1)
        pid = os.fork()
        if pid == 0:
            self._child(request_bytes, cpu_ms)
        if self._isolate_no_more() != 0:
            os._exit(1)
        stopped = self._watch(pid, cpu_ms, wall_ms)
        _, status, usage = os.wait4(pid, 0)
        return REPORT.pack(
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
            os.close(self._own)
            seconds = cpu_ms // 1000 + 2  # a backstop: its steps are whole seconds
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
            if self._drop_uid:
                os.setresuid(CHILD_UID, CHILD_UID, CHILD_UID)  # takes the capabilities as well
            elif self._drop_capabilities() != 0:
                leave(1)
            if self._load_filter() != 0:
                leave(1)
            request = marshal.loads(self._arena[:request_bytes])  # noqa: S302  # host's
            writer = FrameWriter(self._arena)
            writer.mark(STARTED)
            gc.enable()
        except BaseException:  # noqa: BLE001  # whatever it is, no guest code may run
            leave(1)
        _run_program(self._program, request, writer, leave)


def _done() -> int:
    """Stand in for what needs rights that a container has not."""
    return 0


def _run_program(
    program: Program, request: Any, writer: FrameWriter, leave: Callable[[int], NoReturn]
) -> NoReturn:
    end = END
    try:
        program(request, writer.emit)
    except BaseException:  # noqa: BLE001  # told to the host, which knows what to do
        end = FAULT
        import traceback  # noqa: PLC0415  # what a fault needs alone is not in every fork

        writer.emit(ascii(traceback.format_exc())[-_FAULT_CHARS:])
    finally:
        writer.mark(end)
        leave(0)


def _cpu_ms(pid: int) -> int:
    """Return the CPU time that a process has used, or 0 when it is gone."""
    try:
        return time.clock_gettime_ns((~pid << 3) | _CPU_CLOCK) // 1_000_000
    except OSError:
        return 0
