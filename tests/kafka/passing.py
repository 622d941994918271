"""A service process on Kafka: `python -m tests.kafka.passing ADDRESS RUN INSTANCE SHAPE [FOLDER]`.

The shapes are those of tests/engine/passing.py: the ingester for `source`, else the collector; and
`keyed`, the curator, with its state in FOLDER. How Kafka is reached stands in the environment. Ends
by SIGTERM, or by being killed. Says how many partitions it is given.
"""

import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from c2c_stream.broker.kafka import KafkaBroker
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.protocol import Partition, Position
from c2c_stream.engine.clock import SystemClock
from c2c_stream.engine.health import Health
from c2c_stream.engine.meter import Meter
from c2c_stream.engine.runner import Runner
from c2c_stream.engine.workers import KeyedWorker
from c2c_stream.settings import EngineSettings, load_settings
from tests.engine.make import CODEC
from tests.engine.passing import WORKERS
from tests.engine.stages import Keyed
from tests.kafka.runs import quick

# Many small commits, so that a kill or a rebalance often meets one.
SETTINGS = EngineSettings(
    flush_age_s=0.02, flush_records=50, window_records=200, hold_lag_records=10**9
)


class Saying(Runner):
    """A runner that says what it is given."""

    def assigned(self, positions: Mapping[Partition, Position]) -> None:
        super().assigned(positions)
        sys.stdout.write(f"{len(positions)}\n")
        sys.stdout.flush()


SERVICES = {"source": "ingester", "keyed": "curator"}


def main(address: str, run: str, instance: str, shape: str, folder: str | None = None) -> None:
    """Serve until told to stop."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    service = SERVICES.get(shape, "collector")
    placed = {"instance": instance, "state_folder": Path(folder) if folder else None}
    settings = quick(load_settings().kafka.model_copy(update=placed))
    broker = KafkaBroker(Cluster(address, run, settings), service)
    clock = SystemClock()
    runner = Saying(
        worker=KeyedWorker(Keyed(), broker.state()) if shape == "keyed" else WORKERS[shape](),
        broker=broker,
        codec=CODEC,
        settings=SETTINGS,
        meter=Meter(service, Health(), clock),
        clock=clock,
    )
    try:
        runner.run(lambda: bool(stopping))
    finally:
        broker.close()


if __name__ == "__main__":
    main(*sys.argv[1:6])
