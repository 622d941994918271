"""Partitions whose next record cannot be read yet, and when to try again. Pure: callers pass now.

What a poll delivered behind that record waits here with it, in order; a partition that is held is
paused, so that this is never more than one poll.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from c2c_stream.broker.protocol import Delivered, Partition

# A registry that has come back, or was given the schema, is noticed after this.
AGAIN_S = 5.0


@dataclass(slots=True)
class _Waiting:
    reason: str
    again_at: float
    records: list[Delivered] = field(default_factory=list)


class Held:
    """The partitions of one service that are held."""

    def __init__(self) -> None:
        self._held: dict[Partition, _Waiting] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, partition: Partition) -> bool:
        return partition in self._held

    @property
    def reason(self) -> str:
        """Say why the first of them is held; empty if none is."""
        return self._held[min(self._held)].reason if self._held else ""

    def hold(self, partition: Partition, reason: str, now: float) -> None:
        """Hold a partition; its records are kept from the one at fault on."""
        self._held[partition] = _Waiting(reason, now + AGAIN_S)

    def keep(self, partition: Partition, delivered: Delivered) -> None:
        """Keep a record of a partition that is held."""
        self._held[partition].records.append(delivered)

    def due(self, now: float) -> list[Partition]:
        """Return the partitions to try again."""
        return [at for at, waiting in self._held.items() if waiting.again_at <= now]

    def release(self, partition: Partition) -> list[Delivered]:
        """Hold a partition no longer; return what was kept, in order."""
        return self._held.pop(partition).records

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Forget partitions that are not owned any more."""
        for partition in partitions:
            self._held.pop(partition, None)
