"""A pool of jails: hands each request to a free one, rebuilds what breaks, rotates what is old."""

import asyncio
import marshal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from c2c_stream.errors import Poison, Unavailable
from c2c_stream.sandbox.arena import REQUEST_BYTES
from c2c_stream.sandbox.host import Jail, JailBrokenError, Plan
from c2c_stream.sandbox.idmap import is_privileged
from c2c_stream.sandbox.layout import interpreter, layout_of
from c2c_stream.sandbox.unavailable import SandboxUnavailable
from c2c_stream.sandbox.verdicts import Reply
from c2c_stream.settings import SandboxSettings

OPTIONAL_WALLS: Final = frozenset({"cgroup"})
ALL_WALLS: Final = frozenset(
    {
        "user",
        "mount",
        "root",
        "pid",
        "net",
        "ipc",
        "uts",
        "cgroup-namespace",
        "uid",
        "capabilities",
        "rlimits",
        "seccomp",
        "fds",
        "cgroup",
    }
)
_TRIES: Final = 2  # on different jails; what breaks both is at fault itself
WALL_FACTOR: Final = 4


class _Slot:
    """A place for a jail. Empty after its jail broke, until the next request."""

    def __init__(self) -> None:
        self.jail: Jail | None = None

    def clear(self) -> None:
        if self.jail is not None:
            self.jail.kill()
            self.jail = None


class Pool:
    """Jails that run one program, each request in a child of its own.

    `program` is "module:function", called in the child as function(request, emit). `search` are
    folders to import it from, besides this package's own.
    """

    def __init__(
        self,
        program: str,
        jobs: int,
        settings: SandboxSettings,
        *,
        hash_seed: int = 0,
        preload: Sequence[str] = (),
        search: Sequence[str] = (),
    ) -> None:
        self._settings = settings
        self._plan = Plan(
            program=program,
            preload=tuple(preload),
            search=tuple(str(Path(folder).resolve()) for folder in search),
            hash_seed=hash_seed,
            memory_bytes=settings.memory_bytes,
            layout=layout_of(interpreter()),
            privileged=is_privileged(),
        )
        self._slots = [_Slot() for _ in range(jobs)]
        self._free: asyncio.LifoQueue[_Slot] = asyncio.LifoQueue()
        self.walls: frozenset[str] = frozenset()
        self.python = ""

    async def start(self) -> None:
        """Build all jails. Raises SandboxUnavailable where a required wall does not stand."""
        required = required_walls(self._settings.require_walls)
        try:
            for slot in self._slots:
                await self._fill(slot)
                _demand(required - self.walls)
                self._free.put_nowait(slot)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End all jails, whatever they do."""
        for slot in self._slots:
            slot.clear()

    def jails(self) -> list[int]:
        """Return the pid of the first process of each jail that stands."""
        return [slot.jail.pid for slot in self._slots if slot.jail is not None]

    async def run(self, request: dict[str, Any], cpu_ms: int, wall_ms: int | None = None) -> Reply:
        """Run one request; wait for a free jail first.

        Raises Poison where the request breaks two jails, Unavailable where none can be built.
        """
        data = marshal.dumps(request)
        if len(data) > REQUEST_BYTES:
            raise Poison(f"sandbox: a request of {len(data)} bytes; at most {REQUEST_BYTES}")
        broken = ""
        for _ in range(_TRIES):
            try:
                async with self._jail() as jail:
                    return await jail.run(data, cpu_ms, wall_ms or cpu_ms * WALL_FACTOR)
            except JailBrokenError as error:
                broken = str(error)
        raise Poison(f"sandbox: the request broke {_TRIES} jails in a row: {broken}")

    @asynccontextmanager
    async def _jail(self) -> AsyncIterator[Jail]:
        """Lend a jail. One that is left by an exception, or is old, is not used again."""
        slot = await self._free.get()
        try:
            jail = slot.jail or await self._refill(slot)
            yield jail
            if jail.served >= self._settings.requests_per_jail:
                slot.clear()
        except BaseException:
            slot.clear()
            raise
        finally:
            self._free.put_nowait(slot)

    async def _refill(self, slot: _Slot) -> Jail:
        try:
            return await self._fill(slot)
        except SandboxUnavailable as error:
            raise Unavailable(f"no jail could be built again: {error}") from error

    async def _fill(self, slot: _Slot) -> Jail:
        slot.jail = jail = await Jail.build(self._plan)
        self.walls = frozenset(jail.walls)
        self.python = jail.python
        return jail


def required_walls(setting: str) -> frozenset[str]:
    """Return the walls that `sandbox.require_walls` names. Raises SandboxUnavailable."""
    if setting == "all":
        return ALL_WALLS
    if setting == "all-but-cgroup":
        return ALL_WALLS - OPTIONAL_WALLS
    named = frozenset(part.strip() for part in setting.split(",") if part.strip())
    unknown = named - ALL_WALLS
    if unknown or not named:
        raise SandboxUnavailable(
            f"sandbox.require_walls: {setting!r} names no wall that there is; "
            f"all, all-but-cgroup, or some of {', '.join(sorted(ALL_WALLS))}"
        )
    return named


def _demand(missing: frozenset[str]) -> None:
    if missing:
        raise SandboxUnavailable(
            f"sandbox: the walls {', '.join(sorted(missing))} do not stand here, and "
            "sandbox.require_walls asks for them; nothing is run without them"
        )
