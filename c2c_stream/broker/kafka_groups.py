"""Asks for the positions of groups, as a consumer of each that never joins.

The administrator's client has a question for it, too, but where a group's coordinator is just
moving, or is being made, that one ends the process (librdkafka up to 2.16, issue 5040).
"""

from collections.abc import Iterable

from confluent_kafka import Consumer, TopicPartition

from c2c_stream.broker import kafka_layout, kafka_topics
from c2c_stream.broker.kafka_client import Cluster, OnError
from c2c_stream.broker.kafka_errors import translating
from c2c_stream.broker.protocol import Partition, Position
from c2c_stream.topics import TOPICS


class Groups:
    """Positions of a run's groups. Owned by one thread."""

    def __init__(self, cluster: Cluster, on_error: OnError) -> None:
        self._cluster = cluster
        self._on_error = on_error
        self._consumers: dict[tuple[str, bool], Consumer] = {}

    def positions(
        self, service: str, wanted: Iterable[Partition], *, stable: bool = False
    ) -> dict[Partition, Position]:
        """Return a group's committed positions; where there is none, the beginning.

        What a transaction is just committing is not among them yet; if `stable`, it is waited for.
        """
        found = self._committed(service, wanted, stable=stable)
        return {self._partition(at): kafka_topics.position_of(at) for at in found}

    def marks(self, service: str) -> dict[Partition, str]:
        """Return the metadata of all positions of a group; of one that never was, none."""
        admin = self._cluster.admin(self._on_error)
        counts = kafka_layout.partitions(self._cluster, admin, [t.name for t in TOPICS])
        wanted = [(name, number) for name, count in counts.items() for number in range(count)]
        found = self._committed(service, wanted, stable=True)
        positions = {self._partition(at): (at, kafka_topics.position_of(at)) for at in found}
        return {p: position.metadata for p, (at, position) in positions.items() if at.offset >= 0}

    def close(self) -> None:
        """Let go of all of them."""
        while self._consumers:
            self._consumers.popitem()[1].close()

    def _committed(
        self, service: str, wanted: Iterable[Partition], *, stable: bool
    ) -> list[TopicPartition]:
        asked = [TopicPartition(self._cluster.topic(t), p) for t, p in wanted]
        if not asked:
            return []
        with translating(f"positions of {self._cluster.group(service)}"):
            consumer = self._consumer(service, stable=stable)
            consumer.poll(0)  # the client tells in its callbacks what is wrong
            return consumer.committed(asked, kafka_layout.ANSWER_S)

    def _consumer(self, service: str, *, stable: bool) -> Consumer:
        if (service, stable) not in self._consumers:
            asking = self._cluster.asking(service, self._on_error, stable=stable)
            self._consumers[service, stable] = asking
        return self._consumers[service, stable]

    def _partition(self, at: TopicPartition) -> Partition:
        return at.topic.removeprefix(f"{self._cluster.run}."), at.partition
