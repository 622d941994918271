"""Landlock: what of the file system this process, and all its children, may still open.

Standard library only: jails import it. The last wall before a file, whatever is mounted: it needs
no privilege, so a container has it, too. Source: the kernel's userspace-api/landlock.
"""

import os
from collections.abc import Sequence
from typing import Final

from c2c_stream.sandbox.calls import system_call
from c2c_stream.sandbox.linux import words

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


def version() -> int:
    """Return the version that the kernel speaks; 0 where it has no Landlock, or refuses it."""
    try:
        return system_call(_CREATE, None, 0, _VERSION)
    except OSError:
        return 0


def restrict(readable: Sequence[str]) -> None:
    """Leave of all files only those beneath `readable`, to read. Needs no-new-privileges first.

    Raises OSError.
    """
    ruleset = _ruleset(version())
    fd = system_call(_CREATE, ruleset, len(ruleset), 0)
    try:
        for path in readable:
            _allow(fd, path)
        system_call(_RESTRICT, fd, 0)
    finally:
        os.close(fd)


def _ruleset(spoken: int) -> bytes:
    """Return what to deny: files, the network, scopes. A kernel takes no field it does not know."""
    files = sum(rights for since, rights in _FILE_RIGHTS if spoken >= since)
    more = [rights for since, rights in (_NETWORK, _SCOPES) if spoken >= since]
    return words(files, *more)


def _allow(ruleset: int, path: str) -> None:
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        folder = os.path.isdir(path)  # noqa: PTH112  # pathlib is not imported in a jail
        allowed = _READ_FILE | (_READ_FOLDER if folder else 0)
        system_call(_ADD_RULE, ruleset, _BENEATH, words(allowed) + parent.to_bytes(4, "little"), 0)
    finally:
        os.close(parent)
