"""What the engine asks of a broker; local.py and the cluster's client both give it.

One thread owns a broker: no method may be called from another one.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

Partition = tuple[str, int]
# Most of what is away answers sooner, a leader that has just been chosen for one: until then
# nobody is told of a wait.
SAY_AFTER_S: Final = 3.0


class Delivered(NamedTuple):
    """One record as the broker held it. `produced_at` is wall-clock seconds."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    produced_at: float = 0.0


class Produced(NamedTuple):
    """One record to append to a topic."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """A committed offset (the next to read), with the stage's books beside it."""

    offset: int
    metadata: str = ""


class Listener(Protocol):
    """Hears of rebalances, inside of `poll` and on its thread, never during a commit."""

    def assigned(self, positions: Mapping[Partition, Position]) -> None:
        """Hear of partitions that are owned from now on, with where each was left."""
        ...

    def revoked(self, partitions: AbstractSet[Partition]) -> None:
        """Hear of partitions that somebody else gets next. The last moment to commit for them."""
        ...

    def lost(self, partitions: AbstractSet[Partition]) -> None:
        """Hear of partitions that somebody else may own already: commit nothing of them."""
        ...


class Unheard:
    """A listener for who only reads, or only appends."""

    def assigned(self, positions: Mapping[Partition, Position]) -> None:
        """See Listener."""

    def revoked(self, partitions: AbstractSet[Partition]) -> None:
        """See Listener."""

    def lost(self, partitions: AbstractSet[Partition]) -> None:
        """See Listener."""


class Broker(Protocol):
    """One consumer group's seat at the log."""

    def listen(self, listener: Listener) -> None:
        """Tell `listener` of every change of what is owned from now on."""
        ...

    def assigned(self) -> Mapping[Partition, Position]:
        """Return the partitions this consumer owns with their committed positions."""
        ...

    def poll(self, max_records: int, timeout_s: float) -> Sequence[Delivered]:
        """Return the next records, in offset order, of partitions that are not paused.

        Waits at most `timeout_s` for the first one. Raises Fatal, Unavailable.
        """
        ...

    def commit(
        self,
        outputs: Sequence[Produced],
        positions: Mapping[Partition, Position],
        puts: Mapping[Partition, Mapping[str, bytes]],
    ) -> None:
        """Append `outputs`, store `puts` and move to `positions`: all of it, or nothing.

        `puts` are told by the partition of the records that they came of. Raises Fatal, and
        Unavailable: then it is stored once the same call, less what was lost since, succeeds.
        """
        ...

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Deliver nothing of these until they are resumed."""
        ...

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Deliver from these again, from where delivery stopped."""
        ...

    def ends(self) -> Mapping[Partition, int]:
        """Return the next offset to be written, for each partition this consumer owns."""
        ...

    def lag_of(self, group: str, topic: str) -> int:
        """Return how many records of `topic` another group has yet to commit.

        It may be a little more (Kafka counts marks of transactions), and is 0 when there are none.
        """
        ...

    def state(self) -> Mapping[str, bytes]:
        """Return the group's committed keyed state; values are read when asked for."""
        ...

    def close(self) -> None:
        """Leave the group. Commits nothing."""
        ...
