"""A service's keyed state on Kafka: a compacted topic, in memory for the partitions owned now."""

import time
from collections import ChainMap
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient

from c2c_stream.broker import kafka_topics
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import translated
from c2c_stream.broker.protocol import Partition
from c2c_stream.errors import Fatal
from c2c_stream.topics import state_topic_of

# Longest silence while state is read; an open transaction of a dead writer ends before.
SILENCE_S: Final = 30.0


class State:
    """Committed values by key. A partition's puts came of the input partition of its number."""

    def __init__(self, cluster: Cluster, service: str, admin: AdminClient) -> None:
        self._cluster = cluster
        self._name = state_topic_of(service)
        self._admin = admin
        self._parts: dict[Partition, dict[str, bytes]] = {}
        self.view: Mapping[str, bytes] = _View(self._parts)

    def restore(self, partition: Partition, *, fresh: bool) -> None:
        """Read what was put for an input partition; called when it is assigned.

        The group's position must have been read before: then what belongs to it stands before the
        end. Raises Fatal if there is state of a group that never committed (`fresh`).
        """
        at = (self._name, partition[1])
        # Marks that are still to come count: a transaction of the position may be among them.
        end = kafka_topics.ends(self._cluster, self._admin, [at])[at]
        found = dict(self._read(partition[1], end))
        if fresh and found:
            raise Fatal(
                f"{self._cluster.topic(self._name)}[{partition[1]}] holds state, but the group has"
                f" no position: it was reset or its offsets expired; start a new run"
            )
        self._parts[partition] = found

    def keep(self, puts: Mapping[Partition, Mapping[str, bytes]]) -> None:
        """Take what was committed."""
        for partition, changes in puts.items():
            self._parts[partition].update(changes)

    def forget(self, partition: Partition) -> None:
        """Drop what a rebalance took away."""
        self._parts.pop(partition, None)

    def _read(self, number: int, end: int) -> Iterator[tuple[str, bytes]]:
        if not end:
            return
        topic = self._cluster.topic(self._name)
        reader = self._cluster.reader(lambda _: None)
        try:
            reader.assign([TopicPartition(topic, number, OFFSET_BEGINNING)])
            heard_at = _now()
            while _now() - heard_at < SILENCE_S:
                message = reader.poll(1.0)
                if message is None:
                    continue
                heard_at = _now()
                error = message.error()
                if error is None:
                    yield (message.key() or b"").decode(), message.value() or b""
                elif error.code() != KafkaError._PARTITION_EOF:
                    raise translated(error, f"{topic}[{number}]")
                elif (message.offset() or 0) >= end:
                    return
            raise Fatal(f"{topic}[{number}]: no more state came before offset {end}; start again")
        finally:
            reader.close()


class _View(Mapping[str, bytes]):
    """All owned parts as one; a key stands in one of them, that of its records."""

    def __init__(self, parts: Mapping[Partition, MutableMapping[str, bytes]]) -> None:
        self._parts = parts

    def __getitem__(self, key: str) -> bytes:
        for part in self._parts.values():
            if key in part:
                return part[key]
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(ChainMap(*self._parts.values()))

    def __len__(self) -> int:
        return len(ChainMap(*self._parts.values()))


def _now() -> float:
    return time.monotonic()  # noqa: TID251  # patience is real time
