"""The records between delivery and result: who waits, who works, who tries again when. Pure."""

import heapq
from collections import deque
from dataclasses import dataclass

from c2c_stream.broker.protocol import Delivered
from c2c_stream.engine.policy import Decision, HoldUntil, RetryAt, RetryPolicy
from c2c_stream.engine.stage import Place
from c2c_stream.records import Record


@dataclass(slots=True)
class Flight:
    """One record on its way. `cursor` is how far a Source has come with it."""

    delivered: Delivered
    record: Record
    cursor: str | None
    attempt: int = 1


class Flights:
    """All records in flight of one service."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._flights: dict[Place, Flight] = {}
        self._waiting: deque[Place] = deque()
        self._retries: list[tuple[float, int, Place]] = []
        self._outages = 0
        self._serial = 0

    def __len__(self) -> int:
        return len(self._flights)

    def __getitem__(self, place: Place) -> Flight:
        return self._flights[place]

    @property
    def away(self) -> bool:
        """Say whether something that the stage depends on is away: hold intake."""
        return self._outages > 0

    def add(self, place: Place, flight: Flight) -> None:
        """Take a delivered record; it waits for its turn."""
        self._flights[place] = flight
        self._waiting.append(place)

    def next(self, now: float) -> Place | None:
        """Return the record to work on next: a retry whose time has come, else the oldest."""
        if self._retries and self._retries[0][0] <= now:
            return heapq.heappop(self._retries)[2]
        if self._waiting and not self.away:
            return self._waiting.popleft()
        return None

    def succeeded(self, place: Place, *, done: bool) -> None:
        """Take note of a result: what the stage depends on is there."""
        self._outages = 0
        if done:
            del self._flights[place]

    def failed(self, place: Place, error: BaseException, now: float, jitter: float) -> Decision:
        """Return what follows, having taken note of it."""
        flight = self._flights[place]
        decision = self._policy.after(error, flight.attempt, self._outages, now, jitter)
        match decision:
            case RetryAt(at):
                flight.attempt += 1
                self._again(at, place)
            case HoldUntil(at):
                self._outages += 1
                self._again(at, place)
        return decision

    def bury(self, place: Place) -> Flight:
        """Forget a record that failed for good, and return it."""
        return self._flights.pop(place)

    def forget_waiting(self) -> None:
        """Forget what no stage works on: the next start reads it again."""
        for place in [*self._waiting, *(place for _, _, place in self._retries)]:
            del self._flights[place]
        self._waiting.clear()
        self._retries.clear()

    def _again(self, at: float, place: Place) -> None:
        self._serial += 1
        heapq.heappush(self._retries, (at, self._serial, place))
