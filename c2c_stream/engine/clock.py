"""The time that the runner is given: monotonic for waits, wall for ages, and the wait itself."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks, kept apart so that a test catches mixing them."""

    def now(self) -> float:
        """Return monotonic seconds."""
        ...

    def wall(self) -> float:
        """Return seconds since the epoch."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass where nothing can be waited for."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        """See Clock."""
        return time.monotonic()  # noqa: TID251  # this is the shell that owns it

    def wall(self) -> float:
        """See Clock."""
        return time.time()  # noqa: TID251  # this is the shell that owns it

    def wait(self, seconds: float) -> None:
        """See Clock."""
        time.sleep(seconds)  # noqa: TID251  # this is the shell that owns it
