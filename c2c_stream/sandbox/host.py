"""The host's end of one jail: starts it, maps its users, sends it orders, reads its frames."""

import asyncio
import marshal
import mmap
import os
import socket
import struct
import subprocess
import tempfile
from collections.abc import Mapping
from typing import IO, Any, Final

from c2c_stream.sandbox import cgroup, filters
from c2c_stream.sandbox.idmap import is_privileged, map_users
from c2c_stream.sandbox.judge import JailBrokenError, reply_of
from c2c_stream.sandbox.layout import layout_of
from c2c_stream.sandbox.plan import Plan, command_of, environment_of, package_folder
from c2c_stream.sandbox.protocol import (
    ARENA_BYTES,
    COMPILED,
    ORDER_FORMAT,
    REPORT_BYTES,
    REQUEST_BYTES,
    SETUP_BYTES,
    WAITING_SHARE,
)
from c2c_stream.sandbox.report import Report
from c2c_stream.sandbox.unavailable import SandboxUnavailable
from c2c_stream.sandbox.verdicts import Reply
from c2c_stream.sandbox.walls import Walls

_ORDER: Final = struct.Struct(ORDER_FORMAT)
BUILD_TIMEOUT_S: Final = 60
REPORT_GRACE_S: Final = 10  # a zygote that is this late behind all limits is lost


class Jail:
    """One jail with its zygote. One order at a time."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, fd: int) -> None:
        self._process = process
        self._control = control
        self._arena = mmap.mmap(fd, ARENA_BYTES)
        self._loop: asyncio.AbstractEventLoop | None = None  # while it listens
        self._waiting: asyncio.Future[bytes] | None = None
        self._cgroup: cgroup.Cgroup | None = None
        self.walls = Walls("jail", frozenset())
        self.python = ""
        self.served = 0

    @classmethod
    async def build(cls, plan: Plan) -> "Jail":
        """Start a jail and wait until its walls stand. Raises SandboxUnavailable."""
        _find_compiled_part()
        config = _config(plan)
        with tempfile.TemporaryFile() as errors:
            jail = _spawn(plan, errors)
            try:
                missing = jail.enter_cgroup(plan.memory_bytes)
                async with asyncio.timeout(BUILD_TIMEOUT_S):
                    await jail.set_up(config, missing)
            except (OSError, ValueError, TimeoutError) as error:
                jail.kill()
                errors.seek(0)
                last = errors.read()[-2000:].decode(errors="replace")
                raise SandboxUnavailable(f"sandbox: no jail came up: {error!r}\n{last}") from error
            except BaseException:
                jail.kill()
                raise
        return jail

    @property
    def pid(self) -> int:
        """The pid of the jail's first process; when it dies all in the jail do."""
        return self._process.pid

    async def run(self, request: bytes, cpu_ms: int, wall_ms: int) -> Reply:
        """Run one request in a child of its own. Raises JailBrokenError."""
        self._arena[: len(request)] = request
        try:
            longest_ms = wall_ms + cpu_ms * WAITING_SHARE
            order = _ORDER.pack(len(request), cpu_ms, wall_ms)
            data = await self._ordered(order, longest_ms / 1000)
            report = Report.unpack(data)
        except (OSError, ValueError) as error:
            raise JailBrokenError(f"the zygote is gone: {error!r}") from error
        with memoryview(self._arena) as arena, arena[REQUEST_BYTES:] as left:
            reply = reply_of(report, left)
        # Give the pages back: the next child finds zeros, whatever this one left.
        self._arena.madvise(mmap.MADV_REMOVE)
        self.served += 1
        return reply

    async def _ordered(self, order: bytes, longest_s: float) -> bytes:
        """Send an order; return what the zygote reports, or nothing when it is gone or late."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        late = loop.call_later(longest_s + REPORT_GRACE_S, self._answer, b"")
        try:
            self._control.send(order)
            return await self._waiting
        finally:
            late.cancel()
            self._waiting = None

    def kill(self) -> None:
        """End every process in the jail. May be called twice."""
        self._silence()
        self._process.kill()
        self._process.wait()
        self._control.close()
        self._arena.close()
        if self._cgroup is not None:
            self._cgroup.remove()
            self._cgroup = None

    def enter_cgroup(self, memory_bytes: int) -> dict[str, str]:
        """Put the jail into a control group of its own; return why it has none, where it has."""
        try:
            self._cgroup = cgroup.make(memory_bytes)
            self._cgroup.admit(self.pid)
        except (cgroup.NoCgroupError, OSError) as error:
            return {"cgroup": str(error)}
        return {}

    async def set_up(self, config: Mapping[str, Any], missing: dict[str, str]) -> None:
        """Send the configuration, answer what is asked, return when the walls stand."""
        loop = asyncio.get_running_loop()
        self._control.send(marshal.dumps(dict(config)))
        while not self.python:
            data = await loop.sock_recv(self._control, SETUP_BYTES)
            word, _, rest = (data.decode() or "failed the launcher died").partition(" ")
            if word == "map":
                self._control.send(marshal.dumps(map_users(self.pid)))
            elif word == "ready":
                self.python, *standing = rest.split()
                self._tell_walls(standing, missing)
            else:
                raise ValueError(rest)
        self._listen(loop)

    def _tell_walls(self, standing: list[str], missing: dict[str, str]) -> None:
        if "cgroup" not in missing:
            standing = [*standing, "cgroup"]
        if "landlock" not in standing:
            missing = {**missing, "landlock": "this kernel has none, or it is switched off"}
        self.walls = Walls("jail", frozenset(standing), missing)

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Await reports with one reader for good: to put one up for each would cost more."""
        self._loop = loop
        loop.add_reader(self._control, self._report)

    def _report(self) -> None:
        try:
            data = self._control.recv(REPORT_BYTES)
        except OSError:
            data = b""
        if not data:
            self._silence()
        self._answer(data)

    def _answer(self, data: bytes) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(data)

    def _silence(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._control)
            self._loop = None


def _find_compiled_part() -> None:
    """Raise SandboxUnavailable where what jails run was not compiled, or from another source."""
    try:
        from c2c_stream.sandbox import _zygote  # noqa: PLC0415  # only where jails are built

        found = _zygote.COMPILED == COMPILED
    except ImportError:
        found = False
    if not found:
        raise SandboxUnavailable(
            "sandbox: its compiled part (c2c_stream/sandbox/_zygote.c) is missing or of another "
            "version; `pip install -e .` in the source, with a C compiler, makes it"
        )


def _spawn(plan: Plan, errors: IO[bytes]) -> Jail:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)  # its only parameter
    fd = _arena()
    try:
        folder = str(package_folder())
        process = subprocess.Popen(
            [plan.python, *command_of(plan, "launch", theirs.fileno(), fd, folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=(theirs.fileno(), fd),
            env=environment_of(plan),
            cwd="/",
            start_new_session=True,  # Ctrl-C is for the host, which ends its jails itself
        )
        return Jail(process, ours, fd)
    except OSError as error:
        ours.close()
        raise SandboxUnavailable(f"sandbox: {plan.python} does not start: {error}") from error
    finally:
        theirs.close()
        os.close(fd)


def _arena() -> int:
    """Return a memory file whose size nobody can change, so that reading it never faults."""
    fd = os.memfd_create("arena", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, ARENA_BYTES)
    _seal(fd)
    return fd


def _seal(fd: int) -> None:
    import fcntl  # noqa: PLC0415  # Linux only, like the rest of this file at run time

    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)


def _config(plan: Plan) -> dict[str, Any]:
    layout = layout_of(plan.python)
    return {
        "program": plan.program,
        "preload": plan.preload,
        "search": plan.search,
        "privileged": is_privileged(),
        "memory_bytes": plan.memory_bytes,
        "binds": layout.binds,
        "masks": layout.masks,
        "path": layout.path,
        "base_filter": filters.base_filter().hex(),
        "child_filter": filters.child_filter().hex(),
    }
