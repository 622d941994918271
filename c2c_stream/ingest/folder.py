"""Read a folder, or one file. Nothing is followed out of it, nothing but regular files is opened.

Order is that of the paths' bytes, as in a git tree, so a folder and a commit of it agree.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from c2c_stream.errors import SourceError
from c2c_stream.ingest.items import (
    Census,
    Found,
    Home,
    is_python,
    item_of,
    path_fault,
    path_text,
    rejected,
    too_big,
)
from c2c_stream.reasons import Reason
from c2c_stream.records import File, RejectedItem

# What tools put beside the code: not the user's own.
PASSED_OVER = frozenset({b"__pycache__", b"site-packages", b"dist-packages", b"node_modules"})
VENV_MARK = b"pyvenv.cfg"


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of the walk: its path below the root, its type (of a link itself), what failed."""

    path: bytes
    mode: int
    fault: str = ""


def read_folder(root: Path, home: Home, census: Census, start: int) -> Iterator[Found]:
    """Yield the Python files under `root`, from the `start`-th on."""
    index = 0
    for entry in walk(os.fsencode(root)):
        path = path_text(entry.path)
        if not entry.fault and not is_python(path):
            census.saw(path)
            continue
        index += 1
        if index > start:
            yield Found(_item(os.fsencode(root), entry, path, home), index)


def read_file(path: Path, home: Home, _census: Census, start: int) -> Iterator[Found]:
    """Yield the one file that a source is; the user may have named it by a link."""
    if start > 0:
        return
    try:
        item = _read(os.fsencode(path.resolve()), path_text(os.fsencode(path.name)), home)
    except OSError as error:
        raise SourceError(f"{path.name}: cannot be read: {error.strerror}") from error
    yield Found(item, 1)


def walk(root: bytes) -> Iterator[Entry]:
    """Yield all that is no folder, depth first, in the order of the paths' bytes."""
    try:
        stack = [iter(_listed(root, b""))]
    except OSError as error:
        raise SourceError(f"{path_text(root)}: cannot be listed: {error.strerror}") from error
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
        elif not stat.S_ISDIR(entry.mode):
            yield entry
        elif not passed_over(entry.path):
            try:
                stack.append(iter(_listed(root, entry.path)))
            except OSError as error:
                yield Entry(entry.path, entry.mode, f"cannot be listed: {error.strerror}")


def passed_over(folder: bytes) -> bool:
    """Say whether a folder is left out because of its name: hidden, or made by a tool."""
    name = folder.rpartition(b"/")[2]
    return name.startswith(b".") or name in PASSED_OVER


def _listed(root: bytes, folder: bytes) -> list[Entry]:
    with os.scandir(_join(root, folder)) as found:
        entries = [
            Entry(_join(folder, e.name), stat.S_IFMT(e.stat(follow_symlinks=False).st_mode))
            for e in found
        ]
    if folder and any(entry.path == _join(folder, VENV_MARK) for entry in entries):
        return []
    return sorted(entries, key=_tree_order)


def _join(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name


def _tree_order(entry: Entry) -> bytes:
    """Git sorts a folder as if its name ended in a slash."""
    return entry.path + b"/" if stat.S_ISDIR(entry.mode) else entry.path


def _item(root: bytes, entry: Entry, path: str, home: Home) -> File | RejectedItem:
    if entry.fault:
        return rejected(path, Reason.NOT_READABLE, entry.fault)
    if fault := path_fault(path):
        return rejected(path, Reason.BAD_PATH, fault)
    if not stat.S_ISREG(entry.mode):
        return rejected(path, Reason.NOT_REGULAR_FILE, f"a {_type_name(entry.mode)}")
    try:
        return _read(_join(root, entry.path), path, home)
    except OSError as error:
        return rejected(path, Reason.NOT_READABLE, error.strerror or str(error))


def _read(full: bytes, path: str, home: Home) -> File | RejectedItem:
    """Read a file that may have been swapped since it was listed: no link, no wait on a pipe."""
    fd = os.open(full, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            return rejected(path, Reason.NOT_REGULAR_FILE, f"a {_type_name(info.st_mode)}")
        big = too_big(path, info.st_size, home)
        return big or item_of(path, file.read(home.max_file_bytes + 1), home)


def _type_name(mode: int) -> str:
    names = {stat.S_IFLNK: "symlink", stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket"}
    return names.get(stat.S_IFMT(mode), "device")
