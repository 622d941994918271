"""The shapes of a stage, and what a stage may say. A stage is tested by calling it.

A stage never polls, commits, retries, sleeps, or logs and swallows: the engine owns time. It raises
`Poison` when the record is at fault, `Retry` when an attempt failed, `Unavailable` when what it
depends on is away. Anything else is a bug and stops the service.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

from c2c_stream.reasons import Reason
from c2c_stream.records import Function, Origin, Record, RejectedItem

In = TypeVar("In", contravariant=True)


class Place(NamedTuple):
    """Where a record stands: topic[partition]@offset."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input: every item found is in `outputs` or in `rejected`.

    `puts` is keyed state to store with the outcome, atomically (KeyedStage only).
    """

    outputs: tuple[Record, ...] = ()
    rejected: tuple[RejectedItem, ...] = ()
    puts: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of what a Source found in one input: at most 500 records and 4 MiB.

    `cursor` is the Source's own text; handed back to `read`, it goes on behind this chunk.
    `origin` names what was read, as rows do: rejections carry it in place of the input's URL.
    """

    outputs: tuple[Record, ...]
    rejected: tuple[RejectedItem, ...]
    cursor: str
    origin: Origin = Origin()


def turned_down(function: Function, reason: Reason, detail: str) -> Outcome:
    """Return the outcome of a function that a rule rejects."""
    item = RejectedItem(
        occurrence_id=function.occurrence_id,
        function_id=function.function_id,
        path=function.origin.path,
        qualified_name=function.qualified_name,
        line=function.line,
        reason=reason.value,
        detail=detail,
    )
    return Outcome(rejected=(item,))


class Source(Protocol[In]):
    """One input, many outputs (ingester)."""

    def read(self, record: In, cursor: str | None) -> Iterator[Chunk]:
        """Yield all that `record` holds, in an order that depends on nothing but its content.

        `cursor` is that of the last chunk committed before a crash, or None at the first attempt.
        Memory does not grow with the input. Raises Poison, Retry, Unavailable.
        """
        ...


class PureStage(Protocol[In]):
    """CPU work in order, in batches (collector, formatter)."""

    def start(self) -> None:
        """Build what lives as long as the service. Called once, before the first batch."""

    def stop(self) -> None:
        """Release it. Called once, after the last batch."""

    def process(self, records: Sequence[In]) -> Sequence[Outcome | Exception]:
        """Return one Outcome, or the exception it earned, for each record, in order."""
        ...


class KeyedStage(Protocol[In]):
    """CPU work in order, one record at a time, with state by key (curator)."""

    def process(self, record: In, state: Mapping[str, bytes]) -> Outcome:
        """Return the outcome; its `puts` are visible in `state` from the next call on."""
        ...


class AsyncStage(Protocol[In]):
    """Waits for something: a model, a sandbox, a store (writer, executor, sink)."""

    async def start(self) -> None:
        """Build what lives as long as the service. Called once, before the first record."""

    async def stop(self) -> None:
        """Release it. Called once, after the last record."""

    async def process(self, record: In, place: Place) -> Outcome:
        """Return the outcome of one record. Cancelled when its deadline passes or on revoke."""
        ...

    async def settle(self) -> None:
        """Finish what waits for more records: intake is idle, or the service stops."""

    def limit(self) -> int:
        """Return how many records to work on at once. Read at each tick."""
        ...
