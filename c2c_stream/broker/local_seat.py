"""A seat at the local log: a file lock that SIGKILL frees."""

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from c2c_stream.errors import Fatal, SettingsError

# How often a waiting process looks again; a look costs some 10 microseconds.
LOOK_S: Final = 0.01
# A seat whose holder was just killed is free once the kernel has buried it.
SEAT_S: Final = 3.0


def take_seat(folder: Path, group: str) -> int:
    """Return a descriptor that holds the group's lock. Raises Fatal if somebody else has it."""
    path = folder / f"{group}.lock"
    try:
        seat = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be opened: {error.strerror}") from error
    deadline = now() + SEAT_S
    while not _locked(seat):
        if now() >= deadline:
            holder = os.pread(seat, 32, 0).decode("ascii", "replace") or "unknown"
            os.close(seat)
            raise Fatal(f"{path}: process {holder} is already at work as {group}; stop it first")
        wait(LOOK_S)
    os.ftruncate(seat, 0)
    os.pwrite(seat, str(os.getpid()).encode(), 0)
    return seat


def now() -> float:
    """Return monotonic seconds."""
    return time.monotonic()  # noqa: TID251  # a poll's timeout is real time


def wait(seconds: float) -> None:
    """Sleep."""
    time.sleep(seconds)  # noqa: TID251  # SQLite cannot wake a reader


def _locked(seat: int) -> bool:
    try:
        fcntl.flock(seat, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
