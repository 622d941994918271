"""The curator on a real Kafka: records/s and memory with its state in a file, and in a dictionary.

    python -m benchmarks.kafka_state [--keys N] [--rounds N]

All functions are new, so each record looks up a key that is not there and puts one. Both ways read
the same topic and take turns. The memory of the file's way must not grow with the keys. The last
line is a start with a warm file: it reads on, and not anew.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.kafka_rounds import (
    Round,
    cluster_node,
    files,
    fill,
    in_process,
    make_topics,
    round_of,
    serve,
)
from c2c_stream.broker import kafka_state
from c2c_stream.broker.kafka import KafkaBroker
from c2c_stream.curate.stage import Curator
from c2c_stream.engine.workers import KeyedWorker
from c2c_stream.records import Function
from c2c_stream.settings import CurateSettings, EngineSettings

MIB = 1024 * 1024
CODE_BYTES = 600
SERVICE = "curator"


class Dictionary:
    """What a StateFile does, in memory: the keys of one round's new partitions."""

    def __init__(self, _: Path | None) -> None:
        self._values: dict[str, dict[int, bytes]] = {}

    def offset(self, _: int, __: str) -> int | None:
        """See StateFile."""
        return None

    def clear(self, _: int) -> None:
        """See StateFile."""

    def put(self, puts: Iterable[tuple[int, str, bytes]], _: object = ()) -> None:
        """See StateFile."""
        for part, key, value in puts:
            self._values.setdefault(key, {})[part] = value

    def values(self, key: str) -> Mapping[int, bytes]:
        """See StateFile."""
        return self._values.get(key, {})

    def close(self) -> None:
        """See StateFile."""


def curated(cluster: Round, count: int, *, in_file: bool) -> dict[str, Any]:
    """Run the curator."""
    if not in_file:
        setattr(kafka_state, "StateFile", Dictionary)  # noqa: B010  # another shape, on purpose
    return serve(
        cluster,
        SERVICE,
        lambda broker: KeyedWorker(Curator(CurateSettings(license_policy="any")), broker.state()),
        EngineSettings(hold_lag_records=10**9),
        count=count,
    )


def restored(cluster: Round) -> float:
    """Return the seconds until a curator has its partitions again."""
    began = time.monotonic()
    broker = KafkaBroker(cluster, SERVICE)
    while not broker.assigned():
        broker.poll(0, 0.05)
    broker.close()
    return time.monotonic() - began


def functions(count: int) -> Iterator[Function]:
    """Yield functions, each with an id of its own."""
    for file in files(count, CODE_BYTES):
        yield Function(function_id=file.file_id, code=file.content.decode("ascii"))


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    found: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    with cluster_node() as servers, tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            for in_file, results in found.items():
                # A run each: the topics of the state must be empty.
                cluster = round_of(servers, f"state-{in_file}-{number}".lower(), "one")
                settings = cluster.settings.model_copy(update={"state_folder": Path(folder)})
                cluster = Round(servers, cluster.run, settings, "one")
                make_topics(cluster)
                fill(cluster, functions(options.keys))
                results.append(in_process(curated, cluster, options.keys, in_file=in_file))
                if in_file:
                    warm_s = in_process(restored, cluster)
    for in_file, results in found.items():
        rate = statistics.median(r["records"] / r["seconds"] for r in results)
        cpu = statistics.median(r["cpu_s"] * 1e6 / r["records"] for r in results)
        marks = ", ".join(f"{n:,}: {b / MIB:.0f}" for n, b in results[-1]["memory"].items())
        where = "file" if in_file else "dictionary"
        print(f"{where:<11}{rate:>8,.0f} records/s, CPU {cpu:.0f} us each; MiB at {marks}")
    print(f"a warm start with {options.keys:,} keys has its partitions after {warm_s:.1f} s")


if __name__ == "__main__":
    main()
