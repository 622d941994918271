"""A service's seat at Kafka: one group member and its transactions, on one thread.

Positions, books and outputs move in one transaction (KIP-447). What a rebalance takes away is told
to the listener inside of `poll`, so it never comes in the middle of a commit.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    Message,
    TopicPartition,
)

from c2c_stream.broker import kafka_layout, kafka_rights, kafka_topics
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import LOGIN, patiently, translated, translating
from c2c_stream.broker.kafka_groups import Groups, generation_of, position_of
from c2c_stream.broker.kafka_state import PARTITIONS, State
from c2c_stream.broker.kafka_transactions import Addressed, Transactions
from c2c_stream.broker.protocol import (
    Delivered,
    Listener,
    Partition,
    Position,
    Produced,
    Unheard,
)
from c2c_stream.errors import Fatal, Unavailable
from c2c_stream.topics import STATEFUL, consumed_by, state_topic_of, used_by

# Without room for records nothing is polled for so long (a rebalance waits with it); then the
# partitions are paused, which throws away what was fetched ahead.
HOLD_S: Final = 2.0
# One poll returns at most this much, so that a window of large files stays bounded.
FETCH_BYTES: Final = 8 * 1024 * 1024
FETCH_AT_ONCE: Final = 100
# An assignment must know where each partition was left.
ASSIGN_S: Final = 60.0
CALL_S: Final = 5.0


@dataclass(slots=True)
class _Owned:
    """What is known of a partition of ours. `end`: nothing stood before this offset then."""

    committed: Position
    delivered: int
    end: int = 0


class KafkaBroker:
    """One member of a service's consumer group."""

    def __init__(self, cluster: Cluster, service: str) -> None:
        self._cluster = cluster
        self._service = service
        self._topics = {cluster.topic(t.name): t.name for t in consumed_by(service)}
        self._listener: Listener = Unheard()
        self._owned: dict[Partition, _Owned] = {}
        self._paused: set[Partition] = set()
        self._fetched: list[Delivered] = []
        self._counts: Mapping[str, int] = {}
        self._full_since: float | None = None
        self._began = _now()
        self._held = self._closed = False
        self._down = ""
        self._failure: BaseException | None = None
        self._unsettled: dict[Partition, Position] = {}
        self._carried = False  # whether that commit had more than positions
        self._admin = cluster.admin(self._on_error)
        self._groups = Groups(cluster, self._on_error, stable=False)
        self._consumer: Consumer = cluster.consumer(service, self._on_error)
        self._transactions = Transactions(cluster, service, self._on_error)
        self._state = State(cluster, service, self._admin) if service in STATEFUL else None

    # --- reading

    def listen(self, listener: Listener) -> None:
        """See Broker."""
        self._listener = listener

    def assigned(self) -> Mapping[Partition, Position]:
        """See Broker: none before the group has met, in `poll`."""
        return {at: owned.committed for at, owned in self._owned.items()}

    def poll(self, max_records: int, timeout_s: float) -> Sequence[Delivered]:
        """See Broker. Takes part in the group's rebalances."""
        try:
            self._join()
        except Unavailable as error:
            self._consumer.poll(0)  # the client tells in its callbacks what is wrong
            self._raise_failure()
            self._give_up(error)
            raise
        if self._holds(max_records):
            time.sleep(timeout_s)  # noqa: TID251  # what was fetched ahead is kept
            return []
        with translating(f"{self._cluster.group(self._service)} on {self._cluster.servers}"):
            self._fetch(max_records, timeout_s)
        self._commit_ends()
        fetched = self._handed_out(max_records)
        if fetched:
            self._down = ""
        elif self._down:
            raise Unavailable(self._down)
        return fetched

    def _handed_out(self, max_records: int) -> list[Delivered]:
        """Return what was fetched; of paused partitions it is kept."""
        if not self._paused:
            ready, self._fetched = self._fetched[:max_records], self._fetched[max_records:]
            return ready
        rest = [r for r in self._fetched if (r.topic, r.partition) in self._paused]
        ready = [r for r in self._fetched if (r.topic, r.partition) not in self._paused]
        self._fetched = rest + ready[max_records:]
        return ready[:max_records]

    def _join(self) -> None:
        """Enter the group, once the brokers are there and have the topics."""
        if self._counts:
            return
        kafka_layout.greet(self._cluster, self._admin, self._raise_failure)
        kafka_rights.check(self._cluster, self._admin, self._service)
        counts = kafka_topics.check(self._cluster, self._admin, used_by(self._service))
        self._transactions.open()
        self._consumer.subscribe(
            list(self._topics),
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )
        self._counts = counts
        self._down = ""

    def _give_up(self, why: Unavailable) -> None:
        """Stop waiting for brokers that never answered, if told to."""
        waited_s, patience_s = _now() - self._began, self._cluster.settings.give_up_s
        if patience_s and waited_s >= patience_s and not self._counts:
            raise Fatal(f"{why} (waited {waited_s:.0f} s: kafka.give_up_s)") from why

    def _holds(self, max_records: int) -> bool:
        """Say whether to leave the consumer alone: there is no room, but not for long yet."""
        if max_records or not self._owned:
            self._full_since = None
            self._hold(held=False)
            return False
        self._full_since = self._full_since or _now()
        if _now() - self._full_since < HOLD_S:
            return True
        self._hold(held=True)
        return False

    def _hold(self, *, held: bool) -> None:
        if self._held == held:
            return
        self._held = held
        rest = [self._at(partition) for partition in self._owned.keys() - self._paused]
        with translating("pause"):
            (self._consumer.pause if held else self._consumer.resume)(rest)

    def _fetch(self, max_records: int, timeout_s: float) -> None:
        """Take what the client has fetched ahead; wait only for the first of it."""
        size = sum(len(record.value) for record in self._fetched)
        if any((r.topic, r.partition) not in self._paused for r in self._fetched):
            timeout_s = 0.0
        message = self._consumer.poll(timeout_s)
        messages = [] if message is None else [message]  # an empty one is false
        while True:
            self._raise_failure()
            for message in messages:
                self._take(message)
                size += len(message)
            most = min(max_records - len(self._fetched), FETCH_AT_ONCE)
            if not messages or most <= 0 or size >= FETCH_BYTES:
                return
            # Not to wait for: it would wait until all of them are there.
            messages = self._consumer.consume(most, 0)

    def _take(self, message: Message) -> None:
        partition = (self._topics.get(message.topic() or "", ""), message.partition() or 0)
        owned, offset = self._owned.get(partition), message.offset() or 0
        error = message.error()
        if error is not None:
            if error.code() != KafkaError._PARTITION_EOF:
                place = f"{message.topic()}[{message.partition()}]"
                raise translated(
                    error, place if message.topic() else self._cluster.group(self._service)
                )
            if owned:
                owned.end = offset
        elif owned:
            owned.delivered = offset + 1
            self._fetched.append(delivered(*partition, message))

    def pause(self, partitions: Iterable[Partition]) -> None:
        """See Broker."""
        new = [p for p in partitions if p in self._owned and p not in self._paused]
        self._paused |= set(new)
        with translating("pause"):
            self._consumer.pause([self._at(partition) for partition in new])

    def resume(self, partitions: Iterable[Partition]) -> None:
        """See Broker."""
        again = [p for p in partitions if p in self._paused]
        self._paused -= set(again)
        if not self._held:
            with translating("resume"):
                self._consumer.resume([self._at(partition) for partition in again])

    # --- committing

    def commit(
        self,
        outputs: Sequence[Produced],
        positions: Mapping[Partition, Position],
        puts: Mapping[Partition, Mapping[str, bytes]],
    ) -> None:
        """See Broker."""
        self._join()
        for partition, position in positions.items():
            self._check(partition, position)
        if self._transactions.unsettled and self._settled(positions):
            self._keep(positions, puts)
            return
        moved = {p: self._with_end(p, position) for p, position in positions.items()}
        place = self._place_in_group() if positions else None
        if self._state:
            self._state.committing(puts)
        self._unsettled, self._carried = moved, bool(outputs or puts)
        offsets = [self._at(p, position) for p, position in moved.items()]
        self._transactions.commit(
            [*self._addressed(outputs), *self._changes(puts)],
            offsets,
            place,
        )
        self._keep(moved, puts)

    def _place_in_group(self) -> bytes:
        """Return what the brokers hold a commit against.

        Read at each commit: a rebalance that left our partitions alone has a new generation, too.
        Raises Unavailable where there is none: we were evicted, and `poll` has yet to say so.
        """
        place: Any = self._consumer.consumer_group_metadata()
        # The brokers take one below 0 for a client that has no group, and check nothing.
        if generation_of(place) < 0:
            raise Unavailable(f"{self._cluster.group(self._service)}: it is no member just now")
        return bytes(place)

    def _check(self, partition: Partition, position: Position) -> None:
        """Refuse what the brokers would not: they check the generation, not who owns what."""
        owned = self._owned.get(partition)
        if owned is None or position.offset < owned.committed.offset:
            topic, number = partition
            raise Fatal(
                f"{self._cluster.topic(topic)}[{number}]: no position of"
                f" {self._cluster.group(self._service)} is at or before {position.offset};"
                f" start again"
            )

    def _settled(self, positions: Mapping[Partition, Position]) -> bool:
        """Say whether the last commit, whose end was unknown, was this one and was stored."""
        if not self._transactions.settle(self._stored):
            return False
        ours = {p: at for p, at in self._unsettled.items() if p in self._owned}
        if {p: self._with_end(p, at) for p, at in positions.items()} == ours or positions == ours:
            return True
        if not ours or not self._carried:
            for partition, position in ours.items():
                self._owned[partition].committed = position
            return False  # whoever owns its partitions now has read how it ended; or it moved only
        raise Fatal(
            f"{self._cluster.group(self._service)}: the last commit was stored after all, and this"
            f" is another one; start again, it goes on behind it"
        )

    def _stored(self) -> bool:
        """Look whether the unsettled positions are in the group. All of them are, or none."""
        still = [p for p in self._unsettled if p in self._owned]
        if not still and self._unsettled:
            return False
        if not still:
            raise Fatal(
                f"{self._cluster.group(self._service)}: it cannot be known whether the last commit"
                f" was stored; start again"
            )
        with translating("positions"):
            [at] = self._consumer.committed([self._at(still[0])], CALL_S)
        return position_of(at) == self._unsettled[still[0]]

    def _keep(
        self,
        positions: Mapping[Partition, Position],
        puts: Mapping[Partition, Mapping[str, bytes]],
    ) -> None:
        self._down = ""
        for partition, position in positions.items():
            self._owned[partition].committed = self._unsettled.get(partition, position)
        if self._state:
            self._state.keep(puts)

    def _with_end(self, partition: Partition, position: Position) -> Position:
        """Move over what follows the last record: transactions leave marks that are no records."""
        owned = self._owned[partition]
        behind_all = position.offset == owned.delivered
        if not behind_all or owned.end <= position.offset or self._is_fetched(partition):
            return position
        return replace(position, offset=owned.end)

    def _is_fetched(self, partition: Partition) -> bool:
        return any((r.topic, r.partition) == partition for r in self._fetched)

    def _commit_ends(self) -> None:
        """Commit the ends of partitions that are read to their end, or a lag of 1 stays forever."""
        ends = {p: self._with_end(p, owned.committed) for p, owned in self._owned.items()}
        moved = {p: at for p, at in ends.items() if at != self._owned[p].committed}
        if moved and not self._transactions.unsettled:
            with suppress(Unavailable):  # it has no hurry; the next poll does it again
                self.commit([], moved, {})

    def _addressed(self, outputs: Sequence[Produced]) -> Iterator[Addressed]:
        names = {name: self._cluster.topic(name) for name in {one.topic for one in outputs}}
        for output in outputs:
            yield names[output.topic], None, output

    def _changes(self, puts: Mapping[Partition, Mapping[str, bytes]]) -> Iterator[Addressed]:
        """Yield the puts as records of the state's topic, in the partition of what they came of."""
        if any(puts.values()) and not self._state:
            raise Fatal(f"{self._service} keeps no state, and there is some to store")
        name = state_topic_of(self._service)
        counted = ((PARTITIONS, b"%d" % self._counts.get(name, 0)),)
        for (_, number), changes in puts.items():
            for key, value in changes.items():
                put = Produced(name, key.encode(), value, counted)
                yield self._cluster.topic(name), number, put

    # --- looking

    def ends(self) -> Mapping[Partition, int]:
        """See Broker."""
        found = kafka_topics.ends(self._cluster, self._admin, self._owned)
        self._down = ""
        return found

    def lag_of(self, group: str, topic: str) -> int:
        """See Broker. Marks of transactions count, until the group has come to the end."""
        if self._counts and topic not in self._counts:  # of a service further on
            found = kafka_topics.partitions(self._cluster, self._admin, [topic])
            self._counts = {**self._counts, topic: found[topic]}
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
            self._transactions.close()
            if self._state:
                self._state.close()
            self._groups.close()

    # --- what the client calls, inside of poll and close

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        with self._keeping_failure():
            committed = patiently(lambda: _committed(consumer, partitions), ASSIGN_S)
            self._check_assigned(committed)
            for at in committed:
                if self._state:
                    new = at.offset < 0
                    patiently(
                        partial(self._state.restore, self._partition(at), fresh=new), ASSIGN_S
                    )
            for at in committed:
                position = position_of(at)
                self._owned[self._partition(at)] = _Owned(position, position.offset)
                at.offset = at.offset if at.offset >= 0 else OFFSET_BEGINNING
            consumer.incremental_assign(committed)
            # The client keeps a pause over an assignment: one from before must not last for ever.
            (consumer.pause if self._held else consumer.resume)(committed)
            mine = map(self._partition, committed)
            self._listener.assigned({p: self._owned[p].committed for p in mine})

    def _check_assigned(self, partitions: list[TopicPartition]) -> None:
        """Refuse what cannot be read whole, and keys that have parted from their state."""
        new = [self._partition(at) for at in partitions if at.offset < 0]
        patiently(
            lambda: kafka_topics.check_new(self._cluster, self._admin, self._service, new), ASSIGN_S
        )
        if self._state:
            count = self._counts[state_topic_of(self._service)]
            kafka_topics.check_count(self._cluster, map(self._partition, partitions), count)

    def _on_revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        gone = {self._partition(at) for at in partitions}
        if not self._closed:
            with self._keeping_failure():
                self._drop_fetched(gone)
                self._listener.revoked(gone)
        self._forget(gone)

    def _on_lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        gone = {self._partition(at) for at in partitions}
        self._forget(gone)
        if not self._closed:
            with self._keeping_failure():
                self._listener.lost(gone)

    def _forget(self, partitions: AbstractSet[Partition]) -> None:
        self._drop_fetched(partitions)
        self._paused -= partitions
        for partition in partitions:
            self._owned.pop(partition, None)
            if self._state:
                self._state.forget(partition)

    def _drop_fetched(self, partitions: AbstractSet[Partition]) -> None:
        self._fetched = [r for r in self._fetched if (r.topic, r.partition) not in partitions]

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

    def _partition(self, at: TopicPartition) -> Partition:
        return self._topics[at.topic], at.partition

    def _at(self, partition: Partition, position: Position | None = None) -> TopicPartition:
        topic = self._cluster.topic(partition[0])
        if position is None:
            return TopicPartition(topic, partition[1])
        return TopicPartition(topic, partition[1], position.offset, position.metadata)


def delivered(topic: str, partition: int, message: Message) -> Delivered:
    """Return a record as the engine knows it, byte for byte."""
    headers: Any = message.headers() or []  # the stubs allow a mapping, too
    return Delivered(
        topic,
        partition,
        message.offset() or 0,
        message.key() or b"",
        message.value() or b"",
        tuple([(name, _bytes(value)) for name, value in headers]),
        message.timestamp()[1] / 1000,
    )


def _bytes(value: str | bytes | None) -> bytes:
    if isinstance(value, bytes):
        return value
    return value.encode() if value else b""


def _committed(consumer: Consumer, partitions: list[TopicPartition]) -> list[TopicPartition]:
    """Return the group's positions; waits out what a transaction is just committing."""
    found = consumer.committed(partitions, CALL_S)
    for at in found:
        position_of(at)
    return found


def _now() -> float:
    return time.monotonic()  # noqa: TID251  # patience is real time
