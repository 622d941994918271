"""Resident memory of one service over a million records of 600 B on a real Kafka.

    python -m benchmarks.kafka_memory [--records N]

The topic is filled while the service reads it. Memory is flat if what the service holds at the end
is what it held after the first tenth.
"""

import argparse
import threading
from typing import Any

from benchmarks.kafka import SERVICE, Passing
from benchmarks.kafka_rounds import (
    MARK_RECORDS,
    Round,
    cluster_node,
    files,
    fill,
    in_process,
    make_topics,
    round_of,
    serve,
)
from c2c_stream.engine.workers import PureWorker
from c2c_stream.settings import EngineSettings

RECORD_BYTES = 600
MIB = 1024 * 1024


def served(cluster: Round, count: int) -> dict[str, Any]:
    """Run the service."""
    settings = EngineSettings(hold_lag_records=10**9)
    return serve(cluster, SERVICE, lambda _: PureWorker(Passing()), settings, count=count)


def main() -> None:
    """Print the memory at each mark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    options = parser.parse_args()
    with cluster_node() as servers:
        cluster = round_of(servers, "memory", "one")
        make_topics(cluster)
        records = files(options.records, RECORD_BYTES)
        filling = threading.Thread(target=fill, args=(cluster, records))
        filling.start()
        found = in_process(served, cluster, options.records)
        filling.join()
    memory = found["memory"]
    first = memory[MARK_RECORDS]
    for records_then, held in memory.items():
        print(f"{records_then:>9,} records {held / MIB:>7.1f} MiB  {held / first:.2f}")
    print(
        f"{found['records']:,} records in {found['seconds']:.0f} s, {found['cpu_s']:.0f} s of CPU"
    )


if __name__ == "__main__":
    main()
