"""The first process of a jail: imports what is trusted, builds the walls, forks the zygote.

Standard library only. Until the zygote serves it tells the host lines of plain text over the
control socket, "word rest", and is answered in marshalled values, which only the host writes.
"""

import marshal
import os
from collections.abc import Mapping
from typing import Any, NoReturn

from c2c_stream.sandbox import _zygote, jail, settle, zygote
from c2c_stream.sandbox.protocol import ARENA_BYTES, REQUEST_BYTES, SETUP_BYTES
from c2c_stream.sandbox.settle import tell


def main(control: int, arena_fd: int) -> NoReturn:
    """Become a jail and serve. Never returns."""
    try:
        jail.follow_parent()
        Launcher(control, arena_fd).launch()
    except Exception as error:  # noqa: BLE001  # whatever it is, the host tells the user
        tell(control, "failed", f"{error}" or type(error).__name__)
    finally:
        os._exit(1)


class Launcher:
    """What is at hand while the walls go up."""

    def __init__(self, control: int, arena_fd: int) -> None:
        self._control = control
        self._config: Mapping[str, Any] = marshal.loads(os.read(control, SETUP_BYTES))  # noqa: S302
        self._program = settle.load(self._config)
        _zygote.map_arena(arena_fd, ARENA_BYTES, REQUEST_BYTES)
        self._null = os.open(os.devnull, os.O_RDWR)
        self._proc = os.open("/proc", os.O_PATH)  # there is none behind the walls

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
        tell(self._control, "map", "")
        answer = marshal.loads(os.read(self._control, SETUP_BYTES))  # noqa: S302
        if answer != {"mapped": True}:
            raise jail.WallError("uid", str(answer), "run as root with CAP_SETUID, or as a user")

    def _serve(self, walls: list[str]) -> None:
        """Be the zygote. All that is beneath its root was put there to be read."""
        forks = zygote.Zygote(os.open("self/maps", os.O_RDONLY, dir_fd=self._proc))
        settled = settle.Settled(self._control, self._program, self._config)
        settled.serve(forks, self._null, walls, ["/"])
