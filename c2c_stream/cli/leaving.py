"""A service is gone in time, whatever its clients wait for: what matters is in a commit by then.

librdkafka asks for a group's coordinator until one answers, also while a consumer closes, so with
no brokers a close may take for ever; a process that was told to leave does not wait for that.
"""

import os
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import structlog

from c2c_stream.cli.exits import Exit, exit_code_of
from c2c_stream.errors import C2CError

# Behind the last commit, for closing clients: with drain_s below the 30 s that Kubernetes gives.
CLOSE_S: Final = 8.0
LOOK_S: Final = 0.2


class Leaving:
    """What is known of a service that may be about to leave."""

    def __init__(self) -> None:
        self.gone = threading.Event()
        self.done = threading.Event()
        self._error: BaseException | None = None
        self._code = Exit.SERVICE

    def end(self, error: BaseException | None = None) -> None:
        """Take note that all that matters is done, or will not be; only clients are to close."""
        self._error = error
        if error is None:
            self._code = Exit.OK
        else:
            self._code = exit_code_of(error) if isinstance(error, C2CError) else Exit.BUG
        self.done.set()

    def force(self) -> None:
        """End this process now. The group does again what it has not committed."""
        if self._code == Exit.BUG and self._error:
            traceback.print_exception(self._error)
        os._exit(self._code)


@contextmanager
def leaving_in_time(
    stopping: Callable[[], bool], drain_s: float, log: structlog.stdlib.BoundLogger
) -> Iterator[Leaving]:
    """Give what is inside `drain_s` from `stopping` on, and what follows its end CLOSE_S.

    Ends the process where that was not enough.
    """
    leaving = Leaving()
    arguments = (leaving, stopping, drain_s, log)
    threading.Thread(target=_watch, args=arguments, name="leaving", daemon=True).start()
    try:
        yield leaving
    finally:
        leaving.gone.set()


def _watch(
    leaving: Leaving,
    stopping: Callable[[], bool],
    drain_s: float,
    log: structlog.stdlib.BoundLogger,
) -> None:
    while not (stopping() or leaving.done.is_set()):
        if leaving.gone.wait(LOOK_S):
            return
    leaving.done.wait(drain_s)
    if leaving.gone.wait(CLOSE_S):
        return
    with suppress(OSError):
        log.warning("left", reason=f"clients had not closed within {CLOSE_S:.0f} s")
    leaving.force()
