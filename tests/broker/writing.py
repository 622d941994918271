"""A process that commits as fast as it can: `python -m tests.broker.writing FOLDER NAME COMMITS`.

Its n-th commit holds n % 40 + 1 records, a put and a position that all tell n. It says each n.
"""

import sys
from pathlib import Path

from c2c_stream.broker.local import LocalLog
from c2c_stream.broker.protocol import Position, Produced

PADDING = b"." * 1500


def records_of(commit: int) -> int:
    """Return how many records a commit holds."""
    return commit % 40 + 1


def main(folder: str, name: str, commits: int) -> None:
    """Commit, from where the last such process came to."""
    log = LocalLog(Path(folder), "main")
    start = int(log.value_of(name, "n") or 0)
    for n in range(start + 1, start + 1 + commits):
        values = [b"%s %d %d " % (name.encode(), n, i) + PADDING for i in range(records_of(n))]
        positions = {"repos": Position(n)} if name == "ingester" else {}
        outputs = [Produced("files", b"", value) for value in values]
        log.commit(name, outputs, positions, {"n": b"%d" % n}, keep=True)
        sys.stdout.write(f"{n}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
