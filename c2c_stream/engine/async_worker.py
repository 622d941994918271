"""Run an AsyncStage's coroutines on an asyncio loop in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

from c2c_stream.engine.stage import AsyncStage, Outcome
from c2c_stream.engine.worker import STOP_S, Completion, Completions, Task, told
from c2c_stream.errors import Retry, Unavailable


class AsyncWorker(Completions):
    """Runs an AsyncStage's coroutines on a loop of their own."""

    def __init__(self, stage: AsyncStage[Any], deadline_s: float) -> None:
        super().__init__()
        self._stage = stage
        self._deadline_s = deadline_s
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stage", daemon=True)
        self._settling: Future[None] | None = None
        self._failure: BaseException | None = None
        self._attempts: dict[Task, asyncio.Task[None]] = {}
        self._started = False

    def start(self) -> None:
        """See Worker."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._stage.start(), self._loop).result()
        self._started = True

    def room(self) -> int:
        """See Worker: what the stage says, less what runs."""
        return self._stage.limit() - self.running

    def submit(self, task: Task) -> None:
        """See Worker."""
        self.running += 1
        asyncio.run_coroutine_threadsafe(self._attempt(task), self._loop)

    def cancel(self, tasks: Iterable[Task]) -> None:
        """See Worker."""
        self._loop.call_soon_threadsafe(self._break_off, set(tasks))

    def _break_off(self, tasks: set[Task]) -> None:
        # One that is just about to begin goes on: cancelled then, it would never complete.
        for task, running in self._attempts.items():
            if task in tasks:
                running.cancel()

    def completion(self, timeout_s: float) -> Completion | None:
        """See Worker."""
        if self._failure:
            raise self._failure
        return super().completion(timeout_s)

    def settle(self) -> None:
        """See Worker."""
        if self._settling is None or self._settling.done():
            self._settling = asyncio.run_coroutine_threadsafe(self._stage.settle(), self._loop)
            self._settling.add_done_callback(self._settled)

    def _settled(self, settling: "Future[None]") -> None:
        error = None if settling.cancelled() else settling.exception()
        # What is away is told by the records that wait for it, and settling is asked for again.
        if error and not isinstance(error, Unavailable):
            self._failure = error

    def drain(self) -> None:
        """See Worker: another settling may be on its way that knows nothing of the last records."""
        settling = asyncio.run_coroutine_threadsafe(self._stage.settle(), self._loop)
        settling.add_done_callback(self._settled)

    def stop(self) -> None:
        """See Worker."""
        if not self._thread.is_alive():
            self._loop.close()
            return
        try:
            asyncio.run_coroutine_threadsafe(self._cancel(), self._loop).result(STOP_S)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(STOP_S)
            if not self._thread.is_alive():
                self._loop.close()

    async def _attempt(self, task: Task) -> None:
        result: Outcome | Exception
        deadline = asyncio.timeout(self._deadline_s)
        running = asyncio.current_task()
        if running:
            self._attempts[task] = running
        try:
            async with deadline:
                result = await self._stage.process(task.record, task.place)
        except BaseException as error:  # noqa: BLE001  # the broker thread decides what it means
            result = told(error)
            if deadline.expired() and isinstance(error, TimeoutError):
                result = Retry(f"{task.place}: no result within {self._deadline_s:g} s")
        self._attempts.pop(task, None)
        self._queue.put([Completion(task, result)])

    async def _cancel(self) -> None:
        current = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._started:
            await self._stage.stop()
