"""Names, keys, record types and size limits of every topic, and what each is meant to be on Kafka.

A run's id prefixes the topic's name, so two runs never mix: `main.functions`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from c2c_stream.records import (
    Candidate,
    Cases,
    DeadLetter,
    File,
    Function,
    Inputs,
    Record,
    Rejection,
    Repository,
    Sample,
    Settlement,
)

MIB = 1024 * 1024
MAX_RECORD_BYTES = 4 * MIB
MAX_DEAD_LETTER_BYTES = 8 * MIB
# A larger dead letter keeps its place, its hash and this much of its value.
DEAD_LETTER_HEAD_BYTES = 64 * 1024
# A record's key and headers lie beside its value.
BESIDE_BYTES = MIB
# Brokers free disk by whole segments: the default of 1 GiB would hold what was trimmed long ago.
SEGMENT_BYTES = 64 * MIB
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of a run. `consumer` consumes it; the sink consumes several."""

    name: str
    record: type[Record]
    consumer: str
    max_bytes: int = MAX_RECORD_BYTES
    # Its records wait for a person: they never expire, nobody trims them, commands read them again.
    kept: bool = False


REPOS = Topic("repos", Repository, "ingester")
FILES = Topic("files", File, "collector")
FUNCTIONS = Topic("functions", Function, "curator")
CANDIDATES = Topic("candidates", Candidate, "writer")
INPUTS = Topic("inputs", Inputs, "executor")
CASES = Topic("cases", Cases, "formatter")
SAMPLES = Topic("samples", Sample, "sink")
REJECTIONS = Topic("rejections", Rejection, "sink")
DEAD_LETTERS = Topic("dead-letters", DeadLetter, "sink", MAX_DEAD_LETTER_BYTES, kept=True)
SETTLEMENTS = Topic("settlements", Settlement, "sink", kept=True)

TOPICS: tuple[Topic, ...] = (
    REPOS,
    FILES,
    FUNCTIONS,
    CANDIDATES,
    INPUTS,
    CASES,
    SAMPLES,
    REJECTIONS,
    DEAD_LETTERS,
    SETTLEMENTS,
)
# In flow order; the order in which services are drained.
SERVICES = ("ingester", "collector", "curator", "writer", "executor", "formatter", "sink")

# Who keeps state by key, on a cluster in a compacted topic of its own.
STATEFUL = ("curator", "follower")


@dataclass(frozen=True, slots=True)
class Layout:
    """What a topic is meant to be on a cluster. `retention_hours` of 0 is for ever."""

    name: str
    partitions: int
    replication: int
    max_bytes: int
    retention_hours: int = 0
    compacted: bool = False

    def properties(self) -> Mapping[str, str]:
        """Return the topic's configuration, in Kafka's names."""
        retention_ms = self.retention_hours * HOUR_MS or -1
        return {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "max.message.bytes": str(self.max_bytes + BESIDE_BYTES),
            "min.insync.replicas": str(max(1, self.replication - 1)),
            # By the broker's clock: one of ours that jumped would let records expire at once.
            "message.timestamp.type": "LogAppendTime",
            "segment.bytes": str(SEGMENT_BYTES),
            # State never expires; Kafka ignores the property where it compacts.
            **({} if self.compacted else {"retention.ms": str(retention_ms)}),
        }


def layouts(partitions: int, replication: int, retention_hours: int) -> tuple[Layout, ...]:
    """Return what all topics of a run are meant to be.

    All have the same count of partitions. That of a topic whose consumer keeps state and of its
    state's topic is for ever: a key's record and its state would part.
    """
    return (
        *(
            Layout(t.name, partitions, replication, t.max_bytes, 0 if t.kept else retention_hours)
            for t in TOPICS
        ),
        *(
            Layout(state_topic_of(s), partitions, replication, MAX_RECORD_BYTES, compacted=True)
            for s in STATEFUL
        ),
    )


_BY_RECORD = {topic.record: topic for topic in TOPICS}


def topic_of(record: Record) -> Topic:
    """Return the topic that a record travels on."""
    return _BY_RECORD[type(record)]


def consumed_by(service: str) -> tuple[Topic, ...]:
    """Return the topics that a service consumes."""
    return tuple(topic for topic in TOPICS if topic.consumer == service)


def output_of(service: str) -> Topic | None:
    """Return the topic that a service's outputs go to; the last service has none."""
    behind = SERVICES[SERVICES.index(service) + 1 :]
    return consumed_by(behind[0])[0] if behind else None


def used_by(service: str) -> tuple[str, ...]:
    """Return the names of the topics that a service reads or writes."""
    output = output_of(service)
    return (
        *(topic.name for topic in consumed_by(service)),
        *([output.name, REJECTIONS.name, DEAD_LETTERS.name] if output else ()),
        *([state_topic_of(service)] if service in STATEFUL else ()),
    )


def held_by(service: str, who: str) -> tuple[Topic, ...]:
    """Return the topics on which a service holds its intake while too much waits there.

    `who` holds: `each` service on what the next one consumes; the `ingester` alone on all that the
    services behind it consume, so that the slowest of them slows the run wherever it stands.
    """
    if who == "ingester":
        return tuple(t for t in TOPICS if t is not REPOS) if service == REPOS.consumer else ()
    topic = output_of(service)
    return (topic,) if topic else ()


def state_topic_of(service: str) -> str:
    """Return the name of the compacted topic that holds a service's keyed state."""
    return f"{service}-state"


def key_of(record: Record) -> str:
    """Return the key: from the collector on it is function_id, so copies meet in one partition."""
    match record:
        case Repository():
            return record.url
        case File():
            return record.file_id
        case Function() | Sample():
            return record.function_id
        case Candidate() | Inputs() | Cases():
            return record.function.function_id
        case Rejection():
            return record.stage
        case DeadLetter() | Settlement():
            return f"{record.topic}[{record.partition}]@{record.offset}"
