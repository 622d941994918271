"""A run's topics as the brokers have them, against what they are meant to be."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import answer_of, cause_of, translating
from c2c_stream.topics import HOUR_MS, MIB, STATEFUL, Layout, consumed_by, layouts, state_topic_of

# Every question is answered in milliseconds by brokers that are there.
ANSWER_S: Final = 10.0
LOOK_S: Final = 0.05
# What a service must not work with: records would be refused, or vanish.
DANGEROUS: Final = ("max.message.bytes", "cleanup.policy")
_UNKNOWN: Final = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC)


@dataclass(frozen=True, slots=True)
class Found:
    """One topic as it is. `in_sync` is that of its worst partition."""

    name: str
    partitions: int
    replication: int
    in_sync: int
    properties: Mapping[str, str]


def greet(cluster: Cluster, admin: AdminClient, check: Callable[[], None]) -> None:
    """Wait for the brokers' first answer. Raises Unavailable.

    `check` raises what the client is told meanwhile: a refused login, which no call would say.
    """
    answer = admin.describe_cluster(request_timeout=ANSWER_S)
    deadline = _now() + 2 * ANSWER_S
    while not answer.done() and _now() < deadline:
        admin.poll(LOOK_S)
        check()
    with translating(f"brokers {cluster.servers}"):
        answer_of(answer, 0)


def wanted(cluster: Cluster) -> dict[str, Layout]:
    """Return what the run's topics are meant to be, by name."""
    at = cluster.settings
    return {one.name: one for one in layouts(at.partitions, at.replication, at.retention_hours)}


def partitions(cluster: Cluster, admin: AdminClient, names: Iterable[str]) -> dict[str, int]:
    """Return the number of partitions of those of the named topics that exist."""
    return {name: len(shape.partitions) for name, shape in _shapes(cluster, admin, names).items()}


def describe(cluster: Cluster, admin: AdminClient, names: Iterable[str]) -> dict[str, Found]:
    """Return those of the named topics that exist. Raises Fatal where a right is missing."""
    shapes = _shapes(cluster, admin, names)
    properties = _properties(cluster, admin, shapes)
    return {
        name: Found(
            name,
            len(shape.partitions),
            min(len(p.replicas) for p in shape.partitions),
            min(len(p.isr) for p in shape.partitions),
            properties[name],
        )
        for name, shape in shapes.items()
    }


def _shapes(cluster: Cluster, admin: AdminClient, names: Iterable[str]) -> dict[str, Any]:
    asked = {cluster.topic(name): name for name in names}
    found: dict[str, Any] = {}
    futures = admin.describe_topics(
        TopicCollection(list(asked)),
        request_timeout=ANSWER_S,
    )
    for topic, future in futures.items():
        try:
            found[asked[topic]] = answer_of(future, ANSWER_S)
        except KafkaException as error:
            cause = cause_of(error)
            if cause is None or cause.code() not in _UNKNOWN:
                with translating(f"topic {topic} on {cluster.servers}"):
                    raise
    return found


def _properties(
    cluster: Cluster, admin: AdminClient, names: Iterable[str]
) -> dict[str, Mapping[str, str]]:
    asked = [ConfigResource(ResourceType.TOPIC, cluster.topic(name)) for name in names]
    found: dict[str, Mapping[str, str]] = {}
    futures = admin.describe_configs(asked, request_timeout=ANSWER_S) if asked else {}
    for resource, future in futures.items():
        with translating(f"configuration of topic {resource.name}"):
            entries: Any = answer_of(future, ANSWER_S)
        name = resource.name.removeprefix(f"{cluster.run}.")
        found[name] = {key: str(entry.value) for key, entry in entries.items()}
    return found


def differences(run: str, meant: Mapping[str, Layout], found: Mapping[str, Found]) -> Iterator[str]:
    """Yield each difference as one sentence. Pure."""
    for name, layout in meant.items():
        if name not in found:
            yield f"{run}.{name} is missing"
            continue
        there = found[name]
        yield from (f"{run}.{name} {text}" for text in _numbers(layout, there))
        yield from (f"{run}.{name} {text}" for text in _values(layout.properties(), there))


def _numbers(layout: Layout, found: Found) -> Iterator[str]:
    if found.partitions != layout.partitions:
        yield f"has {_count(found.partitions, 'partition')}, meant are {layout.partitions}"
    if found.replication != layout.replication:
        yield f"has {_count(found.replication, 'replica')}, meant are {layout.replication}"
    if found.in_sync < found.replication:
        yield (
            f"has a partition with {found.in_sync} of its"
            f" {_count(found.replication, 'replica')} in sync: look after the brokers"
        )


def _values(properties: Mapping[str, str], found: Found) -> Iterator[str]:
    for key, value in properties.items():
        has = found.properties.get(key, "nothing")
        if has != value:
            yield f"has {key} {_told(key, has)}, meant is {_told(key, value)}{_MEANS.get(key, '')}"


_MEANS: Final[Mapping[str, str]] = {
    "cleanup.policy": ": records would vanish, or stay for ever",
    "max.message.bytes": ": larger records would be refused",
    "retention.ms": ": how long a record waits for its reader, and how much disk that takes",
    "message.timestamp.type": ": a service's wrong clock would let records expire",
}


def _told(key: str, value: str) -> str:
    """Return a value as a person would say it."""
    if not value.lstrip("-").isdecimal():
        return value
    number = int(value)
    if key == "retention.ms":
        return kept_for(number)
    return f"{number / MIB:g} MiB" if key.endswith("bytes") else value


def kept_for(retention_ms: int) -> str:
    """Return a retention in the largest unit of which it is a whole number."""
    if retention_ms < 0:
        return "for ever"
    for size, unit in ((HOUR_MS, "h"), (60_000, "min"), (1000, "s")):
        if retention_ms and retention_ms % size == 0:
            return f"{retention_ms // size:,} {unit}"
    return f"{retention_ms:,} ms"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def dangers(run: str, meant: Mapping[str, Layout], found: Mapping[str, Found]) -> Iterator[str]:
    """Yield what no service may work with: records would be lost, refused or doubled. Pure."""
    for name, topic in found.items():
        properties = meant[name].properties()
        there = topic.properties
        for key in DANGEROUS:
            larger = key.endswith("bytes") and int(there.get(key, "0")) >= int(properties[key])
            if not larger and there.get(key) != properties[key]:
                yield from (
                    f"{run}.{name} {text}" for text in _values({key: properties[key]}, topic)
                )
    yield from _parted(run, found)


def _parted(run: str, found: Mapping[str, Found]) -> Iterator[str]:
    """Yield where state and what it came of are no longer in the partitions of one number."""
    for service in STATEFUL:
        state = found.get(state_topic_of(service))
        for topic in consumed_by(service):
            records = found.get(topic.name)
            if state and records and state.partitions != records.partitions:
                yield (
                    f"{run}.{topic.name} has {_count(records.partitions, 'partition')} and"
                    f" {run}.{state.name} has {state.partitions}: the count was changed, so keys"
                    f" have parted from their state; start a new run with the new count"
                )


def _now() -> float:
    return time.monotonic()  # noqa: TID251  # brokers take real time
