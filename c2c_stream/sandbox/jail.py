"""Build the walls around the launcher's own process, in order. Standard library only.

As root the file system is built first, because a user namespace could not reach a private
interpreter; as an ordinary user the user namespace comes first, because nothing else is allowed.
"""

import errno
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from c2c_stream.sandbox import linux
from c2c_stream.sandbox.protocol import CHILD_UID, HOST_NAME

_ROOT_MOUNT: Final = "/tmp"  # noqa: S108  # only a place to mount on, in a namespace of our own
_NAMESPACES: Final = {
    "pid": linux.CLONE_NEWPID,
    "net": linux.CLONE_NEWNET,
    "ipc": linux.CLONE_NEWIPC,
    "uts": linux.CLONE_NEWUTS,
    "cgroup-namespace": linux.CLONE_NEWCGROUP,
}
STACK_BYTES: Final = 16 * 1024 * 1024
OPEN_FILES: Final = 32  # fewer break lazy imports of the standard library
_USER_HINT: Final = (
    "allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
    "kernel.apparmor_restrict_unprivileged_userns=0, user.max_user_namespaces>0), or run as root "
    "with CAP_SYS_ADMIN; in Docker: --security-opt seccomp=unconfined"
)
_MOUNT_HINT: Final = "mounting in a namespace of its own needs Linux 5.12 and CAP_SYS_ADMIN there"
_READ_HINT: Final = "make the interpreter's standard library readable for everybody (chmod o+rX)"


class WallError(Exception):
    """A wall cannot be built: its name, why, and what to do."""

    def __init__(self, wall: str, why: str, hint: str) -> None:
        super().__init__(f"wall {wall!r} cannot be built: {why}; {hint}")


@contextmanager
def wall(name: str, hint: str) -> Iterator[None]:
    """Name the wall that an OSError inside belongs to."""
    try:
        yield
    except OSError as error:
        raise WallError(name, str(error), hint) from error


def build(config: Mapping[str, Any], ask_for_map: Callable[[], None]) -> list[str]:
    """Put all walls but those of the zygote around this process; return their names.

    Its next child is the first process of a new pid namespace. `ask_for_map` returns when the host
    has mapped our user namespace. Raises WallError.
    """
    if config["privileged"]:
        with wall("mount", _MOUNT_HINT):
            linux.unshare(linux.CLONE_NEWNS)
        _build_root(config)
        _enter_user_namespace(0)
        ask_for_map()
        _become_mapped_root()
    else:
        uid, gid = os.getuid(), os.getgid()
        _enter_user_namespace(linux.CLONE_NEWNS)
        _map_only_self(uid, gid)
        _build_root(config)
    _enter_namespaces()
    return ["user", "mount", "root", *_NAMESPACES]


def _enter_user_namespace(others: int) -> None:
    with wall("user", _USER_HINT):
        linux.unshare(linux.CLONE_NEWUSER | others)


def _map_only_self(uid: int, gid: int) -> None:
    with wall("uid", _USER_HINT):
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{CHILD_UID} {uid} 1")
        _write("/proc/self/gid_map", f"{CHILD_UID} {gid} 1")


def _become_mapped_root() -> None:
    with wall("uid", "the host maps two uids of a free range into the jail; this must be root"):
        os.setgroups([])
        os.setresgid(CHILD_UID, CHILD_UID, CHILD_UID)
        os.setresuid(0, 0, 0)


def _enter_namespaces() -> None:
    for name, flag in _NAMESPACES.items():
        with wall(name, _USER_HINT):
            linux.unshare(flag)
    with wall("uts", _USER_HINT):
        linux.name_host(HOST_NAME)


def _build_root(config: Mapping[str, Any]) -> None:
    with wall("root", _MOUNT_HINT):
        linux.mount("", "/", "", linux.MS_REC | linux.MS_PRIVATE)
        # Opened first: what is mounted next may cover them.
        sources = {path: os.open(path, os.O_PATH) for path in config["binds"]}
        flags = linux.MS_NOSUID | linux.MS_NODEV
        linux.mount("tmpfs", _ROOT_MOUNT, "tmpfs", flags, "size=1m,mode=755")
        for path, fd in sources.items():
            _bind(path, fd)
        for path in config["masks"]:
            linux.mount("tmpfs", _ROOT_MOUNT + path, "tmpfs", flags, "size=4k,mode=755")
        for fd in sources.values():
            os.close(fd)
        linux.make_read_only(_ROOT_MOUNT)
        os.chdir(_ROOT_MOUNT)
        linux.pivot_root(".", ".")
        linux.unmount(".")
        os.chdir("/")


def _bind(path: str, fd: int) -> None:
    target = _ROOT_MOUNT + path
    if os.path.isdir(f"/proc/self/fd/{fd}"):  # noqa: PTH112  # pathlib is not imported in a jail
        os.makedirs(target, 0o755, exist_ok=True)  # noqa: PTH103  # the same
    else:
        os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)  # noqa: PTH103, PTH120
        os.close(os.open(target, os.O_CREAT | os.O_RDONLY, 0o644))
    linux.mount(f"/proc/self/fd/{fd}", target, "", linux.MS_BIND | linux.MS_REC)


def check_library(path: list[str]) -> None:
    """Raise WallError where the uid in here cannot read its own standard library."""
    for entry in path:
        with wall("root", _READ_HINT):
            _readable(entry)


def _readable(path: str) -> None:
    if not os.access(path, os.R_OK):
        raise PermissionError(errno.EACCES, f"{path} cannot be read inside the jail")


def limit(memory_bytes: int) -> None:
    """Set the limits that a zygote shares with its children."""
    with wall("rlimits", "raise the hard limits (ulimit -H) of the process that starts the jail"):
        for kind, value in (
            (linux.RLIMIT_AS, memory_bytes),
            (linux.RLIMIT_STACK, STACK_BYTES),
            (linux.RLIMIT_NOFILE, OPEN_FILES),
            (linux.RLIMIT_FSIZE, 0),
            (linux.RLIMIT_CORE, 0),
            (linux.RLIMIT_MEMLOCK, 0),
        ):
            linux.limit(kind, value)


def silence(keep: tuple[int, ...], null: int) -> None:
    """Put fds 0-2 on /dev/null and close all others but `keep`."""
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    low = 3
    for fd in sorted(keep):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))


def follow_parent() -> None:
    """Die when the parent does."""
    linux.die_with_parent(signal.SIGKILL)


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
