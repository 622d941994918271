"""The brokers that the contract is held against."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from c2c_stream.broker.kafka import KafkaBroker
from c2c_stream.broker.local import LocalBroker
from c2c_stream.broker.protocol import Broker
from c2c_stream.settings import KafkaSettings
from tests.kafka.runs import fresh_run

PATIENCE_POLLS = 600


class Seats:
    """Opens seats at one run; all of them are closed at the end."""

    def __init__(self, make: Callable[[str], Broker], stack: ExitStack) -> None:
        self._make = make
        self._stack = stack

    def open(self, service: str) -> Broker:
        """Take a service's seat; it owns its partitions."""
        broker = self._stack.enter_context(closing(self._make(service)))
        for _ in range(PATIENCE_POLLS):
            if broker.assigned():
                return broker
            assert broker.poll(0, 0.1) == []
        raise AssertionError(f"{service} was assigned nothing")


@pytest.fixture(params=["local", "classic", "consumer"])
def seats(request: pytest.FixtureRequest, run_folder: Path) -> Iterator[Seats]:
    """Return what opens brokers of one fresh run: on the local log, on Kafka by both protocols."""
    with ExitStack() as stack:
        if request.param == "local":
            yield Seats(lambda service: LocalBroker(run_folder, "main", service), stack)
        else:
            settings = KafkaSettings(group_protocol=request.param)
            cluster = fresh_run(request.getfixturevalue("kafka"), settings=settings)
            yield Seats(lambda service: KafkaBroker(cluster, service), stack)
