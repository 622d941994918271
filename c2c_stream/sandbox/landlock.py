"""Landlock: what of the file system this process, and all its children, may still open.

Standard library only: jails import it. The last wall before a file, whatever is mounted: it needs
no privilege, so a container has it, too. Source: the kernel's userspace-api/landlock.
"""

import ctypes
import os
from collections.abc import Sequence
from typing import Final

# The same numbers on every architecture.
_CREATE: Final = 444
_ADD_RULE: Final = 445
_RESTRICT: Final = 446
_VERSION: Final = 1
_BENEATH: Final = 1

_READ_FILE: Final = 1 << 2
_READ_FOLDER: Final = 1 << 3
# Rights over files by the version that brought them: to execute, write, read, remove and make;
# to link elsewhere; to truncate; to send commands to devices.
_FILE_RIGHTS: Final = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
_NETWORK: Final = (4, 3)  # TCP: bind, connect
_SCOPES: Final = (6, 3)  # abstract sockets and signals reach nothing outside
_libc = ctypes.PyDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Return the version that the kernel speaks; 0 where it has no Landlock, or refuses it."""
    return max(0, _call(_CREATE, None, 0, _VERSION))


def restrict(readable: Sequence[str]) -> None:
    """Leave of all files only those beneath `readable`, to read. Needs no-new-privileges first.

    Raises OSError.
    """
    spoken = version()
    ruleset = _ruleset(spoken)
    # A kernel that knows fewer fields takes no larger structure.
    size = 8 if spoken < _NETWORK[0] else 16 if spoken < _SCOPES[0] else 24
    fd = _checked(_call(_CREATE, ctypes.byref(ruleset), size, 0), "landlock_create_ruleset")
    try:
        for path in readable:
            _allow(fd, path)
        _checked(_call(_RESTRICT, fd, 0), "landlock_restrict_self")
    finally:
        os.close(fd)


def _ruleset(spoken: int) -> _Ruleset:
    files = sum(rights for since, rights in _FILE_RIGHTS if spoken >= since)
    network, scopes = (r if spoken >= since else 0 for since, r in (_NETWORK, _SCOPES))
    return _Ruleset(files, network, scopes)


def _allow(ruleset: int, path: str) -> None:
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        folder = os.path.isdir(path)  # noqa: PTH112  # pathlib is not imported in a jail
        rule = _Beneath(_READ_FILE | (_READ_FOLDER if folder else 0), parent)
        _checked(_call(_ADD_RULE, ruleset, _BENEATH, ctypes.byref(rule), 0), f"landlock: {path}")
    finally:
        os.close(parent)


def _call(number: int, *arguments: object) -> int:
    widened = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result: int = _libc.syscall(ctypes.c_long(number), *widened)
    return result


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
