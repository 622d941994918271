"""The same programs, run by somebody who is not root: one uid, no capabilities, all the walls."""

import json
import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.hostile.gauntlet import PROGRAMS
from tests.require import missing
from tests.users import ENVIRONMENT, ROOT, as_nobody

TIMEOUT_S = 280


@cache
def findings() -> dict[str, tuple[list[str], float]]:
    """Return what a gauntlet of all programs found; it is run once."""
    command = as_nobody("-m", "tests.hostile.gauntlet", "--json")
    done = subprocess.run(
        command,
        check=False,  # a line tells of each
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env=ENVIRONMENT,
        cwd=ROOT,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert told, done.stderr
    return {name: (complaints, beyond_ms) for name, complaints, beyond_ms in told}


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_hostile_program_earns_the_same_verdict(path: Path) -> None:
    if os.geteuid() != 0:
        missing("root, to become somebody else (as anybody else test_hostile.py does this)")
    complaints, beyond_ms = findings()[path.stem]

    print(f"{beyond_ms:.0f} ms beyond its limit")
    assert complaints == []
