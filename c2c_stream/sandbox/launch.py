"""The first process of a jail: imports what is trusted, builds the walls, forks the zygote.

Standard library only. Until the zygote serves it tells the host lines of plain text over the
control socket, "word rest", and is answered in marshalled values, which only the host writes.
"""

import importlib
import marshal
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from c2c_stream.sandbox import jail, linux
from c2c_stream.sandbox.arena import ARENA_BYTES
from c2c_stream.sandbox.protocol import SETUP_BYTES
from c2c_stream.sandbox.zygote import Program, Zygote

_STANDING = ("uid", "capabilities", "rlimits", "seccomp", "fds")  # after the zygote has settled


def main(control: int, arena_fd: int) -> NoReturn:
    """Become a jail and serve. Never returns."""
    try:
        jail.follow_parent()
        Launcher(control, arena_fd).launch()
    except Exception as error:  # noqa: BLE001  # whatever it is, the host tells the user
        _tell(control, "failed", f"{error}" or type(error).__name__)
    finally:
        os._exit(1)


class Launcher:
    """What is at hand while the walls go up."""

    def __init__(self, control: int, arena_fd: int) -> None:
        self._control = control
        self._config: Mapping[str, Any] = marshal.loads(os.read(control, SETUP_BYTES))  # noqa: S302
        self._program = _load(self._config)
        self._arena = linux.map_shared(arena_fd, ARENA_BYTES)
        self._null = os.open(os.devnull, os.O_RDWR)

    def launch(self) -> None:
        """Build the outer walls, fork the zygote, wait for its end."""
        walls = jail.build(self._config, self._ask_for_map)
        pid = os.fork()
        if pid == 0:
            self._serve(walls)
        jail.silence((), self._null)
        jail.follow_parent()
        os.waitpid(pid, 0)

    def _ask_for_map(self) -> None:
        _tell(self._control, "map", "")
        answer = marshal.loads(os.read(self._control, SETUP_BYTES))  # noqa: S302
        if answer != {"mapped": True}:
            raise jail.WallError("uid", str(answer), "run as root with CAP_SETUID, or as a user")

    def _serve(self, walls: list[str]) -> None:
        """Be the zygote: close the walls that it shares with its children, and serve."""
        zygote = self._settle()
        python = sys.version.split(maxsplit=1)[0]
        _tell(self._control, "ready", " ".join([python, *walls, *_STANDING]))
        zygote.serve()

    def _settle(self) -> Zygote:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        jail.follow_parent()
        jail.check_library(self._config["path"])
        jail.silence((self._control,), self._null)
        _warm_up(self._program)
        jail.limit(self._config["memory_bytes"])
        child_filter = bytes.fromhex(self._config["child_filter"])
        zygote = Zygote(self._control, self._arena, self._program, child_filter)
        with jail.wall("seccomp", "the kernel must be built with CONFIG_SECCOMP_FILTER"):
            linux.forbid_new_privileges()
            linux.load_filter(bytes.fromhex(self._config["base_filter"]))
        return zygote


def _load(config: Mapping[str, Any]) -> Program:
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


def _tell(control: int, word: str, rest: str) -> None:
    os.write(control, f"{word} {rest}".encode())
