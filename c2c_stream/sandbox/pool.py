"""A pool of jails: hands each request to a free one, rebuilds what breaks, rotates what is old."""

import asyncio
import marshal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Protocol

from c2c_stream.errors import Poison, Unavailable
from c2c_stream.sandbox.interpreter import image_of, interpreter_of
from c2c_stream.sandbox.judge import JailBrokenError
from c2c_stream.sandbox.plan import Plan
from c2c_stream.sandbox.protocol import REQUEST_BYTES
from c2c_stream.sandbox.unavailable import SandboxUnavailable
from c2c_stream.sandbox.verdicts import Reply
from c2c_stream.sandbox.walls import Walls, required_walls
from c2c_stream.settings import SandboxSettings

_TRIES: Final = 2  # on different jails; what breaks both is at fault itself
WALL_FACTOR: Final = 4


class Box(Protocol):
    """One jail, or one container: what a zygote lives in."""

    walls: Walls
    python: str
    served: int

    @property
    def pid(self) -> int:
        """The pid of its first process."""

    async def run(self, request: bytes, cpu_ms: int, wall_ms: int) -> Reply:
        """Run one request in a child of its own. Raises JailBrokenError."""

    def kill(self) -> None:
        """End every process in it. May be called twice."""


class _Slot:
    """A place for a jail. Empty after its jail broke, until the next request."""

    def __init__(self) -> None:
        self.jail: Box | None = None

    def clear(self) -> None:
        if self.jail is not None:
            self.jail.kill()
            self.jail = None


class Pool:
    """Jails that run one program, each request in a child of its own.

    `program` is "module:function", called in the child as function(request, emit). `search` are
    folders to import it from, besides this package's own. `told` hears of the walls of each jail.
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
        told: Callable[[Walls], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._told = told
        self._build = _builder(settings)
        self._plan = Plan(
            program=program,
            preload=tuple(preload),
            search=tuple(str(Path(folder).resolve()) for folder in search),
            hash_seed=hash_seed,
            memory_bytes=settings.memory_bytes,
            image=image_of(settings),
        )
        self._slots = [_Slot() for _ in range(jobs)]
        self._free: asyncio.LifoQueue[_Slot] = asyncio.LifoQueue()
        self.python = ""

    async def start(self) -> None:
        """Build all jails. Raises SandboxUnavailable where a required wall does not stand."""
        required_walls(self._settings.require_walls, self._settings.backend)
        self._plan = replace(self._plan, python=interpreter_of(self._settings).path)
        try:
            for slot in self._slots:
                await self._fill(slot)
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
    async def one_jail(self) -> AsyncIterator[Callable[[dict[str, Any], int], Awaitable[Reply]]]:
        """Lend what runs requests in one and the same jail: its children agree on addresses.

        Raises Poison where a request breaks it, Unavailable where none can be built.
        """
        try:
            async with self._jail() as jail:

                async def run(request: dict[str, Any], cpu_ms: int) -> Reply:
                    return await jail.run(marshal.dumps(request), cpu_ms, cpu_ms * WALL_FACTOR)

                yield run
        except JailBrokenError as error:
            raise Poison(f"sandbox: the request broke its jail: {error}") from error

    @asynccontextmanager
    async def _jail(self) -> AsyncIterator[Box]:
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

    async def _refill(self, slot: _Slot) -> Box:
        try:
            return await self._fill(slot)
        except SandboxUnavailable as error:
            raise Unavailable(f"no jail could be built again: {error}") from error

    async def _fill(self, slot: _Slot) -> Box:
        slot.jail = jail = await self._build(self._plan)
        self.python = jail.python
        self._told(jail.walls)
        try:
            jail.walls.demand(self._settings.require_walls)
        except SandboxUnavailable:
            slot.clear()
            raise
        return jail


def _builder(settings: SandboxSettings) -> Callable[[Plan], Awaitable[Box]]:
    """Return what builds a box of the backend that is set; the other is not imported."""
    if settings.backend == "jail":
        from c2c_stream.sandbox.host import Jail  # noqa: PLC0415  # Linux only

        return Jail.build
    from c2c_stream.sandbox.container import Container  # noqa: PLC0415  # its client is an extra

    return Container.build
