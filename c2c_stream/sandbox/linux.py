"""The system calls that walls are built with. Standard library only: jails import it."""

import os
from typing import Final

from c2c_stream.sandbox.calls import load_filter, system_call

__all__ = ["load_filter"]

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWCGROUP: Final = 0x02000000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000

MS_NOSUID: Final = 2
MS_NODEV: Final = 4
MS_BIND: Final = 4096
MS_REC: Final = 16384
MS_PRIVATE: Final = 1 << 18
MNT_DETACH: Final = 2

RLIMIT_CPU: Final = 0
RLIMIT_FSIZE: Final = 1
RLIMIT_STACK: Final = 3
RLIMIT_CORE: Final = 4
RLIMIT_NPROC: Final = 6
RLIMIT_NOFILE: Final = 7
RLIMIT_MEMLOCK: Final = 8
RLIMIT_AS: Final = 9

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_CAPABILITY_VERSION_3: Final = 0x20080522
_AT_FDCWD: Final = -100
_AT_RECURSIVE: Final = 0x8000
_MOUNT_ATTR_READ_ONLY: Final = 1 | 2 | 4  # RDONLY, NOSUID, NODEV
_MOUNT_SETATTR: Final = 442  # on every architecture

_NUMBERS: Final = {
    "x86_64": {
        "capset": 126,
        "mount": 165,
        "pivot_root": 155,
        "prctl": 157,
        "prlimit64": 302,
        "sethostname": 170,
        "umount2": 166,
        "unshare": 272,
    },
    "aarch64": {
        "capset": 91,
        "mount": 40,
        "pivot_root": 41,
        "prctl": 167,
        "prlimit64": 261,
        "sethostname": 161,
        "umount2": 39,
        "unshare": 97,
    },
}


def machine() -> str:
    """Return this architecture's name."""
    return os.uname().machine


def supported(name: str = "") -> bool:
    """Return whether the system call numbers of this architecture are known here."""
    return (name or machine()) in _NUMBERS


def words(*values: int) -> bytes:
    """Return values as the kernel reads 64-bit words."""
    return b"".join([value.to_bytes(8, "little") for value in values])


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` names for new ones."""
    _call("unshare", flags)


def name_host(name: str) -> None:
    """Give this UTS namespace a name of its own instead of the machine's."""
    data = os.fsencode(name)
    _call("sethostname", data, len(data))


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Mount `source` on `target`."""
    parts = [_text(part) if part else None for part in (source, target, kind, data)]
    _call("mount", *parts[:3], flags, parts[3], of=f"mount on {target}")


def unmount(target: str) -> None:
    """Detach what is mounted on `target`."""
    _call("umount2", _text(target), MNT_DETACH, of=f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root and put the former one on `old`."""
    _call("pivot_root", _text(new), _text(old))


def make_read_only(path: str) -> None:
    """Make the mount at `path`, with all mounts below, read-only, without set-uid or devices."""
    attributes = words(_MOUNT_ATTR_READ_ONLY, 0, 0, 0)
    arguments = _AT_FDCWD, _text(path), _AT_RECURSIVE, attributes, len(attributes)
    _named("mount_setattr", _MOUNT_SETATTR, *arguments)


def limit(kind: int, value: int) -> None:
    """Set both limits of a kind, for this process and its children."""
    _call("prlimit64", 0, kind, words(value, value), None)


def drop_capabilities() -> None:
    """Drop every capability of this process."""
    _call("capset", words(_CAPABILITY_VERSION_3), bytes(24))


def die_with_parent(signal: int) -> None:
    """Ask for `signal` when the parent thread dies. A change of uid undoes this."""
    _call("prctl", _PR_SET_PDEATHSIG, signal, 0, 0, 0)


def forbid_new_privileges() -> None:
    """No exec gives this process, or any child of it, more than it has."""
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def hide_from_others() -> None:
    """No other process of our uid may look into this one or its children, or change them."""
    _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def _text(value: str) -> bytes:
    return os.fsencode(value) + b"\0"


def _call(name: str, *arguments: int | bytes | None, of: str = "") -> None:
    _named(of or name, _NUMBERS[machine()][name], *arguments)


def _named(name: str, number: int, *arguments: int | bytes | None) -> None:
    """Make a system call; its error says which it was."""
    try:
        system_call(number, *arguments)
    except OSError as error:
        raise OSError(error.errno, f"{name}: {error.strerror}") from None
