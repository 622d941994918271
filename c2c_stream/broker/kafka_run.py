"""A run on Kafka as seen from outside of its services."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from confluent_kafka import TopicPartition
from confluent_kafka.admin import OffsetSpec

from c2c_stream.broker import kafka_reader, kafka_topics
from c2c_stream.broker.kafka import delivered
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import patiently
from c2c_stream.broker.kafka_feeder import KafkaFeeder
from c2c_stream.broker.kafka_transactions import Transactions
from c2c_stream.broker.protocol import Delivered, Partition, Position, Produced
from c2c_stream.broker.run import COUNTING, GroupPosition, Span, Standing
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

    def positions(self) -> Sequence[GroupPosition]:
        """See RunLog."""
        return self.standing().positions

    def standing(self) -> Standing:
        """See RunLog. What goes on meanwhile can only make `end` too large.

        The last service is asked first, those who feed behind all services, and the ends last:
        whatever a service has read, who put it out had counted it when asked.
        """
        return patiently(self._standing, PATIENCE_S)

    def _standing(self) -> Standing:
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
        marks = {
            name: kafka_topics.marks(self._cluster, self._admin, self._cluster.group(name))
            for name in COUNTING
        }
        every = [at for service in SERVICES for at in wanted[service]]
        ends = kafka_topics.ends(self._cluster, self._admin, every)
        positions = (
            GroupPosition(service, at[0], found[service][at], ends[at], exact=False)
            for service in SERVICES
            for at in wanted[service]
        )
        return Standing(tuple(positions), marks)

    def append(self, outputs: Sequence[Produced]) -> None:
        """See RunLog."""
        patiently(self._feeder.open, PATIENCE_S)
        self._feeder.commit([(self._cluster.topic(o.topic), None, o) for o in outputs], [], None)

    def feed(self, outputs: Sequence[Produced]) -> None:
        """See RunLog: a position of a group without members says that it was done."""
        patiently(self._feeder.open, PATIENCE_S)  # ends a transaction of one that was killed
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

    def feeder(self, name: str) -> KafkaFeeder:
        """See RunLog."""
        return KafkaFeeder(self._cluster, name)

    def spans(self, topic: str) -> Mapping[Partition, Span]:
        """See RunLog."""
        partitions = self._partitions(topic)
        firsts = self._offsets(partitions, kafka_topics.EARLIEST)
        ends = self._offsets(partitions, kafka_topics.LATEST)
        return {at: Span(firsts[at], ends[at]) for at in partitions}

    def since(self, topic: str, at: float) -> Mapping[Partition, int]:
        """See RunLog."""
        partitions = self._partitions(topic)
        spec: OffsetSpec = OffsetSpec.for_timestamp(int(at * 1000))
        ends = self._offsets(partitions, kafka_topics.LATEST)
        found = self._offsets(partitions, spec)
        return {p: found[p] if found[p] >= 0 else ends[p] for p in partitions}

    def records(self, topic: str, spans: Mapping[Partition, Span]) -> Iterator[Delivered]:
        """See RunLog."""
        for (_, number), span in spans.items():
            for message in kafka_reader.read(self._cluster, topic, number, span.first, span.end):
                yield delivered(topic, number, message)

    def _partitions(self, topic: str) -> list[Partition]:
        counts = patiently(
            lambda: kafka_topics.check(self._cluster, self._admin, [topic]), PATIENCE_S
        )
        return [(topic, number) for number in range(counts[topic])]

    def _offsets(self, wanted: list[Partition], which: OffsetSpec) -> dict[Partition, int]:
        return patiently(
            lambda: kafka_topics.offsets(self._cluster, self._admin, wanted, which), PATIENCE_S
        )

    def close(self) -> None:
        """See RunLog."""
        self._feeder.close()
