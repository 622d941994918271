"""A run's topics on Kafka, from outside: make, find, check, and how far they reach."""

import time
from collections.abc import Iterable, Mapping
from typing import Final

from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from c2c_stream.broker import kafka_layout
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import answer_of, cause_of, translating
from c2c_stream.broker.kafka_layout import ANSWER_S
from c2c_stream.broker.protocol import Partition
from c2c_stream.errors import Fatal, SettingsError, Unavailable
from c2c_stream.topics import STATEFUL, TOPICS, state_topic_of

LATEST: Final[OffsetSpec] = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the client's
EARLIEST: Final[OffsetSpec] = OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # the same
# A leader answers in milliseconds; where it does not, another one leads soon.
LEADER_S: Final = 3.0
# Until every broker knows of a topic that was just made.
SPREAD_S: Final = 3.0
LOOK_S: Final = 0.1


def names() -> list[str]:
    """Return the names of all topics of a run, without its prefix."""
    return [*(topic.name for topic in TOPICS), *map(state_topic_of, STATEFUL)]


def create(cluster: Cluster, admin: AdminClient) -> list[str]:
    """Make the run's topics; leave what is there. Returns the names that were made."""
    made = []
    for name, future in admin.create_topics(_new(cluster), request_timeout=ANSWER_S).items():
        try:
            answer_of(future, ANSWER_S)
        except KafkaException as error:
            cause = cause_of(error)
            if cause is None or cause.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                with translating(f"topic {name}"):
                    raise
        else:
            made.append(name)
    return made


def _new(cluster: Cluster) -> list[NewTopic]:
    return [
        NewTopic(
            cluster.topic(layout.name),
            num_partitions=layout.partitions,
            replication_factor=layout.replication,
            config=dict(layout.properties()),
        )
        for layout in kafka_layout.wanted(cluster).values()
    ]


def partitions(cluster: Cluster, admin: AdminClient, needed: Iterable[str]) -> Mapping[str, int]:
    """Return the partitions of the named topics. Raises SettingsError that names the missing."""
    wanted = list(needed)
    deadline = time.monotonic() + SPREAD_S  # noqa: TID251  # brokers take real time
    while True:
        found = kafka_layout.partitions(cluster, admin, wanted)
        missing = [cluster.topic(name) for name in wanted if name not in found]
        if not missing:
            return found
        if time.monotonic() >= deadline:  # noqa: TID251  # the same
            raise SettingsError(
                f"{cluster.servers} lacks {', '.join(missing)}:"
                f" make the run's topics with `c2c topics create --run {cluster.run}`"
            )
        time.sleep(LOOK_S)  # noqa: TID251  # the same


def check(cluster: Cluster, admin: AdminClient, needed: Iterable[str]) -> Mapping[str, int]:
    """Return the partitions of the named topics.

    Raises SettingsError that says which are missing, or what is dangerously wrong with them.
    """
    counts = partitions(cluster, admin, needed)
    found = kafka_layout.describe(cluster, admin, counts)
    wrong = list(kafka_layout.dangers(cluster.run, kafka_layout.wanted(cluster), found))
    if wrong:
        raise SettingsError(f"{'; '.join(wrong)} (`c2c topics verify --run {cluster.run}`)")
    return counts


def check_new(
    cluster: Cluster, admin: AdminClient, service: str, wanted: Iterable[Partition]
) -> None:
    """Refuse to begin a partition behind its first record: what stood before was never read.

    For partitions of which the group has no position. Raises Fatal.
    """
    for (topic, number), start in starts(cluster, admin, wanted).items():
        if start:
            raise Fatal(
                f"{cluster.topic(topic)}[{number}] begins at {start}, and {cluster.group(service)}"
                f" has read nothing of it: records were removed before they were read; find out"
                f" why, then set the group's offset by hand or start a new run"
            )


def check_count(cluster: Cluster, assigned: Iterable[Partition], count: int) -> None:
    """Refuse partitions that a stateful topic did not have at the start. Raises Fatal."""
    for topic, number in assigned:
        if number >= count:
            raise Fatal(
                f"{cluster.topic(topic)} had {count} partitions and now has one of number {number}:"
                f" the count was changed, so keys have parted from their state; start a new run"
                f" with the new count"
            )


def ends(cluster: Cluster, admin: AdminClient, wanted: Iterable[Partition]) -> dict[Partition, int]:
    """Return the next offset to be written. Open transactions count: their records will come."""
    return offsets(cluster, admin, wanted, LATEST)


def starts(
    cluster: Cluster, admin: AdminClient, wanted: Iterable[Partition]
) -> dict[Partition, int]:
    """Return the first offset that is kept; everything before it was removed."""
    return offsets(cluster, admin, wanted, EARLIEST)


def offsets(
    cluster: Cluster, admin: AdminClient, wanted: Iterable[Partition], which: OffsetSpec
) -> dict[Partition, int]:
    """Return the offset that is asked for: the first, the end, or -1 where a time has none."""
    asked = {TopicPartition(cluster.topic(t), p): which for t, p in wanted}
    if not asked:
        return {}
    try:
        return _answered(cluster, admin, asked)
    except Unavailable:
        # The client goes on asking a leader that is gone until it hears who leads now.
        with translating("leaders of partitions"):
            admin.list_topics(timeout=ANSWER_S)
        raise


def _answered(
    cluster: Cluster, admin: AdminClient, asked: dict[TopicPartition, OffsetSpec]
) -> dict[Partition, int]:
    with translating("offsets of partitions"):
        answers = admin.list_offsets(asked, request_timeout=LEADER_S)
        found = {
            _of(cluster, at): answer_of(future, LEADER_S).offset for at, future in answers.items()
        }
    if OFFSET_INVALID in found.values():
        raise Unavailable(
            "offsets of partitions: a leader does not answer; it goes on when one does"
        )
    return found


def _of(cluster: Cluster, at: TopicPartition) -> Partition:
    return at.topic.removeprefix(f"{cluster.run}."), at.partition
