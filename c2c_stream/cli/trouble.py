"""What a service waits for or died of, told to the run that started it.

It goes through memory: when the disk is full, the service's log takes nothing.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from c2c_stream.broker.protocol import SAY_AFTER_S
from c2c_stream.engine.health import Health

LONGEST_BYTES = 2000
# A service that begins or ends waits for nothing.
_PASSING = ("starting", "stopping")


def slot(service: str) -> int:
    """Return the descriptor of an empty slot."""
    return os.memfd_create(f"c2c-{service}")


def tell(descriptor: int, reason: str) -> None:
    """Put a reason into a slot in place of what it holds; an empty one says that all is well."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, reason.encode()[:LONGEST_BYTES], 0)


def told(descriptor: int) -> str:
    """Return the reason that a slot holds."""
    return os.pread(descriptor, LONGEST_BYTES, 0).decode("utf-8", "ignore")


@dataclass(slots=True)
class ToldHealth(Health):
    """Health that tells what a service has waited for a while. `now` is monotonic seconds."""

    tell: Callable[[str], None] = lambda _: None
    now: Callable[[], float] = lambda: 0.0
    _since: float | None = None
    _told: str | None = None

    def enter(self, activity: str, due_at: float) -> None:
        """Declare what is being done and when it will be over (monotonic seconds)."""
        Health.enter(self, activity, due_at)
        self._pass_on()

    def ready(self, why_not: str = "") -> None:
        """Declare readiness; a reason declares the lack of it."""
        Health.ready(self, why_not)
        self._pass_on()

    def _pass_on(self) -> None:
        reason = "" if self.not_ready in _PASSING else self.not_ready
        if not reason:
            self._since = None
        if reason == self._told or (reason and not self._is_due()):
            return
        self._told = reason
        # The log may be what is full.
        with suppress(OSError):
            self.tell(reason)

    def _is_due(self) -> bool:
        now = self.now()
        self._since = now if self._since is None else self._since
        return now - self._since >= SAY_AFTER_S
