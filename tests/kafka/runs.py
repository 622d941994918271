"""Fresh runs on the Kafka of the tests."""

from collections.abc import Mapping
from itertools import count

from c2c_stream.broker import kafka_topics
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.settings import KafkaSettings

_NUMBERS = count(1)
# A member that is killed leaves the group after this.
QUICK: Mapping[str, str] = {"session.timeout.ms": "2000", "heartbeat.interval.ms": "300"}


def fresh_run(address: str, partitions: int = 1, instance: str = "one") -> Cluster:
    """Return a run whose topics have just been made."""
    settings = KafkaSettings(instance=instance, partitions=partitions, properties=dict(QUICK))
    cluster = Cluster(address, f"t{next(_NUMBERS)}", settings)
    made = kafka_topics.create(cluster, cluster.admin(lambda _: None))
    assert len(made) == len(kafka_topics.names())
    return cluster


def other_instance(cluster: Cluster, instance: str) -> Cluster:
    """Return the same run for another process."""
    settings = cluster.settings.model_copy(update={"instance": instance})
    return Cluster(cluster.servers, cluster.run, settings)
