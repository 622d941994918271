"""The host's end of one jail: starts it, maps its users, sends it orders, reads its frames."""

import asyncio
import marshal
import mmap
import os
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from c2c_stream.sandbox import filters
from c2c_stream.sandbox.arena import (
    ARENA_BYTES,
    END,
    FAULT,
    REQUEST_BYTES,
    UNTOUCHED,
    MalformedError,
    read_frames,
    read_header,
)
from c2c_stream.sandbox.idmap import map_users
from c2c_stream.sandbox.layout import Layout
from c2c_stream.sandbox.protocol import ORDER, REPORT_BYTES, SETUP_BYTES, WAITING_SHARE
from c2c_stream.sandbox.report import Report, Stop
from c2c_stream.sandbox.unavailable import SandboxUnavailable
from c2c_stream.sandbox.verdicts import Ended, Reply

_PACKAGE: Final = "c2c_stream"
_BUILD_TIMEOUT_S: Final = 60
_REPORT_GRACE_S: Final = 10  # a zygote that is this late behind all limits is lost
_KILLED: Final = -9
# Not -I: it would ignore the hash seed. Columns of tracebacks are only weight for each fork.
_OPTIONS: Final = ("-s", "-S", "-P", "-X", "no_debug_ranges")

_ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    "LD_BIND_NOW": "1",  # or each child would resolve the same symbols anew
    "PYTHONUTF8": "1",
}
# Packages are put in place bare, so that no __init__ imports what a jail must not hold.
_BOOTSTRAP: Final = """
import sys, types
def place(name, folder):
    package = types.ModuleType(name)
    package.__path__ = [folder]
    sys.modules[name] = package
for name in sys.argv[4:]:
    place(name, sys.argv[3] + "/" + name.replace(".", "/"))
from c2c_stream.sandbox.launch import main
main(int(sys.argv[1]), int(sys.argv[2]))
"""


class JailBrokenError(Exception):
    """The jail is lost; its host kills it and builds another."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What every jail of a pool is built from."""

    program: str
    preload: tuple[str, ...]
    search: tuple[str, ...]
    hash_seed: int
    memory_bytes: int
    layout: Layout
    privileged: bool


class Jail:
    """One jail with its zygote. One order at a time."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, fd: int) -> None:
        self._process = process
        self._control = control
        self._arena = mmap.mmap(fd, ARENA_BYTES)
        self._loop: asyncio.AbstractEventLoop | None = None  # while it listens
        self._waiting: asyncio.Future[bytes] | None = None
        self.walls: tuple[str, ...] = ()
        self.python = ""
        self.served = 0

    @classmethod
    async def build(cls, plan: Plan) -> "Jail":
        """Start a jail and wait until its walls stand. Raises SandboxUnavailable."""
        config = _config(plan)
        with tempfile.TemporaryFile() as errors:
            jail = _spawn(plan, errors)
            try:
                async with asyncio.timeout(_BUILD_TIMEOUT_S):
                    await jail.set_up(config)
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
            data = await self._ordered(ORDER.pack(len(request), cpu_ms, wall_ms), longest_ms / 1000)
            report = Report.unpack(data)
        except (OSError, ValueError) as error:
            raise JailBrokenError(f"the zygote is gone: {error!r}") from error
        reply = _reply(report, memoryview(self._arena)[REQUEST_BYTES:])
        # Give the pages back: the next child finds zeros, whatever this one left.
        self._arena.madvise(mmap.MADV_REMOVE)
        self.served += 1
        return reply

    async def _ordered(self, order: bytes, longest_s: float) -> bytes:
        """Send an order; return what the zygote reports, or nothing when it is gone or late."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        late = loop.call_later(longest_s + _REPORT_GRACE_S, self._answer, b"")
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

    async def set_up(self, config: Mapping[str, Any]) -> None:
        """Send the configuration, answer what is asked, return when the walls stand."""
        loop = asyncio.get_running_loop()
        self._control.send(marshal.dumps(dict(config)))
        while not self.walls:
            data = await loop.sock_recv(self._control, SETUP_BYTES)
            word, _, rest = (data.decode() or "failed the launcher died").partition(" ")
            if word == "map":
                self._control.send(marshal.dumps(map_users(self.pid)))
            elif word == "ready":
                self.python, *walls = rest.split()
                self.walls = tuple(walls)
            else:
                raise ValueError(rest)
        self._listen(loop)

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


def _spawn(plan: Plan, errors: IO[bytes]) -> Jail:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)  # its only parameter
    fd = _arena()
    try:
        command = [plan.layout.python, *_OPTIONS, "-c", _BOOTSTRAP]
        command += [str(theirs.fileno()), str(fd), str(_package_folder()), *_packages(plan)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=(theirs.fileno(), fd),
            env={**_ENVIRONMENT, "PYTHONHASHSEED": str(plan.hash_seed)},
            cwd="/",
            start_new_session=True,  # Ctrl-C is for the host, which ends its jails itself
        )
        return Jail(process, ours, fd)
    except OSError as error:
        ours.close()
        raise SandboxUnavailable(
            f"sandbox: {plan.layout.python} does not start: {error}"
        ) from error
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


def _package_folder() -> Path:
    return Path(__file__).resolve().parents[2]


def _packages(plan: Plan) -> list[str]:
    """Return the packages to put in place bare: ours, and those around the program."""
    parts = plan.program.partition(":")[0].split(".")[:-1]
    own = [_PACKAGE, f"{_PACKAGE}.sandbox", f"{_PACKAGE}.code"]
    if parts[:1] != [_PACKAGE]:
        return own
    around = [".".join(parts[: i + 1]) for i in range(len(parts))]
    return list(dict.fromkeys([*own, *around]))


def _config(plan: Plan) -> dict[str, Any]:
    return {
        "program": plan.program,
        "preload": plan.preload,
        "search": plan.search,
        "privileged": plan.privileged,
        "memory_bytes": plan.memory_bytes,
        "binds": plan.layout.binds,
        "masks": plan.layout.masks,
        "path": plan.layout.path,
        "base_filter": filters.base_filter().hex(),
        "child_filter": filters.child_filter().hex(),
    }


def _reply(report: Report, arena: memoryview) -> Reply:
    """Return what a child left, judged from outside of it. Raises JailBrokenError."""
    with arena:
        state, _ = read_header(arena)
        ended = _ended(report, state)
        try:
            frames = read_frames(arena)
        except MalformedError:
            frames, ended = (), Ended.FORGED
    fault = ""
    if ended is Ended.FAULT and frames:
        *rest, fault = frames
        frames = tuple(rest)
    return Reply(
        frames=frames,
        ended=ended,
        signal=max(0, -report.exit_code),
        cpu_ms=report.cpu_us / 1000,
        wall_ms=report.wall_us / 1000,
        max_rss_bytes=report.max_rss_bytes,
        fault=fault,
    )


def _ended(report: Report, state: int) -> Ended:
    if report.stopped is not Stop.NONE:
        return Ended.CPU if report.stopped is Stop.CPU else Ended.WALL
    if report.exit_code == _KILLED:
        return Ended.MEMORY
    if report.exit_code < 0:
        return Ended.CRASH
    if report.exit_code == 0 and state == END:
        return Ended.DONE
    if report.exit_code == 0 and state == FAULT:
        return Ended.FAULT
    if state == UNTOUCHED:
        raise JailBrokenError(f"a child ended with {report.exit_code} before it ran anything")
    return Ended.EXITED
