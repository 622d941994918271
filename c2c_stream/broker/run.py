"""A run as seen from outside of its services: make it, feed it, read it, see how far it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from c2c_stream.broker.protocol import Delivered, Partition, Position, Produced

# How a setting names a cluster; anything else is a local log.
KAFKA_SCHEME: Final = "kafka://"
# Who puts records on a run's topics from outside and counts them in its marks: what is done about
# dead letters, and what comes from the topic of another run.
SETTLER: Final = "settler"
REPLAYER: Final = "replayer"
COUNTING: Final = (SETTLER, REPLAYER)


@dataclass(frozen=True, slots=True)
class GroupPosition:
    """Where one service stands on one partition. `end` is the next offset to be written.

    Unless `exact`, some offsets hold no record: the lag may be more than what waits.
    """

    service: str
    topic: str
    position: Position
    end: int
    exact: bool = True

    @property
    def lag(self) -> int:
        """What is written and not yet committed by the service."""
        return self.end - self.position.offset


@dataclass(frozen=True, slots=True)
class Standing:
    """Where every service stands, in flow order, and the marks of those who feed and count."""

    positions: tuple[GroupPosition, ...]
    marks: Mapping[str, Mapping[Partition, str]]


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets of one partition: from `first` up to `end`, which is not one of them."""

    first: int
    end: int


class Feeder(Protocol):
    """Who puts records on a run's topics from outside: one process of a name at a time.

    Another one is refused, or this one's next step fails. Marks move with the records, so that who
    takes over from one that was killed goes on behind what is stored.
    """

    def marks(self) -> Mapping[Partition, str]:
        """Return the marks as they were left (each at most 4,096 bytes)."""
        ...

    def append(
        self, outputs: Mapping[Partition, Sequence[Produced]], marks: Mapping[Partition, str]
    ) -> None:
        """Append records to the partitions named and set marks: all of it, or nothing.

        Raises Fatal, and Unavailable: then only who takes over knows whether it was stored.
        """
        ...

    def close(self) -> None:
        """Let another one have the name."""
        ...


class RunLog(Protocol):
    """One run, whatever holds it."""

    @property
    def name(self) -> str:
        """Return where the run is, for people."""
        ...

    def create(self) -> None:
        """Make the run's topics; leave what is there."""
        ...

    def exists(self) -> bool:
        """Say whether they have been made."""
        ...

    def positions(self) -> Sequence[GroupPosition]:
        """Return where every service stands, in flow order."""
        ...

    def standing(self) -> Standing:
        """Return the positions together with the marks of those who feed and count."""
        ...

    def trim(self) -> None:
        """Remove what its consumers have read; nothing to do where each commit does."""
        ...

    def append(self, outputs: Sequence[Produced]) -> None:
        """Append records: all of them, or none."""
        ...

    def feed(self, outputs: Sequence[Produced]) -> None:
        """Append records, once in the life of the run, whatever is killed when."""
        ...

    def feeder(self, name: str) -> Feeder:
        """Become the one who feeds under a name. Raises Fatal, Unavailable."""
        ...

    def spans(self, topic: str) -> Mapping[Partition, Span]:
        """Return which offsets each partition of a topic still holds."""
        ...

    def since(self, topic: str, at: float) -> Mapping[Partition, int]:
        """Return the first offset of each partition that was written at or after a time.

        `at` is wall-clock seconds; where nothing is that young it is the end.
        """
        ...

    def records(self, topic: str, spans: Mapping[Partition, Span]) -> Iterator[Delivered]:
        """Yield the committed records of a topic in these spans, partition after partition."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
