"""The warm interpreter of a jail: forks one child for each order and watches it.

The loop is _zygote.c; what is here runs before it, and in each child. Standard library only.
"""

import gc
import marshal
from collections.abc import Callable
from typing import Any, Final, NoReturn

from c2c_stream.sandbox.protocol import CHILD_UID, END, FAULT, WAITING_SHARE

Program = Callable[[Any, Callable[[str], None]], None]

_FAULT_CHARS: Final = 4000


def serve(control: int, program: Program, child_filter: bytes) -> None:
    """Fork for each order from `control`; return when the host has closed its end."""
    from c2c_stream.sandbox import _zygote  # noqa: PLC0415  # a container may have none

    gc.collect()
    gc.freeze()
    # Once for the zygote, and once in each child, where it returns the bytes of the request.
    request = _zygote.serve(control, child_filter, CHILD_UID, WAITING_SHARE)
    if request is not None:
        asked = marshal.loads(request)  # noqa: S302  # host's
        run_program(program, asked, _zygote.emit, _zygote.leave)


def run_program(
    program: Program, request: Any, emit: Callable[[str], None], end: Callable[[int], NoReturn]
) -> NoReturn:
    """Run the program in a child, say how it ended, and leave."""
    state = END
    try:
        program(request, emit)
    except BaseException:  # noqa: BLE001  # told to the host, which knows what to do
        state = FAULT
        import traceback  # noqa: PLC0415  # what a fault needs alone is not in every fork

        emit(ascii(traceback.format_exc())[-_FAULT_CHARS:])
    finally:
        end(state)
