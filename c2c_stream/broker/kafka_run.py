"""A run on Kafka as seen from outside of its services."""

from collections.abc import Sequence
from typing import Final

from confluent_kafka import TopicPartition

from c2c_stream.broker import kafka_topics
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import patiently
from c2c_stream.broker.kafka_transactions import Transactions
from c2c_stream.broker.protocol import Partition, Position, Produced
from c2c_stream.broker.run import GroupPosition
from c2c_stream.topics import REPOS, SERVICES, TOPICS, consumed_by

FEEDER: Final = "feeder"
# Its mark stands in the metadata of this partition's position.
FED_AT: Final[Partition] = (REPOS.name, 0)
# A question is asked again for so long: coordinators move, brokers start again.
PATIENCE_S: Final = 60.0


class KafkaRun:
    """One run on a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._admin = cluster.admin(lambda _: None)
        self._feeder = Transactions(cluster, FEEDER, lambda _: None)

    @property
    def name(self) -> str:
        """See RunLog."""
        return f"kafka://{self._cluster.servers}"

    def create(self) -> None:
        """See RunLog."""
        self.made()

    def made(self) -> list[str]:
        """Make the run's topics; return those that were not there."""
        made = patiently(lambda: kafka_topics.create(self._cluster, self._admin), PATIENCE_S)
        patiently(self._check, PATIENCE_S)
        return made

    def _check(self) -> None:
        kafka_topics.check(self._cluster, self._admin, kafka_topics.names())

    def exists(self) -> bool:
        """See RunLog."""
        found = patiently(lambda: kafka_topics.partitions(self._cluster, self._admin), PATIENCE_S)
        return set(kafka_topics.names()) <= found.keys()

    def positions(self) -> list[GroupPosition]:
        """See RunLog. What goes on meanwhile can only make `end` too large.

        The last service is asked first and the ends last of all: whatever a service has read,
        the one before it had put out when it was asked.
        """
        return patiently(self._positions, PATIENCE_S)

    def _positions(self) -> list[GroupPosition]:
        counts = kafka_topics.check(self._cluster, self._admin, [t.name for t in TOPICS])
        wanted = {
            service: [(t.name, n) for t in consumed_by(service) for n in range(counts[t.name])]
            for service in SERVICES
        }
        found = {
            service: kafka_topics.positions(
                self._cluster, self._admin, service, wanted[service], stable=True
            )
            for service in reversed(SERVICES)
        }
        every = [at for service in SERVICES for at in wanted[service]]
        ends = kafka_topics.ends(self._cluster, self._admin, every)
        return [
            GroupPosition(service, at[0], found[service][at], ends[at], exact=False)
            for service in SERVICES
            for at in wanted[service]
        ]

    def append(self, outputs: Sequence[Produced]) -> None:
        """See RunLog."""
        self._feeder.commit([(self._cluster.topic(o.topic), None, o) for o in outputs], [], None)

    def feed(self, outputs: Sequence[Produced]) -> None:
        """See RunLog: a position of a group without members says that it was done."""
        self._feeder.open()  # ends a transaction of one that was killed
        if patiently(self._was_fed, PATIENCE_S):
            return
        mark = TopicPartition(self._cluster.topic(FED_AT[0]), FED_AT[1], 0, f"fed {len(outputs)}")
        member = self._cluster.consumer(FEEDER, lambda _: None)
        try:
            self._feeder.commit(
                [(self._cluster.topic(o.topic), None, o) for o in outputs],
                [mark],
                member.consumer_group_metadata(),
            )
        finally:
            member.close()

    def _was_fed(self) -> bool:
        member = self._cluster.consumer(FEEDER, lambda _: None)
        try:
            at = TopicPartition(self._cluster.topic(FED_AT[0]), FED_AT[1])
            [found] = member.committed([at], kafka_topics.ANSWER_S)
            return kafka_topics.position_of(found) != Position(0)
        finally:
            member.close()

    def close(self) -> None:
        """See RunLog."""
        self._feeder.close()
