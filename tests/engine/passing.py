"""A service process: `python -m tests.engine.passing FOLDER SERVICE`.

The collector passes files through, the ingester makes a repository's files. Ends by SIGTERM only.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from c2c_stream.broker.local import LocalBroker
from c2c_stream.engine.clock import SystemClock
from c2c_stream.engine.health import Health
from c2c_stream.engine.meter import Meter
from c2c_stream.engine.runner import Runner
from c2c_stream.engine.workers import AsyncWorker, PureWorker, SourceWorker, Worker
from c2c_stream.settings import EngineSettings
from tests.engine.make import CODEC
from tests.engine.stages import Async, Chunks, Pure

# Many small commits, so that a kill often meets one.
SETTINGS = EngineSettings(flush_age_s=0.005, flush_records=20, window_records=50)
WORKERS: dict[str, Callable[[], Worker]] = {
    "pure": lambda: PureWorker(Pure()),
    "async": lambda: AsyncWorker(Async(), 60.0),
    "source": lambda: SourceWorker(Chunks()),
}


def main(folder: str, service: str, shape: str) -> None:
    """Serve until killed."""
    broker = LocalBroker(Path(folder), "main", service, keep=True)
    clock = SystemClock()
    runner = Runner(
        worker=WORKERS[shape](),
        broker=broker,
        codec=CODEC,
        settings=SETTINGS,
        meter=Meter(service, Health(), clock),
        clock=clock,
    )
    runner.run(lambda: False)


if __name__ == "__main__":
    main(*sys.argv[1:4])
