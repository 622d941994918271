"""The embedded log: one SQLite file, one partition a topic, every commit one transaction.

Survives SIGKILL of any process at any moment (WAL, synchronous=NORMAL: after a power cut the last
commits may be missing, never torn). Several processes share the file; writers queue for its lock.
"""

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from c2c_stream.broker.protocol import Delivered, Partition, Position, Produced
from c2c_stream.errors import Fatal, SettingsError, Unavailable
from c2c_stream.topics import SERVICES, TOPICS, consumed_by

LOG_NAME: Final = "log.sqlite"
# A commit takes milliseconds; a writer that waits this long has met a hung disk.
BUSY_S: Final = 60.0
# How often an idle poll looks again; a look costs some 10 microseconds.
LOOK_S: Final = 0.01
# One fetch holds at most this much, so that a window of large files stays bounded.
FETCH_BYTES: Final = 8 * 1024 * 1024

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


@dataclass(frozen=True, slots=True)
class GroupPosition:
    """Where one service stands on one topic. `end` is the next offset to be written."""

    service: str
    topic: str
    position: Position
    end: int

    @property
    def lag(self) -> int:
        """Records that are written and not yet committed by the service."""
        return self.end - self.position.offset


class LocalLog:
    """One run's topics and positions in the file `folder`/log.sqlite."""

    def __init__(self, folder: Path, run: str) -> None:
        self.folder = folder
        self.run = run
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / LOG_NAME
        with _translated(self.path):
            self._db = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def create(self) -> None:
        """Make the run's topics and the position of every service; leave what is there."""
        with self._transaction() as db:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            for topic in TOPICS:
                name = self._table(topic.name)
                db.execute(_TOPIC_SCHEMA.format(name=name))
                db.execute("INSERT OR IGNORE INTO topics VALUES (?, 0)", (name,))
            # A service that has not started yet has a position too: trimming waits for it.
            db.executemany(
                "INSERT OR IGNORE INTO positions VALUES (?, ?, 0, '')",
                [
                    (self._group(service), self._table(topic.name))
                    for service in SERVICES
                    for topic in consumed_by(service)
                ],
            )

    def exists(self) -> bool:
        """Say whether this run's topics have been made."""
        with _translated(self.path):
            found = self._db.execute(
                "SELECT count(*) FROM sqlite_master WHERE name = ?", (self._table(TOPICS[-1].name),)
            ).fetchone()
        return bool(found[0])

    def positions(self) -> list[GroupPosition]:
        """Return where every service stands, in flow order, as of one moment."""
        with _translated(self.path):
            rows = self._db.execute(
                "SELECT consumer, topic, positions.next, metadata, topics.next"
                " FROM positions JOIN topics ON name = topic"
            ).fetchall()
        found = {
            (group, topic): (Position(offset, metadata), end)
            for group, topic, offset, metadata, end in rows
        }
        return [
            GroupPosition(
                service, topic.name, *found[self._group(service), self._table(topic.name)]
            )
            for service in SERVICES
            for topic in consumed_by(service)
        ]

    def read(self, topic: str, offset: int, limit: int) -> list[Delivered]:
        """Return at most `limit` records of a topic from `offset` on, FETCH_BYTES at most."""
        rows: list[Delivered] = []
        size = 0
        # The table's name is made from a validated run id and a name in topics.py.
        query = f'SELECT * FROM "{self._table(topic)}" WHERE place >= ? ORDER BY place LIMIT ?'  # noqa: S608
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
                (self._group(service), key),
            ).fetchone()
        return None if row is None else bytes(row[0])

    def keys_of(self, service: str) -> list[str]:
        """Return the keys of a service's keyed state, sorted."""
        with _translated(self.path):
            rows = self._db.execute(
                "SELECT key FROM state WHERE consumer = ? ORDER BY key", (self._group(service),)
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
        group = self._group(service)
        with self._transaction() as db:
            for topic in dict.fromkeys(output.topic for output in outputs):
                self._append(db, topic, [o for o in outputs if o.topic == topic])
            db.executemany(
                "INSERT OR REPLACE INTO state VALUES (?, ?, ?)",
                [(group, key, value) for key, value in puts.items()],
            )
            for topic, position in positions.items():
                name = self._table(topic)
                db.execute(
                    "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?)",
                    (group, name, position.offset, position.metadata),
                )
                if not keep:
                    db.execute(
                        f'DELETE FROM "{name}" WHERE place <'  # noqa: S608  # as in read
                        " (SELECT min(next) FROM positions WHERE topic = ?)",
                        (name,),
                    )

    def _append(self, db: sqlite3.Connection, topic: str, outputs: list[Produced]) -> None:
        name = self._table(topic)
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

    def _table(self, topic: str) -> str:
        return f"{self.run}.{topic}"

    def _group(self, service: str) -> str:
        return f"{self.run}-{service}"


class LocalBroker:
    """A service's seat at the local log. The seat is taken by a file lock that SIGKILL frees."""

    def __init__(self, folder: Path, run: str, service: str, *, keep: bool = False) -> None:
        self.log = LocalLog(folder, run)
        if not self.log.exists():
            raise SettingsError(
                f"{self.log.path} holds no run {run!r}: start it with `c2c run` or `c2c ingest`"
            )
        self._service = service
        self._keep = keep
        self._lock = _take_seat(folder, f"{run}-{service}")
        self._next = {
            (at.topic, 0): at.position.offset
            for at in self.log.positions()
            if at.service == service
        }
        self._paused: set[Partition] = set()

    def assigned(self) -> Mapping[Partition, Position]:
        """See Broker: all of them, always."""
        return {
            (at.topic, 0): at.position for at in self.log.positions() if at.service == self._service
        }

    def poll(self, max_records: int, timeout_s: float) -> Sequence[Delivered]:
        """See Broker."""
        deadline = _now() + timeout_s
        while True:
            fetched = self._fetch(max_records)
            if fetched or _now() >= deadline:
                return fetched
            _wait(LOOK_S)

    def _fetch(self, max_records: int) -> list[Delivered]:
        fetched: list[Delivered] = []
        for (topic, partition), offset in self._next.items():
            if (topic, partition) in self._paused or len(fetched) >= max_records:
                continue
            rows = self.log.read(topic, offset, max_records - len(fetched))
            if rows:
                self._next[topic, partition] = rows[-1].offset + 1
                fetched += rows
        return fetched

    def commit(
        self,
        outputs: Sequence[Produced],
        positions: Mapping[Partition, Position],
        puts: Mapping[str, bytes],
    ) -> None:
        """See Broker."""
        topics = {topic: position for (topic, _), position in positions.items()}
        self.log.commit(self._service, outputs, topics, puts, keep=self._keep)

    def pause(self, partitions: Iterable[Partition]) -> None:
        """See Broker."""
        self._paused |= set(partitions)

    def resume(self, partitions: Iterable[Partition]) -> None:
        """See Broker."""
        self._paused -= set(partitions)

    def ends(self) -> Mapping[Partition, int]:
        """See Broker."""
        return {(at.topic, 0): at.end for at in self.log.positions() if at.service == self._service}

    def lag_of(self, group: str, topic: str) -> int:
        """See Broker."""
        return sum(
            at.lag for at in self.log.positions() if (at.service, at.topic) == (group, topic)
        )

    def state(self) -> Mapping[str, bytes]:
        """See Broker."""
        return _State(self.log, self._service)

    def close(self) -> None:
        """See Broker."""
        self.log.close()
        os.close(self._lock)


class _State(Mapping[str, bytes]):
    def __init__(self, log: LocalLog, service: str) -> None:
        self._log = log
        self._service = service

    def __getitem__(self, key: str) -> bytes:
        value = self._log.value_of(self._service, key)
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._log.keys_of(self._service))

    def __len__(self) -> int:
        return len(self._log.keys_of(self._service))


def _take_seat(folder: Path, group: str) -> int:
    """Return a descriptor that holds the group's lock. Raises Fatal if somebody else has it."""
    path = folder / f"{group}.lock"
    seat = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(seat, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(seat, 32, 0).decode("ascii", "replace") or "unknown"
        os.close(seat)
        raise Fatal(
            f"{path}: process {holder} already consumes as {group}; stop it first"
        ) from None
    os.ftruncate(seat, 0)
    os.pwrite(seat, str(os.getpid()).encode(), 0)
    return seat


def _headers_text(headers: tuple[tuple[str, bytes], ...]) -> str:
    return json.dumps([(name, value.hex()) for name, value in headers]) if headers else ""


def _headers(text: str) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, bytes.fromhex(value)) for name, value in json.loads(text)) if text else ()


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Unavailable(f"{path}: {error}; free the disk or the lock and it goes on") from error
    except sqlite3.DatabaseError as error:
        raise Fatal(f"{path}: {error}; the log is damaged, start again in a new folder") from error


def _now() -> float:
    return time.monotonic()  # noqa: TID251  # a poll's timeout is real time


def _wait(seconds: float) -> None:
    time.sleep(seconds)  # noqa: TID251  # SQLite cannot wake a reader
