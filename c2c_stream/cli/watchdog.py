"""A service that hangs ends itself: where a client's call never comes back, a new process goes on.

What /livez is for Kubernetes, this is for every other place that starts a service again when it
ends. Nothing is lost by it: the group does again what was not committed.
"""

import faulthandler
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Final

import structlog

from c2c_stream.engine.clock import Clock
from c2c_stream.engine.health import Health

LOOK_S: Final = 5.0
# Twice, with something done in between if it can be: the whole process may have been stopped.
LOOKS: Final = 2


def end_if_it_hangs(health: Health, clock: Clock, log: structlog.stdlib.BoundLogger) -> None:
    """Watch from now on; before the end all stacks go to standard error."""
    threading.Thread(target=_watch, args=(health, clock, log), name="watchdog", daemon=True).start()


def _watch(health: Health, clock: Clock, log: structlog.stdlib.BoundLogger) -> None:
    late = 0
    while late < LOOKS:
        threading.Event().wait(LOOK_S)
        late = late + 1 if health.live(clock.now()) else 0
    with suppress(OSError):
        log.error("hangs", reason=f"{health.live(clock.now())}; it ends to be started again")
        faulthandler.dump_traceback(sys.stderr)
    os.kill(os.getpid(), signal.SIGKILL)
