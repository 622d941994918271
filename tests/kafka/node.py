"""A real Apache Kafka for tests: one node, broker and controller at once, on loopback.

Never kill it: a combined node that dies just after a commit may lose the transaction's marker.
"""

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests import maven
from tests.processes import ROOT
from tests.require import require_command
from tests.sockets import free_ports

JARS = ROOT / "build" / "kafka"
JVM = ("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
READY_S = 180.0
CLUSTER_ID = "c2cTestClusterAAAAAAAA"
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=6000
group.consumer.min.heartbeat.interval.ms=200
group.consumer.heartbeat.interval.ms=300
num.network.threads=1
num.io.threads=2
background.threads=1
log.cleaner.enable=false
"""


@contextmanager
def running(
    folder: Path, more: str = "", formatting: Sequence[str] = (), **client: str
) -> Iterator[str]:
    """Run a node whose data is in `folder`; give its address HOST:PORT.

    `more` properties win over those above; `client` is what reaches it then.
    """
    require_command("java")
    port, controller, other = free_ports(3)
    properties = folder / "server.properties"
    properties.write_text(
        (PROPERTIES + more).format(port=port, controller=controller, other=other, folder=folder),
        encoding="utf-8",
    )
    java = ["java", *JVM, "-cp", f"{jars()}/*"]
    with (folder / "server.log").open("wb") as log:
        # Neither outlives the tests, whatever ends them.
        tied = ["setpriv", "--pdeathsig", "KILL", *java]
        storage = [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID]
        subprocess.run(
            [*storage, "-c", properties, *formatting], check=True, stdout=log, stderr=log
        )
        node = subprocess.Popen([*tied, "kafka.Kafka", properties], stdout=log, stderr=log)
        try:
            _await(f"127.0.0.1:{port}", folder / "server.log", client)
            yield f"127.0.0.1:{port}"
        finally:
            node.send_signal(signal.SIGTERM)
            try:
                node.wait(20)
            except subprocess.TimeoutExpired:
                node.kill()
                node.wait()


def jars() -> Path:
    """Return the folder with Kafka's jars, fetched once a checkout."""
    maven.fetch(JARS, ["dependency:copy-dependencies"], "Kafka's jars")
    return JARS


def _await(address: str, log: Path, client: Mapping[str, str]) -> None:
    """Wait until the node answers."""
    admin = AdminClient({"bootstrap.servers": address, "log_level": 0, **client})
    try:
        admin.list_topics(timeout=READY_S)
    except KafkaException as error:
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise AssertionError(f"the node did not start ({error}):\n{tail}") from error
