"""A service on a thread, driven by the real runner over a real broker."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from c2c_stream import metrics
from c2c_stream.broker.local import LocalBroker, LocalLog
from c2c_stream.broker.protocol import Broker, Position, Produced
from c2c_stream.codec import Codec
from c2c_stream.engine.books import Books, from_metadata
from c2c_stream.engine.clock import SystemClock
from c2c_stream.engine.health import Health
from c2c_stream.engine.meter import Meter
from c2c_stream.engine.runner import Runner
from c2c_stream.engine.workers import Worker
from c2c_stream.records import Record
from c2c_stream.settings import EngineSettings
from c2c_stream.topics import key_of, topic_of
from tests.engine.make import CODEC

PATIENCE_S = 60.0
FAST = {"flush_age_s": 0.01, "retry_base_s": 0.01}


def eventually(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until a condition holds."""
    tick = threading.Event()
    deadline = SystemClock().now() + patience_s
    while not condition():
        assert SystemClock().now() < deadline, "it did not come to pass"
        tick.wait(0.005)


class Run:
    """One run on the local log, from outside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = LocalLog(folder, "main")

    def seat(self, service: str) -> Broker:
        """Take a service's seat."""
        return LocalBroker(self.folder, "main", service, keep=True)

    def feed(self, *records: Record) -> None:
        """Append records."""
        self.append(
            *(Produced(topic_of(r).name, key_of(r).encode(), CODEC.encode(r)) for r in records)
        )

    def append(self, *produced: Produced) -> None:
        """Append bytes."""
        self.log.commit("cli", produced, {}, {}, keep=True)

    def consume(self, service: str, topic: str, offset: int) -> None:
        """Say that a service has read a topic up to an offset."""
        self.log.commit(service, [], {topic: Position(offset)}, {}, keep=True)

    def records(self, topic: str) -> list[Any]:
        """Return all records of a topic."""
        found = self.log.read(topic, 0, 10**6)
        while found and (more := self.log.read(topic, found[-1].offset + 1, 10**6)):
            found += more
        return [CODEC.decode(record.value) for record in found]

    def position(self, topic: str) -> Position:
        """Return the committed position of the topic's consumer."""
        return next(at.position for at in self.log.positions() if at.topic == topic)

    def end(self, topic: str) -> int:
        """Return the offset that comes next."""
        return next(at.end for at in self.log.positions() if at.topic == topic)

    def books(self, topic: str) -> Books:
        """Return the books of the topic's consumer."""
        return from_metadata(self.position(topic).metadata, topic)

    def has_read(self, topic: str) -> bool:
        """Say whether everything on a topic is committed by its consumer."""
        return self.position(topic).offset == self.end(topic)


class Seats(Protocol):
    """A run that a service can take part in."""

    def seat(self, service: str) -> Broker:
        """Take a service's seat."""
        ...


class Service:
    """One service at work."""

    def __init__(
        self,
        run: Seats,
        name: str,
        make: Callable[[Broker], Worker],
        settings: EngineSettings,
        codec: Codec = CODEC,
    ) -> None:
        self.health = Health()
        self.error: BaseException | None = None
        self.broker: Any = None  # until its thread has opened it
        self._run = run
        self._name = name
        self._make = make
        self._settings = settings
        self._codec = codec
        self._stopping = threading.Event()
        self._todo: list[Callable[[Any], None]] = []
        self.thread = threading.Thread(target=self._main, name=name)

    def stop(self) -> None:
        """Send it what SIGTERM sends and wait for its end."""
        self._stopping.set()
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()

    def on_broker(self, what: Callable[[Any], None]) -> None:
        """Do something on the thread that owns the broker, and wait for it."""
        done = threading.Event()

        def told(broker: Broker) -> None:
            what(broker)
            done.set()

        self._todo.append(told)
        assert done.wait(PATIENCE_S)

    def ticks(self, count: int) -> None:
        """Wait until the runner's loop has gone round that many times."""
        for _ in range(count):
            self.on_broker(lambda _: None)

    def ends(self) -> None:
        """Wait until the service has ended by itself."""
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()

    def _main(self) -> None:
        metrics.initialise(self._name, "test")
        clock = SystemClock()
        try:
            with closing(self._run.seat(self._name)) as broker:
                self.broker = broker
                runner = Runner(
                    worker=self._make(broker),
                    broker=broker,
                    codec=self._codec,
                    settings=self._settings,
                    meter=Meter(self._name, self.health, clock),
                    clock=clock,
                )
                runner.run(self._stopped)
        except BaseException as error:  # noqa: BLE001  # the test looks at it
            self.error = error

    def _stopped(self) -> bool:
        while self._todo:
            self._todo.pop(0)(self.broker)
        return self._stopping.is_set()


@contextmanager
def serving(
    run: Seats,
    name: str,
    make: Callable[[Broker], Worker],
    codec: Codec = CODEC,
    /,
    **settings: Any,
) -> Iterator[Service]:
    """Run a service for the length of the block; what stopped it by itself is raised after it."""
    service = Service(run, name, make, EngineSettings(**(FAST | settings)), codec)
    service.thread.start()
    try:
        yield service
    finally:
        service.stop()
    if service.error:
        raise service.error


def ids(records: Sequence[Any], field: str = "function_id") -> list[str]:
    """Return one field of all records."""
    return [getattr(record, field) for record in records]
