"""What a service waits for or died of, told to the run that started it.

It goes through memory: when the disk is full, the service's log takes nothing.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

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
    """Health that passes on what a service waits for."""

    tell: Callable[[str], None] = lambda _: None

    def ready(self, why_not: str = "") -> None:
        """Declare readiness; a reason declares the lack of it."""
        Health.ready(self, why_not)
        # The log may be what is full.
        with suppress(OSError):
            self.tell("" if why_not in _PASSING else why_not)
