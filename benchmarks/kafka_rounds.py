"""What the benchmarks on Kafka share: records, a topic filled with them, timed services, CPU time.

`python -m benchmarks.kafka` and its neighbours run in the repository's root: they start a node by
the tests' recipe.
"""

import multiprocessing
import os
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, TypeVar

from confluent_kafka import Producer

from c2c_stream import metrics
from c2c_stream.broker import kafka_topics
from c2c_stream.broker.kafka import KafkaBroker
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import patiently
from c2c_stream.broker.protocol import Delivered
from c2c_stream.codec import Codec
from c2c_stream.engine.clock import SystemClock
from c2c_stream.engine.health import Health
from c2c_stream.engine.meter import Meter
from c2c_stream.engine.outbox import Settled
from c2c_stream.engine.runner import Runner
from c2c_stream.engine.workers import Worker
from c2c_stream.records import File, Record, content_hash
from c2c_stream.settings import EngineSettings, KafkaSettings
from c2c_stream.topics import key_of, topic_of
from tests.kafka import node

Answer = TypeVar("Answer")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
MARK_RECORDS = 100_000


@dataclass(frozen=True, slots=True)
class Round(Cluster):
    """A run in which each round has groups of its own, so that it reads the same topic again."""

    name: str = ""

    def group(self, service: str) -> str:
        """Return a group that no other round has."""
        return f"{self.run}-{service}-{self.name}"

    def other(self, instance: str) -> "Round":
        """Return the same round for another process."""
        settings = self.settings.model_copy(update={"instance": instance})
        return Round(self.servers, self.run, settings, self.name)


def round_of(servers: str, run: str, name: str, partitions: int = 4) -> Round:
    """Return one round at a run."""
    return Round(servers, run, KafkaSettings(instance="one", partitions=partitions), name)


@contextmanager
def cluster_node() -> Iterator[str]:
    """Run a node for the length of the block; give its address."""
    with TemporaryDirectory() as folder, node.running(Path(folder)) as address:
        yield address


def make_topics(cluster: Cluster) -> None:
    """Make the topics of a run."""
    admin = cluster.admin(lambda _: None)
    patiently(lambda: kafka_topics.create(cluster, admin), 60)
    patiently(lambda: kafka_topics.check(cluster, admin, kafka_topics.names()), 60)


def files(count: int, size: int) -> Iterator[File]:
    """Yield files of `size` bytes with their names: pieces of the standard library."""
    folder = Path(sysconfig.get_path("stdlib"))
    text = b"".join(p.read_bytes() for p in sorted(folder.glob("*.py"))[:60])
    text = text.decode("ascii", "replace").encode("ascii", "replace")
    for n in range(count):
        name = content_hash(b"%d" % n)[:32]
        start = n * 97 % (len(text) - size)
        yield File(file_id=name, content=text[start : start + size])


def fill(cluster: Cluster, records: Iterator[Record]) -> int:
    """Append records; return the bytes of their values."""
    codec, total = Codec(), 0
    producer = Producer(
        {"bootstrap.servers": cluster.servers, "partitioner": "murmur2_random", "linger.ms": 20}
    )
    for record in records:
        value = codec.encode(record)
        total += len(value)
        while True:
            try:
                producer.produce(
                    cluster.topic(topic_of(record).name), value, key_of(record).encode()
                )
            except BufferError:
                producer.poll(1.0)
            else:
                break
        producer.poll(0)
    assert producer.flush(60) == 0
    return total


class Tally(Meter):
    """A meter that knows when the first record came and how many are committed."""

    def __init__(self, stage: str) -> None:
        super().__init__(stage, Health(), SystemClock())
        self.records = self.commits = 0
        self.timeline: list[tuple[float, int]] = []
        """When each commit was done, and how many records were committed then."""
        self.memory: dict[int, int] = {}
        """Resident bytes at each whole number of MARK_RECORDS."""
        self.at = self.began = 0.0
        self.cpu = self.cpu_before = 0.0
        self._before: Mapping[str, float] = {}

    def begin(self) -> None:
        """Hear of the first record."""
        if not self.began:
            self.began, self.cpu_before = self._clock.now(), process_time()
            self._before = self._totals()

    def committed(self, settled: Sequence[Settled], seconds: float) -> None:
        """See Meter."""
        super().committed(settled, seconds)
        self.records += sum(result.delta.read for result in settled)
        self.commits += 1
        self.at, self.cpu = self._clock.now(), process_time()
        self.timeline.append((self.at, self.records))
        self.memory.setdefault(self.records // MARK_RECORDS * MARK_RECORDS, resident_bytes())

    def idle(self, seconds: float) -> bool:
        """Say whether all that came is committed, and nothing has come for a while."""
        return bool(self.at) and self._clock.now() - self.at > seconds

    def result(self) -> dict[str, Any]:
        """Return what was measured from the first record to the last commit."""
        return {
            "records": self.records,
            "seconds": self.at - self.began,
            "cpu_s": self.cpu - self.cpu_before,
            "per_commit": self.records / max(1, self.commits),
            "timeline": self.timeline,
            "memory": self.memory,
            "activities": {k: v - self._before.get(k, 0.0) for k, v in self._totals().items()},
        }

    def _totals(self) -> dict[str, float]:
        counters = {name: metrics.THREAD_SECONDS.labels(self.stage, name) for name in self._seconds}
        return {name: next(iter(c.collect())).samples[0].value for name, c in counters.items()}


class Timed(KafkaBroker):
    """A seat that tells the meter of the first records."""

    meter: Tally

    def poll(self, max_records: int, timeout_s: float) -> Sequence[Delivered]:
        """See Broker."""
        found = super().poll(max_records, timeout_s)
        if found:
            self.meter.begin()
        return found


def serve(
    cluster: Cluster,
    service: str,
    make: Callable[[Timed], Worker],
    settings: EngineSettings,
    *,
    count: int,
    codec: Codec | None = None,
    stopping: Callable[[Tally], bool] = lambda _: False,
    seat: type[Timed] = Timed,
) -> dict[str, Any]:
    """Run a service until it has committed `count` records, or is told to stop; return figures."""
    metrics.initialise(service, "benchmark")
    meter = Tally(service)
    broker = seat(cluster, service)
    broker.meter = meter
    try:
        runner = Runner(
            worker=make(broker),
            broker=broker,
            codec=codec or Codec(),
            settings=settings,
            meter=meter,
            clock=SystemClock(),
        )
        runner.run(lambda: meter.records >= count or stopping(meter))
    finally:
        broker.close()
    return meter.result()


def in_process(call: Callable[..., Answer], *arguments: object, **options: object) -> Answer:
    """Make a call in a process of its own, so that nothing is left of the one before."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(call, arguments, options)


def resident_bytes() -> int:
    """Return the memory of this process that is resident now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def node_pid() -> int:
    """Return the process of the Kafka that this process started."""
    me = os.getpid()
    children = Path(f"/proc/{me}/task/{me}/children").read_text().split()
    for child in children:
        if b"kafka.Kafka" in Path(f"/proc/{child}/cmdline").read_bytes():
            return int(child)
    raise AssertionError("no Kafka was started here")
