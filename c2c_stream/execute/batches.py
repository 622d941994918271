"""Gather functions whose second run can share a child. No clock: a record waits for others only.

A function waits until as many as fit into a batch wait with it, or until all that were in their
first run when it began to wait have ended it. Each of those ends at a limit of its own, so that no
function waits without end, however thin the intake.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from c2c_stream.errors import Poison, Unavailable
from c2c_stream.execute.compare import Run, agreements
from c2c_stream.execute.request import Request
from c2c_stream.execute.sharing import BATCH
from c2c_stream.sandbox import Reply


@dataclass(frozen=True, slots=True, eq=False)
class Mate:
    """A function that waits for its second run."""

    repository: str
    request: Request
    first: Run
    last_ticket: int  # of those that may still come; no later one is waited for
    agrees: "asyncio.Future[bool]"


class Batches:
    """Decides who runs with whom, and when. `execute` runs requests in one child, one by one."""

    def __init__(
        self, execute: Callable[[Sequence[Request]], Awaitable[Reply]], max_text_bytes: int
    ) -> None:
        self._execute = execute
        self._max_text_bytes = max_text_bytes
        self._tickets = itertools.count()
        self._last_ticket = -1
        self._coming: dict[int, None] = {}  # tickets of those in their first run, oldest first
        self._waiting: list[Mate] = []
        self._running: set[asyncio.Task[None]] = set()

    def first_runs(self) -> bool:
        """Tell whether a function is in its first run."""
        return bool(self._coming)

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Say that a function is in its first run, and may want to join inside."""
        self._last_ticket = ticket = next(self._tickets)
        self._coming[ticket] = None
        try:
            yield
        finally:
            del self._coming[ticket]
            self._run_what_is_due()

    def join(self, repository: str, request: Request, first: Run) -> Mate:
        """Let a function wait for its second run; `agrees` of what is returned tells of it."""
        agrees = asyncio.get_running_loop().create_future()
        mate = Mate(repository, request, first, self._last_ticket, agrees)
        self._waiting.append(mate)
        return mate

    async def stop(self) -> None:
        """End what runs."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _run_what_is_due(self) -> None:
        while self._waiting and self._is_due():
            task = asyncio.create_task(self._run(self._take()))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def _is_due(self) -> bool:
        oldest = next(iter(self._coming), None)
        none_to_come = oldest is None or oldest > self._waiting[0].last_ticket
        return none_to_come or len(self._waiting) >= BATCH

    def _take(self) -> list[Mate]:
        """Take the one that waits longest, and others of its repository."""
        repository = self._waiting[0].repository
        batch = [mate for mate in self._waiting if mate.repository == repository][:BATCH]
        self._waiting = [mate for mate in self._waiting if mate not in batch]
        return batch

    async def _run(self, batch: Sequence[Mate]) -> None:
        try:
            found = await self._agreements(batch)
        except Exception as error:  # noqa: BLE001  # a bug: it stops the service
            for mate in batch:
                if not mate.agrees.done():
                    mate.agrees.set_exception(error)
            return
        for mate, agrees in zip(batch, found, strict=True):
            if not mate.agrees.done():  # it may have been cancelled
                mate.agrees.set_result(agrees)

    async def _agreements(self, batch: Sequence[Mate]) -> list[bool]:
        """Tell which mates gave the same again; of all others nothing is known."""
        if len(batch) == 1:
            return [False]
        try:
            reply = await self._execute([mate.request for mate in batch])
        except (Poison, Unavailable):  # each says so itself when it runs alone
            return [False] * len(batch)
        return agreements(reply, [mate.first for mate in batch], self._max_text_bytes)
