"""Real brokers that may be killed, stopped and started again: a controller of its own, and N nodes.

The controller is never killed: a node that is broker and controller at once may, killed just after
a commit, lose the mark of a transaction, and its readers wait for ever.
"""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedWriter
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.kafka.node import CLUSTER_ID, JVM, jars
from tests.require import require_command
from tests.sockets import free_ports

CONTROLLER: Final = 100
READY_S: Final = 120.0
STOP_S: Final = 20.0
LOOK_S: Final = 0.1
COMMON: Final = """
node.id={number}
controller.quorum.voters={controller_id}@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
num.network.threads=1
num.io.threads=2
background.threads=1
log.cleaner.enable=false
"""
CONTROLLER_ONLY: Final = """
process.roles=controller
listeners=CONTROLLER://127.0.0.1:{controller}
"""
BROKER_ONLY: Final = """
process.roles=broker
listeners=PLAINTEXT://127.0.0.1:{port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
auto.create.topics.enable=false
default.replication.factor={replication}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={replication}
offsets.topic.num.partitions=3
transaction.state.log.replication.factor={replication}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=3
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
share.coordinator.state.topic.replication.factor={replication}
share.coordinator.state.topic.min.isr={in_sync}
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""


@dataclass(slots=True)
class Node:
    """One process of the cluster."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def format(self, properties: str) -> subprocess.Popen[bytes]:
        """Make its folder; wait for the process that is returned."""
        self.folder.mkdir(parents=True)
        text = f"{properties}log.dirs={self.folder}/data\n"
        self._properties.write_text(text, encoding="utf-8")
        tool = ("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c")
        with self.log() as log:
            command = [*_java(), *tool, str(self._properties)]
            return subprocess.Popen(command, stdout=log, stderr=log)

    def start(self) -> None:
        """Start its process, which dies with ours."""
        command = ["setpriv", "--pdeathsig", "KILL", *_java(), "kafka.Kafka", str(self._properties)]
        with self.log() as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def signal(self, number: int) -> None:
        """Send a signal; after SIGKILL it is gone."""
        if self.process:
            self.process.send_signal(number)
        if self.process and number == signal.SIGKILL:
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """Let it leave; what does not is killed."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def log(self) -> BufferedWriter:
        """Open its log."""
        return (self.folder / "server.log").open("ab")

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"


@dataclass(slots=True)
class Brokers:
    """The brokers of a cluster, by number from 0."""

    nodes: list[Node]
    addresses: list[str]
    _admin: AdminClient = field(init=False)

    def __post_init__(self) -> None:
        self._admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})

    @property
    def address(self) -> str:
        """Return HOST:PORT,... of all of them."""
        return ",".join(self.addresses)

    def kill(self, number: int) -> None:
        """End a broker as a power cut does."""
        self.nodes[number].signal(signal.SIGKILL)

    def start(self, number: int) -> None:
        """Start a broker that was killed."""
        self.nodes[number].start()

    def in_sync(self) -> bool:
        """Say whether every broker is there and has all that it should."""
        try:
            found = self._admin.list_topics(timeout=2.0)
        except KafkaException:
            return False
        parts = [p for topic in found.topics.values() for p in topic.partitions.values()]
        whole = all(p.leader >= 0 and set(p.isrs) == set(p.replicas) for p in parts)
        return whole and len(found.brokers) == len(self.nodes)

    def await_in_sync(self, *, wanted: bool = True) -> None:
        """Wait until every broker is there and has all that it should; or is known not to be."""
        deadline = time.monotonic() + READY_S
        while self.in_sync() is not wanted:
            assert time.monotonic() < deadline, f"not in sync; logs: {self.nodes[0].folder.parent}"
            time.sleep(LOOK_S)


@contextmanager
def running(folder: Path, count: int) -> Iterator[Brokers]:
    """Run a cluster of `count` brokers whose data is in `folder`."""
    require_command("java")
    require_command("setpriv")
    controller_port, *ports = free_ports(1 + count)
    controller = Node(folder / "controller")
    brokers = [Node(folder / f"broker-{number}") for number in range(count)]
    wanted = {"replication": count, "in_sync": max(1, count - 1)}
    formatting = [controller.format(_filled(CONTROLLER_ONLY, controller_port, CONTROLLER))]
    for number, (node, port) in enumerate(zip(brokers, ports, strict=True)):
        text = _filled(BROKER_ONLY, controller_port, number, port=port, **wanted)
        formatting.append(node.format(text))
    assert not any(process.wait(READY_S) for process in formatting), f"logs: {folder}"
    try:
        for node in (controller, *brokers):
            node.start()
        cluster = Brokers(brokers, [f"127.0.0.1:{port}" for port in ports])
        cluster.await_in_sync()
        yield cluster
    finally:
        for node in (*brokers, controller):
            node.stop()


def _filled(text: str, controller: int, number: int, **more: int) -> str:
    return (COMMON + text).format(
        number=number, controller_id=CONTROLLER, controller=controller, **more
    )


def _java() -> list[str]:
    return ["java", *JVM, "-cp", f"{jars()}/*"]
