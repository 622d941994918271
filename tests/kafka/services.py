"""Services on a real Kafka as processes of their own, which tests kill."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from c2c_stream.broker.kafka_client import Cluster
from tests.processes import lines, start


def serve(cluster: Cluster, instance: str, shape: str) -> subprocess.Popen[str]:
    """Start one process of the service that has this shape in tests/kafka/passing.py."""
    where = (cluster.servers, cluster.run, instance, shape)
    folder = cluster.settings.state_folder
    return start("tests.kafka.passing", *where, *([folder] if folder else []))


@contextmanager
def serving(cluster: Cluster, *instances: str, shape: str) -> Iterator[None]:
    """Run processes of one service for the length of the block."""
    processes = [serve(cluster, instance, shape) for instance in instances]
    try:
        for process in processes:
            assert lines(process, 1), "it ended before it owned anything"
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.communicate()
