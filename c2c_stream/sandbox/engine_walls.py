"""Look, from inside of a container, which walls its engine built. Standard library only."""

import os
from collections.abc import Iterator
from typing import Final

from c2c_stream.sandbox.protocol import CHILD_UID, HOST_NAME

_NO_ROUTES: Final = 1  # a table of none is its head
_MEMORY_LIMITS: Final = (
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)
# What an engine builds. What a zygote builds itself stands, or it does not start.
OUTER: Final = (
    "user",
    "mount",
    "root",
    "pid",
    "net",
    "ipc",
    "uts",
    "cgroup-namespace",
    "cgroup",
)


def missing(memory_bytes: int) -> Iterator[tuple[str, str]]:
    """Yield the walls that the engine did not build, each with what was found."""
    status = dict(line.split(":\t", 1) for line in _text("/proc/self/status").splitlines())
    capabilities = {status[name].strip("0\n\t ") for name in ("CapPrm", "CapEff", "CapBnd")}
    if capabilities != {""} or os.getuid() != CHILD_UID:
        raise RuntimeError(
            f"wall 'capabilities' is missing: uid {os.getuid()} with CapBnd {status['CapBnd']}"
        )
    if _text("/proc/self/uid_map").split() == ["0", "0", "4294967295"]:
        yield "user", "the engine does not remap users (dockerd --userns-remap)"
    if not os.statvfs("/").f_flag & os.ST_RDONLY:
        yield "mount", "the root can be written"
        yield "root", "it can be written"
    if os.getpid() != 1:
        yield "pid", f"this is process {os.getpid()}"
    if len(_text("/proc/net/route").splitlines()) > _NO_ROUTES:
        yield "net", "there is a route to somewhere"
    if os.path.exists("/dev/shm"):  # noqa: PTH110, S108  # pathlib is not imported in a jail
        yield "ipc", "it has shared memory with others"
    if os.uname().nodename != HOST_NAME:
        yield "uts", "it has another host's name"
    if any(not line.endswith(":/") for line in _text("/proc/self/cgroup").splitlines()):
        yield "cgroup-namespace", "the engine shares its own (dockerd --default-cgroupns-mode)"
    if not any(_limit(path) <= 2 * memory_bytes for path in _MEMORY_LIMITS):
        yield "cgroup", "the engine limits no memory"


def _limit(path: str) -> float:
    try:
        return float(_text(path).replace("max", "inf"))
    except OSError:
        return float("inf")


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123  # pathlib is not imported here
        return file.read()
