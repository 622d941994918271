"""What a zygote's children run, and how one of them runs it. Standard library only."""

from collections.abc import Callable
from typing import Any, Final, NoReturn

from c2c_stream.sandbox.protocol import END, FAULT

Program = Callable[[Any, Callable[[str], None]], None]

_FAULT_CHARS: Final = 4000


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
