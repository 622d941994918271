"""The least rights of every role on a cluster, as data.

Whoever runs the cluster grants them; a service asks for its own at its start. Kafka's words: Read
and Write contain Describe.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from c2c_stream.broker.known import FOLLOWER
from c2c_stream.broker.run import REPLAYER, SETTLER
from c2c_stream.topics import (
    DEAD_LETTERS,
    REJECTIONS,
    REPOS,
    SERVICES,
    SETTLEMENTS,
    STATEFUL,
    TOPICS,
    consumed_by,
    held_by,
    output_of,
    state_topic_of,
    used_by,
)

Resource = Literal["topic", "group", "transactionalId"]
# `feeder` is `c2c ingest`, `follower` is `c2c follow`, `settler` is `c2c dead-letters`; `reader`
# and `replayer` are `c2c replay`, in the old run and in the new one; `operator` makes, checks,
# trims and deletes topics and reads the books.
ROLES: Final = (*SERVICES, "feeder", FOLLOWER, SETTLER, "reader", REPLAYER, "operator")
# What a replay may begin with.
_REPLAYED: Final = tuple(consumed_by(service)[0].name for service in SERVICES)


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


def rights_of(run: str, role: str, hold: str = "ingester") -> tuple[Right, ...]:
    """Return what a role needs in a run, and no more. `hold` is the setting engine.hold."""
    beside = {
        "feeder": _feeder,
        FOLLOWER: _follower,
        SETTLER: _settler,
        "reader": _old,
        REPLAYER: _new,
        "operator": _operator,
    }
    if role in beside:
        return tuple(beside[role](run))
    return (*_topics(run, role), *_groups(run, role, hold), _transactions(run, role))


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


def _groups(run: str, service: str, hold: str) -> Iterator[Right]:
    yield Right("group", f"{run}-{service}", "Read")
    watched = held_by(service, hold)  # how far those behind it lag
    for consumer in dict.fromkeys(topic.consumer for topic in watched):
        yield Right("group", f"{run}-{consumer}", "Describe")
    for topic in watched:
        if topic.name not in used_by(service):
            yield Right("topic", f"{run}.{topic.name}", "Describe")
    if service in STATEFUL:
        yield _reader(run)


def _reader(run: str) -> Right:
    """Return what it takes to read without a group; the client asks for one all the same."""
    return Right("group", f"{run}-reader", "Describe")


def _transactions(run: str, role: str) -> Right:
    return Right("transactionalId", f"{run}-{role}-", "Write", prefixed=True)


def _feeder(run: str) -> Iterator[Right]:
    yield Right("topic", f"{run}.{REPOS.name}", "Write")
    yield from _looks(run, {REPOS.name})
    yield _transactions(run, "feeder")


def _follower(run: str) -> Iterator[Right]:
    mine = state_topic_of(FOLLOWER)
    yield Right("topic", f"{run}.{mine}", "Read")
    for name in (REPOS.name, mine):
        yield Right("topic", f"{run}.{name}", "Write")
        yield Right("topic", f"{run}.{name}", "DescribeConfigs")
    yield from _looks(run, {REPOS.name, mine})
    yield _reader(run)
    yield _transactions(run, FOLLOWER)


def _looks(run: str, but: Collection[str]) -> Iterator[Right]:
    """Yield what it takes to see whether the run has all of its topics."""
    for name in (*(topic.name for topic in TOPICS), *map(state_topic_of, STATEFUL)):
        if name not in but:
            yield Right("topic", f"{run}.{name}", "Describe")


def _settler(run: str) -> Iterator[Right]:
    for topic in (DEAD_LETTERS, SETTLEMENTS):
        yield Right("topic", f"{run}.{topic.name}", "Read")
    for topic in TOPICS:  # a record goes back to wherever it stood
        yield Right("topic", f"{run}.{topic.name}", "Write")
    yield from _looks(run, {topic.name for topic in TOPICS})
    yield Right("group", f"{run}-{SETTLER}", "Read")
    yield _reader(run)
    yield _transactions(run, SETTLER)


def _old(run: str) -> Iterator[Right]:
    """Yield what it takes to copy from a run: the topic of any stage, and what was settled."""
    read = [*_REPLAYED, SETTLEMENTS.name]
    for name in read:
        yield Right("topic", f"{run}.{name}", "Read")
    yield from _looks(run, read)
    yield _reader(run)


def _new(run: str) -> Iterator[Right]:
    """Yield what it takes to copy to a run. Marks are positions: to set one is to read."""
    for name in _REPLAYED:
        yield Right("topic", f"{run}.{name}", "Write")
    for name in (*_REPLAYED, SETTLEMENTS.name):
        yield Right("topic", f"{run}.{name}", "Read")
    yield from _looks(run, {*_REPLAYED, SETTLEMENTS.name})
    yield Right("group", f"{run}-{REPLAYER}", "Read")
    yield _transactions(run, REPLAYER)


def _operator(run: str) -> Iterator[Right]:
    for operation in ("Create", "Delete", "Describe", "DescribeConfigs"):
        yield Right("topic", f"{run}.", operation, prefixed=True)
    for operation in ("Delete", "Describe"):
        yield Right("group", f"{run}-", operation, prefixed=True)
