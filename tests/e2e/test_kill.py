"""The chain is killed at random moments and started again; the dataset must not notice."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from c2c_stream.broker.local_run import LocalRun
from c2c_stream.cli.progress import Progress, progress_of
from c2c_stream.topics import SERVICES
from tests.e2e.chain import Run, c2c_json, rows_of, run_to_end
from tests.processes import unmeasured

KILLS = 20
PATIENCE_S = 60


def test_a_run_killed_at_random_moments_ends_with_the_same_dataset(
    source: Path, finished: Run, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    rng = random.Random(20)
    goal = _work_done(_progress(finished.out))
    for kill in range(KILLS):
        # The moments are spread over the whole run, as points of progress rather than of time.
        at = goal * (kill + rng.random()) / KILLS
        with _running(source, out) as process:
            _await_progress(out, process, at)
            if kill % 2:
                _kill_a_service(process.pid, rng)
                _await_progress(out, process, at + 1)
            os.killpg(process.pid, signal.SIGKILL)

    done = run_to_end(source, out)

    assert done.code == 0, done.stdout + done.stderr
    assert rows_of(out) == rows_of(finished.out)
    assert _books(out) == _books(finished.out)
    assert not list(out.rglob("*.tmp"))


def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(
    source: Path, finished: Run, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with _running(source, out) as process:
        _await_progress(out, process, _work_done(_progress(finished.out)) / 3)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130

    done = run_to_end(source, out)

    assert done.code == 0
    assert rows_of(out) == rows_of(finished.out)


@contextmanager
def _running(source: Path, out: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "c2c_stream.cli", "run", str(source), "--out", str(out)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=unmeasured(),
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _progress(out: Path) -> Progress:
    """Return where a run stands; nowhere if it has only just begun."""
    if not (out / ".c2c" / "log.sqlite").is_file():
        return Progress(())
    log = LocalRun(out / ".c2c", "main")
    try:
        return progress_of(log) if log.exists() else Progress(())
    finally:
        log.close()


def _books(out: Path) -> dict[str, Any]:
    """Return what `c2c status` says, but for where the run is."""
    return {
        name: told for name, told in c2c_json("status", "--out", out).items() if name != "broker"
    }


def _work_done(progress: Progress) -> int:
    return sum(progress.books(service).read for service in SERVICES)


def _await_progress(out: Path, process: subprocess.Popen[bytes], at: float) -> None:
    """Wait until that many records were processed, or the run is over."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return
        if _work_done(_progress(out)) >= at:
            return
        time.sleep(0.02)
    pytest.fail(f"no progress to {at:.0f} within {PATIENCE_S} s")


def _kill_a_service(parent: int, rng: random.Random) -> None:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    if children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(rng.choice(children)), signal.SIGKILL)
