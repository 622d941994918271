"""Names, keys, record types and size limits of every topic.

A run's id prefixes the topic's name, so two runs never mix: `main.functions`.
"""

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


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of a run. `consumer` consumes it; the sink consumes several.

    What is `kept` is never trimmed: commands read it again.
    """

    name: str
    record: type[Record]
    consumer: str
    max_bytes: int = MAX_RECORD_BYTES
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

# Services that keep state by key, on a cluster in a compacted topic of their own.
STATEFUL = ("curator",)

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
