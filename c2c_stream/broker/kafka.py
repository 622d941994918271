"""A service's seat at Kafka: one group member and its transactions, on one thread.

Positions, books and outputs move in one transaction (KIP-447). What a rebalance takes away is told
to the listener inside of `poll`, so it never comes in the middle of a commit.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from functools import partial
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from c2c_stream.broker import kafka_layout, kafka_rights, kafka_topics
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_commits import Commits
from c2c_stream.broker.kafka_errors import LOGIN, patiently, translated, translating
from c2c_stream.broker.kafka_groups import Groups, position_of
from c2c_stream.broker.kafka_reading import Reading
from c2c_stream.broker.kafka_state import State
from c2c_stream.broker.protocol import (
    Delivered,
    Listener,
    Partition,
    Position,
    Produced,
    Unheard,
)
from c2c_stream.errors import Fatal, Unavailable
from c2c_stream.topics import STATEFUL, state_topic_of, used_by

# An assignment must know where each partition was left.
ASSIGN_S: Final = 60.0
CALL_S: Final = 5.0


class KafkaBroker:
    """One member of a service's consumer group."""

    def __init__(self, cluster: Cluster, service: str) -> None:
        self._cluster = cluster
        self._service = service
        self._listener: Listener = Unheard()
        self._counts: dict[str, int] = {}
        self._began = _now()
        self._closed = False
        self._down = ""
        self._failure: BaseException | None = None
        self._admin = cluster.admin(self._on_error)
        self._groups = Groups(cluster, self._on_error, stable=False)
        self._consumer: Consumer = cluster.consumer(service, self._on_error)
        self._state = State(cluster, service, self._admin) if service in STATEFUL else None
        self._reading = Reading(cluster, service, self._consumer, self._raise_failure)
        self._commits = Commits(
            cluster,
            service,
            consumer=self._consumer,
            reading=self._reading,
            state=self._state,
            counts=self._counts,
            on_error=self._on_error,
        )

    # --- reading

    def listen(self, listener: Listener) -> None:
        """See Broker."""
        self._listener = listener

    def assigned(self) -> Mapping[Partition, Position]:
        """See Broker: none before the group has met, in `poll`."""
        return {at: owned.committed for at, owned in self._reading.owned.items()}

    def poll(self, max_records: int, timeout_s: float) -> Sequence[Delivered]:
        """See Broker. Takes part in the group's rebalances."""
        try:
            self._join()
        except Unavailable as error:
            self._consumer.poll(0)  # the client tells in its callbacks what is wrong
            self._raise_failure()
            self._give_up(error)
            raise
        if self._reading.waits(max_records):
            time.sleep(timeout_s)  # noqa: TID251  # what was fetched ahead is kept
            return []
        with translating(f"{self._cluster.group(self._service)} on {self._cluster.servers}"):
            self._reading.fetch(max_records, timeout_s)
        self._commits.commit_ends()
        fetched = self._reading.handed_out(max_records)
        if fetched:
            self._down = ""
        elif self._down:
            raise Unavailable(self._down)
        return fetched

    def _join(self) -> None:
        """Enter the group, once the brokers are there and have the topics."""
        if self._counts:
            return
        kafka_layout.greet(self._cluster, self._admin, self._raise_failure)
        kafka_rights.check(self._cluster, self._admin, self._groups, self._service)
        counts = kafka_topics.check(self._cluster, self._admin, used_by(self._service))
        self._commits.open()
        self._consumer.subscribe(
            self._reading.topics,
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )
        self._counts.update(counts)
        self._down = ""

    def _give_up(self, why: Unavailable) -> None:
        """Stop waiting for brokers that never answered, if told to."""
        waited_s, patience_s = _now() - self._began, self._cluster.settings.give_up_s
        if patience_s and waited_s >= patience_s and not self._counts:
            raise Fatal(f"{why} (waited {waited_s:.0f} s: kafka.give_up_s)") from why

    def pause(self, partitions: Iterable[Partition]) -> None:
        """See Broker."""
        self._reading.pause(partitions)

    def resume(self, partitions: Iterable[Partition]) -> None:
        """See Broker."""
        self._reading.resume(partitions)

    # --- committing

    def commit(
        self,
        outputs: Sequence[Produced],
        positions: Mapping[Partition, Position],
        puts: Mapping[Partition, Mapping[str, bytes]],
    ) -> None:
        """See Broker."""
        self._join()
        self._commits.commit(outputs, positions, puts)
        self._down = ""

    # --- looking

    def ends(self) -> Mapping[Partition, int]:
        """See Broker."""
        found = kafka_topics.ends(self._cluster, self._admin, self._reading.owned)
        if not found and self._down:  # who owns nothing has asked nothing yet
            kafka_layout.greet(self._cluster, self._admin, self._raise_failure)
        self._down = ""
        return found

    def lag_of(self, group: str, topic: str) -> int:
        """See Broker. Marks of transactions count, until the group has come to the end."""
        if self._counts and topic not in self._counts:  # of a service further on
            found = kafka_topics.partitions(self._cluster, self._admin, [topic])
            self._counts[topic] = found[topic]
        partitions = [(topic, number) for number in range(self._counts.get(topic, 0))]
        positions = self._groups.positions(group, partitions)
        ends = kafka_topics.ends(self._cluster, self._admin, partitions)
        return sum(end - positions[at].offset for at, end in ends.items())

    def state(self) -> Mapping[str, bytes]:
        """See Broker: of the partitions that are owned now."""
        return self._state.view if self._state else {}

    def close(self) -> None:
        """See Broker. A second time is nothing."""
        if not self._closed:
            self._closed = True
            self._consumer.close()
            self._commits.close()
            if self._state:
                self._state.close()
            self._groups.close()

    # --- what the client calls, inside of poll and close

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if self._closed:
            return  # while it closes, the client answers no question; it takes them back by itself
        with self._keeping_failure():
            committed = patiently(lambda: _committed(consumer, partitions), ASSIGN_S)
            self._check_assigned(committed)
            for at in committed:
                if self._state:
                    restore = partial(self._state.restore, self._reading.partition(at))
                    patiently(partial(restore, fresh=at.offset < 0), ASSIGN_S)
            positions = {self._reading.partition(at): position_of(at) for at in committed}
            self._reading.own(positions.items())
            for at in committed:
                at.offset = at.offset if at.offset >= 0 else OFFSET_BEGINNING
            consumer.incremental_assign(committed)
            # The client keeps a pause over an assignment: one from before must not last for ever.
            (consumer.pause if self._reading.held else consumer.resume)(committed)
            self._listener.assigned(positions)

    def _check_assigned(self, partitions: list[TopicPartition]) -> None:
        """Refuse what cannot be read whole, and keys that have parted from their state."""
        new = [self._reading.partition(at) for at in partitions if at.offset < 0]
        patiently(
            lambda: kafka_topics.check_new(self._cluster, self._admin, self._service, new), ASSIGN_S
        )
        if self._state:
            count = self._counts[state_topic_of(self._service)]
            kafka_topics.check_count(self._cluster, map(self._reading.partition, partitions), count)

    def _on_revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        gone = {self._reading.partition(at) for at in partitions}
        if not self._closed:
            with self._keeping_failure():
                self._reading.drop(gone)
                self._listener.revoked(gone)
        self._forget(gone)

    def _on_lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        gone = {self._reading.partition(at) for at in partitions}
        self._forget(gone)
        if not self._closed:
            with self._keeping_failure():
                self._listener.lost(gone)

    def _forget(self, partitions: AbstractSet[Partition]) -> None:
        self._reading.forget(partitions)
        if self._state:
            for partition in partitions:
                self._state.forget(partition)

    def _on_error(self, error: KafkaError) -> None:
        """Keep what the client tells of itself: no call of ours would say it."""
        if error.code() in LOGIN:
            wrong = translated(error, self._cluster.servers)
            self._down = str(wrong)
            if not self._counts:  # later it is a connection that broke
                self._failure = self._failure or wrong
        elif error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._down = f"{self._cluster.servers}: no broker answers; it goes on when one does"

    @contextmanager
    def _keeping_failure(self) -> Iterator[None]:
        """Keep what a callback raises for the call it came from: the client would lose it."""
        try:
            yield
        except BaseException as error:  # noqa: BLE001  # raised by _raise_failure
            self._failure = self._failure or error

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure


def _committed(consumer: Consumer, partitions: list[TopicPartition]) -> list[TopicPartition]:
    """Return the group's positions; waits out what a transaction is just committing."""
    found = consumer.committed(partitions, CALL_S)
    for at in found:
        position_of(at)
    return found


def _now() -> float:
    return time.monotonic()  # noqa: TID251  # patience is real time
