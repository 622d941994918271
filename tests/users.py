"""Become an ordinary user for a test of root's, with an interpreter that anybody may start."""

import os
import sys
from pathlib import Path

import pytest

from tests.require import require_command

ROOT = Path(__file__).resolve().parents[1]
NOBODY = 65534
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
    "PYTHONDONTWRITEBYTECODE": "1",
}


def open_python() -> str | None:
    """Return an interpreter of our version that everybody may start, or None."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    known = (os.path.realpath(sys.executable), f"/usr/bin/{version}", f"/usr/local/bin/{version}")
    return next((path for path in known if is_open(path)), None)


def is_open(path: str) -> bool:
    around = (Path(path), *Path(path).parents)
    return Path(path).exists() and all(p.stat().st_mode & 0o001 for p in around)


def as_nobody(*arguments: str) -> list[str]:
    """Return the command that runs our Python as an ordinary user; skip where that cannot be."""
    if os.geteuid() != 0:
        return [sys.executable, *arguments]
    require_command("setpriv")
    python = open_python()
    if python is None or not is_open(str(ROOT / "tests")):
        pytest.skip("needs an interpreter and a checkout that anybody may read")
    change = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    return [*change, python, *arguments]
