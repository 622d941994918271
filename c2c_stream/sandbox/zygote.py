"""The warm interpreter of a jail: forks one child for each order and watches it.

The loop is _zygote.c, and _memory.c lets a fork cost less; what is here runs before them, and in
each child. Standard library only.
"""

import gc
import marshal
import os

from c2c_stream.sandbox import _zygote
from c2c_stream.sandbox.program import Program, run_program
from c2c_stream.sandbox.protocol import CHILD_UID, WAITING_SHARE


class Zygote:
    """Forks one child for each order. `maps` is /proc/self/maps, open."""

    def __init__(self, maps: int) -> None:
        self.keeps: tuple[int, ...] = (maps,)
        self._base_kb = 0

    def lay_out_memory(self) -> None:
        """Let forks cost less. What is touched later costs each child a little."""
        gc.collect()
        gc.freeze()
        maps, *_ = self.keeps
        file = os.memfd_create("memory", os.MFD_CLOEXEC)
        self._base_kb = _zygote.lay_out_memory(maps, file)
        os.close(file)
        os.close(maps)

    def serve(self, control: int, program: Program, child_filter: bytes) -> None:
        """Fork for each order from `control`; return when the host has closed its end."""
        # Once for the zygote, and once in each child, where it returns the bytes of the request.
        request = _zygote.serve(control, child_filter, CHILD_UID, WAITING_SHARE, self._base_kb)
        if request is not None:
            asked = marshal.loads(request)  # noqa: S302  # host's
            run_program(program, asked, _zygote.emit, _zygote.leave)
