"""Which interpreter executes: the one that is set, or the one that runs c2c.

One that is set is asked what it is before anything starts, once, in a process of its own.
"""

import functools
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from c2c_stream.sandbox.unavailable import SandboxUnavailable
from c2c_stream.settings import SandboxSettings

OLDEST: Final = (3, 11)
_NEEDED: Final = f"Python {'.'.join(map(str, OLDEST))} or newer"
_ASKED_TIMEOUT_S: Final = 60
_COMPILED_PART: Final = "_zygote"

# Any Python understands it, so that an old one can say how old it is. The compiled part is found
# as a jail finds it: a free-threaded Python would load what it cannot run.
_QUESTION: Final = """
import sys
print("python %d.%d %s" % (sys.version_info[0], sys.version_info[1], sys.version.split()[0]))
if sys.version_info[:2] >= (3, 11):
    print(sys._base_executable or sys.executable)
    sys.stdout.flush()
    import importlib.machinery, importlib.util
    spec = importlib.machinery.PathFinder.find_spec(sys.argv[1], [sys.argv[2]])
    if spec is None:
        sys.exit("it takes none of " + sys.argv[2])
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter for jails: its real path, never a shim's or a venv's, and its version."""

    path: str
    version: str


def own_interpreter() -> Interpreter:
    """Return the one that runs c2c."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return Interpreter(os.path.realpath(base), platform.python_version())


def interpreter_of(settings: SandboxSettings) -> Interpreter:
    """Return the interpreter that jails run. Raises SandboxUnavailable."""
    if not settings.python:
        return own_interpreter()
    if settings.backend == "docker":
        raise SandboxUnavailable(
            f"sandbox.python: {settings.python!r} is set, and so is the docker backend, whose image"
            " decides which Python runs; leave out --python, and name an image by sandbox.image"
        )
    return _asked(settings.python)


def image_of(settings: SandboxSettings) -> str:
    """Return the image of containers."""
    major, minor, *_ = sys.version_info
    return settings.image or f"python:{major}.{minor}-slim"


def executing(settings: SandboxSettings) -> str:
    """Return what executes: the version of jails' Python, or the image of containers.

    Raises SandboxUnavailable.
    """
    version = interpreter_of(settings).version
    return version if settings.backend == "jail" else f"image {image_of(settings)}"


@functools.cache
def _asked(given: str) -> Interpreter:
    program = shutil.which(given)
    if program is None:
        raise SandboxUnavailable(
            f"sandbox.python: {given!r} is neither a program that may be started here"
            " nor a command on PATH;"
            f" name an interpreter of {_NEEDED}"
        )
    answer, failure = _answer_of(program)
    kind, _, told = answer[0].partition(" ") if answer else ("", "", "")
    if kind != "python":
        raise SandboxUnavailable(
            f"sandbox.python: {given!r} is no Python that works ({failure or 'it says nothing'});"
            f" name an interpreter of {_NEEDED}"
        )
    release, version = told.split()
    if tuple(map(int, release.split("."))) < OLDEST:
        raise SandboxUnavailable(
            f"sandbox.python: {given!r} is Python {version}; {_NEEDED} is needed"
        )
    if failure:
        raise SandboxUnavailable(
            f"sandbox.python: {given!r} (Python {version}) cannot load the sandbox's compiled part"
            f" ({failure}); name a usual build of CPython for this machine, not a free-threaded one"
        )
    return Interpreter(os.path.realpath(answer[1]), version)


def _answer_of(program: str) -> tuple[list[str], str]:
    """Return the lines that a program answers, and why it failed, where it did."""
    folder = str(Path(__file__).parent)
    try:
        done = subprocess.run(
            [program, "-E", "-s", "-S", "-c", _QUESTION, _COMPILED_PART, folder],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ASKED_TIMEOUT_S,
            cwd="/",
        )
    except (OSError, subprocess.SubprocessError) as error:
        return [], str(error)
    if done.returncode < 0:
        return done.stdout.splitlines(), f"it ended by signal {-done.returncode}"
    last = done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}"
    return done.stdout.splitlines(), last[-200:] if done.returncode else ""
