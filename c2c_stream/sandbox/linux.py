"""The system calls that Python does not wrap, by ctypes. Standard library only: jails import it.

Calls go through PyDLL: the interpreter is single-threaded here, and a lock handed over around
fork would cost more than the call.
"""

import ctypes
import os
from collections.abc import Callable
from functools import partial
from typing import Any, Final

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

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_SET_MODE_FILTER: Final = 1
_AT_FDCWD: Final = -100
_AT_RECURSIVE: Final = 0x8000
_MOUNT_ATTR_READ_ONLY: Final = 1 | 2 | 4  # RDONLY, NOSUID, NODEV
_CAPABILITY_VERSION_3: Final = 0x20080522
_PROT_READ_WRITE: Final = 3
_MAP_SHARED: Final = 1
_BPF_INSTRUCTION_BYTES: Final = 8

# Numbers of what libc has no function for. mount_setattr is 442 on every architecture.
_NUMBERS: Final = {
    "x86_64": {"pivot_root": 155, "seccomp": 317, "mount_setattr": 442},
    "aarch64": {"pivot_root": 41, "seccomp": 277, "mount_setattr": 442},
}

_libc = ctypes.PyDLL(None, use_errno=True)
# Without errno a call touches a third of the memory; for calls that a zygote repeats.
_quick = ctypes.PyDLL(None)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
]


class SockFprog(ctypes.Structure):
    """A filter as the kernel takes it."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def machine() -> str:
    """Return this architecture's name."""
    return os.uname().machine


def supported(name: str = "") -> bool:
    """Return whether the system call numbers of this architecture are known here."""
    return (name or machine()) in _NUMBERS


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` names for new ones."""
    _check(_libc.unshare(flags), "unshare")


def name_host(name: str) -> None:
    """Give this UTS namespace a name of its own instead of the machine's."""
    data = os.fsencode(name)
    _check(_libc.sethostname(data, ctypes.c_size_t(len(data))), "sethostname")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Mount `source` on `target`."""
    arguments = [os.fsencode(part) or None for part in (source, target, kind)]
    result = _libc.mount(*arguments, ctypes.c_ulong(flags), os.fsencode(data) or None)
    _check(result, f"mount on {target}")


def unmount(target: str) -> None:
    """Detach what is mounted on `target`."""
    _check(_libc.umount2(os.fsencode(target), MNT_DETACH), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root and put the former one on `old`."""
    _syscall("pivot_root", os.fsencode(new), os.fsencode(old))


def make_read_only(path: str) -> None:
    """Make the mount at `path`, with all mounts below, read-only, without set-uid or devices."""
    attributes = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_READ_ONLY, 0, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    where = os.fsencode(path)
    _syscall(
        "mount_setattr",
        ctypes.c_int(_AT_FDCWD),
        where,
        _AT_RECURSIVE,
        ctypes.byref(attributes),
        size,
    )


def die_with_parent(signal: int) -> None:
    """Ask for `signal` when the parent thread dies. A change of uid undoes this."""
    _prctl(_PR_SET_PDEATHSIG, signal)


def forbid_new_privileges() -> None:
    """No exec gives this process, or any child of it, more than it has."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def hide_from_others() -> None:
    """No other process of our uid may look into this one or its children, or change them."""
    _prctl(_PR_SET_DUMPABLE, 0)


def map_shared(fd: int, length: int) -> memoryview:
    """Map `fd` for reading and writing and keep no descriptor; mmap.mmap would keep one."""
    address = _libc.mmap(None, length, _PROT_READ_WRITE, _MAP_SHARED, fd, 0)
    if address is None or address == ctypes.c_void_p(-1).value:
        raise _error("mmap")
    return memoryview((ctypes.c_char * length).from_address(address)).cast("B")


def prepared_filter(program: bytes) -> Callable[[], int]:
    """Return a call that puts a compiled filter on this process, for good; 0 is success."""
    buffer = ctypes.create_string_buffer(program, len(program))
    length = len(program) // _BPF_INSTRUCTION_BYTES
    filter_program = SockFprog(length, ctypes.addressof(buffer))
    number, mode, flags = map(ctypes.c_long, (_number("seccomp"), _SECCOMP_SET_MODE_FILTER, 0))
    pointer = ctypes.pointer(filter_program)
    _kept.append((buffer, filter_program))
    return partial(_quick.syscall, number, mode, flags, pointer)


def load_filter(program: bytes) -> None:
    """Put a compiled filter on this process, for good."""
    if prepared_filter(program)() != 0:
        raise OSError(f"seccomp refuses a filter of {len(program)} bytes")


def prepared_capset() -> Callable[[], int]:
    """Return a call that drops every capability of this process; 0 is success."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    return partial(_quick.capset, header, (ctypes.c_uint32 * 6)())


def prepared_pid_namespaces(own: int) -> tuple[Callable[[], int], Callable[[], int]]:
    """Return two calls: the next child gets a pid namespace of its own; no longer.

    `own` is a pidfd of this process. 0 is success.
    """
    flag = ctypes.c_int(CLONE_NEWPID)
    return partial(_quick.unshare, flag), partial(_quick.setns, ctypes.c_int(own), flag)


# What the kernel reads must stay where it is.
_kept: list[object] = []


def _prctl(option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    _check(_libc.prctl(option, ctypes.c_ulong(value), zero, zero, zero), "prctl")


def _syscall(name: str, *arguments: Any) -> None:
    _check(_libc.syscall(ctypes.c_long(_number(name)), *arguments), name)


def _number(name: str) -> int:
    return _NUMBERS[machine()][name]


def _check(result: int, what: str) -> None:
    if result != 0:
        raise _error(what)


def _error(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}")
