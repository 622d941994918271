"""Gather bundles to be compiled in one child. No clock.

A bundle waits for more of them only while there is other work, of which `others_run` tells. Only a
gain: a bundle of which nothing comes back is compiled by the child that runs it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from c2c_stream.errors import Poison, Unavailable
from c2c_stream.execute.frames import ForgedError, split_prepared
from c2c_stream.sandbox import Ended, Reply

BATCH: Final = 24  # bundles in a child: with these its own cost is a tenth of theirs
MAX_CODE_CHARS: Final = 16 * 1024  # of a bundle; a batch of them fits into a request and a reply


class Compiler:
    """Compiles in batches. `execute` lets one child compile all the sources that it is given."""

    def __init__(
        self,
        execute: Callable[[Sequence[str]], Awaitable[Reply]],
        others_run: Callable[[], bool] = lambda: False,
    ) -> None:
        self._execute = execute
        self._others_run = others_run
        self._waiting: deque[tuple[str, asyncio.Future[bytes]]] = deque()
        self._running: asyncio.Task[None] | None = None

    async def prepared(self, code: str) -> bytes:
        """Return what children unpack instead of compiling `code`; nothing where they must."""
        if len(code) > MAX_CODE_CHARS:
            return b""
        found: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append((code, found))
        self.look()
        return await found

    def look(self) -> None:
        """See whether it is time to compile: to be called when other work has ended, too."""
        if self._running is None and self._is_due():
            self._running = asyncio.create_task(self._run())

    def _is_due(self) -> bool:
        waiting = len(self._waiting)
        return waiting >= BATCH or (waiting > 0 and not self._others_run())

    async def stop(self) -> None:
        """End what runs."""
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while self._is_due():
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                await self._settle(batch)
                await asyncio.sleep(0)  # those that waited begin to run
        finally:
            self._running = None

    async def _settle(self, batch: Sequence[tuple[str, "asyncio.Future[bytes]"]]) -> None:
        try:
            reply = await self._execute([code for code, _ in batch])
            found = prepared_of(reply, len(batch))
        except (Poison, Unavailable):  # each says so itself when it runs
            found = [b""] * len(batch)
        except Exception as error:  # noqa: BLE001  # a bug: it stops the service
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), prepared in zip(batch, found, strict=True):
            if not future.done():  # it may have been cancelled
                future.set_result(prepared)


def prepared_of(reply: Reply, sources: int) -> list[bytes]:
    """Return what a child compiled; nothing of any where one frame is not as agreed."""
    try:
        found = [split_prepared([frame])[0] for frame in reply.frames]
    except ForgedError:
        found = []
    if reply.ended is not Ended.DONE or len(found) != sources:
        return [b""] * sources
    return found
