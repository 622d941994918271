"""A run on Kafka as seen from outside of its services."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from confluent_kafka import TopicPartition
from confluent_kafka.admin import OffsetSpec

from c2c_stream.broker import kafka_layout, kafka_reader, kafka_removal, kafka_topics
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import Answer, Told, patiently
from c2c_stream.broker.kafka_feeder import KafkaFeeder
from c2c_stream.broker.kafka_groups import Groups
from c2c_stream.broker.kafka_layout import Found
from c2c_stream.broker.kafka_reading import delivered
from c2c_stream.broker.kafka_removal import Left
from c2c_stream.broker.kafka_transactions import Transactions
from c2c_stream.broker.protocol import Delivered, Partition, Position, Produced
from c2c_stream.broker.run import COUNTING, GroupPosition, Span, Standing
from c2c_stream.errors import Unavailable
from c2c_stream.topics import REPOS, SERVICES, TOPICS, consumed_by

FEEDER: Final = "feeder"
# Its mark stands in the metadata of this partition's position.
FED_AT: Final[Partition] = (REPOS.name, 0)


class KafkaRun:
    """One run on a cluster."""

    def __init__(
        self,
        cluster: Cluster,
        patience_s: float = 60.0,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._cluster = cluster
        self._patience_s = cluster.settings.give_up_s or patience_s
        self._say = say
        self._trimmed: dict[Partition, int] = {}
        self._told, self._met = Told(cluster.servers), False
        self._admin = cluster.admin(self._told)
        self._groups = Groups(cluster, self._told, stable=True)
        self._feeder = Transactions(cluster, FEEDER, self._told)

    @property
    def name(self) -> str:
        """See RunLog."""
        return f"kafka://{self._cluster.servers}"

    def _ask(self, ask: Callable[[], Answer]) -> Answer:
        """Ask until the brokers answer; say once that they do not."""

        def asked() -> Answer:
            if not self._met:
                kafka_layout.greet(self._cluster, self._admin, self._told.check)
                self._met = True
            return ask()

        return patiently(asked, self._patience_s, self._waiting)

    def _waiting(self, why: Unavailable) -> None:
        self._say(f"waiting for {self.name}: {why}")
        self._say = lambda _: None

    def create(self) -> None:
        """See RunLog."""
        self.made()

    def made(self) -> list[str]:
        """Make the run's topics; return those that were not there."""
        made = self._ask(lambda: kafka_topics.create(self._cluster, self._admin))
        self._ask(self._check)
        return made

    def _check(self) -> None:
        kafka_topics.check(self._cluster, self._admin, kafka_topics.names())

    def exists(self) -> bool:
        """See RunLog."""
        names = kafka_topics.names()
        found = self._ask(lambda: kafka_layout.partitions(self._cluster, self._admin, names))
        return found.keys() >= set(names)

    def described(self) -> dict[str, Found]:
        """Return those of the run's topics that are there."""
        names = kafka_topics.names()
        return self._ask(lambda: kafka_layout.describe(self._cluster, self._admin, names))

    def differences(self) -> list[str]:
        """Return in words where the topics are not what they are meant to be."""
        meant = kafka_layout.wanted(self._cluster)
        return list(kafka_layout.differences(self._cluster.run, meant, self.described()))

    def held(self, found: Mapping[str, Found]) -> dict[Partition, range]:
        """Return which offsets each partition holds."""
        every = [(name, n) for name, there in found.items() for n in range(there.partitions)]

        def ask() -> dict[Partition, range]:
            starts = kafka_topics.starts(self._cluster, self._admin, every)
            ends = kafka_topics.ends(self._cluster, self._admin, every)
            return {at: range(starts[at], ends[at]) for at in every}

        return self._ask(ask)

    def positions(self) -> Sequence[GroupPosition]:
        """See RunLog."""
        return self.standing().positions

    def standing(self) -> Standing:
        """See RunLog. What goes on meanwhile can only make `end` too large.

        The last service is asked first, those who feed behind all services, and the ends last:
        whatever a service has read, who put it out had counted it when asked.
        """
        return self._ask(self._standing)

    def _standing(self) -> Standing:
        found = self._committed()
        every = [at for _, at in found]
        marks = {name: self._groups.marks(name, every) for name in COUNTING}
        ends = kafka_topics.ends(self._cluster, self._admin, every)
        positions = (
            GroupPosition(service, at[0], position, ends[at], exact=False)
            for (service, at), position in found.items()
        )
        return Standing(tuple(positions), marks)

    def _committed(self) -> dict[tuple[str, Partition], Position]:
        """Return the position of every service on every partition, in flow order."""
        counts = kafka_topics.partitions(self._cluster, self._admin, [t.name for t in TOPICS])
        wanted = {
            service: [(t.name, n) for t in consumed_by(service) for n in range(counts[t.name])]
            for service in SERVICES
        }
        found = {
            service: self._groups.positions(service, wanted[service])
            for service in reversed(SERVICES)
        }
        return {(service, at): found[service][at] for service in SERVICES for at in wanted[service]}

    def trim(self) -> None:
        """See RunLog."""
        self._ask(self._trim)

    def _trim(self) -> None:
        committed = {at: position for (_, at), position in self._committed().items()}
        self._trimmed |= kafka_removal.trim(self._cluster, self._admin, committed, self._trimmed)

    def left(self) -> Left:
        """Return what the brokers have of the run."""
        services = (*SERVICES, FEEDER, *COUNTING)
        return self._ask(lambda: kafka_removal.left(self._cluster, self._admin, services))

    def remove(self, what: Left) -> None:
        """Delete what the brokers have of the run. Raises SettingsError while it is at work."""
        self._ask(lambda: kafka_removal.remove(self._cluster, self._admin, what))

    def append(self, outputs: Sequence[Produced]) -> None:
        """See RunLog."""
        self._ask(self._feeder.open)
        self._feeder.commit([(self._cluster.topic(o.topic), None, o) for o in outputs], [], None)

    def feed(self, outputs: Sequence[Produced]) -> None:
        """See RunLog: a position of a group without members says that it was done."""
        self._ask(self._feeder.open)  # ends a transaction of one that was killed
        if self._ask(self._was_fed):
            return
        mark = TopicPartition(self._cluster.topic(FED_AT[0]), FED_AT[1], 0, f"fed {len(outputs)}")
        member = self._cluster.consumer(FEEDER, self._told)
        try:
            self._feeder.commit(
                [(self._cluster.topic(o.topic), None, o) for o in outputs],
                [mark],
                member.consumer_group_metadata(),
            )
        finally:
            member.close()

    def _was_fed(self) -> bool:
        return self._groups.positions(FEEDER, [FED_AT])[FED_AT] != Position(0)

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
        counts = self._ask(lambda: kafka_topics.partitions(self._cluster, self._admin, [topic]))
        return [(topic, number) for number in range(counts[topic])]

    def _offsets(self, wanted: list[Partition], which: OffsetSpec) -> dict[Partition, int]:
        return self._ask(lambda: kafka_topics.offsets(self._cluster, self._admin, wanted, which))

    def close(self) -> None:
        """See RunLog."""
        self._groups.close()
        self._feeder.close()
