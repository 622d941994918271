"""How the manifests in k8s/ run the chain: what its settings and its scaling agree on."""

from dataclasses import dataclass
from typing import Final

from c2c_stream.topics import consumed_by

RUN: Final = "main"
NAMESPACE: Final = "c2c"
PARTITIONS: Final = 12
REPLICATION: Final = 3
RETENTION_HOURS: Final = 168
# The cluster that components/strimzi makes, and the user of KEDA's own operator there, which looks
# names up from a namespace of its own.
KAFKA: Final = "c2c"
BOOTSTRAP: Final = f"{KAFKA}-kafka-bootstrap.{NAMESPACE}.svc:9093"
SCALER: Final = "keda"
PROMETHEUS: Final = "http://prometheus-operated.monitoring:9090"


@dataclass(frozen=True, slots=True)
class Scaling:
    """How many pods a stage gets: one for so many waiting records, within bounds."""

    records: int
    least: int
    most: int = PARTITIONS


# The sink is not here: its pods share one volume, and one keeps up with all the others.
SCALING: Final = {
    "ingester": Scaling(records=4, least=0, most=4),
    "collector": Scaling(records=2_000, least=0),
    "curator": Scaling(records=20_000, least=1, most=3),
    # Capped: it fills the queue of the model server, which scales by that queue alone.
    "writer": Scaling(records=500, least=0, most=4),
    "executor": Scaling(records=500, least=0),
    "formatter": Scaling(records=5_000, least=0, most=3),
}


def group_of(service: str) -> str:
    """Return a service's consumer group."""
    return f"{RUN}-{service}"


def topics_of(service: str) -> tuple[str, ...]:
    """Return the names on Kafka of the topics that a service consumes."""
    return tuple(f"{RUN}.{topic.name}" for topic in consumed_by(service))
