"""What every zygote does to itself before it serves, in a jail or a container.

Standard library only.
"""

import importlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from c2c_stream.sandbox import jail, landlock, linux
from c2c_stream.sandbox.program import Program

_STANDING: Final = ("uid", "capabilities", "rlimits", "seccomp", "fds")
_SECCOMP_HINT: Final = "the kernel must be built with CONFIG_SECCOMP_FILTER"
_LANDLOCK_HINT: Final = "switch it off (lsm= without landlock) where this kernel's is broken"


class Zygote(Protocol):
    """Forks a child for each order. `keeps` are descriptors that it needs until it serves."""

    keeps: tuple[int, ...]

    def lay_out_memory(self) -> None:
        """Let forks cost less, before what walls take away would be missed."""

    def serve(self, control: int, program: Program, child_filter: bytes) -> None:
        """Fork for each order from `control`; return when the host has closed its end."""


def load(config: Mapping[str, Any]) -> Program:
    """Import the program and what it preloads, without hooks that each fork would run."""
    sys.path.extend(config["search"])
    register, os.register_at_fork = os.register_at_fork, _ignore
    try:
        module_name, _, function = config["program"].partition(":")
        module = importlib.import_module(module_name)
        for name in config["preload"]:
            importlib.import_module(name)
    finally:
        os.register_at_fork = register
    _forget_host(config)
    program: Program = getattr(module, function)
    return program


class Settled:
    """A process that becomes a zygote: puts up the walls that it shares with its children."""

    def __init__(self, control: int, program: Program, config: Mapping[str, Any]) -> None:
        self._control = control
        self._program = program
        self._config = config

    def serve(
        self, zygote: Zygote, null: int, walls: Sequence[str], readable: Sequence[str]
    ) -> None:
        """Tell that all walls stand, and serve; return when the host is gone. Raises WallError.

        `walls` stand already; `readable` is what may be opened.
        """
        self._settle(zygote, null)
        child_filter = bytes.fromhex(self._config["child_filter"])
        more = _confine(readable, bytes.fromhex(self._config["base_filter"]))
        python = sys.version.split(maxsplit=1)[0]
        tell(self._control, "ready", " ".join([python, *walls, *_STANDING, *more]))
        zygote.serve(self._control, self._program, child_filter)

    def _settle(self, zygote: Zygote, null: int) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        jail.follow_parent()
        jail.check_library(self._config["path"])
        jail.silence((self._control, *zygote.keeps), null)
        _warm_up(self._program)
        zygote.lay_out_memory()
        jail.limit(self._config["memory_bytes"])


def tell(control: int, word: str, rest: str) -> None:
    """Tell the host a word and what belongs to it."""
    os.write(control, f"{word} {rest}".encode())


def _confine(readable: Sequence[str], base_filter: bytes) -> list[str]:
    """Load the filters for good. Return Landlock's name where the kernel has it."""
    with jail.wall("seccomp", _SECCOMP_HINT):
        linux.forbid_new_privileges()
    more = []
    if landlock.version():
        with jail.wall("landlock", _LANDLOCK_HINT):
            landlock.restrict(readable)
        more = ["landlock"]
    with jail.wall("seccomp", _SECCOMP_HINT):
        linux.load_filter(base_filter)
    return more


def _ignore(**_hooks: object) -> None:
    """Stand in for os.register_at_fork."""


def _forget_host(config: Mapping[str, Any]) -> None:
    """Leave nothing of the host for guests to see: paths, arguments, the environment."""
    sys.path[:] = config["path"]
    sys.path_importer_cache.clear()
    sys.argv[:] = [""]
    sys.orig_argv[:] = []
    os.environ.clear()


def _warm_up(program: Program) -> None:
    """Let the program touch what each child would otherwise build anew."""
    warm = getattr(sys.modules[program.__module__], "warm_up", None)
    if warm is not None:
        warm()
