"""What a member of a group reads: fetched ahead, held back, handed out. On the broker thread."""

import time
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import translated, translating
from c2c_stream.broker.protocol import Delivered, Partition, Position
from c2c_stream.topics import consumed_by

# Without room for records nothing is polled for so long (a rebalance waits with it); then the
# partitions are paused, which throws away what was fetched ahead.
HOLD_S: Final = 2.0
# One poll returns at most this much, so that a window of large files stays bounded.
FETCH_BYTES: Final = 8 * 1024 * 1024
FETCH_AT_ONCE: Final = 100


@dataclass(slots=True)
class Owned:
    """What is known of a partition of ours. `end`: nothing stood before this offset then."""

    committed: Position
    delivered: int
    end: int = 0


class Reading:
    """The partitions that a member owns, and what was fetched of them.

    `check` raises what the client's callbacks met.
    """

    def __init__(
        self, cluster: Cluster, service: str, consumer: Consumer, check: Callable[[], None]
    ) -> None:
        self._cluster = cluster
        self._group = cluster.group(service)
        self._consumer = consumer
        self._check = check
        self._names = {cluster.topic(t.name): t.name for t in consumed_by(service)}
        self._paused: set[Partition] = set()
        self._fetched: list[Delivered] = []
        self._full_since: float | None = None
        self.held = False
        """Whether all partitions are paused: there was no room for long."""
        self.owned: dict[Partition, Owned] = {}

    @property
    def topics(self) -> list[str]:
        """Return what to subscribe to."""
        return list(self._names)

    def own(self, positions: Iterable[tuple[Partition, Position]]) -> None:
        """Begin with partitions that were assigned."""
        for partition, position in positions:
            self.owned[partition] = Owned(position, position.offset)

    def forget(self, partitions: AbstractSet[Partition]) -> None:
        """Forget partitions that are not ours any more."""
        self.drop(partitions)
        self._paused -= partitions
        for partition in partitions:
            self.owned.pop(partition, None)

    def drop(self, partitions: AbstractSet[Partition]) -> None:
        """Hand out nothing more of some partitions."""
        self._fetched = [r for r in self._fetched if (r.topic, r.partition) not in partitions]

    def waits(self, max_records: int) -> bool:
        """Say whether to leave the consumer alone: there is no room, but not for long yet."""
        if max_records or not self.owned:
            self._full_since = None
            self._hold(held=False)
            return False
        self._full_since = self._full_since or _now()
        if _now() - self._full_since < HOLD_S:
            return True
        self._hold(held=True)
        return False

    def _hold(self, *, held: bool) -> None:
        if self.held == held:
            return
        self.held = held
        rest = [self.at(partition) for partition in self.owned.keys() - self._paused]
        with translating("pause"):
            (self._consumer.pause if held else self._consumer.resume)(rest)

    def fetch(self, max_records: int, timeout_s: float) -> None:
        """Take what the client has fetched ahead; wait only for the first of it."""
        size = sum(len(record.value) for record in self._fetched)
        if any((r.topic, r.partition) not in self._paused for r in self._fetched):
            timeout_s = 0.0
        message = self._consumer.poll(timeout_s)
        messages = [] if message is None else [message]  # an empty one is false
        while True:
            self._check()
            for message in messages:
                self._take(message)
                size += len(message)
            most = min(max_records - len(self._fetched), FETCH_AT_ONCE)
            if not messages or most <= 0 or size >= FETCH_BYTES:
                return
            # Not to wait for: it would wait until all of them are there.
            messages = self._consumer.consume(most, 0)

    def _take(self, message: Message) -> None:
        partition = (self._names.get(message.topic() or "", ""), message.partition() or 0)
        owned, offset = self.owned.get(partition), message.offset() or 0
        error = message.error()
        if error is not None:
            if error.code() != KafkaError._PARTITION_EOF:
                place = f"{message.topic()}[{message.partition()}]"
                raise translated(error, place if message.topic() else self._group)
            if owned:
                owned.end = offset
        elif owned:
            owned.delivered = offset + 1
            self._fetched.append(delivered(*partition, message))

    def handed_out(self, max_records: int) -> Sequence[Delivered]:
        """Return what was fetched; of paused partitions it is kept."""
        if not self._paused:
            ready, self._fetched = self._fetched[:max_records], self._fetched[max_records:]
            return ready
        rest = [r for r in self._fetched if (r.topic, r.partition) in self._paused]
        ready = [r for r in self._fetched if (r.topic, r.partition) not in self._paused]
        self._fetched = rest + ready[max_records:]
        return ready[:max_records]

    def keeps(self, partition: Partition) -> bool:
        """Say whether any record of a partition was fetched and not handed out."""
        return any((r.topic, r.partition) == partition for r in self._fetched)

    def pause(self, partitions: Iterable[Partition]) -> None:
        """See Broker."""
        new = [p for p in partitions if p in self.owned and p not in self._paused]
        self._paused |= set(new)
        with translating("pause"):
            self._consumer.pause([self.at(partition) for partition in new])

    def resume(self, partitions: Iterable[Partition]) -> None:
        """See Broker."""
        again = [p for p in partitions if p in self._paused]
        self._paused -= set(again)
        if not self.held:
            with translating("resume"):
                self._consumer.resume([self.at(partition) for partition in again])

    def partition(self, at: TopicPartition) -> Partition:
        """Return a partition by our names."""
        return self._names[at.topic], at.partition

    def at(self, partition: Partition, position: Position | None = None) -> TopicPartition:
        """Return a partition by the brokers' names."""
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


def _now() -> float:
    return time.monotonic()  # noqa: TID251  # patience is real time
