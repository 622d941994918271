"""Decide what follows an error, and when a stage has failed too often. Pure: callers pass now."""

from collections import deque
from dataclasses import dataclass, field

from c2c_stream.errors import Poison, Retry, Unavailable

MAX_UNAVAILABLE_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try the record again at `at`; the attempt was its own fault."""

    at: float


@dataclass(frozen=True, slots=True)
class HoldUntil:
    """Hold intake and try the record again at `at`; no attempt is charged."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class Bury:
    """The record becomes a dead letter."""

    error: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A bug or a lost seat: stop the service, the group redoes it."""

    error: BaseException


Decision = RetryAt | HoldUntil | Bury | Stop


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with jitter, and a bound on attempts."""

    max_attempts: int
    base_s: float

    def after(  # the arguments are the decision's inputs
        self, error: BaseException, attempt: int, outages: int, now: float, jitter: float
    ) -> Decision:
        """Return what follows `error` of the attempt-th attempt.

        `outages` counts the Unavailable in a row; `jitter` in [0, 1) spreads the waits.
        """
        match error:
            case Retry() if attempt < self.max_attempts:
                return RetryAt(now + self._backoff(attempt, jitter))
            case Retry() | Poison():
                return Bury(type(error).__name__, str(error))
            case Unavailable():
                wait = min(self._backoff(outages + 1, jitter), MAX_UNAVAILABLE_WAIT_S)
                return HoldUntil(now + wait, str(error))
            case _:
                return Stop(error)

    def _backoff(self, attempt: int, jitter: float) -> float:
        return self.base_s * 2.0 ** min(attempt - 1, 16) * (1 + jitter)


@dataclass(slots=True)
class Breaker:
    """Opens at `limit` dead letters in a row, or at a `share` of the last `window` records.

    Then something other than the records is wrong. Fewer records than a window show no share.
    """

    limit: int
    share: float
    window: int
    _in_a_row: int = 0
    _dead: int = 0
    _last: deque[bool] = field(default_factory=deque)

    def saw(self, *, dead: bool) -> None:
        """Count one finished record."""
        self._in_a_row = self._in_a_row + 1 if dead else 0
        self._last.append(dead)
        self._dead += dead
        if len(self._last) > self.window:
            self._dead -= self._last.popleft()

    @property
    def fill(self) -> float:
        """Return how near it is to opening, from 0 to 1."""
        return min(1.0, max(self._in_a_row / self.limit, self._dead / (self.share * self.window)))

    @property
    def why_open(self) -> str:
        """Return why the service must stop; nothing while it need not."""
        if self._in_a_row >= self.limit:
            return f"{self._in_a_row} dead letters in a row"
        if len(self._last) == self.window and self._dead >= self.share * self.window:
            return f"{self._dead} dead letters among the last {self.window} records"
        return ""
