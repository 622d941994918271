"""The brokers that the contract is held against."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from c2c_stream.broker.local import LocalBroker
from c2c_stream.broker.protocol import Broker


class LocalSeats:
    """Opens seats at one local log; all of them are closed at the end."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack

    def open(self, service: str) -> Broker:
        """Take a service's seat."""
        return self._stack.enter_context(closing(LocalBroker(self._folder, "main", service)))


@pytest.fixture(params=["local"])
def seats(run_folder: Path) -> Iterator[LocalSeats]:
    """Return what opens brokers of one fresh run."""
    with ExitStack() as stack:
        yield LocalSeats(run_folder, stack)
