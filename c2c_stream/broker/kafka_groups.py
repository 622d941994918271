"""Where a run's groups stand, asked by who is no member of them."""

import sys
from collections.abc import Sequence
from typing import Final

from confluent_kafka import Consumer, TopicPartition

from c2c_stream.broker.kafka_client import Cluster, OnError
from c2c_stream.broker.kafka_errors import translated, translating
from c2c_stream.broker.kafka_layout import ANSWER_S
from c2c_stream.broker.protocol import Partition, Position

# How the client's text of a member's place in its group begins; the generation follows.
PLACE: Final = b"CGMDv2:"


class Groups:
    """The committed positions of a run's groups. Owned by one thread.

    If `stable`, an answer waits for what a transaction is just committing; else that is not in it.

    A consumer for each group asks, and never joins. The admin client has a question of its own for
    this, whose answer ends the process where a coordinator has just moved: librdkafka (2.16) passes
    it to the member that an admin client is not.
    """

    def __init__(self, cluster: Cluster, on_error: OnError, *, stable: bool) -> None:
        self._cluster = cluster
        self._on_error = on_error
        self._stable = stable
        self._observers: dict[str, Consumer] = {}

    def positions(self, name: str, wanted: Sequence[Partition]) -> dict[Partition, Position]:
        """Return a group's committed positions; where there is none, the beginning."""
        names = {self._cluster.topic(topic): topic for topic, _ in wanted}
        if not names:
            return {}
        asked = [TopicPartition(self._cluster.topic(topic), number) for topic, number in wanted]
        with translating(f"positions of {self._cluster.group(name)}"):
            observer = self._observer(name)
            observer.poll(0)  # the client tells in its callbacks what is wrong
            found = observer.committed(asked, ANSWER_S)
        return {(names[at.topic], at.partition): position_of(at) for at in found}

    def marks(self, name: str, wanted: Sequence[Partition]) -> dict[Partition, str]:
        """Return the metadata of a group's positions, of those that have any."""
        found = self.positions(name, wanted)
        return {partition: at.metadata for partition, at in found.items() if at.metadata}

    def close(self) -> None:
        """Let go of the clients."""
        while self._observers:
            self._observers.popitem()[1].close()

    def _observer(self, name: str) -> Consumer:
        if name not in self._observers:
            self._observers[name] = self._cluster.observer(
                name, self._on_error, stable=self._stable
            )
        return self._observers[name]


def position_of(at: TopicPartition) -> Position:
    """Return a committed position. A negative offset is none."""
    if at.error is not None:
        raise translated(at.error, f"position of {at.topic}[{at.partition}]")
    return Position(max(0, at.offset), at.metadata or "")


def generation_of(place: bytes) -> int:
    """Return the generation in what the client says of its place in a group: -1 for none."""
    return int.from_bytes(place[len(PLACE) : len(PLACE) + 4], sys.byteorder, signed=True)
