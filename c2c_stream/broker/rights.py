"""The least rights of every role on a cluster, as data.

Whoever runs the cluster grants them; a service asks for its own at its start. Kafka's words: Read
and Write contain Describe.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from c2c_stream.broker.run import SETTLER
from c2c_stream.topics import (
    DEAD_LETTERS,
    REJECTIONS,
    REPOS,
    SERVICES,
    SETTLEMENTS,
    STATEFUL,
    TOPICS,
    consumed_by,
    output_of,
    state_topic_of,
)

Resource = Literal["topic", "group", "transactionalId"]
# `feeder` is `c2c ingest`, `settler` is `c2c dead-letters`; `operator` makes, checks, trims and
# deletes topics and reads the books.
ROLES: Final = (*SERVICES, "feeder", SETTLER, "operator")


@dataclass(frozen=True, slots=True)
class Right:
    """One operation on one resource, or on all whose name begins so."""

    resource: Resource
    name: str
    operation: str
    prefixed: bool = False

    def __str__(self) -> str:
        """Return it in words."""
        which = f"{self.name}*" if self.prefixed else self.name
        return f"{self.operation} on {self.resource} {which}"


def rights_of(run: str, role: str) -> tuple[Right, ...]:
    """Return what a role needs in a run, and no more."""
    match role:
        case "feeder":
            return tuple(_feeder(run))
        case "settler":
            return tuple(_settler(run))
        case "operator":
            return tuple(_operator(run))
        case _:
            return (*_topics(run, role), *_groups(run, role), _transactions(run, role))


def _topics(run: str, service: str) -> Iterator[Right]:
    output = output_of(service)
    written = [DEAD_LETTERS.name, *([output.name, REJECTIONS.name] if output else ())]
    state = [state_topic_of(service)] if service in STATEFUL else []
    read = [topic.name for topic in consumed_by(service)]
    for operation, names in (
        ("Read", [*read, *state]),
        ("Write", [*written, *state]),
        # What would lose records is refused at the start.
        ("DescribeConfigs", dict.fromkeys([*read, *written, *state])),
    ):
        for name in names:
            yield Right("topic", f"{run}.{name}", operation)


def _groups(run: str, service: str) -> Iterator[Right]:
    yield Right("group", f"{run}-{service}", "Read")
    output = output_of(service)
    if output:  # how far the next service lags
        yield Right("group", f"{run}-{output.consumer}", "Describe")
    if service in STATEFUL:  # state is read under this name (Cluster.reader)
        yield Right("group", f"{run}-reader", "Describe")


def _transactions(run: str, role: str) -> Right:
    return Right("transactionalId", f"{run}-{role}-", "Write", prefixed=True)


def _feeder(run: str) -> Iterator[Right]:
    yield Right("topic", f"{run}.{REPOS.name}", "Write")
    for topic in TOPICS:
        if topic is not REPOS:
            yield Right("topic", f"{run}.{topic.name}", "Describe")
    for service in STATEFUL:
        yield Right("topic", f"{run}.{state_topic_of(service)}", "Describe")
    yield _transactions(run, "feeder")


def _settler(run: str) -> Iterator[Right]:
    for topic in (DEAD_LETTERS, SETTLEMENTS):
        yield Right("topic", f"{run}.{topic.name}", "Read")
    for topic in TOPICS:  # a record goes back to wherever it stood
        yield Right("topic", f"{run}.{topic.name}", "Write")
    for service in STATEFUL:
        yield Right("topic", f"{run}.{state_topic_of(service)}", "Describe")
    yield Right("group", f"{run}-{SETTLER}", "Read")
    yield Right("group", f"{run}-reader", "Describe")
    yield _transactions(run, SETTLER)


def _operator(run: str) -> Iterator[Right]:
    for operation in ("Create", "Delete", "Describe", "DescribeConfigs"):
        yield Right("topic", f"{run}.", operation, prefixed=True)
    for operation in ("Delete", "Describe"):
        yield Right("group", f"{run}-", operation, prefixed=True)
