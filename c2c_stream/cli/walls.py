"""The walls of the sandbox, as those who run a service see them: a line in the log, a gauge."""

from contextlib import suppress

import structlog

from c2c_stream import metrics
from c2c_stream.sandbox.walls import WALLS, Walls


class Teller:
    """Tells of the walls of a stage's jails: each time that others stand."""

    def __init__(self, stage: str, log: structlog.stdlib.BoundLogger) -> None:
        self._stage = stage
        self._log = log
        self._last = ""

    def __call__(self, walls: Walls) -> None:
        """Hear of the walls around a jail that was built."""
        for name in WALLS:
            metrics.WALL.labels(self._stage, name).set(name in walls.standing)
        line, self._last = self._last, walls.told()
        if line != self._last:
            with suppress(OSError):  # as with all that is logged
                self._log.info("walls", walls=self._last)
