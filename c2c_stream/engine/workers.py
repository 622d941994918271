"""Where stages run: a thread for batches, a thread for a Source, a thread with an asyncio loop.

The broker thread hands over tasks and takes completions; it never waits for a stage. A keyed stage
runs on the broker thread itself: its state is the broker's.
"""

import asyncio
import queue
import threading
from collections import ChainMap, Counter
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from c2c_stream.engine.stage import (
    AsyncStage,
    Chunk,
    KeyedStage,
    Outcome,
    Place,
    PureStage,
    Source,
)
from c2c_stream.errors import Retry, Unavailable
from c2c_stream.records import Record

# A batch amortises the hand-over between threads; larger ones only add latency.
BATCH_RECORDS = 128
# Chunks of a Source that wait for their commit: 4 MiB each.
CHUNKS_AHEAD = 4
STOP_S = 10.0


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt at one record. `cursor` is where a Source goes on."""

    place: Place
    record: Record
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What came of a task: its outcome, a chunk with more to follow, or an error."""

    place: Place
    result: Outcome | Chunk | BaseException


class Worker(Protocol):
    """Runs one stage's tasks. `running` counts those whose last completion is not taken yet.

    `in_order`: a record must not start before the one in front of it is finished.
    """

    in_order: ClassVar[bool]
    running: int

    def start(self) -> None:
        """Start the stage. Raises what its start raised."""
        ...

    def room(self) -> int:
        """Return how many more tasks it takes now."""
        ...

    def submit(self, task: Task) -> None:
        """Take a task; never blocks."""
        ...

    def completion(self, timeout_s: float) -> Completion | None:
        """Return the next completion, waiting at most `timeout_s`; None if there is none."""
        ...

    def settle(self) -> None:
        """Ask the stage to finish what waits for more records. Does not wait for it."""
        ...

    def drain(self) -> None:
        """Hear that no task follows: settle, and break off what would go on for long."""
        ...

    def committed(self, puts: Mapping[str, bytes]) -> None:
        """Hear that one outcome's puts are in the broker's state. Called in delivered order."""
        ...

    def stop(self) -> None:
        """Cancel what runs, stop the stage and wait for it."""
        ...


class _Completions:
    """The queue from a stage to the broker thread."""

    in_order: ClassVar[bool] = False

    def __init__(self, ahead: int = 0) -> None:
        self._queue: queue.Queue[Completion] = queue.Queue(ahead)
        self.running = 0

    def completion(self, timeout_s: float) -> Completion | None:
        try:
            done = self._queue.get(timeout=timeout_s) if timeout_s else self._queue.get_nowait()
        except queue.Empty:
            return None
        self.running -= not isinstance(done.result, Chunk)
        return done

    def settle(self) -> None:
        """Nothing waits for more records here."""

    def drain(self) -> None:
        """Nothing to break off: what runs here is soon over."""

    def committed(self, puts: Mapping[str, bytes]) -> None:
        """No state is kept here."""


class PureWorker(_Completions):
    """Runs a PureStage's batches in order on one thread."""

    def __init__(self, stage: PureStage[Any]) -> None:
        super().__init__()
        self._stage = stage
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="stage", daemon=True)

    def start(self) -> None:
        """See Worker."""
        self._stage.start()
        self._thread.start()

    def room(self) -> int:
        """See Worker: a batch at work and a batch in wait."""
        return 2 * BATCH_RECORDS - self.running

    def submit(self, task: Task) -> None:
        """See Worker."""
        self.running += 1
        self._tasks.put(task)

    def stop(self) -> None:
        """See Worker."""
        if not self._thread.is_alive():
            return
        self._tasks.put(None)
        self._thread.join(STOP_S)
        self._stage.stop()

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            batch = [task]
            while len(batch) < BATCH_RECORDS and not self._tasks.empty():
                if (more := self._tasks.get()) is None:
                    return
                batch.append(more)
            for done in self._process(batch):
                self._queue.put(done)

    def _process(self, batch: list[Task]) -> list[Completion]:
        try:
            results = self._stage.process([task.record for task in batch])
            return [Completion(t.place, r) for t, r in zip(batch, results, strict=True)]
        except BaseException as error:  # noqa: BLE001  # the broker thread decides what it means
            return [Completion(task.place, _told(error)) for task in batch]


class KeyedWorker(_Completions):
    """Runs a KeyedStage on the caller's thread, with uncommitted puts laid over the state."""

    in_order: ClassVar[bool] = True

    def __init__(self, stage: KeyedStage[Any], state: Mapping[str, bytes]) -> None:
        super().__init__()
        self._stage = stage
        self._failed = False
        # Uncommitted outcomes that put a key: its value lies over the state until the last is in.
        self._uncommitted: Counter[str] = Counter()
        self._overlay: dict[str, bytes] = {}
        self._state = ChainMap(self._overlay, state)  # type: ignore[arg-type]  # only read below the first map

    def start(self) -> None:
        """See Worker."""

    def room(self) -> int:
        """See Worker: it is done when submit returns; after a failure the engine decides first."""
        return 0 if self._failed else BATCH_RECORDS - self.running

    def submit(self, task: Task) -> None:
        """See Worker."""
        self.running += 1
        result: Outcome | Exception
        try:
            result = self._stage.process(task.record, self._state)
            self._overlay.update(result.puts)
            self._uncommitted.update(result.puts.keys())
        except Exception as error:  # noqa: BLE001  # the engine decides what it means
            result = error
            self._failed = True
        self._queue.put(Completion(task.place, result))

    def completion(self, timeout_s: float) -> Completion | None:
        """See Worker."""
        done = super().completion(timeout_s)
        if done is not None and isinstance(done.result, BaseException):
            self._failed = False
        return done

    def committed(self, puts: Mapping[str, bytes]) -> None:
        """See Worker: what is in the state need not lie over it."""
        for key in puts:
            self._uncommitted[key] -= 1
            if not self._uncommitted[key]:
                del self._uncommitted[key], self._overlay[key]

    def stop(self) -> None:
        """See Worker."""


class SourceWorker(_Completions):
    """Runs a Source on one thread, one record at a time; blocks while its chunks are not taken.

    In order, so that what is held in memory is always the part that may be committed next.
    """

    in_order: ClassVar[bool] = True

    def __init__(self, stage: Source[Any]) -> None:
        super().__init__(CHUNKS_AHEAD)
        self._stage = stage
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """See Worker."""

    def room(self) -> int:
        """See Worker: one record at a time."""
        return 1 - self.running

    def submit(self, task: Task) -> None:
        """See Worker."""
        self.running += 1
        self._thread = threading.Thread(target=self._run, args=(task,), name="source", daemon=True)
        self._thread.start()

    def drain(self) -> None:
        """See Worker: a record may go on for hours; its cursor says where the next start does."""
        self._stopping.set()
        self.running = 0

    def stop(self) -> None:
        """See Worker."""
        self._stopping.set()
        if self._thread:
            self._thread.join(STOP_S)

    def _run(self, task: Task) -> None:
        result: Outcome | Exception = Outcome()
        try:
            for chunk in self._stage.read(task.record, task.cursor):
                if not self._put(Completion(task.place, chunk)):
                    return
        except BaseException as error:  # noqa: BLE001  # the broker thread decides what it means
            result = _told(error)
        self._put(Completion(task.place, result))

    def _put(self, completion: Completion) -> bool:
        while not self._stopping.is_set():
            try:
                self._queue.put(completion, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False


class AsyncWorker(_Completions):
    """Runs an AsyncStage's coroutines on a loop of their own."""

    def __init__(self, stage: AsyncStage[Any], deadline_s: float) -> None:
        super().__init__()
        self._stage = stage
        self._deadline_s = deadline_s
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stage", daemon=True)
        self._settling: Future[None] | None = None
        self._failure: BaseException | None = None
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
        try:
            async with deadline:
                result = await self._stage.process(task.record, task.place)
        except BaseException as error:  # noqa: BLE001  # the broker thread decides what it means
            result = _told(error)
            if deadline.expired() and isinstance(error, TimeoutError):
                result = Retry(f"{task.place}: no result within {self._deadline_s:g} s")
        self._queue.put(Completion(task.place, result))

    async def _cancel(self) -> None:
        current = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._started:
            await self._stage.stop()


def _told(error: BaseException) -> Exception:
    """Return what the broker thread may raise: a stage's SystemExit must not look like an end."""
    return error if isinstance(error, Exception) else RuntimeError(f"the stage raised {error!r}")
