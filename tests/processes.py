"""Python processes for the tests that kill them."""

import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).parents[1]


def unmeasured(**more: str) -> dict[str, str]:
    """Return the environment of a process that is killed.

    It never gets to write down which lines it covered, and measuring nearly doubles its start.
    """
    ours = {name: told for name, told in os.environ.items() if not name.startswith("COVERAGE_")}
    return ours | more


def start(module: str, *arguments: object) -> subprocess.Popen[str]:
    """Start `python -m module` in the root of the repository."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, env=unmeasured())


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    """Wait for that many lines; fewer if the process ends."""
    assert process.stdout
    return [line.strip() for line in islice(process.stdout, count)]


def kill(process: subprocess.Popen[str]) -> None:
    """End it as the kernel does when memory is short."""
    process.kill()
    process.communicate()


def end_of(source: str) -> tuple[int, str]:
    """Run a program to its end; return its exit code and what it wrote to standard error."""
    done = subprocess.run(
        [sys.executable, "-c", source],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
    )
    return done.returncode, done.stderr
