"""All windows and books of one service: what a commit may carry now. Pure: callers pass now."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from c2c_stream.broker.protocol import Delivered, Partition, Position, Produced
from c2c_stream.engine.books import Books, from_metadata, to_metadata
from c2c_stream.engine.outbox import Settled
from c2c_stream.engine.stage import Place
from c2c_stream.engine.window import Prefix, Window
from c2c_stream.settings import EngineSettings


@dataclass(frozen=True, slots=True)
class Commit:
    """One atomic step: outputs, positions with their books, and keyed state."""

    prefixes: Mapping[Partition, Prefix]
    books: Mapping[Partition, Books]

    @property
    def settled(self) -> list[Settled]:
        """What became of the records it covers."""
        return [result for prefix in self.prefixes.values() for result in prefix.results]

    @property
    def outputs(self) -> list[Produced]:
        """What it appends, in delivered order."""
        return [output for result in self.settled for output in result.outputs]

    @property
    def positions(self) -> dict[Partition, Position]:
        """Where it moves to."""
        return {
            partition: Position(prefix.next_offset, to_metadata(self.books[partition]))
            for partition, prefix in self.prefixes.items()
        }

    @property
    def puts(self) -> dict[Partition, dict[str, bytes]]:
        """The keyed state that it stores, by the partition it came of."""
        stored = {
            partition: {k: v for result in prefix.results for k, v in result.puts.items()}
            for partition, prefix in self.prefixes.items()
        }
        return {partition: puts for partition, puts in stored.items() if puts}

    def less(self, partitions: AbstractSet[Partition]) -> "Commit | None":
        """Return it without some partitions; None if nothing is left."""
        prefixes = {p: prefix for p, prefix in self.prefixes.items() if p not in partitions}
        books = {p: books for p, books in self.books.items() if p not in partitions}
        return Commit(prefixes, books) if prefixes else None


class Ledger:
    """The windows and the books of the partitions that a service owns."""

    def __init__(self, assigned: Mapping[Partition, Position], settings: EngineSettings) -> None:
        self._settings = settings
        self._windows: dict[Partition, Window] = {}
        self.books: dict[Partition, Books] = {}
        self._pending: Commit | None = None
        self.open(assigned)

    def open(self, assigned: Mapping[Partition, Position]) -> None:
        """Begin with partitions where they were left."""
        for (topic, partition), at in assigned.items():
            where = Place(topic, partition, at.offset)
            self.books[topic, partition] = from_metadata(at.metadata, where)
            self._windows[topic, partition] = Window(at.offset)

    def forget(self, partitions: AbstractSet[Partition]) -> list[Settled]:
        """Forget partitions that are not owned any more; return the results that go with them."""
        gone = [self._windows.pop(p) for p in list(self._windows) if p in partitions]
        for partition in partitions:
            self.books.pop(partition, None)
        self._pending = self._pending and self._pending.less(partitions)
        return [result for window in gone for result in window.results]

    @property
    def records(self) -> int:
        """Records delivered and uncommitted."""
        return sum(map(len, self._windows.values()))

    @property
    def size(self) -> int:
        """Their bytes."""
        return sum(window.size for window in self._windows.values())

    @property
    def finished_size(self) -> int:
        """Bytes of results that wait for a commit."""
        return sum(window.finished_size for window in self._windows.values())

    @property
    def has_prefix(self) -> bool:
        """Say whether anything may be committed."""
        return any(window.has_prefix for window in self._windows.values())

    @property
    def oldest_produced_at(self) -> float | None:
        """When the oldest uncommitted record was produced (wall-clock seconds)."""
        ages = [w.oldest_produced_at for w in self._windows.values()]
        return min((at for at in ages if at is not None), default=None)

    def deliver(self, delivered: Delivered) -> str | None:
        """Take note of a record; return the committed cursor if it belongs to this record."""
        partition = (delivered.topic, delivered.partition)
        window = self._windows[partition]
        cursor = None if window else self.books[partition].cursor
        window.deliver(delivered.offset, len(delivered.value), delivered.produced_at)
        return cursor

    def add(self, place: Place, settled: Settled, now: float, *, done: bool) -> None:
        """Take a result of a delivered record."""
        self._windows[place.topic, place.partition].add(place.offset, settled, now, done=done)

    def due(self, now: float) -> bool:
        """Say whether a finished prefix is old or large enough to commit."""
        limits = self._settings
        return any(
            window.due(now, limits.flush_age_s, limits.flush_records, limits.flush_bytes)
            for window in self._windows.values()
        )

    def commit(self) -> Commit | None:
        """Return the next commit, or None if nothing is finished. Forgets nothing yet.

        It stays the same until it is committed: one that failed may have been stored after all.
        """
        self._pending = self._pending or self._next_commit()
        return self._pending

    def _next_commit(self) -> Commit | None:
        limits = self._settings
        prefixes = {
            partition: prefix
            for partition, window in self._windows.items()
            if (prefix := window.prefix(2 * limits.flush_records, limits.flush_bytes))
        }
        books = {
            partition: sum((result.delta for result in prefix.results), self.books[partition])
            for partition, prefix in prefixes.items()
        }
        return Commit(prefixes, books) if prefixes else None

    def committed(self, commit: Commit, now: float) -> None:
        """Forget what a commit carried: it is in the log."""
        self._pending = None
        self.books |= commit.books
        for partition, prefix in commit.prefixes.items():
            self._windows[partition].committed(prefix, now)
