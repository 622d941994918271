"""Keyed state in a file of this process, so that memory is bounded: a copy of what a log holds.

It may be lost at any time. A partition stands at an offset of the log: all that the log holds below
it is in the file. What is in the file above it is harmless, since the log is read again from there.

Nothing waits for the disk: the kernel has what a killed process wrote. When the machine itself went
down, whatever was open then is torn and made anew: a note beside it names the boot it is open in.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from c2c_stream.errors import Fatal

# Of pages in memory, whatever the file's size; the rest is the kernel's to keep or to drop.
CACHE_KIB: Final = 8 * 1024
# Whoever holds the file is a process of the same name that is about to leave.
LOCK_S: Final = 10.0
# What tells one boot of a machine from another; elsewhere each killed process leaves a torn file.
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_MAKE: Final = """
CREATE TABLE IF NOT EXISTS state (
    key TEXT NOT NULL, part INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (key, part)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parts (part INTEGER PRIMARY KEY, log TEXT NOT NULL, at INTEGER NOT NULL);
"""


class StateFile:
    """Values by key and partition. Owned by the broker thread; nobody else may have the file."""

    def __init__(self, path: Path | None) -> None:
        """Open or make it; a torn file is made anew. Without a path it is a temporary one."""
        self._path = path
        try:
            self._database = _opened_anew(path) if path and _is_torn(path) else _opened(path)
        except (sqlite3.OperationalError, OSError) as error:
            raise Fatal(f"{path or 'temporary file'}: cannot keep state: {error}") from error
        except sqlite3.DatabaseError as error:
            if path is None:
                raise Fatal(f"temporary file: cannot keep state: {error}") from error
            self._database = _opened_anew(path)

    def offset(self, part: int, log: str) -> int | None:
        """Return where a partition stands in a log; None if it is not of this log."""
        with self._translating():
            found = self._database.execute(
                "SELECT at FROM parts WHERE part = ? AND log = ?", (part, log)
            ).fetchone()
        return None if found is None else int(found[0])

    def clear(self, part: int) -> None:
        """Forget all of a partition."""
        with self._translating(), self._database:
            self._database.execute("DELETE FROM state WHERE part = ?", (part,))
            self._database.execute("DELETE FROM parts WHERE part = ?", (part,))

    def put(
        self,
        puts: Iterable[tuple[int, str, bytes]],
        stands: Iterable[tuple[int, str, int]] = (),
    ) -> None:
        """Store (partition, key, value) and where partitions stand then: all, or nothing."""
        with self._translating(), self._database:
            self._database.executemany(
                "INSERT OR REPLACE INTO state (part, key, value) VALUES (?, ?, ?)", puts
            )
            self._database.executemany(
                "INSERT OR REPLACE INTO parts (part, log, at) VALUES (?, ?, ?)", stands
            )

    def values(self, key: str) -> Mapping[int, bytes]:
        """Return what a key has, by partition: most often of one."""
        with self._translating():
            return dict(
                self._database.execute("SELECT part, value FROM state WHERE key = ?", (key,))
            )

    def keys(self, part: int) -> Iterator[str]:
        """Yield the keys of a partition."""
        for (key,) in self._database.execute("SELECT key FROM state WHERE part = ?", (part,)):
            yield key

    def close(self) -> None:
        """Let go of the file, all of it on the disk; it may be opened again."""
        # What cannot be stored now leaves the note: good for this boot, torn in the next one.
        with suppress(sqlite3.Error, OSError):
            self._store()
        self._database.close()

    def _store(self) -> None:
        """Put all on the disk and take the note away, before anybody else may have the file."""
        if self._path is None or not self._path.exists():
            return
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with ExitStack() as files:
            for path in (self._path, Path(f"{self._path}-wal")):
                # Open until it is over: closed, it would take the database's locks with it.
                os.fsync(files.enter_context(path.open("rb")).fileno())
            _note_of(self._path).unlink()
            self._database.close()

    @contextmanager
    def _translating(self) -> Iterator[None]:
        """Turn a failing file into an end; the next start makes it anew where it must."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if self._path and not isinstance(error, sqlite3.OperationalError):
                _remove(self._path)
            raise Fatal(
                f"{self._path or 'temporary file'}: cannot keep state: {error}; mend the disk or"
                f" name another folder (kafka.state_folder), and start again: it is read anew"
            ) from error


def _opened(path: Path | None) -> sqlite3.Connection:
    """Return the database in a file, locked for as long as it is open."""
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
    # SQLite's own word for a temporary file is no name.
    database = sqlite3.connect(str(path or ""), timeout=LOCK_S)
    try:
        database.execute("PRAGMA locking_mode=EXCLUSIVE")
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=OFF")
        database.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        database.executescript(_MAKE)  # takes the lock, too
        if path:
            _note(path)
    except BaseException:
        database.close()
        raise
    return database


def _opened_anew(path: Path) -> sqlite3.Connection:
    _remove(path)
    return _opened(path)


def _note_of(path: Path) -> Path:
    return Path(f"{path}-open")


def _boot() -> str:
    """Return which boot this is; nothing where the system does not say."""
    with suppress(OSError):
        return BOOT_ID.read_text().strip()
    return ""


def _is_torn(path: Path) -> bool:
    """Say whether the machine went down while the file was open: some of it may not be there."""
    try:
        noted = _note_of(path).read_text()
    except FileNotFoundError:
        return False
    return not noted or noted != _boot()


def _note(path: Path) -> None:
    """Take note that the file is open; on the disk before anything that follows."""
    with _note_of(path).open("w") as file:
        file.write(_boot())
        file.flush()
        os.fsync(file.fileno())
    _sync(path.parent)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm", "-open"):
        Path(f"{path}{end}").unlink(missing_ok=True)
