"""Files that are whole or not there: written under a .tmp name, synced, then renamed."""

import contextlib
import errno
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from c2c_stream.errors import Fatal, SourceError, Unavailable
from c2c_stream.sink.columns import Row

TMP = ".tmp"
BATCH_ROWS = 256
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Store:
    """A folder on this machine. Its methods block; every one leaves whole files only."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write_text(self, name: str, text: str) -> None:
        """Write a text file. Raises Unavailable where the disk is full or not writable."""
        with self._replacing(name) as tmp:
            tmp.write_text(text, encoding="utf-8")

    def write_rows(self, name: str, rows: Sequence[Row], schema: pa.Schema) -> None:
        """Write a shard, Parquet or JSON lines by its name; equal rows make equal bytes."""
        with self._replacing(name) as tmp:
            if name.endswith(".jsonl"):
                tmp.write_text("".join(map(_line, rows)), encoding="utf-8")
            else:
                table = pa.Table.from_pylist(list(rows), schema=schema)
                with tmp.open("wb") as file:
                    pq.write_table(table, file, compression="zstd", row_group_size=len(rows))

    def read_rows(self, name: str) -> list[Row]:
        """Return all rows of a shard that was written here. Raises Fatal if it is broken."""
        try:
            return list(read_rows(self.root / name))
        except SourceError as error:
            raise Fatal(f"{error}; restore it, or start again in another folder") from error

    @contextlib.contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold one part of the store against other sinks. Raises Unavailable if one is at it.

        Whatever ends a process lets go of what it held.
        """
        path = self.root / f"{name}.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            opened = path.open("ab")
        except OSError as error:
            raise _unavailable(path, error) from error
        with opened as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Unavailable(
                    f"{path}: another sink is at work on it; this one waits"
                ) from error
            yield

    def remove(self, path: Path) -> None:
        """Delete a file that may be gone already."""
        path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _replacing(self, name: str) -> Iterator[Path]:
        path = self.root / name
        tmp = path.with_name(path.name + TMP)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield tmp
            _sync(tmp)
            self._rename(tmp, path)
            _sync(path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                tmp.unlink(missing_ok=True)
            raise _unavailable(path, error) from error

    def _rename(self, tmp: Path, path: Path) -> None:
        tmp.replace(path)


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of one shard, a few at a time. Raises SourceError for what is no shard."""
    try:
        if path.suffix == ".jsonl":
            with path.open(encoding="utf-8") as lines:
                yield from map(json.loads, lines)
        else:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=BATCH_ROWS):
                    yield from batch.to_pylist()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise SourceError(f"{path}: cannot be read as a shard of a dataset: {error}") from error


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unavailable(path: Path, error: OSError) -> Unavailable:
    if error.errno in _FULL:
        return Unavailable(
            f"{path}: the disk is full; free some space and the sink goes on by itself"
        )
    return Unavailable(f"{path}: cannot be written: {error.strerror or error}; the sink waits")
