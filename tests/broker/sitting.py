"""A process that takes a seat: `python -m tests.broker.sitting FOLDER SERVICE [MOST_BYTES]`.

Without a bound it stays; with one no file of its may grow past it, and it says how commits end.
"""

import resource
import sys
from pathlib import Path

from c2c_stream.broker.local import LocalBroker
from c2c_stream.broker.protocol import Position, Produced
from c2c_stream.errors import C2CError


def say(word: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main(folder: str, service: str, most_bytes: int) -> None:
    """Take the seat."""
    broker = LocalBroker(Path(folder), "main", service)
    say("seated")
    if not most_bytes:
        sys.stdin.read()
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    for _ in range(2):
        try:
            broker.commit(
                [Produced("functions", b"", b"x" * 100_000)] * 20, {("files", 0): Position(1)}, {}
            )
        except C2CError as error:
            say(type(error).__name__)
    broker.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0)
