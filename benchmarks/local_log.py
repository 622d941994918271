"""Records/s that the local log commits, against plain sqlite3 inserts in the same batches.

`python benchmarks/local_log.py`: one process, then seven at once, each with its own topic. Both
write to the same file system in the same run and take turns; the median round is printed.
"""

import argparse
import multiprocessing
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path

from c2c_stream.broker.local import LOG_NAME, LocalLog
from c2c_stream.broker.protocol import Position, Produced
from c2c_stream.topics import SERVICES, consumed_by, output_of

RECORD_BYTES = 1500
BATCH = 500
Writer = Callable[[Path, int, int, Barrier], None]


def write_log(folder: Path, number: int, batches: int, barrier: Barrier) -> None:
    """Commit batches as a service does: outputs and a position with its books."""
    service = SERVICES[number]
    topic = output_of(service) or consumed_by(service)[-1]
    taken = consumed_by(service)[0].name
    outputs = [Produced(topic.name, key, value) for key, value in records()]
    log = LocalLog(folder, "main")
    barrier.wait()
    for n in range(1, batches + 1):
        log.commit(service, outputs, {taken: Position(n, '{"read":1}')}, {}, keep=True)
    log.close()


def write_sqlite(folder: Path, number: int, batches: int, barrier: Barrier) -> None:
    """Insert the same records in the same batches into a table with a key and a value."""
    rows = records()
    database = sqlite3.connect(folder / LOG_NAME, timeout=60, isolation_level=None)
    database.execute("PRAGMA synchronous=NORMAL")
    barrier.wait()
    for _ in range(batches):
        database.execute("BEGIN IMMEDIATE")
        database.executemany(f"INSERT INTO t{number} (key, value) VALUES (?, ?)", rows)  # noqa: S608  # a number
        database.execute("COMMIT")
    database.close()


def records() -> list[tuple[bytes, bytes]]:
    """Return one batch."""
    seeded = random.Random(1)
    return [(b"%032x" % n, seeded.randbytes(RECORD_BYTES)) for n in range(BATCH)]


def prepare_log(folder: Path) -> None:
    """Make the run."""
    log = LocalLog(folder, "main")
    log.create()
    log.close()


def prepare_sqlite(folder: Path) -> None:
    """Make the tables."""
    database = sqlite3.connect(folder / LOG_NAME)
    database.execute("PRAGMA journal_mode=WAL")
    for number in range(len(SERVICES)):
        database.execute(
            f"CREATE TABLE t{number}"
            " (place INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL)"
        )
    database.close()


def seconds(prepare: Callable[[Path], None], write: Writer, processes: int, batches: int) -> float:
    """Return how long the processes take from their common start to the end of the last."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name))
        barrier = context.Barrier(processes + 1)
        children = [
            context.Process(target=write, args=(Path(name), number, batches, barrier))
            for number in range(processes)
        ]
        for child in children:
            child.start()
        barrier.wait()
        began = time.perf_counter()
        for child in children:
            child.join()
        took = time.perf_counter() - began
        assert all(child.exitcode == 0 for child in children)
        return took


def main() -> None:
    """Print one line for one process and one for seven."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=140, help="of 500 records, over all")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for processes in (1, len(SERVICES)):
        each = max(1, options.batches // processes)
        log, plain = [], []
        for _ in range(options.rounds):
            log.append(seconds(prepare_log, write_log, processes, each))
            plain.append(seconds(prepare_sqlite, write_sqlite, processes, each))
        count = each * processes * BATCH
        rates = [count / statistics.median(took) for took in (log, plain)]
        print(
            f"{processes} processes, {RECORD_BYTES} B, batches of {BATCH}:"
            f" local log {rates[0]:,.0f} records/s, plain sqlite3 {rates[1]:,.0f} records/s,"
            f" ratio {rates[0] / rates[1]:.2f}"
        )


if __name__ == "__main__":
    main()
