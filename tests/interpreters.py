"""Other interpreters than ours, for tests of `--python`."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from c2c_stream.sandbox import SandboxUnavailable
from c2c_stream.sandbox.interpreter import Interpreter, interpreter_of, own_interpreter
from c2c_stream.settings import SandboxSettings

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = tuple(version for version in ("3.11", "3.12", "3.13") if version != OWN)
TOO_OLD = ("2.7", "3.6", "3.8", "3.10")


def found(version: str) -> Interpreter:
    """Return an interpreter of a version; skip the test where this machine has none."""
    one = _of(version)
    if one is None:
        pytest.skip(f"no Python {version} is here")
    return one


def another(folder: Path) -> Interpreter:
    """Return an interpreter of another version; where there is none, a copy of ours in `folder`."""
    return next(filter(None, map(_of, OTHERS)), None) or copy(folder)


def too_old(version: str) -> Path:
    """Return an interpreter that is too old; skip the test where this machine has none."""
    paths = [path for path in _found(f"python{version}") if "shims" not in path.parts]
    if not paths:
        pytest.skip(f"no Python {version} is here")
    return paths[0]


def _of(version: str) -> Interpreter | None:
    for path in _found(f"python{version}"):
        try:
            return interpreter_of(SandboxSettings(python=str(path)))
        except SandboxUnavailable:
            continue  # a shim for what is not chosen here
    return None


def _found(name: str) -> Iterator[Path]:
    on_path = shutil.which(name)
    if on_path:
        yield Path(on_path)
    yield from sorted(Path.home().glob(f".pyenv/versions/*/bin/{name}"))


def copy(folder: Path) -> Interpreter:
    """Return a copy of our interpreter."""
    own = own_interpreter()
    path = Path(shutil.copy(own.path, folder / "copied-python"))
    return Interpreter(str(path), own.version)
