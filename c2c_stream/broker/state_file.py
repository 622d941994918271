"""Keyed state in a file of this process, so that memory is bounded: a copy of what a log holds.

It may be lost at any time. A partition stands at an offset of the log: all that the log holds below
it is in the file. What is in the file above it is harmless, since the log is read again from there.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from c2c_stream.errors import Fatal

# Of pages in memory, whatever the file's size; the rest is the kernel's to keep or to drop.
CACHE_KIB: Final = 8 * 1024
# Whoever holds the file is a process of the same name that is about to leave.
LOCK_S: Final = 10.0
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
            self._database = _opened(path)
        except sqlite3.DatabaseError as error:
            if path is None or isinstance(error, sqlite3.OperationalError):
                raise Fatal(f"{path or 'temporary file'}: cannot keep state: {error}") from error
            _remove(path)
            self._database = _opened(path)

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
        """Let go of the file; it may be opened again."""
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
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        database.executescript(_MAKE)
    except BaseException:
        database.close()
        raise
    return database


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)
