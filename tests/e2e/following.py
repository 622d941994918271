"""`c2c follow` as a process, and what it must have put on `repos` whatever happened to it."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from c2c_stream.records import Record, Repository
from tests.ingest.support import Git
from tests.processes import unmeasured

PATIENCE_S = 60
LOOK_S = 0.02


def write_feed(folder: Path, *urls: object, interval_s: float = 0.1) -> Path:
    """Write a feed that follows every branch of some repositories."""
    tables = "".join(f'[[repositories]]\nurl = "{url}"\n' for url in urls)
    path = folder / "feed.toml"
    path.write_text(f'interval_s = {interval_s}\nbranches = ["*"]\n{tables}', encoding="utf-8")
    return path


def start(feed: Path, log: Path, *options: object) -> subprocess.Popen[bytes]:
    """Start `c2c follow`; its lines are appended to `log`."""
    command = [sys.executable, "-m", "c2c_stream.cli", "follow", str(feed), *map(str, options)]
    with log.open("ab") as lines:
        return subprocess.Popen(command, stderr=lines, env=unmeasured())


@contextmanager
def following(feed: Path, log: Path, *options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run `c2c follow` for the length of the block; it must leave cleanly on SIGTERM."""
    process = start(feed, log, *options)
    try:
        while f'"pid": {process.pid},' not in log.read_text():  # before, SIGTERM just ends it
            assert process.poll() is None, log.read_text()
            Event().wait(LOOK_S)
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


def moves(records: Sequence[Record]) -> dict[str, list[tuple[str, str]]]:
    """Return (base, commit) of the records of each branch, in order."""
    found: dict[str, list[tuple[str, str]]] = {}
    for record in records:
        assert isinstance(record, Repository)
        found.setdefault(record.branch, []).append((record.base, record.revision))
    return found


def is_one_chain(put: Sequence[tuple[str, str]], git: Git, branch: str) -> bool:
    """Say whether records lead from all to the branch's head, each on from the one before it.

    A move that is lost or put twice would break the chain.
    """
    bases, commits = [base for base, _ in put], [commit for _, commit in put]
    unbroken = bases[1:] == commits[:-1] and len(set(commits)) == len(commits)
    return unbroken and commits[-1:] == [git.run("rev-parse", branch)]
