"""Where stages run: a thread for batches, a thread for a Source, a loop for coroutines.

A keyed stage runs on the broker thread itself: its state is the broker's.
"""

import queue
import threading
from collections import ChainMap, Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from c2c_stream.engine.async_worker import AsyncWorker
from c2c_stream.engine.stage import KeyedStage, Outcome, PureStage, Source
from c2c_stream.engine.worker import STOP_S, Completion, Completions, Task, Worker, told

__all__ = [
    "AsyncWorker",
    "Completion",
    "KeyedWorker",
    "PureWorker",
    "SourceWorker",
    "Task",
    "Worker",
]

# A batch amortises the hand-over between threads; larger ones only add latency.
BATCH_RECORDS = 128
# Chunks of a Source that wait for their commit: 4 MiB each.
CHUNKS_AHEAD = 4


class PureWorker(Completions):
    """Runs a PureStage's batches in order on one thread."""

    def __init__(self, stage: PureStage[Any]) -> None:
        super().__init__()
        self._stage = stage
        self._batch: list[Task] = []
        self._batches: queue.SimpleQueue[list[Task] | None] = queue.SimpleQueue()
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
        self._batch.append(task)
        if len(self._batch) == BATCH_RECORDS:
            self._hand_over()

    def completion(self, timeout_s: float) -> Completion | None:
        """See Worker. Who asks for one has submitted what there is."""
        if self._batch:
            self._hand_over()
        return super().completion(timeout_s)

    def _hand_over(self) -> None:
        self._batches.put(self._batch)
        self._batch = []

    def stop(self) -> None:
        """See Worker."""
        if not self._thread.is_alive():
            return
        self._batches.put(None)
        self._thread.join(STOP_S)
        self._stage.stop()

    def _run(self) -> None:
        while (batch := self._batches.get()) is not None:
            self._queue.put(self._process(batch))

    def _process(self, batch: list[Task]) -> list[Completion]:
        try:
            results = self._stage.process([task.record for task in batch])
            return [Completion(t, r) for t, r in zip(batch, results, strict=True)]
        except BaseException as error:  # noqa: BLE001  # the broker thread decides what it means
            return [Completion(task, told(error)) for task in batch]


class KeyedWorker(Completions):
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
        self._ready.append(Completion(task, result))

    def completion(self, timeout_s: float) -> Completion | None:
        """See Worker."""
        done = super().completion(timeout_s)
        if done is not None and isinstance(done.result, BaseException):
            self._failed = False
        return done

    def settled(self, puts: Mapping[str, bytes]) -> None:
        """See Worker: what is in the state, or will never be, need not lie over it."""
        for key in puts:
            self._uncommitted[key] -= 1
            if not self._uncommitted[key]:
                del self._uncommitted[key], self._overlay[key]

    def stop(self) -> None:
        """See Worker."""


class SourceWorker(Completions):
    """Runs a Source on one thread, one record at a time; blocks while its chunks are not taken.

    In order, so that what is held in memory is always the part that may be committed next.
    """

    in_order: ClassVar[bool] = True

    def __init__(self, stage: Source[Any]) -> None:
        super().__init__(CHUNKS_AHEAD)
        self._stage = stage
        self._stopping = threading.Event()
        self._task: Task | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """See Worker."""

    def room(self) -> int:
        """See Worker: one record at a time."""
        return 1 - self.running

    def submit(self, task: Task) -> None:
        """See Worker."""
        self.running += 1
        self._task = task
        self._thread = threading.Thread(
            target=self._run,
            args=(task, self._queue, self._stopping),
            name="source",
            daemon=True,
        )
        self._thread.start()

    def cancel(self, tasks: Iterable[Task]) -> None:
        """See Worker: what the thread still finds goes to a queue that nobody reads."""
        if self.running and self._task in set(tasks):
            self._stopping.set()
            self._stopping = threading.Event()
            self._queue = queue.Queue(CHUNKS_AHEAD)
            self._ready.clear()
            self.running = 0

    def drain(self) -> None:
        """See Worker: a record may go on for hours; its cursor says where the next start does."""
        self._stopping.set()
        self.running = 0

    def stop(self) -> None:
        """See Worker."""
        self._stopping.set()
        if self._thread:
            self._thread.join(STOP_S)

    def _run(
        self, task: Task, to: "queue.Queue[Sequence[Completion]]", stop: threading.Event
    ) -> None:
        result: Outcome | Exception = Outcome()
        try:
            for chunk in self._stage.read(task.record, task.cursor):
                if not _put(Completion(task, chunk), to, stop):
                    return
        except BaseException as error:  # noqa: BLE001  # the broker thread decides what it means
            result = told(error)
        _put(Completion(task, result), to, stop)


def _put(
    completion: Completion, to: "queue.Queue[Sequence[Completion]]", stop: threading.Event
) -> bool:
    while not stop.is_set():
        try:
            to.put([completion], timeout=0.1)
        except queue.Full:
            continue
        return True
    return False
