"""Liveness and readiness. Pure but for the lock: callers pass now.

Liveness fails only when the broker thread is past the deadline that it declared for what it is
doing; a broker or a model server that is away is a matter of readiness.
"""

import threading
from dataclasses import dataclass, field

LIVE_GRACE_S = 30.0


@dataclass(slots=True)
class Health:
    """What the broker thread last said about itself."""

    activity: str = "starting"
    due_at: float = float("inf")
    not_ready: str = "starting"
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, activity: str, due_at: float) -> None:
        """Declare what is being done and when it will be over (monotonic seconds)."""
        with self._lock:
            self.activity, self.due_at = activity, due_at

    def ready(self, why_not: str = "") -> None:
        """Declare readiness; a reason declares the lack of it."""
        with self._lock:
            self.not_ready = why_not

    def live(self, now: float) -> str:
        """Return why the service should be restarted; empty if it should not."""
        with self._lock:
            late = now - self.due_at
            return f"{self.activity}: {late:.0f} s overdue" if late > LIVE_GRACE_S else ""
