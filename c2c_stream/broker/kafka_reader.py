"""Reads what a partition holds, from outside of any group."""

import time
from collections.abc import Iterator
from typing import Final

from confluent_kafka import KafkaError, Message, TopicPartition

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import is_passing, translated
from c2c_stream.errors import Fatal

# Longest silence while a partition is read; an open transaction of a dead writer ends before.
SILENCE_S: Final = 30.0


def read(cluster: Cluster, topic: str, number: int, first: int, end: int) -> Iterator[Message]:
    """Yield the committed records of a partition from `first` up to `end`, which counts marks.

    Raises Fatal where they do not come.
    """
    if first >= end:
        return
    name = cluster.topic(topic)
    reader = cluster.reader(lambda _: None)
    try:
        reader.assign([TopicPartition(name, number, first)])
        heard_at = _now()
        while _now() - heard_at < SILENCE_S:
            message = reader.poll(1.0)
            if message is None:
                continue
            error, offset = message.error(), message.offset() or 0
            if error is not None and error.code() != KafkaError._PARTITION_EOF:
                if is_passing(error):
                    continue  # the client goes on by itself
                raise translated(error, f"{name}[{number}]")
            heard_at = _now()
            if error is None and offset < end:
                yield message
            if offset >= end or (error is None and offset + 1 == end):
                return
        raise Fatal(f"{name}[{number}]: no more came before offset {end}; start again")
    finally:
        reader.close()


def _now() -> float:
    return time.monotonic()  # noqa: TID251  # patience is real time
