"""A service that hangs is ended by itself, one that is late for once is not."""

import signal
import subprocess
import sys

from tests.processes import ROOT

SERVICE = """
import threading
from c2c_stream.cli import watchdog
from c2c_stream.cli.serve import json_logger
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
watchdog.end_if_it_hangs(health, Looked(), json_logger("collector"))

def hang():
    looked.wait()

hang()
"""


def end_of(back_after: int) -> tuple[int, str]:
    """Return how a service ends that hangs until it was looked at so often, and what it said."""
    done = subprocess.run(
        [sys.executable, "-c", SERVICE.format(back_after=back_after)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
    )
    return done.returncode, done.stderr


def test_a_service_that_hangs_ends_and_says_where() -> None:
    code, said = end_of(back_after=99)
    assert code == -signal.SIGKILL, said
    assert '"event": "hangs"' in said
    assert "commit: 3" in said
    assert "in hang" in said


def test_a_service_that_was_late_once_goes_on() -> None:
    assert end_of(back_after=2) == (0, "")
