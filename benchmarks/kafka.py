"""Records/s of a pass-through stage on a real Kafka, against the bare consume-produce loop.

    python -m benchmarks.kafka [--records N] [--rounds N] [--batch N] [--profile]

Each round runs, in turn and each in a process of its own: the engine (PureWorker, files in,
functions out), the engine with the codec replaced by one that does nothing, and the bare
transactional loop of confluent-kafka with the same properties and as many records in a transaction
as the engine had. All read the same topic. Printed are medians, and where the broker thread's time
goes. Kafka itself runs on the same cores: its CPU time stands beside.
"""

import argparse
import cProfile
import pstats
import statistics
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.kafka_rounds import (
    Round,
    cluster_node,
    cpu_seconds,
    files,
    fill,
    in_process,
    make_topics,
    node_pid,
    round_of,
    serve,
)
from c2c_stream.codec import Codec
from c2c_stream.engine.stage import Outcome
from c2c_stream.engine.workers import PureWorker
from c2c_stream.records import File, Function, Record
from c2c_stream.settings import EngineSettings

SIZES = (600, 1500)
SERVICE = "collector"
WAYS = ("engine", "engine, no codec", "bare loop")


class Passing:
    """A PureStage that makes one function of each file."""

    def start(self) -> None:
        """Nothing to build."""

    def stop(self) -> None:
        """Nothing to release."""

    def process(self, records: Sequence[File]) -> Sequence[Outcome]:
        """See PureStage."""
        return [
            Outcome((Function(function_id=r.file_id, code=r.content.decode("ascii")),))
            for r in records
        ]


class NoCodec(Codec):
    """Bytes in, the same bytes out."""

    def decode(self, value: bytes, where: object = "value") -> Record:  # noqa: ARG002  # as Codec
        """See Codec."""
        return File(content=value)

    def encode(self, record: Record) -> bytes:
        """See Codec."""
        assert isinstance(record, Function)
        return record.code.encode("latin-1")


class NoCodecPassing(Passing):
    """The same for bytes that nobody decoded."""

    def process(self, records: Sequence[File]) -> Sequence[Outcome]:
        """See PureStage."""
        return [Outcome((Function(code=r.content.decode("latin-1")),)) for r in records]


def engine(cluster: Round, count: int, batch: int, *, codec: bool, profile: bool) -> dict[str, Any]:
    """Run the engine."""
    settings = EngineSettings(flush_records=batch, hold_lag_records=10**9)
    profiler = cProfile.Profile(time.thread_time)
    if profile:
        profiler.enable()
    stage = Passing() if codec else NoCodecPassing()
    result = serve(
        cluster,
        SERVICE,
        lambda _: PureWorker(stage),
        settings,
        count=count,
        codec=Codec() if codec else NoCodec(),
    )
    if profile:
        profiler.disable()
        pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
    return result


def bare(cluster: Round, count: int, batch: int) -> dict[str, Any]:
    """Consume, produce the same bytes, commit the positions: nothing else."""
    consumer = cluster.consumer(SERVICE, lambda _: None)
    producer = cluster.producer(SERVICE, lambda _: None)
    producer.init_transactions(30)
    topic = cluster.topic("functions")
    consumer.subscribe([cluster.topic("files")], on_assign=_from_the_beginning)
    done = commits = 0
    began = cpu = 0.0
    while done < count:
        messages = [m for m in consumer.consume(batch, 0.05) if m.error() is None]
        if not messages:
            continue
        if not began:
            began, cpu = time.monotonic(), time.process_time()
        producer.begin_transaction()
        for message in messages:
            producer.produce(topic, message.value(), message.key())
        producer.send_offsets_to_transaction(
            consumer.position(consumer.assignment()), consumer.consumer_group_metadata()
        )
        producer.commit_transaction()
        done += len(messages)
        commits += 1
    seconds, spent = time.monotonic() - began, time.process_time() - cpu
    consumer.close()
    return {"records": done, "seconds": seconds, "cpu_s": spent, "per_commit": done / commits}


def _from_the_beginning(consumer: Any, partitions: list[Any]) -> None:
    for at in partitions:
        at.offset = 0
    consumer.incremental_assign(partitions)


def one_round(
    cluster: Round, name: str, count: int, batch: int, *, profile: bool
) -> dict[str, Any]:
    """Measure one way once."""
    before = cpu_seconds(node_pid())
    call = engine if name != "bare loop" else bare
    options = {} if call is bare else {"codec": name == "engine", "profile": profile}
    result = in_process(call, cluster, count, batch, **options)
    result["kafka_s"] = cpu_seconds(node_pid()) - before
    result["rate"] = result["records"] / result["seconds"]
    return result


def compare(servers: str, size: int, options: argparse.Namespace) -> None:
    """Print the table for one size of records."""
    run = f"size{size}"
    first = round_of(servers, run, "fill")
    make_topics(first)
    fill(first, files(options.records, size))
    rounds: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for number in range(options.rounds):
        batch = options.batch
        for way in WAYS:
            cluster = round_of(servers, run, f"{WAYS.index(way)}-{number}")
            if way == "bare loop":
                batch = round(rounds["engine"][-1]["per_commit"])
            found = one_round(cluster, way, options.records, batch, profile=options.profile)
            rounds[way].append(found)
    _print_table(size, rounds)


def _print_table(size: int, rounds: dict[str, list[dict[str, Any]]]) -> None:
    def median(way: str, of: str) -> float:
        return float(statistics.median(found[of] for found in rounds[way]))

    print(f"\nrecords of {size} B: medians of {len(rounds['engine'])} rounds")
    print(f"{'':<18}{'records/s':>10}{'of bare':>9}{'a commit':>10}{'CPU us':>8}{'Kafka us':>9}")
    for way, found in rounds.items():
        each = 1e6 / found[0]["records"]
        ratio = median(way, "rate") / median("bare loop", "rate")
        print(
            f"{way:<18}{median(way, 'rate'):>10,.0f}{ratio:>9.2f}{median(way, 'per_commit'):>10.0f}"
            f"{median(way, 'cpu_s') * each:>8.1f}{median(way, 'kafka_s') * each:>9.1f}"
        )
    print("broker thread, us a record:")
    for way in WAYS[:2]:
        found = rounds[way]
        shares = {
            name: statistics.median(f["activities"][name] * 1e6 / f["records"] for f in found)
            for name in found[0]["activities"]
        }
        print(f"{way:<18}" + "  ".join(f"{k} {v:.1f}" for k, v in shares.items()))


def main() -> None:
    """Print a table for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=500, help="flush_records of the engine")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--profile", action="store_true", help="print the broker thread's profile")
    options = parser.parse_args()
    with cluster_node() as servers:
        for size in options.sizes:
            compare(servers, size, options)


if __name__ == "__main__":
    main()
