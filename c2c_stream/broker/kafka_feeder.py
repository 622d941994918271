"""Puts records on a run's topics from outside, exactly once: see Feeder."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Final

from confluent_kafka import Consumer, TopicPartition

from c2c_stream.broker import kafka_rights, kafka_topics
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import patiently
from c2c_stream.broker.kafka_groups import Groups
from c2c_stream.broker.kafka_transactions import Transactions
from c2c_stream.broker.protocol import Partition, Produced
from c2c_stream.topics import TOPICS

# A question is asked again for so long: coordinators move, brokers start again.
PATIENCE_S: Final = 60.0
# One transactional id a name, whatever the machine: the last one to come fences all others.
INSTANCE: Final = "only"


class KafkaFeeder:
    """See Feeder. Marks are metadata of the positions of a group without members."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        alone = cluster.settings.model_copy(update={"instance": INSTANCE})
        self._cluster = replace(cluster, settings=alone)
        self._name = name
        self._check_rights()
        self._transactions = Transactions(self._cluster, name, lambda _: None)
        # Ends a transaction of one that was killed: now its marks are known.
        patiently(self._transactions.open, PATIENCE_S)
        self._member: Consumer = self._cluster.consumer(name, lambda _: None)

    def _check_rights(self) -> None:
        admin = self._cluster.admin(lambda _: None)
        with closing(Groups(self._cluster, lambda _: None, stable=False)) as groups:
            patiently(
                lambda: kafka_rights.check(self._cluster, admin, groups, self._name), PATIENCE_S
            )

    def marks(self) -> Mapping[Partition, str]:
        """See Feeder."""
        admin = self._cluster.admin(lambda _: None)
        groups = Groups(self._cluster, lambda _: None, stable=True)

        def ask() -> Mapping[Partition, str]:
            counts = kafka_topics.partitions(self._cluster, admin, [t.name for t in TOPICS])
            every = [(name, n) for name, count in counts.items() for n in range(count)]
            return groups.marks(self._name, every)

        with closing(groups):
            return patiently(ask, PATIENCE_S)

    def append(
        self, outputs: Mapping[Partition, Sequence[Produced]], marks: Mapping[Partition, str]
    ) -> None:
        """See Feeder."""
        records = [
            (self._cluster.topic(topic), number, output)
            for (topic, number), some in outputs.items()
            for output in some
        ]
        offsets = [
            TopicPartition(self._cluster.topic(topic), number, 0, mark)
            for (topic, number), mark in marks.items()
        ]
        self._transactions.commit(records, offsets, self._member.consumer_group_metadata())

    def close(self) -> None:
        """See Feeder. A second time is nothing."""
        self._transactions.close()
        self._member.close()
