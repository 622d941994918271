"""All windows and books of one service: what a commit may carry now. Pure: callers pass now."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from c2c_stream.broker.protocol import Delivered, Partition, Position, Produced
from c2c_stream.engine.books import Books, from_metadata, sum_of, to_metadata
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
        self.records = 0
        """Records delivered and uncommitted."""
        self.size = 0
        """Their bytes."""
        self.finished_size = 0
        """Bytes of results that wait for a commit."""
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
        self._recount()
        return [result for window in gone for result in window.results]

    def _recount(self) -> None:
        """Sum up the windows; in between each record is added as it comes."""
        windows = self._windows.values()
        self.records = sum(map(len, windows))
        self.size = sum(window.size for window in windows)
        self.finished_size = sum(window.finished_size for window in windows)

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
        self.records += 1
        self.size += len(delivered.value)
        return cursor

    def add(self, place: Place, settled: Settled, now: float, *, done: bool) -> None:
        """Take a result of a delivered record."""
        self._windows[place.topic, place.partition].add(place.offset, settled, now, done=done)
        self.finished_size += settled.size

    def due(self, now: float) -> bool:
        """Say whether finished prefixes are old or large enough, all together, to commit."""
        limits = self._settings
        ready = [window for window in self._windows.values() if window.has_prefix]
        return (
            any(now - window.finished_at >= limits.flush_age_s for window in ready)
            or sum(window.finished for window in ready) >= limits.flush_records
            or sum(window.finished_size for window in ready) >= limits.flush_bytes
        )

    def commit(self) -> Commit | None:
        """Return the next commit, or None if nothing is finished. Forgets nothing yet.

        It stays the same until it is committed: one that failed may have been stored after all.
        """
        self._pending = self._pending or self._next_commit()
        return self._pending

    def _next_commit(self) -> Commit | None:
        """Take prefixes, the longest finished first, while the bounds of one commit allow."""
        prefixes: dict[Partition, Prefix] = {}
        records, size = 2 * self._settings.flush_records, self._settings.flush_bytes
        for partition in sorted(self._windows, key=lambda p: self._windows[p].finished_at):
            first = not prefixes
            prefix = self._windows[partition].prefix(records, size, at_least_one=first)
            if prefix:
                prefixes[partition] = prefix
                records -= len(prefix.results)
                size -= prefix.size
        books = {
            partition: sum_of([self.books[partition], *(r.delta for r in prefix.results)])
            for partition, prefix in prefixes.items()
        }
        return Commit(prefixes, books) if prefixes else None

    def committed(self, commit: Commit, now: float) -> None:
        """Forget what a commit carried: it is in the log."""
        self._pending = None
        self.books |= commit.books
        for partition, prefix in commit.prefixes.items():
            self._windows[partition].committed(prefix, now)
        self._recount()
