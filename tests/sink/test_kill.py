"""The sink as a service on the local log, killed at any moment: the dataset is the same."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from c2c_stream.broker.local import LocalBroker
from c2c_stream.broker.local_log import LocalLog
from c2c_stream.broker.protocol import Produced
from c2c_stream.codec import Codec
from c2c_stream.records import Record
from c2c_stream.topics import key_of, topic_of
from tests.processes import unmeasured
from tests.sink.make import dead_letter, rejection, sample, stored

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE = """
import sys
from pathlib import Path
from c2c_stream.broker.local import LocalBroker
from c2c_stream.codec import Codec
from c2c_stream.engine.clock import SystemClock
from c2c_stream.engine.health import Health
from c2c_stream.engine.meter import Meter
from c2c_stream.engine.runner import Runner
from c2c_stream.engine.workers import AsyncWorker
from c2c_stream.settings import EngineSettings, SinkSettings
from c2c_stream.sink.stage import Sink

out, clock = Path(sys.argv[1]), SystemClock()
Runner(
    worker=AsyncWorker(Sink(out, SinkSettings(shard_rows=40)), 300),
    broker=LocalBroker(out / ".c2c", "main", "sink"),
    codec=Codec(),
    settings=EngineSettings(flush_age_s=0.01),
    meter=Meter("sink", Health(), clock),
    clock=clock,
).run(lambda: False)
"""
RECORDS: list[Record] = [
    make(number) for number in range(300) for make in (sample, rejection, dead_letter)
]


@contextmanager
def service(out: Path) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen([sys.executable, "-c", SERVICE, str(out)], env=unmeasured())
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)


def producer_of(out: Path) -> LocalBroker:
    log = LocalLog(out / ".c2c", "main")
    log.create()
    log.close()
    return LocalBroker(out / ".c2c", "main", "formatter", keep=True)


def produce(producer: LocalBroker, records: Sequence[Record]) -> None:
    codec = Codec()
    outputs = [Produced(topic_of(r).name, key_of(r).encode(), codec.encode(r)) for r in records]
    producer.commit(outputs, {}, {})


def drain(out: Path, producer: LocalBroker) -> None:
    """Run the service until it has committed everything."""
    topics = ("samples", "rejections", "dead-letters")
    with service(out) as process:
        deadline = time.monotonic() + 60
        while any(producer.lag_of("sink", topic) for topic in topics):
            lives(process, 0.02)
            assert time.monotonic() < deadline


def lives(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Wait, and fail if the service ends by itself meanwhile."""
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(seconds)


def dataset(out: Path) -> dict[str, bytes]:
    return {
        name: data
        for name, data in stored(out).items()
        if name.startswith(("data/", "audit/", ".c2c/sink/", "README.md"))
    }


def test_a_sink_killed_at_any_moment_writes_the_same_dataset(tmp_path: Path) -> None:
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    producer = producer_of(calm)
    produce(producer, RECORDS)
    drain(calm, producer)
    producer.close()

    rng = random.Random(7)
    producer = producer_of(killed)
    for first in range(0, len(RECORDS), 75):
        produce(producer, RECORDS[first : first + 75])
        with service(killed) as process:
            moment = time.monotonic() + rng.uniform(0.6, 2.0)
            while time.monotonic() < moment and process.poll() is None:
                time.sleep(0.005)
    drain(killed, producer)
    producer.close()

    expected = dataset(calm)
    assert sum(name.startswith("data/train-") for name in expected) == 8
    found = dataset(killed)
    assert sorted(found) == sorted(expected)
    assert found == expected
