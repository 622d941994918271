"""A member's commits: positions, outputs and state in one transaction. On the broker thread."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from confluent_kafka import Consumer

from c2c_stream.broker.kafka_client import Cluster, OnError
from c2c_stream.broker.kafka_errors import translating
from c2c_stream.broker.kafka_groups import generation_of, position_of
from c2c_stream.broker.kafka_reading import Reading
from c2c_stream.broker.kafka_state import PARTITIONS, State
from c2c_stream.broker.kafka_transactions import Addressed, Transactions
from c2c_stream.broker.protocol import Partition, Position, Produced
from c2c_stream.errors import Fatal, Unavailable
from c2c_stream.topics import state_topic_of

CALL_S: Final = 5.0
Puts = Mapping[Partition, Mapping[str, bytes]]


class Commits:
    """What a member has committed, and the commit whose end is not known yet.

    `counts` are the partitions of the service's topics, once the brokers have told them.
    """

    def __init__(
        self,
        cluster: Cluster,
        service: str,
        *,
        consumer: Consumer,
        reading: Reading,
        state: State | None,
        counts: Mapping[str, int],
        on_error: OnError,
    ) -> None:
        self._cluster = cluster
        self._service = service
        self._consumer = consumer
        self._reading = reading
        self._state = state
        self._counts = counts
        self._transactions = Transactions(cluster, service, on_error)
        self._unsettled: dict[Partition, Position] = {}
        self._carried = False  # whether that commit had more than positions

    def open(self) -> None:
        """Make the producer; ends what a process of the same name left open."""
        self._transactions.open()

    def close(self) -> None:
        """Let go of the producer."""
        self._transactions.close()

    def commit(
        self,
        outputs: Sequence[Produced],
        positions: Mapping[Partition, Position],
        puts: Puts,
    ) -> None:
        """See Broker."""
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
        offsets = [self._reading.at(p, position) for p, position in moved.items()]
        records = [*self._addressed(outputs), *self._changes(puts)]
        self._transactions.commit(records, offsets, place)
        self._keep(moved, puts)

    def commit_ends(self) -> None:
        """Commit the ends of partitions that are read to their end, or a lag of 1 stays forever."""
        owned = self._reading.owned
        ends = {p: self._with_end(p, own.committed) for p, own in owned.items()}
        moved = {p: at for p, at in ends.items() if at != owned[p].committed}
        if moved and not self._transactions.unsettled:
            with suppress(Unavailable):  # it has no hurry; the next poll does it again
                self.commit([], moved, {})

    def _place_in_group(self) -> bytes:
        """Return what the brokers hold a commit against.

        Read at each commit: a rebalance that left our partitions alone has a new generation, too.
        Raises Unavailable where there is none: we were evicted, and `poll` has yet to say so.
        """
        place: Any = self._consumer.consumer_group_metadata()
        # The brokers take one below 0 for a client that has no group, and check nothing.
        if generation_of(place) < 0:
            raise Unavailable(f"{self._group}: it is no member just now")
        return bytes(place)

    def _check(self, partition: Partition, position: Position) -> None:
        """Refuse what the brokers would not: they check the generation, not who owns what."""
        owned = self._reading.owned.get(partition)
        if owned is None or position.offset < owned.committed.offset:
            topic, number = partition
            raise Fatal(
                f"{self._cluster.topic(topic)}[{number}]: no position of {self._group}"
                f" is at or before {position.offset}; start again"
            )

    def _settled(self, positions: Mapping[Partition, Position]) -> bool:
        """Say whether the last commit, whose end was unknown, was this one and was stored."""
        if not self._transactions.settle(self._stored):
            return False
        owned = self._reading.owned
        ours = {p: at for p, at in self._unsettled.items() if p in owned}
        if {p: self._with_end(p, at) for p, at in positions.items()} == ours or positions == ours:
            return True
        if not ours or not self._carried:
            for partition, position in ours.items():
                owned[partition].committed = position
            return False  # whoever owns its partitions now has read how it ended; or it moved only
        raise Fatal(
            f"{self._group}: the last commit was stored after all, and this is another one;"
            f" start again, it goes on behind it"
        )

    def _stored(self) -> bool:
        """Look whether the unsettled positions are in the group. All of them are, or none."""
        still = [p for p in self._unsettled if p in self._reading.owned]
        if not still and self._unsettled:
            return False
        if not still:
            raise Fatal(
                f"{self._group}: it cannot be known whether the last commit was stored; start again"
            )
        with translating("positions"):
            [at] = self._consumer.committed([self._reading.at(still[0])], CALL_S)
        return position_of(at) == self._unsettled[still[0]]

    def _keep(self, positions: Mapping[Partition, Position], puts: Puts) -> None:
        for partition, position in positions.items():
            self._reading.owned[partition].committed = self._unsettled.get(partition, position)
        if self._state:
            self._state.keep(puts)

    def _with_end(self, partition: Partition, position: Position) -> Position:
        """Move over what follows the last record: transactions leave marks that are no records."""
        owned = self._reading.owned[partition]
        behind_all = position.offset == owned.delivered
        if not behind_all or owned.end <= position.offset or self._reading.keeps(partition):
            return position
        return replace(position, offset=owned.end)

    def _addressed(self, outputs: Sequence[Produced]) -> Iterator[Addressed]:
        names = {name: self._cluster.topic(name) for name in {one.topic for one in outputs}}
        for output in outputs:
            yield names[output.topic], None, output

    def _changes(self, puts: Puts) -> Iterator[Addressed]:
        """Yield the puts as records of the state's topic, in the partition of what they came of."""
        if any(puts.values()) and not self._state:
            raise Fatal(f"{self._service} keeps no state, and there is some to store")
        name = state_topic_of(self._service)
        counted = ((PARTITIONS, b"%d" % self._counts.get(name, 0)),)
        for (_, number), changes in puts.items():
            for key, value in changes.items():
                put = Produced(name, key.encode(), value, counted)
                yield self._cluster.topic(name), number, put

    @property
    def _group(self) -> str:
        return self._cluster.group(self._service)
