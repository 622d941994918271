"""A service that hangs is ended by itself, one that is late for once is not."""

import signal

from tests.processes import end_of

SERVICE = """
import threading
from c2c_stream.cli import watchdog
from c2c_stream.cli.serve import logger_of
from c2c_stream.engine.clock import SystemClock
from c2c_stream.engine.health import LIVE_GRACE_S, Health

watchdog.LOOK_S = 0.05
health, clock, looked = Health(), SystemClock(), threading.Event()

class Looked(SystemClock):
    looks = 0

    def now(self):
        self.looks += 1
        if self.looks == {back_after}:
            health.enter("poll", clock.now() + 60)
        if self.looks >= 5:
            looked.set()
        return super().now()

health.enter("commit", clock.now() - LIVE_GRACE_S - 1)
watchdog.end_if_it_hangs(health, Looked(), logger_of("collector"))

def hang():
    looked.wait()

hang()
"""


def test_a_service_that_hangs_ends_and_says_where() -> None:
    code, said = end_of(SERVICE.format(back_after=99))
    assert code == -signal.SIGKILL, said
    assert '"event": "hangs"' in said
    assert "commit: 3" in said
    assert "in hang" in said


def test_a_service_that_was_late_once_goes_on() -> None:
    assert end_of(SERVICE.format(back_after=2)) == (0, "")
