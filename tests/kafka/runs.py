"""Fresh runs on the Kafka of the tests."""

from collections.abc import Mapping
from itertools import count

from confluent_kafka import OFFSET_BEGINNING

from c2c_stream.broker import kafka_reader, kafka_topics
from c2c_stream.broker.kafka import KafkaBroker
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import patiently
from c2c_stream.broker.kafka_groups import Groups
from c2c_stream.broker.protocol import Partition, Position, Produced
from c2c_stream.engine.books import Books, from_metadata, total
from c2c_stream.records import Record
from c2c_stream.settings import KafkaSettings
from c2c_stream.topics import key_of, topic_of
from tests.engine.make import CODEC

_NUMBERS = count(1)
# A member that is killed leaves the group after this.
QUICK: Mapping[str, str] = {"session.timeout.ms": "2000", "heartbeat.interval.ms": "300"}
# A leader or a coordinator that has just been made is not known everywhere at once.
PATIENCE_S = 60.0


def quick(settings: KafkaSettings) -> KafkaSettings:
    """Return settings under which a member that is killed leaves soon."""
    if settings.group_protocol == "consumer":
        return settings  # the brokers say when (node.py)
    return settings.model_copy(update={"properties": {**settings.properties, **QUICK}})


def fresh_run(
    address: str, partitions: int = 1, instance: str = "one", settings: KafkaSettings | None = None
) -> Cluster:
    """Return a run whose topics have just been made."""
    chosen = {"instance": instance, "partitions": partitions}
    made_with = quick((settings or KafkaSettings()).model_copy(update=chosen))
    cluster = Cluster(address, f"t{next(_NUMBERS)}", made_with)
    made = kafka_topics.create(cluster, cluster.admin(lambda _: None))
    assert len(made) == len(kafka_topics.names())
    return cluster


def other_instance(cluster: Cluster, instance: str) -> Cluster:
    """Return the same run for another process."""
    settings = cluster.settings.model_copy(update={"instance": instance})
    return Cluster(cluster.servers, cluster.run, settings)


def seated(cluster: Cluster, service: str = "collector") -> KafkaBroker:
    """Take a service's seat and wait for its partitions."""
    broker = KafkaBroker(cluster, service)
    while not broker.assigned():
        broker.poll(0, 0.1)
    return broker


class Outside:
    """A run as seen from outside of its services."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._admin = cluster.admin(lambda _: None)
        self._groups = Groups(cluster, lambda _: None, stable=False)
        self._producer = cluster.producer("feeder", lambda _: None)
        self._producer.init_transactions(30)

    def seat(self, service: str, instance: str = "one") -> KafkaBroker:
        """Take a seat of a service's group."""
        return KafkaBroker(other_instance(self.cluster, instance), service)

    def feed(self, *records: Record) -> None:
        """Append records in one transaction."""
        self.append(
            *(Produced(topic_of(r).name, key_of(r).encode(), CODEC.encode(r)) for r in records)
        )

    def append(self, *produced: Produced) -> None:
        """Append bytes in one transaction."""
        self._producer.begin_transaction()
        for one in produced:
            self._producer.produce(self.cluster.topic(one.topic), one.value, one.key)
        self._producer.commit_transaction(30)

    def partitions(self, topic: str) -> list[Partition]:
        """Return a topic's partitions."""
        return [(topic, number) for number in range(self.cluster.settings.partitions)]

    def end(self, topic: str) -> int:
        """Return the sum of the offsets that come next."""
        return sum(self._ends(topic).values())

    def _ends(self, topic: str) -> dict[Partition, int]:
        wanted = self.partitions(topic)
        return patiently(lambda: kafka_topics.ends(self.cluster, self._admin, wanted), PATIENCE_S)

    def positions(self, service: str, topic: str) -> dict[Partition, Position]:
        """Return what a group has committed."""
        wanted = self.partitions(topic)
        return patiently(lambda: self._groups.positions(service, wanted), PATIENCE_S)

    def has_read(self, service: str, topic: str) -> bool:
        """Say whether a group's lag is exactly 0."""
        ends = self._ends(topic)
        return all(at.offset == ends[p] for p, at in self.positions(service, topic).items())

    def books(self, service: str, topic: str) -> Books:
        """Return a group's books over all partitions."""
        found = self.positions(service, topic)
        return total({p: from_metadata(at.metadata, p) for p, at in found.items()})

    def records(self, topic: str) -> list[Record]:
        """Return all committed records, partition after partition.

        Waits for what a member that was killed left open: nobody reads past it before it is ended.
        """
        return [
            CODEC.decode(message.value() or b"")
            for (name, number), end in sorted(self._ends(topic).items())
            for message in kafka_reader.read(self.cluster, name, number, OFFSET_BEGINNING, end)
        ]
