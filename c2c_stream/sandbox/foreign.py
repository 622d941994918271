"""What calls.py gives, by ctypes. Standard library only: containers import it.

Calls go through PyDLL: the interpreter is single-threaded here, and a lock handed over around
fork would cost more than the call.
"""

import ctypes
import os
from typing import Final

_PRCTL: Final = {"x86_64": 157, "aarch64": 167}
_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2
_INSTRUCTION_BYTES: Final = 8
_libc = ctypes.PyDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    """A filter as the kernel takes it."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def system_call(number: int, *arguments: int | bytes | None) -> int:
    """Make a system call by its number. Raises OSError."""
    widened = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result: int = _libc.syscall(ctypes.c_long(number), *widened)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def load_filter(program: bytes) -> None:
    """Put a compiled filter on this process, for good. Raises OSError."""
    filter_program = _Program(len(program) // _INSTRUCTION_BYTES, program)
    number = ctypes.c_long(_PRCTL[os.uname().machine])
    arguments = map(ctypes.c_long, (_SET_SECCOMP, _MODE_FILTER))
    if _libc.syscall(number, *arguments, ctypes.byref(filter_program)) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def type_modified(kind: type) -> None:
    """Let the interpreter look again for what it remembers of a type."""
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
