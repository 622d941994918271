"""Give disk back: trim what all have read, and remove what a run that is over has left."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from c2c_stream.broker import kafka_layout, kafka_topics
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import answer_of, cause_of, translating
from c2c_stream.broker.kafka_layout import ANSWER_S
from c2c_stream.broker.protocol import Partition, Position
from c2c_stream.errors import SettingsError
from c2c_stream.topics import TOPICS

_GONE: Final = (
    KafkaError.GROUP_ID_NOT_FOUND,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
)
_KEPT: Final = frozenset(topic.name for topic in TOPICS if topic.kept)


@dataclass(frozen=True, slots=True)
class Left:
    """What the brokers still have of a run, under its full names. `at_work`: groups in use."""

    topics: tuple[str, ...]
    groups: tuple[str, ...]
    at_work: tuple[str, ...]

    def __bool__(self) -> bool:
        """Say whether there is anything."""
        return bool(self.topics or self.groups)


def trim(
    cluster: Cluster,
    admin: AdminClient,
    committed: Mapping[Partition, Position],
    trimmed: Mapping[Partition, int],
) -> dict[Partition, int]:
    """Remove what stands before the consumers' positions; returns up to where.

    One group consumes a topic, so what it has committed nobody reads again. State is no topic that
    is consumed, and dead letters wait for a person: both stay.
    """
    wanted = {
        at: position.offset
        for at, position in committed.items()
        if at[0] not in _KEPT and position.offset > trimmed.get(at, 0)
    }
    asked = [TopicPartition(cluster.topic(t), p, offset) for (t, p), offset in wanted.items()]
    futures = admin.delete_records(asked, request_timeout=ANSWER_S) if asked else {}
    for at, future in futures.items():
        with translating(f"trimming of {at.topic}[{at.partition}]"):
            answer_of(future, ANSWER_S)
    return wanted


def left(cluster: Cluster, admin: AdminClient, services: Iterable[str]) -> Left:
    """Return what there is of a run."""
    found = kafka_layout.partitions(cluster, admin, kafka_topics.names())
    ours = {cluster.group(service) for service in services}
    with translating(f"groups on {cluster.servers}"):
        asked: Any = admin.list_consumer_groups(request_timeout=ANSWER_S)
        listed = answer_of(asked, ANSWER_S)
        groups = sorted(ours & {group.group_id for group in listed.valid})
        members = _members(admin, groups) if groups else {}
    return Left(
        tuple(cluster.topic(name) for name in found),
        tuple(groups),
        tuple(name for name in groups if members[name]),
    )


def _members(admin: AdminClient, groups: list[str]) -> dict[str, int]:
    answers = admin.describe_consumer_groups(groups, request_timeout=ANSWER_S)
    return {name: len(answer_of(future, ANSWER_S).members) for name, future in answers.items()}


def remove(cluster: Cluster, admin: AdminClient, what: Left) -> None:
    """Delete a run's topics, then its groups. Raises SettingsError while a service is at work."""
    if what.at_work:
        raise SettingsError(
            f"{cluster.servers}: {', '.join(what.at_work)} are at work: stop the run's services"
            f" first"
        )
    _delete(admin.delete_topics, what.topics)
    _delete(admin.delete_consumer_groups, what.groups)


def _delete(delete: Callable[..., Mapping[str, Any]], names: tuple[str, ...]) -> None:
    for name, future in delete(list(names), request_timeout=ANSWER_S).items() if names else ():
        try:
            answer_of(future, ANSWER_S)
        except KafkaException as error:
            cause = cause_of(error)
            if cause is None or cause.code() not in _GONE:
                with translating(f"deletion of {name}"):
                    raise
