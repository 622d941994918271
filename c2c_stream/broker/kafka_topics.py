"""A run's topics and groups on Kafka, from outside: make, find, and how far each group has come."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import cause_of, translated, translating
from c2c_stream.broker.protocol import Partition, Position
from c2c_stream.errors import SettingsError
from c2c_stream.topics import MAX_RECORD_BYTES, MIB, STATEFUL, TOPICS, state_topic_of

LATEST: Final[OffsetSpec] = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the client's
EARLIEST: Final[OffsetSpec] = OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # the same
# Every question is answered in milliseconds by brokers that are there.
ANSWER_S: Final = 10.0
# Until every broker knows of a topic that was just made.
SPREAD_S: Final = 3.0
LOOK_S: Final = 0.1


def names() -> list[str]:
    """Return the names of all topics of a run, without its prefix."""
    return [*(topic.name for topic in TOPICS), *map(state_topic_of, STATEFUL)]


def create(cluster: Cluster, admin: AdminClient) -> list[str]:
    """Make the run's topics; leave what is there. Returns the names that were made."""
    made = []
    for name, future in admin.create_topics(_wanted(cluster), request_timeout=ANSWER_S).items():
        try:
            future.result()
        except KafkaException as error:
            cause = cause_of(error)
            if cause is None or cause.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                with translating(f"topic {name}"):
                    raise
        else:
            made.append(name)
    return made


def _wanted(cluster: Cluster) -> list[NewTopic]:
    sizes = {topic.name: topic.max_bytes for topic in TOPICS}
    return [
        NewTopic(
            cluster.topic(name),
            num_partitions=cluster.settings.partitions,
            replication_factor=cluster.settings.replication,
            config={
                "max.message.bytes": str(sizes.get(name, MAX_RECORD_BYTES) + MIB),
                "cleanup.policy": "delete" if name in sizes else "compact",
                "min.insync.replicas": str(max(1, cluster.settings.replication - 1)),
                # What was read is trimmed by nobody yet, and unread records never expire.
                **({"retention.ms": "-1"} if name in sizes else {}),
            },
        )
        for name in names()
    ]


def partitions(cluster: Cluster, admin: AdminClient) -> Mapping[str, int]:
    """Return the number of partitions of each topic of the run that exists."""
    with translating(f"brokers {cluster.servers}"):
        found = admin.list_topics(timeout=ANSWER_S).topics
    return {
        name: len(found[cluster.topic(name)].partitions)
        for name in names()
        if cluster.topic(name) in found
    }


def check(cluster: Cluster, admin: AdminClient, needed: Iterable[str]) -> Mapping[str, int]:
    """Return the partitions of the run's topics. Raises SettingsError that names the missing."""
    wanted = list(needed)
    deadline = time.monotonic() + SPREAD_S  # noqa: TID251  # brokers take real time
    while True:
        found = partitions(cluster, admin)
        missing = [cluster.topic(name) for name in wanted if name not in found]
        if not missing:
            return found
        if time.monotonic() >= deadline:  # noqa: TID251  # the same
            raise SettingsError(
                f"{cluster.servers} lacks {', '.join(missing)}:"
                f" make the run's topics with `c2c topics create --run {cluster.run}`"
            )
        time.sleep(LOOK_S)  # noqa: TID251  # the same


def ends(cluster: Cluster, admin: AdminClient, wanted: Iterable[Partition]) -> dict[Partition, int]:
    """Return the next offset to be written. Open transactions count: their records will come."""
    return offsets(cluster, admin, wanted, LATEST)


def offsets(
    cluster: Cluster, admin: AdminClient, wanted: Iterable[Partition], which: OffsetSpec
) -> dict[Partition, int]:
    """Return the offset that is asked for: the first, the end, or -1 where a time has none."""
    asked = {TopicPartition(cluster.topic(t), p): which for t, p in wanted}
    if not asked:
        return {}
    with translating("offsets of partitions"):
        answers = admin.list_offsets(asked, request_timeout=ANSWER_S)
        return {_of(cluster, at): future.result().offset for at, future in answers.items()}


def positions(
    cluster: Cluster,
    admin: AdminClient,
    service: str,
    wanted: Iterable[Partition],
    *,
    stable: bool = False,
) -> dict[Partition, Position]:
    """Return a group's committed positions; where there is none, the beginning.

    What a transaction is just committing is not among them yet; if `stable`, that is Unavailable.
    """
    asked = [TopicPartition(cluster.topic(t), p) for t, p in wanted]
    group = ConsumerGroupTopicPartitions(cluster.group(service), asked)
    with translating(f"positions of {cluster.group(service)}"):
        [answer] = admin.list_consumer_group_offsets(
            [group], require_stable=stable, request_timeout=ANSWER_S
        ).values()
        found: Any = answer.result()
    return {_of(cluster, at): position_of(at) for at in found.topic_partitions}


def marks(cluster: Cluster, admin: AdminClient, group: str) -> dict[Partition, str]:
    """Return the metadata of all positions of a group; of one that never was, none."""
    asked = [ConsumerGroupTopicPartitions(group)]
    with translating(f"positions of {group}"):
        [answer] = admin.list_consumer_group_offsets(
            asked, require_stable=True, request_timeout=ANSWER_S
        ).values()
        found: Any = answer.result()
    return {_of(cluster, at): position_of(at).metadata for at in found.topic_partitions or ()}


def position_of(at: TopicPartition) -> Position:
    """Return a committed position. A negative offset is none."""
    if at.error is not None:
        raise translated(at.error, f"position of {at.topic}[{at.partition}]")
    return Position(max(0, at.offset), at.metadata or "")


def _of(cluster: Cluster, at: TopicPartition) -> Partition:
    return at.topic.removeprefix(f"{cluster.run}."), at.partition
