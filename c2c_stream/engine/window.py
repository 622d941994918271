"""Decide what of a partition may be committed: its contiguous finished prefix. Pure.

Offsets have gaps (transaction markers, compaction), so the next record is the next delivered one.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import islice

from c2c_stream.engine.outbox import Settled


@dataclass(slots=True)
class _Entry:
    size: int
    produced_at: float
    results: list[Settled] = field(default_factory=list)
    done: bool = False


@dataclass(frozen=True, slots=True)
class Prefix:
    """What a commit would carry: results in delivered order, and the position behind them."""

    results: tuple[Settled, ...]
    next_offset: int
    finished: int
    partial: int

    @property
    def size(self) -> int:
        """Bytes of the results."""
        return sum(result.size for result in self.results)


class Window:
    """One partition's delivered records, in flight or finished, in delivered order."""

    def __init__(self, next_offset: int) -> None:
        self.next_offset = next_offset
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self.finished_at = float("inf")
        """When the oldest result came that is not committed; infinite if there is none."""
        self.size = 0
        """Bytes of the records delivered and uncommitted."""
        self.finished_size = 0
        """Bytes of the results that are not committed."""
        self.finished = 0
        """Records that have such results."""

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def results(self) -> list[Settled]:
        """All results that are not committed, in delivered order."""
        return [result for entry in self._entries.values() for result in entry.results]

    @property
    def oldest_produced_at(self) -> float | None:
        """When the oldest uncommitted record was produced; None if there is none."""
        for entry in self._entries.values():
            return entry.produced_at
        return None

    def deliver(self, offset: int, size: int, produced_at: float) -> None:
        """Take note of a record. Offsets only grow."""
        last = next(reversed(self._entries), self.next_offset - 1)
        if offset <= last:
            raise ValueError(f"offset {offset} delivered behind {last}")
        self._entries[offset] = _Entry(size, produced_at)
        self.size += size

    def add(self, offset: int, result: Settled, now: float, *, done: bool = True) -> None:
        """Take a result of a delivered record; `done` unless more of it follows."""
        entry = self._entries[offset]
        if entry.done:
            raise ValueError(f"offset {offset} finished twice")
        self.finished += not entry.results
        entry.results.append(result)
        entry.done = done
        self.finished_size += result.size
        self.finished_at = min(self.finished_at, now)

    @property
    def has_prefix(self) -> bool:
        """Say whether anything may be committed."""
        return any(entry.results for entry in islice(self._entries.values(), 1))

    def prefix(
        self, max_results: int, max_bytes: int, *, at_least_one: bool = True
    ) -> Prefix | None:
        """Return the finished prefix within bounds, or None; keep it.

        One result is within any bounds if `at_least_one`.
        """
        results: list[Settled] = []
        next_offset, finished, size = self.next_offset, 0, 0
        for offset, entry in self._entries.items():
            partial = 0
            for result in entry.results:
                full = len(results) >= max_results or size + result.size > max_bytes
                if full and (results or not at_least_one):
                    return (
                        Prefix(tuple(results), next_offset, finished, partial) if results else None
                    )
                results.append(result)
                size += result.size
                partial += 1
            if not entry.done:
                return Prefix(tuple(results), offset, finished, partial) if results else None
            next_offset, finished = offset + 1, finished + 1
        return Prefix(tuple(results), next_offset, finished, 0) if finished else None

    def committed(self, prefix: Prefix, now: float) -> None:
        """Forget what a prefix carried: it is in the log."""
        for _ in range(prefix.finished):
            self.size -= self._entries.popitem(last=False)[1].size
        self.finished -= prefix.finished
        if prefix.partial:
            entry = next(iter(self._entries.values()))
            del entry.results[: prefix.partial]
            self.finished -= not entry.results
        self.next_offset = prefix.next_offset
        self.finished_size -= prefix.size
        self.finished_at = now if self.finished else float("inf")
