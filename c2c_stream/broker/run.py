"""A run as seen from outside of its services: make it, feed it, see how far each service is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from c2c_stream.broker.protocol import Position, Produced

# How a setting names a cluster; anything else is a local log.
KAFKA_SCHEME: Final = "kafka://"


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

    def trim(self) -> None:
        """Remove what its consumers have read; nothing to do where each commit does."""
        ...

    def append(self, outputs: Sequence[Produced]) -> None:
        """Append records: all of them, or none."""
        ...

    def feed(self, outputs: Sequence[Produced]) -> None:
        """Append records, once in the life of the run, whatever is killed when."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
