"""The warm interpreter: forks one child for each order and watches it. Standard library only.

It never looks at a request; its child does. Between orders it touches as little memory as it can,
because each touched page is copied after a fork.
"""

import gc
import marshal
import os
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable
from typing import Any, Final, NoReturn

from c2c_stream.sandbox import linux
from c2c_stream.sandbox.arena import FrameWriter, State
from c2c_stream.sandbox.jail import CHILD_UID
from c2c_stream.sandbox.protocol import ORDER_BYTES, Order, Report, Stop

Program = Callable[[Any, Callable[[str], None]], None]

_FAULT_CHARS: Final = 4000
_LATER_MS: Final = 1  # a CPU clock may lag behind what a timer says
_CPU_CLOCK: Final = 2  # CPUCLOCK_SCHED of the kernel's per-process clock ids


class Zygote:
    """Serves orders from `control` until it is closed."""

    def __init__(
        self, control: int, arena: memoryview, program: Program, child_filter: bytes
    ) -> None:
        self._control = control
        self._arena = arena
        self._program = program
        self._filter = linux.Filter(child_filter)
        self._no_capabilities = linux.NoCapabilities()
        self._drop_uid = os.getuid() != CHILD_UID
        self._self_fd = os.pidfd_open(os.getpid())
        self._poll = select.poll()
        self._poll.register(control, 0)  # hang-up only: the host is gone
        self._base_rss = _max_rss(resource.getrusage(resource.RUSAGE_SELF))

    def serve(self) -> None:
        """Fork for each order; return when the host has closed its end."""
        gc.collect()
        gc.freeze()
        gc.disable()
        while data := os.read(self._control, ORDER_BYTES):
            order = Order.unpack(data)
            os.write(self._control, self._run(order).pack())

    def _run(self, order: Order) -> Report:
        started = time.monotonic_ns()  # the zygote is the shell that measures
        linux.unshare(linux.CLONE_NEWPID)
        pid = os.fork()
        if pid == 0:
            self._child(order)
        linux.setns(self._self_fd, linux.CLONE_NEWPID)
        stopped = self._watch(pid, order)
        _, status, usage = os.wait4(pid, 0)
        wall_us = (time.monotonic_ns() - started) // 1000
        cpu_us = int((usage.ru_utime + usage.ru_stime) * 1e6)
        rss = max(0, _max_rss(usage) - self._base_rss)
        return Report(stopped, os.waitstatus_to_exitcode(status), cpu_us, wall_us, rss)

    def _watch(self, pid: int, order: Order) -> Stop:
        """Wait for the child's end; kill it at a limit. Return which."""
        pidfd = os.pidfd_open(pid)
        self._poll.register(pidfd, select.POLLIN)
        try:
            return self._wait(pid, pidfd, order)
        finally:
            self._poll.unregister(pidfd)
            os.close(pidfd)

    def _wait(self, pid: int, pidfd: int, order: Order) -> Stop:
        left_cpu, left_wall = order.cpu_ms, order.wall_ms
        until = time.monotonic_ns() + order.wall_ms * 1_000_000
        while not (events := self._poll.poll(min(left_cpu, left_wall) + _LATER_MS)):
            left_cpu = order.cpu_ms - _cpu_ms(pid)
            left_wall = (until - time.monotonic_ns()) // 1_000_000
            if left_cpu <= 0 or left_wall <= 0:
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                return Stop.CPU if left_cpu <= 0 else Stop.WALL
        if any(fd == self._control for fd, _ in events):
            os._exit(0)  # the host is gone; our end is the end of everything in here
        return Stop.NONE

    def _child(self, order: Order) -> NoReturn:
        """Run the program on the request behind the last walls; never return."""
        leave = os._exit
        try:
            writer = FrameWriter(self._arena)
            self._close_walls(order)
            request = marshal.loads(self._arena[: order.request_bytes])  # noqa: S302  # host's
            writer.mark(State.STARTED)
            gc.enable()
        except BaseException:  # noqa: BLE001  # whatever it is, no guest code may run
            leave(1)
        _run_program(self._program, request, writer, leave)

    def _close_walls(self, order: Order) -> None:
        os.close(self._control)
        os.close(self._self_fd)
        seconds = order.cpu_ms // 1000 + 2  # a backstop: its steps are whole seconds
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        if self._drop_uid:
            os.setresuid(CHILD_UID, CHILD_UID, CHILD_UID)  # takes the capabilities as well
        else:
            self._no_capabilities.take()
        self._filter.load()


def _run_program(
    program: Program, request: Any, writer: FrameWriter, leave: Callable[[int], NoReturn]
) -> NoReturn:
    end = State.END
    try:
        program(request, writer.emit)
    except BaseException:  # noqa: BLE001  # told to the host, which knows what to do
        end = State.FAULT
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


def _max_rss(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss * 1024
