"""A repository of 100,000 files on a real Kafka: memory, transactions, and kills in its middle.

    python -m benchmarks.large_repository [FILES]

The files are modules of the standard library, each many times over, every copy distinct. Memory is
flat if the peak at 100,000 files is near that at a tenth of them. A kill is SIGKILL, at a random
point of the way; afterwards the topic must hold every file, and each once.
"""

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from c2c_stream.ingest.stage import check_source
from tests.kafka.large import (
    arrived,
    ingesting,
    killed_on_the_way,
    make_repository,
    paths_of,
    peak_bytes,
)
from tests.kafka.node import running
from tests.kafka.runs import Outside, fresh_run

KILLS = 8
SEED = 10
MIB = 1024 * 1024
LOOK_S = 0.02


@dataclass(frozen=True)
class Row:
    """What one repository took."""

    files: int
    kills: int
    seconds: float
    peak_bytes: int
    transactions: int
    largest_bytes: int
    missing: int
    repeated: int


def main(files: int) -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as address:
        root = Path(folder)
        small = make_repository(root / "small", files // 10)
        large = make_repository(root / "large", files)
        rows = [
            flow(address, small, root / "out-small", 0),
            flow(address, large, root / "out-large", 0),
            flow(address, large, root / "out-killed", KILLS),
        ]
    print(f"{'files':>9}{'kills':>7}{'s':>8}{'peak MiB':>10}{'transactions':>14}", end="")
    print(f"{'largest MiB':>13}{'missing':>9}{'repeated':>10}")
    for row in rows:
        print(
            f"{row.files:>9,}{row.kills:>7}{row.seconds:>8.1f}{row.peak_bytes / MIB:>10.0f}", end=""
        )
        print(f"{row.transactions:>14,}{row.largest_bytes / MIB:>13.2f}", end="")
        print(f"{row.missing:>9}{row.repeated:>10}")
    ratio = rows[1].peak_bytes / rows[0].peak_bytes
    print(f"peak memory at {rows[1].files:,} files : at {rows[0].files:,} = {ratio:.2f}")
    assert all(not row.missing and not row.repeated for row in rows)
    assert max(row.largest_bytes for row in rows) <= 4 * MIB


def flow(address: str, repository: Path, out: Path, kills: int) -> Row:
    """Let one repository flow through the ingester."""
    run = Outside(fresh_run(address, partitions=1))
    run.feed(check_source(str(repository)))
    expected = paths_of(repository)
    began = time.monotonic()
    on_the_way = killed_on_the_way(run, out, expected.total(), kills, Random(SEED))
    with ingesting(run.cluster, out) as process:
        peak = 0
        while not run.has_read("ingester", "repos"):
            peak = max(peak, peak_bytes(process))
            time.sleep(LOOK_S)
    seconds = time.monotonic() - began
    found = arrived(run.cluster)
    return Row(
        files=expected.total(),
        kills=on_the_way,
        seconds=seconds,
        peak_bytes=peak,
        transactions=len(found.transactions),
        largest_bytes=max(found.transactions),
        missing=(expected - found.paths).total(),
        repeated=(found.paths - expected).total(),
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
