"""The records between delivery and result: who waits, who works, who tries again when. Pure."""

import heapq
from collections import deque
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from c2c_stream.broker.protocol import Delivered, Partition
from c2c_stream.engine.policy import Decision, HoldUntil, RetryAt, RetryPolicy
from c2c_stream.engine.stage import Place
from c2c_stream.engine.worker import Task
from c2c_stream.records import Record


@dataclass(slots=True)
class Flight:
    """One record on its way. `cursor` is how far a Source has come with it.

    `task` is the last attempt, begun at `begun_at` (monotonic seconds): what completes of an older
    one belongs to nobody.
    """

    delivered: Delivered
    record: Record
    cursor: str | None
    attempt: int = 1
    begun_at: float = 0.0
    task: Task | None = None


class Flights:
    """All records in flight of one service.

    `in_order`: no record starts before the one in front of it is finished, retries included.
    """

    def __init__(self, policy: RetryPolicy, *, in_order: bool = False) -> None:
        self._policy = policy
        self._in_order = in_order
        self._flights: dict[Place, Flight] = {}
        self._waiting: deque[Place] = deque()
        self._retries: list[tuple[float, int, Place]] = []
        self._serial = 0
        self._outages = 0
        self._away_until = float("-inf")
        self._probe: Place | None = None

    def __len__(self) -> int:
        return len(self._flights)

    def __getitem__(self, place: Place) -> Flight:
        return self._flights[place]

    def begin(self, place: Place, now: float) -> Task:
        """Return a new attempt at a record."""
        flight = self._flights[place]
        flight.begun_at = now
        flight.task = Task(place, flight.record, flight.cursor)
        return flight.task

    def of(self, task: Task) -> Flight | None:
        """Return the record that an attempt is the last one of; None if it was forgotten."""
        flight = self._flights.get(task.place)
        return flight if flight is not None and flight.task is task else None

    def holds(self, partitions: AbstractSet[Partition]) -> bool:
        """Say whether any record of these partitions is on its way."""
        return any((at.topic, at.partition) in partitions for at in self._flights)

    @property
    def away(self) -> bool:
        """Say whether something that the stage depends on is away: hold intake."""
        return self._outages > 0

    def add(self, place: Place, flight: Flight) -> None:
        """Take a delivered record; it waits for its turn."""
        self._flights[place] = flight
        self._waiting.append(place)

    def next(self, now: float, *, fresh: bool = True) -> Place | None:
        """Return the record to work on next: a retry whose time has come, else the oldest.

        Without `fresh` no record starts that was not tried yet, the oldest of all aside: the others
        wait for it. The same while something is away, and one retry at a time probes if it is back.
        """
        if self._retries and self._retries[0][0] <= now and self._probe is None:
            place = heapq.heappop(self._retries)[2]
            self._probe = place if self.away else None
            return place
        if self._may_start() and (fresh or self._waiting[0] == next(iter(self._flights))):
            return self._waiting.popleft()
        return None

    def _may_start(self) -> bool:
        held = self.away or (self._in_order and self._retries)
        return bool(self._waiting) and not held

    def succeeded(self, place: Place, *, done: bool) -> None:
        """Take note of a result: what the stage depends on is there."""
        self._is_back()
        self._flights[place].attempt = 1  # a Source has come further; what follows starts anew
        if done:
            del self._flights[place]

    def failed(self, place: Place, error: BaseException, now: float, jitter: float) -> Decision:
        """Return what follows, having taken note of it."""
        flight = self._flights[place]
        decision = self._policy.after(error, flight.attempt, self._outages, now, jitter)
        match decision:
            case RetryAt(at):
                self._is_back()
                flight.attempt += 1
                self._again(at, place)
            case HoldUntil(at):
                self._is_away(place, at, now)
                self._again(self._away_until, place)
            case _:
                self._is_back()
        return decision

    def _is_back(self) -> None:
        self._outages = 0
        self._away_until = float("-inf")
        self._probe = None

    def _is_away(self, place: Place, until: float, now: float) -> None:
        """Count one outage, however many records meet it before it is probed again."""
        if now >= self._away_until:
            self._outages += 1
            self._away_until = until
        if place == self._probe:
            self._probe = None

    def bury(self, place: Place) -> Flight:
        """Forget a record that failed for good, and return it."""
        return self._flights.pop(place)

    def forget_waiting(self, partitions: AbstractSet[Partition] | None = None) -> None:
        """Forget what no stage works on, of some partitions or all: it will be read again."""
        waiting = [*self._waiting, *(place for _, _, place in self._retries)]
        for place in waiting:
            if partitions is None or (place.topic, place.partition) in partitions:
                del self._flights[place]
        self._waiting = deque(place for place in self._waiting if place in self._flights)
        self._retries = [retry for retry in self._retries if retry[2] in self._flights]
        heapq.heapify(self._retries)

    def forget(self, partitions: AbstractSet[Partition]) -> list[Task]:
        """Forget all of some partitions; return what may still run of it."""
        self.forget_waiting(partitions)
        gone = [at for at in self._flights if (at.topic, at.partition) in partitions]
        tasks = [self._flights.pop(at).task for at in gone]
        if self._probe in gone:
            self._probe = None
        if not self._flights:
            self._is_back()  # nobody is left who could find out
        return [task for task in tasks if task is not None]

    def _again(self, at: float, place: Place) -> None:
        self._serial += 1
        heapq.heappush(self._retries, (at, self._serial, place))
