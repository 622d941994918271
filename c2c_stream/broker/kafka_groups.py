"""Where a run's groups stand, asked by who is no member of them."""

import sys
import time
from collections.abc import Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from c2c_stream.broker.kafka_client import Cluster, OnError
from c2c_stream.broker.kafka_errors import cause_of, is_passing, translated, translating
from c2c_stream.broker.kafka_layout import ANSWER_S
from c2c_stream.broker.protocol import Partition, Position
from c2c_stream.topics import REPOS

# How the client's text of a member's place in its group begins; the generation follows.
PLACE: Final = b"CGMDv2:"
# What the client learns of a group's coordinator comes beside the answer; look so often.
LOOK_S: Final = 0.5


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

    def refuses(self, group: str) -> bool:
        """Say whether the brokers let us not even see a group, by its name on them.

        Raises Unavailable where they say neither.
        """
        observer = self._observer(group.removeprefix(self._cluster.group("")))
        deadline = _now() + ANSWER_S
        while True:
            told = observer.poll(0)
            error = told.error() if told is not None else None
            if error is not None and error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                return True
            try:
                observer.committed([TopicPartition(self._cluster.topic(REPOS.name), 0)], LOOK_S)
            except KafkaException as failure:
                cause = cause_of(failure)
                if cause is not None and cause.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                    return True
                if cause is None or not is_passing(cause) or _now() >= deadline:
                    with translating(f"positions of {group}"):
                        raise
            else:
                return False

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


def _now() -> float:
    return time.monotonic()  # noqa: TID251  # patience is real time
