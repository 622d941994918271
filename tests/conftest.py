"""What all tests share: how hypothesis works here, and a fresh run on the local log."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from c2c_stream.broker.local import LocalLog
from tests.kafka import node, secured

# The machine may be busy: how long an example takes says nothing.
settings.register_profile("c2c", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("c2c")


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """Return the folder of a local log in which the run `main` has its topics."""
    folder = tmp_path / "log"
    log = LocalLog(folder, "main")
    log.create()
    log.close()
    return folder


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a real Kafka, started once a test process that asks for it."""
    with node.running(tmp_path_factory.mktemp("kafka")) as address:
        yield address


@pytest.fixture(scope="session")
def secured_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[secured.Secured]:
    """Return a real Kafka that asks who one is and lets nobody do what was not granted."""
    with secured.running(tmp_path_factory.mktemp("secured")) as found:
        yield found
