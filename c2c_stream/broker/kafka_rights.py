"""Ask the brokers at a service's start whether its user may do all that it will do."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import answer_of, cause_of
from c2c_stream.broker.kafka_groups import Groups
from c2c_stream.broker.kafka_layout import ANSWER_S
from c2c_stream.broker.rights import Right, rights_of
from c2c_stream.connection import properties_of
from c2c_stream.errors import Fatal

# What a user may do with a resource; None where the brokers do not tell.
Allowed = Mapping[tuple[str, str], frozenset[str] | None]


def check(cluster: Cluster, admin: AdminClient, groups: Groups, service: str) -> None:
    """Raise Fatal that names each right on topics and groups that is missing.

    That on the transactional id is told when its producer is made; that on a group of which it may
    see the positions and no more, or of a user whom the brokers do not know, when it joins.
    """
    known = properties_of(cluster.settings)["security.protocol"] != "PLAINTEXT"
    wanted = rights_of(cluster.run, service)
    allowed = _allowed(admin, wanted)
    missing = [
        str(right)
        for right in wanted
        if not _has(allowed, right)
        # Not by the admin client: what it asks about a group ends the process where the group's
        # coordinator moves just then (librdkafka 2.16).
        or (known and right.resource == "group" and groups.refuses(right.name))
    ]
    if missing:
        who = cluster.settings.username or "the service's user"
        raise Fatal(
            f"{cluster.servers}: {who} lacks {', '.join(missing)}; grant it and start again"
            f" (`c2c topics acls --run {cluster.run}` lists what each service needs)"
        )


def _has(allowed: Allowed, right: Right) -> bool:
    operations = allowed.get((right.resource, right.name))
    if operations is None:
        return True
    # Who may not even look lacks what contains Describe; of the others nothing is known.
    return right.operation.lower() in operations or (
        not operations and right.operation == "DescribeConfigs"
    )


def _allowed(admin: AdminClient, wanted: Sequence[Right]) -> Allowed:
    names = dict.fromkeys(right.name for right in wanted if right.resource == "topic")
    found = admin.describe_topics(
        TopicCollection(list(names)),
        include_authorized_operations=True,
        request_timeout=ANSWER_S,
    )
    return {("topic", name): _operations(future) for name, future in found.items()}


def _operations(future: "Future[Any]") -> frozenset[str] | None:
    try:
        found = answer_of(future, ANSWER_S).authorized_operations
    except KafkaException as error:
        cause = cause_of(error)
        if cause is not None and cause.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            return frozenset()
        return None  # it is not there, or nobody answers: whoever needs it says so
    return frozenset(op.name.replace("_", "").lower() for op in found) if found else None
