"""Stages that pass their records through, or do what the test tells them."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence

from c2c_stream.engine.stage import Chunk, Outcome, Place
from c2c_stream.records import Candidate, File, Function, RejectedItem, Repository


def passed(record: File) -> Outcome:
    """Return the function that stands for a file."""
    return Outcome((Function(function_id=record.file_id),))


class Pure:
    """A PureStage; `judge` decides what becomes of one record."""

    def __init__(self, judge: Callable[[File], Outcome | Exception] = passed) -> None:
        self._judge = judge
        self.started = self.stopped = 0

    def start(self) -> None:
        self.started += 1

    def stop(self) -> None:
        self.stopped += 1

    def process(self, records: Sequence[File]) -> Sequence[Outcome | Exception]:
        return [self._judge(record) for record in records]


class Async:
    """An AsyncStage; `judge` may raise and await."""

    def __init__(self, limit: int = 8) -> None:
        self._limit = limit
        self.calls: list[str] = []
        self.most_at_once = self._at_once = 0
        self.settled = 0
        self.stopped = 0

    async def start(self) -> None:
        """Nothing to build."""

    async def stop(self) -> None:
        self.stopped += 1

    def limit(self) -> int:
        return self._limit

    async def settle(self) -> None:
        self.settled += 1

    async def process(self, record: File, place: Place) -> Outcome:
        self.calls.append(record.file_id)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return await self.judge(record, place)
        finally:
            self._at_once -= 1

    async def judge(self, record: File, place: Place) -> Outcome:
        for _ in range(place.offset % 7):  # so that records overtake each other
            await asyncio.sleep(0)
        return passed(record)


class Keyed:
    """A KeyedStage: the first of a key wins; `count` is how many won."""

    def process(self, record: Function, state: Mapping[str, bytes]) -> Outcome:
        if record.function_id in state:
            return Outcome(rejected=(RejectedItem(reason="dup_exact", path=record.occurrence_id),))
        count = int(state.get("count", b"0")) + 1
        puts = {record.function_id: b"", "count": b"%d" % count}
        return Outcome((Candidate(Function(record.function_id, str(count))),), puts=puts)


class Chunks:
    """A Source: `url` says how many files there are, seven to a chunk."""

    def read(self, record: Repository, cursor: str | None) -> Iterator[Chunk]:
        count = int(record.url)
        for first in range(int(cursor or 0), count, 7):
            last = min(first + 7, count)
            self.before(first)
            yield Chunk(tuple(File(file_id=str(n)) for n in range(first, last)), (), str(last))

    def before(self, first: int) -> None:
        """Do what the test tells."""
