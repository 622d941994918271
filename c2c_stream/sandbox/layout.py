"""What a jail's file system holds: the standard library and the shared libraries it may load.

Found by asking the interpreter itself, once, in a process of its own.
"""

import functools
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from c2c_stream.sandbox.unavailable import SandboxUnavailable

_MASKED: Final = ("site-packages", "dist-packages")
_PROBE_TIMEOUT_S: Final = 60
_CACHE_OF_LIBRARIES: Final = "/etc/ld.so.cache"

# Loads (without importing) every extension module, then lists what the loader brought in with it.
_PROBE: Final = """
import ctypes, glob, json, os, sys
for folder in sys.path:
    for name in sorted(glob.glob(os.path.join(folder, "lib-dynload", "*.so")) +
                       glob.glob(os.path.join(folder, "*.so"))):
        if "_tkinter" not in name:
            try:
                ctypes.CDLL(name)
            except OSError:
                pass
class Info(ctypes.Structure):
    _fields_ = [("address", ctypes.c_void_p), ("name", ctypes.c_char_p)]
found = []
@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Info), ctypes.c_size_t, ctypes.c_void_p)
def see(info, size, data):
    found.append(os.fsdecode(info.contents.name or b""))
    return 0
ctypes.CDLL(None).dl_iterate_phdr(see, None)
print(json.dumps({"path": sys.path, "libraries": found}))
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths that are bound read-only into a jail at their own place, and folders left empty."""

    python: str
    binds: tuple[str, ...]
    masks: tuple[str, ...]
    path: tuple[str, ...]


@functools.cache
def layout_of(python: str) -> Layout:
    """Return the layout for an interpreter. Raises SandboxUnavailable."""
    found = _ask(python)
    path = tuple(entry for entry in found["path"] if Path(entry).exists())
    folders = _outermost(path)
    libraries = sorted(
        name
        for name in set(found["libraries"])
        if name.startswith("/") and Path(name).is_file() and not _within(name, folders)
    )
    caches = [_CACHE_OF_LIBRARIES] if Path(_CACHE_OF_LIBRARIES).is_file() else []
    masks = [
        str(Path(folder, name))
        for folder in folders
        for name in _MASKED
        if Path(folder, name).is_dir()
    ]
    return Layout(python, (*folders, *libraries, *caches), tuple(masks), path)


def _ask(python: str) -> dict[str, list[str]]:
    command = [python, "-I", "-S", "-c", _PROBE]
    try:
        done = subprocess.run(
            command, capture_output=True, check=True, timeout=_PROBE_TIMEOUT_S, cwd="/"
        )
        found: dict[str, list[str]] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise SandboxUnavailable(
            f"sandbox: {python} does not say where its standard library is: {error}"
        ) from error
    return found


def _outermost(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return the paths that lie in no other of them."""
    kept: list[str] = []
    for path in sorted(paths):
        if not _within(path, tuple(kept)):
            kept.append(path)
    return tuple(kept)


def _within(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
