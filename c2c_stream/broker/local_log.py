"""One SQLite file that holds a run's topics and positions; every commit is one transaction.

Survives SIGKILL of any process at any moment (WAL, synchronous=NORMAL: after a power cut the last
commits may be missing, never torn). Several processes share the file; writers queue for its lock.
"""

import fcntl
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from c2c_stream.broker.protocol import Delivered, Position, Produced
from c2c_stream.broker.run import GroupPosition
from c2c_stream.errors import Fatal, SettingsError, Unavailable
from c2c_stream.topics import SERVICES, TOPICS, consumed_by

LOG_NAME: Final = "log.sqlite"
# A commit takes milliseconds; a writer that waits this long has met a hung disk.
BUSY_S: Final = 60.0
# One fetch holds at most this much, so that a window of large files stays bounded.
FETCH_BYTES: Final = 8 * 1024 * 1024

# SQLite's primary result codes that pass, with what makes them pass.
_AWAY: Final = {
    sqlite3.SQLITE_BUSY: "stop what locks it",
    sqlite3.SQLITE_CANTOPEN: "make it readable, or allow more open files",
    sqlite3.SQLITE_FULL: "free some disk",
    sqlite3.SQLITE_IOERR: "free some disk, or mend it,",
    sqlite3.SQLITE_LOCKED: "stop what locks it",
    sqlite3.SQLITE_NOMEM: "free some memory",
    sqlite3.SQLITE_PROTOCOL: "stop what locks it",
}
# Commands read these again.
_KEPT: Final = frozenset(topic.name for topic in TOPICS if topic.kept)
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS topics (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS positions (
    consumer TEXT NOT NULL, topic TEXT NOT NULL, next INTEGER NOT NULL, metadata TEXT NOT NULL,
    PRIMARY KEY (consumer, topic)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (
    consumer TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (consumer, key)) WITHOUT ROWID;
"""
_TOPIC_SCHEMA = """
CREATE TABLE IF NOT EXISTS "{name}" (
    place INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL, headers TEXT NOT NULL,
    at REAL NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400.0))
"""


class LocalLog:
    """One run's topics and positions in the file `folder`/log.sqlite."""

    def __init__(self, folder: Path, run: str) -> None:
        self.folder = folder
        self.run = run
        self.path = folder / LOG_NAME
        with _opening(folder), _translated(self.path):
            self._db = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=NORMAL")
            except BaseException:
                self._db.close()
                raise

    @property
    def name(self) -> str:
        """See RunLog."""
        return str(self.path)

    def append(self, outputs: Sequence[Produced]) -> None:
        """See RunLog."""
        self.commit("cli", outputs, {}, {}, keep=True)

    def trim(self) -> None:
        """See RunLog: each commit has done it."""

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def create(self) -> None:
        """Make the run's topics and the position of every service; leave what is there."""
        with self._transaction() as db:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            for topic in TOPICS:
                name = self.table(topic.name)
                db.execute(_TOPIC_SCHEMA.format(name=name))
                db.execute("INSERT OR IGNORE INTO topics VALUES (?, 0)", (name,))
            # A service that has not started yet has a position too: trimming waits for it.
            db.executemany(
                "INSERT OR IGNORE INTO positions VALUES (?, ?, 0, '')",
                [
                    (self.group(service), self.table(topic.name))
                    for service in SERVICES
                    for topic in consumed_by(service)
                ],
            )

    def exists(self) -> bool:
        """Say whether this run's topics have been made."""
        with _translated(self.path):
            found = self._db.execute(
                "SELECT count(*) FROM sqlite_master WHERE name = ?", (self.table(TOPICS[-1].name),)
            ).fetchone()
        return bool(found[0])

    def positions(self) -> list[GroupPosition]:
        """Return where every service stands, in flow order, as of one moment."""
        with self.asking() as db:
            rows = db.execute(
                "SELECT consumer, topic, positions.next, metadata, topics.next"
                " FROM positions JOIN topics ON name = topic"
            ).fetchall()
        found = {
            (group, topic): (Position(offset, metadata), end)
            for group, topic, offset, metadata, end in rows
        }
        return [
            GroupPosition(service, topic.name, *found[self.group(service), self.table(topic.name)])
            for service in SERVICES
            for topic in consumed_by(service)
        ]

    def read(self, topic: str, offset: int, limit: int) -> list[Delivered]:
        """Return at most `limit` records of a topic from `offset` on, FETCH_BYTES at most."""
        rows: list[Delivered] = []
        size = 0
        # The table's name is made from a validated run id and a name in topics.py.
        query = f'SELECT * FROM "{self.table(topic)}" WHERE place >= ? ORDER BY place LIMIT ?'  # noqa: S608
        with _translated(self.path):
            for place, key, value, headers, at in self._db.execute(query, (offset, limit)):
                rows.append(Delivered(topic, 0, place, key, value, _headers(headers), at))
                size += len(value)
                if size >= FETCH_BYTES:
                    break
        return rows

    def value_of(self, service: str, key: str) -> bytes | None:
        """Return one value of a service's keyed state."""
        with _translated(self.path):
            row = self._db.execute(
                "SELECT value FROM state WHERE consumer = ? AND key = ?",
                (self.group(service), key),
            ).fetchone()
        return None if row is None else bytes(row[0])

    def keys_of(self, service: str) -> list[str]:
        """Return the keys of a service's keyed state, sorted."""
        with _translated(self.path):
            rows = self._db.execute(
                "SELECT key FROM state WHERE consumer = ? ORDER BY key", (self.group(service),)
            ).fetchall()
        return [row[0] for row in rows]

    def commit(
        self,
        service: str,
        outputs: Sequence[Produced],
        positions: Mapping[str, Position],
        puts: Mapping[str, bytes],
        *,
        keep: bool,
    ) -> None:
        """Append, store and move in one transaction; trim what every group has read."""
        group = self.group(service)
        with self._transaction() as db:
            for topic in dict.fromkeys(output.topic for output in outputs):
                self._append(db, topic, [o for o in outputs if o.topic == topic])
            db.executemany(
                "INSERT OR REPLACE INTO state VALUES (?, ?, ?)",
                [(group, key, value) for key, value in puts.items()],
            )
            for topic, position in positions.items():
                self._move(db, group, self.table(topic), position)
                if not keep and topic not in _KEPT:
                    self._trim(db, self.table(topic))

    def _move(self, db: sqlite3.Connection, group: str, name: str, position: Position) -> None:
        moved = db.execute(
            "UPDATE positions SET next = ?1, metadata = ?2"
            " WHERE consumer = ?3 AND topic = ?4 AND next <= ?1",
            (position.offset, position.metadata, group, name),
        )
        if moved.rowcount != 1:
            raise Fatal(
                f"{self.path}: {group} has no position on {name} at or before {position.offset}:"
                f" another process has moved it; start again"
            )

    def _trim(self, db: sqlite3.Connection, name: str) -> None:
        db.execute(
            f'DELETE FROM "{name}" WHERE place <'  # noqa: S608  # as in read
            " (SELECT min(next) FROM positions WHERE topic = ?)",
            (name,),
        )

    def _append(self, db: sqlite3.Connection, topic: str, outputs: list[Produced]) -> None:
        name = self.table(topic)
        (end,) = db.execute(
            "UPDATE topics SET next = next + ? WHERE name = ? RETURNING next", (len(outputs), name)
        ).fetchone()
        first = end - len(outputs)
        db.executemany(
            f'INSERT INTO "{name}" (place, key, value, headers) VALUES (?, ?, ?, ?)',  # noqa: S608  # as in read
            [
                (place, output.key, output.value, _headers_text(output.headers))
                for place, output in enumerate(outputs, first)
            ],
        )

    @contextmanager
    def asking(self) -> Iterator[sqlite3.Connection]:
        """Give the connection, for questions."""
        with _translated(self.path):
            yield self._db

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _translated(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def table(self, topic: str) -> str:
        """Return the table of a topic: made of a validated run id and a name in topics.py."""
        return f"{self.run}.{topic}"

    def group(self, service: str) -> str:
        """Return a service's consumer group."""
        return f"{self.run}-{service}"


def _headers_text(headers: tuple[tuple[str, bytes], ...]) -> str:
    # Latin-1 keeps every byte; what headers hold is nearly always ASCII.
    pairs = [(name, value.decode("latin-1")) for name, value in headers]
    return json.dumps(pairs) if pairs else ""


def _headers(text: str) -> tuple[tuple[str, bytes], ...]:
    pairs = json.loads(text) if text else ()
    return tuple((name, value.encode("latin-1")) for name, value in pairs)


@contextmanager
def _opening(folder: Path) -> Iterator[None]:
    """Let one process at a time open the file: SQLite does not wait for a change to WAL."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "open.lock").open("ab")
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be written: {error.strerror}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours; what is no trouble of the file is a bug and stays one."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF
        if code in _AWAY:
            raise Unavailable(f"{path}: {error}; {_AWAY[code]} and it goes on") from error
        if code in _DAMAGED:
            raise Fatal(f"{path}: {error}; start again in a new folder") from error
        if code == sqlite3.SQLITE_READONLY:
            raise SettingsError(f"{path}: {error}; make it writable for this user") from error
        raise
