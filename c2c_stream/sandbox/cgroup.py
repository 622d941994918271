"""A control group around each jail, where this machine lets us make one. The host's side only.

Two more limits behind those of each child: the memory of all that is in the jail, without swap,
and how many processes that is. Version 1 or 2 of the kernel's interface, whichever is mounted.
"""

import itertools
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from c2c_stream.sandbox.plan import BESIDE_THE_CHILD_BYTES, MAX_PROCESSES

PREFIX: Final = "c2c-jail"
_NEEDED: Final = ("memory", "pids")
_REMOVE_TRIES: Final = 200
_REMOVE_WAIT_S: Final = 0.005  # the kernel takes a moment to forget the dead
_count = itertools.count()


class NoCgroupError(Exception):
    """No control group can be made here. Says why."""


@dataclass(frozen=True, slots=True)
class Cgroup:
    """The folders of one jail's group: one, or with version 1 one a controller."""

    folders: tuple[Path, ...]

    def admit(self, pid: int) -> None:
        """Take a process in; its children follow. Raises OSError."""
        for folder in self.folders:
            _write(folder / "cgroup.procs", pid)

    def remove(self) -> None:
        """Remove the group once all in it are dead. What cannot be is left to `sweep`."""
        for folder in self.folders:
            for _ in range(_REMOVE_TRIES):
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(_REMOVE_WAIT_S)  # noqa: TID251  # nothing tells when they are gone
                else:
                    break


def make(memory_bytes: int) -> Cgroup:
    """Make a group for one jail whose children may take so much memory. Raises NoCgroupError."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    groups = Path("/proc/self/cgroup").read_text(encoding="utf-8")
    parents = parents_in(mounts, groups)
    name = f"{PREFIX}-{os.getpid()}-{next(_count)}"
    made: list[Path] = []
    try:
        for parent, limits in _limits(parents, memory_bytes + BESIDE_THE_CHILD_BYTES):
            sweep(parent)
            folder = parent / name
            folder.mkdir()
            made.append(folder)
            for file, value in limits.items():
                if (folder / file).exists():  # swap is not counted on every machine
                    _write(folder / file, value)
    except OSError as error:
        Cgroup(tuple(made)).remove()
        raise NoCgroupError(f"{error.strerror}: {error.filename}") from error
    return Cgroup(tuple(made))


def sweep(parent: Path) -> None:
    """Remove the groups of hosts that were killed: they are empty, and their host is no more."""
    for folder in parent.glob(f"{PREFIX}-*"):
        owner = folder.name.split("-")[2]
        if not Path(f"/proc/{owner}").exists():
            with suppress(OSError):
                folder.rmdir()


def parents_in(mounts: str, groups: str) -> Mapping[str, Path]:
    """Return where a group can be made, by controller; under "" where one folder has all.

    `mounts` and `groups` are what mountinfo and cgroup under /proc/self say. Raises NoCgroupError.
    """
    ours = [line.split(":", 2)[1:] for line in groups.splitlines()]
    found: dict[str, Path] = {}
    for root, point, kind, options in _mounted(mounts):
        for names, path in ours:
            if kind == "cgroup2" and not names:
                parent = _delegating(point, _within(root, path))
                if parent is not None:
                    return {"": parent}
            shared = set(names.split(",")) & set(options) & set(_NEEDED)
            if kind == "cgroup" and shared:
                found |= dict.fromkeys(shared, point / _within(root, path))
    if set(found) != set(_NEEDED):
        raise NoCgroupError("no folder of cgroups here has a memory and a pids controller for us")
    return found


def _delegating(point: Path, path: str) -> Path | None:
    """Return the nearest group around ours that may have groups with limits inside."""
    group = point / path
    for folder in (group, *group.parents):
        if not folder.is_relative_to(point):
            return None
        with suppress(OSError):
            given = (folder / "cgroup.subtree_control").read_text(encoding="ascii").split()
            if set(_NEEDED) <= set(given) and os.access(folder, os.W_OK):
                return folder
    return None


def _mounted(mounts: str) -> Iterator[tuple[str, Path, str, list[str]]]:
    """Yield (root, mount point, type, options of the hierarchy) of each line of mountinfo."""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, (kind, _, options) = before.split(), after.split(" ", 2)
        yield fields[3], Path(fields[4]), kind, options.split(",")


def _within(root: str, path: str) -> str:
    """Return the path of our group as seen under a mount of `root`."""
    below = path.removeprefix(root) if root != "/" and path.startswith(root) else path
    return below.strip("/")


def _limits(
    parents: Mapping[str, Path], memory_bytes: int
) -> Iterator[tuple[Path, Mapping[str, int]]]:
    if "" in parents:
        limits = {"memory.max": memory_bytes, "memory.swap.max": 0, "pids.max": MAX_PROCESSES}
        yield parents[""], limits
        return
    yield (
        parents["memory"],
        {
            "memory.limit_in_bytes": memory_bytes,
            "memory.memsw.limit_in_bytes": memory_bytes,
            "memory.swappiness": 0,
        },
    )
    yield parents["pids"], {"pids.max": MAX_PROCESSES}


def _write(file: Path, value: int) -> None:
    file.write_text(f"{value}\n", encoding="ascii")
