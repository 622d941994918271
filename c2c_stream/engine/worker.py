"""What the broker thread asks of a worker: it hands over tasks, takes completions, never waits."""

import queue
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from c2c_stream.engine.stage import Chunk, Outcome, Place
from c2c_stream.records import Record

# Of waiting for a stage that was told to stop; the process ends after it.
STOP_S = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One attempt at one record, equal to itself alone. `cursor` is where a Source goes on."""

    place: Place
    record: Record
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What came of a task: its outcome, a chunk with more to follow, or an error."""

    task: Task
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

    def cancel(self, tasks: Iterable[Task]) -> None:
        """Hear that nobody waits for these: a rebalance took their records away.

        What still completes of them is passed over.
        """
        ...

    def settled(self, puts: Mapping[str, bytes]) -> None:
        """Hear that one outcome's puts are in the broker's state, or were dropped with it.

        Called in delivered order.
        """
        ...

    def stop(self) -> None:
        """Cancel what runs, stop the stage and wait for it."""
        ...


class Completions:
    """The queue from a stage to the broker thread."""

    in_order: ClassVar[bool] = False

    def __init__(self, ahead: int = 0) -> None:
        self._queue: queue.Queue[Sequence[Completion]] = queue.Queue(ahead)
        self._ready: deque[Completion] = deque()
        self.running = 0

    def completion(self, timeout_s: float) -> Completion | None:
        """See Worker. A stage may hand over many at once: a hand-over costs more than most work."""
        if not self._ready:
            try:
                done = self._queue.get(timeout=timeout_s) if timeout_s else self._queue.get_nowait()
            except queue.Empty:
                return None
            self._ready.extend(done)
        completion = self._ready.popleft()
        self.running -= not isinstance(completion.result, Chunk)
        return completion

    def settle(self) -> None:
        """Nothing waits for more records here."""

    def drain(self) -> None:
        """Nothing to break off: what runs here is soon over."""

    def cancel(self, tasks: Iterable[Task]) -> None:
        """Nothing to break off: what runs here is soon over."""

    def settled(self, puts: Mapping[str, bytes]) -> None:
        """No state is kept here."""


def told(error: BaseException) -> Exception:
    """Return what the broker thread may raise: a stage's SystemExit must not look like an end."""
    return error if isinstance(error, Exception) else RuntimeError(f"the stage raised {error!r}")
